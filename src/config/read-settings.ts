import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isCollection, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { type SettingsFile, settingsFileSchema } from "./settings-schema.ts";

/** How often each kind of stream is to be read, minutes; null: the org's quota decides. See `provision/cadence.ts`. */
export interface Cadences {
  readonly fastMinutes: number | null;
  readonly moneyMinutes: number | null;
  readonly slowMinutes: number | null;
}

export interface ReadSettings {
  readonly settings: Settings;
  readonly cadences: Cadences;
  /** Hosts outside the vendor's domains that secrets of the connection may go to. */
  readonly allowedHosts: readonly string[];
  /** The file that was read, or null: defaults only. */
  readonly file: string | null;
}

/**
 * ripeline.yaml, checked, with every default filled in. Without `path` the file in the current folder is read if there
 * is one, else the defaults stand alone.
 * @throws ConfigError naming file, line, key, what was found wrong and what was expected
 */
export function readSettings(path?: string): ReadSettings {
  const file = resolve(path ?? "ripeline.yaml");
  if (!existsSync(file)) {
    if (path !== undefined)
      throw new ConfigError(`${path}: no such file; give --config an existing ripeline.yaml`);
    return { ...fromFile(settingsFileSchema.parse({})), file: null };
  }
  return { ...fromFile(parseSettings(readFileSync(file, "utf8"), file)), file };
}

/** @throws ConfigError as {@link readSettings} */
export function parseSettings(text: string, file: string): SettingsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new ConfigError(`${file}:${lines.linePos(broken.pos[0]).line}: not valid YAML: ${broken.message}`);
  }
  const parsed = settingsFileSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
    const line = lineOf(document, path, lines);
    return `${file}:${line}: ${path.join(".") || "(top)"}: ${explain(issue)}`;
  });
  throw new ConfigError(problems.join("\n"));
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `unknown key; known here: ${knownKeys(issue.path).join(", ")}`;
  }
  // zod's own sentences begin with a capital; ours name what was expected.
  return /^[A-Z]/.test(issue.message) ? issue.message : `expected ${issue.message}`;
}

/** Keys the schema has at `path`, for the message about an unknown one. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const walk = (node: unknown, rest: readonly PropertyKey[]): string[] => {
    if (!isRecord(node)) return [];
    const inner = Array.isArray(node["anyOf"]) ? node["anyOf"].find(isRecord) : node;
    if (!isRecord(inner)) return [];
    const [head, ...tail] = rest;
    if (head === undefined) return isRecord(inner["properties"]) ? Object.keys(inner["properties"]) : [];
    if (typeof head === "number") return walk(inner["items"], tail);
    return isRecord(inner["properties"]) ? walk(inner["properties"][String(head)], tail) : [];
  };
  return walk(settingsJsonSchema(), path);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON Schema of ripeline.yaml (draft 2020-12), for editors. */
export function settingsJsonSchema(): Record<string, unknown> {
  return {
    title: "ripeline.yaml",
    ...z.toJSONSchema(settingsFileSchema, { io: "input", unrepresentable: "any" }),
  };
}

function lineOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
  lines: LineCounter,
): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    if (!isCollection(parent)) continue;
    for (const item of parent.items) {
      const key: unknown = isRecord(item) ? Reflect.get(item, "key") : undefined;
      if (!isRecord(key) || key["value"] !== path[depth - 1]) continue;
      const range: unknown = Reflect.get(key, "range");
      const start: unknown = Array.isArray(range) ? range[0] : undefined;
      if (typeof start === "number") return lines.linePos(start).line;
    }
  }
  return 1;
}

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

function fromFile(file: SettingsFile): Omit<ReadSettings, "file"> {
  const settings: Settings = {
    workspace: {
      id: file.workspace.id,
      name: file.workspace.name,
      timeZone: file.workspace.time_zone,
      currency: file.workspace.currency,
      fiscalYearStartMonth: file.workspace.fiscal_year_start_month,
    },
    connections: [{ id: file.connections.salesforce.id, crm: "salesforce" }],
    connectionId: file.connections.salesforce.id,
    rot: {
      startFrom: file.rot.start_from,
      restart: file.rot.restart,
      coldAfterDays: file.rot.cold_after_days,
      deliveryExpiryHours: file.rot.delivery_expiry_hours,
      maxUnlogged: file.rot.max_unlogged,
      policies: file.rot.policies.map((policy) => ({
        name: policy.name,
        match: {
          ...(policy.match.sources === undefined ? {} : { sources: policy.match.sources }),
          ...(policy.match.reps === undefined ? {} : { reps: policy.match.reps }),
          ...(policy.match.teams === undefined ? {} : { teams: policy.match.teams }),
        },
        expiryHours: policy.expiry_hours,
        calendar: policy.calendar,
      })),
      calendars: file.rot.calendars.map((calendar) => ({
        name: calendar.name,
        timeZone: calendar.time_zone,
        holidays: calendar.holidays,
        days: Object.fromEntries(
          WEEKDAYS.flatMap((day, index) => {
            const hours = calendar.days[day];
            return hours === undefined ? [] : [[String(index + 1), hours] as const];
          }),
        ),
      })),
    },
    touch: {
      by: file.touch.by,
      taskTypes: file.touch.task_types,
      sequences: file.touch.sequences,
      automatedSubjects: file.touch.ignore_subjects,
      cancelledSubjects: file.touch.cancelled_subjects,
    },
    statuses: file.statuses,
    scope: {
      recordTypes: file.scope.record_types,
      excludedEmailDomains: file.scope.excluded_email_domains,
      excludedCreators: file.scope.excluded_creators,
    },
    reps: {
      profiles: file.reps.profiles,
      roles: file.reps.roles,
      users: file.reps.users,
      ignoredOwners: file.reps.ignored_owners,
      robotAbove: file.reps.robot_above,
      capacity: file.reps.capacity,
      capacityByRole: file.reps.capacity_by_role,
      capacityByUser: file.reps.capacity_by_user,
      availability: file.reps.availability,
      away: file.reps.away,
      weights: file.reps.weights,
    },
    pipeline: {
      types: file.pipeline.types,
      stage: file.pipeline.stage,
      typeMap: file.pipeline.type_map,
      stalledAfterDays: file.pipeline.stalled_after_days,
      stalledAfterDaysByStage: file.pipeline.stalled_after_days_by_stage,
    },
    investment: {
      parents: file.investment.parents,
      twins: file.investment.twins,
      orphanAfterDays: file.investment.orphan_after_days,
      loadBy: file.investment.load_by,
    },
    report: { months: file.report.months, cohortAges: file.report.cohort_ages },
    writeback: {
      mode: file.writeback.mode,
      maxPerHour: file.writeback.max_per_hour,
      repMetrics: file.writeback.rep_metrics,
    },
    api: file.api,
  };
  return {
    settings,
    allowedHosts: file.connections.salesforce.allowed_hosts,
    cadences: {
      fastMinutes: file.cadence.fast_minutes,
      moneyMinutes: file.cadence.money_minutes,
      slowMinutes: file.cadence.slow_minutes,
    },
  };
}
