import { z } from "zod";
import type { AutomationFound, Connection } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { catalog } from "../metrics/catalog.ts";
import { startingBatchSize } from "../writeback/targets/batch-size.ts";
import { closedStatuses, targetObjects } from "../writeback/targets.ts";
import { type DesiredSchema, desiredSchema } from "./desired-schema.ts";
import { type CadenceMinutes, type CallPrediction, predictApiCalls } from "./predict-calls.ts";
import { METRIC_PUSHES_PER_DAY, predictRows, type RowPrediction } from "./predict-rows.ts";

export interface ProvisionContext {
  readonly db: Database;
  readonly connection: Connection;
}

/** What `apply` would do to one object. */
export interface ObjectPlan {
  readonly object: string;
  readonly isOurs: boolean;
  readonly action: "create" | "add fields" | "nothing";
  /** API names of fields that are missing in the org, or that our user may not see yet. */
  readonly fieldsToCreate: readonly string[];
  readonly fieldsPresent: number;
  /** Active automation that our writes to the object wake. */
  readonly automation: readonly AutomationFound[];
  /** Rows of one collection call to begin with. */
  readonly batchSize: number;
}

/** Everything `plan` prints; nothing in the org has changed when it is made. */
export interface Plan {
  readonly orgId: string;
  readonly objects: readonly ObjectPlan[];
  readonly permissionSets: readonly string[];
  /** Null until the first sync has computed something. */
  readonly rows: readonly RowPrediction[] | null;
  readonly storage: {
    readonly megabytes: number;
    readonly megabytesFree: number | null;
    /** 0..1 of what is free. */
    readonly shareOfFree: number | null;
  };
  readonly calls: CallPrediction;
  readonly statusesWithoutRot: readonly string[];
  /** Why `apply` will refuse; empty where it will not. */
  readonly refusals: readonly string[];
}

/** Default times between reads: the fastest that stay a small part of an org's quota. */
const DEFAULT_CADENCE: CadenceMinutes = { fast: 1, money: 15, slow: 60 };

/** Largest part of the free data storage that our rows may take. */
const MAX_STORAGE_SHARE = 0.05;
/** Describe, limits and Tooling reads of an hour. */
const HOURLY_CHECKS = 8;

const StatusName = z.object({ name: z.string() });

/** The schema for this org: formulas name the closed statuses as the org spells them. */
export async function schemaFor(
  ctx: ProvisionContext,
  settings: Settings,
): Promise<{ readonly schema: DesiredSchema; readonly statusesWithoutRot: readonly string[] }> {
  const statuses = await ctx.db.any(
    StatusName,
    sql`select distinct coalesce(apiname, masterlabel) as name from mirror.salesforce_lead_status
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
            and valid_to is null and coalesce(apiname, masterlabel) is not null
        order by name`,
  );
  const closed = closedStatuses(
    settings.statuses,
    statuses.map((status) => status.name),
  );
  const targets = targetObjects({ closedStatuses: closed, catalog });
  return { schema: desiredSchema(targets, ctx.connection.streams), statusesWithoutRot: closed };
}

/**
 * What `apply` would create, what write-back would write and wake, and what it all would cost, before anything changes.
 * Reads the org (describe, automation, limits) and the store.
 * @throws ConnectorError of the connection's reads
 */
export async function plan(
  ctx: ProvisionContext,
  settings: Settings,
  cadenceMinutes: CadenceMinutes = DEFAULT_CADENCE,
): Promise<Plan> {
  const { db, connection } = ctx;
  const { schema, statusesWithoutRot } = await schemaFor(ctx, settings);
  const names = schema.objects.map((object) => object.name);
  const identity = await connection.identity();
  const access = new Map((await connection.access(names)).map((found) => [found.object, found]));
  const facts = await connection.facts(names);
  const rows = await predictRows(
    db,
    { workspaceId: settings.workspace.id, connectionId: settings.connectionId },
    {
      isRepNamed: settings.writeback.repMetrics === "named",
      writesOnLeads: settings.writeback.mode === "fields",
    },
  );
  const objects = schema.objects.map((object): ObjectPlan => {
    const found = access.get(object.name);
    const fields = object.component.fields.map((field) => field.fullName ?? "");
    const fieldsToCreate = fields.filter((field) => !(found?.readable.has(field) ?? false));
    const isMissing = object.isOurs && !(found?.visible ?? false);
    return {
      object: object.name,
      isOurs: object.isOurs,
      action: isMissing ? "create" : fieldsToCreate.length > 0 ? "add fields" : "nothing",
      fieldsToCreate,
      fieldsPresent: fields.length - fieldsToCreate.length,
      automation: facts.automation.filter((automation) => automation.object === object.name),
      batchSize: startingBatchSize(object.name, facts.automation),
    };
  });
  const calls = predictApiCalls({
    streams: connection.streams,
    cadenceMinutes,
    writes: objects.map((object) => ({
      object: object.object,
      rowsPerDay: rows?.find((row) => row.object === object.object)?.rowsPerDay ?? 0,
      batchSize: object.batchSize,
      pushesPerDay: pushesPerDay(object.object),
    })),
    hourlyChecks: HOURLY_CHECKS,
    dailyLimit: connection.usage().dailyLimit,
  });
  const megabytes = (rows ?? []).reduce((sum, row) => sum + row.megabytes, 0);
  const free = facts.storageMegabytesFree;
  const shareOfFree = free === null ? null : free <= 0 ? 1 : megabytes / free;
  return {
    orgId: identity.orgId,
    objects,
    permissionSets: schema.permissionSets.map((set) => set.name),
    rows: rows ?? null,
    storage: { megabytes, megabytesFree: free, shareOfFree },
    calls,
    statusesWithoutRot,
    refusals: refusals(schema, megabytes, free, shareOfFree),
  };
}

function pushesPerDay(object: string): number {
  switch (object) {
    case "Campaign":
      return 1;
    case "Ripeline_Metric__c":
      return METRIC_PUSHES_PER_DAY;
    case "Ripeline_Status__c":
      return 24;
    default:
      return 0;
  }
}

/** Small editions allow 100 custom fields an object; the object must leave room for people's own. */
const MAX_FIELDS = 90;

function refusals(
  schema: DesiredSchema,
  megabytes: number,
  free: number | null,
  shareOfFree: number | null,
): readonly string[] {
  const tooMany = schema.objects
    .filter((object) => object.component.fields.length > MAX_FIELDS)
    .map(
      (object) =>
        `${object.name} would have ${object.component.fields.length} fields, at most ${MAX_FIELDS} are allowed`,
    );
  if (shareOfFree === null || shareOfFree <= MAX_STORAGE_SHARE) return tooMany;
  return [
    ...tooMany,
    `report and handoff rows would take ${megabytes.toFixed(1)} MB of ${String(free)} MB free (over 5%): ` +
      "lower report.months, set writeback.rep_metrics to team_only, or free data storage",
  ];
}
