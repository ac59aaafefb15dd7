import { z } from "zod";
import { RipelineError } from "../core/errors.ts";
import type { Connection, ObjectAccess, OrgFacts } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { Check } from "./check.ts";
import { hubspotChecks } from "./doctor-hubspot.ts";
import { failedCheck } from "./failed-check.ts";

export interface LargeOwner {
  readonly ownerId: string;
  readonly name: string;
  readonly leads: number;
  /** Of these, created by the same user. */
  readonly createdBySelf: number;
}

export interface DoctorReport {
  readonly checks: readonly Check[];
  /** The ten owners of most leads: is each one a person? Known after the first sync. */
  readonly largestOwners: readonly LargeOwner[];
  /** Lead sources that differ only by case or blanks: one spelling each would make one row of them. */
  readonly sourceSpellings: readonly (readonly string[])[];
}

export interface DoctorContext {
  readonly db: Database;
  readonly settings: Settings;
  readonly settingsFile: string | null;
  readonly connect: () => Promise<Connection>;
}

/** PGlite takes about 0.8 GB at 200,000 leads with their activities. */
const EMBEDDED_LEADS = 100_000;

/** Looks at everything a first sync needs and changes nothing. Never throws for what it finds: it reports it. */
export async function doctor(context: DoctorContext): Promise<DoctorReport> {
  const checks: Check[] = [nodeCheck(), settingsCheck(context), await storeCheck(context)];
  try {
    const connection = await context.connect();
    checks.push(await signInCheck(connection));
    checks.push(...(await orgChecks(context, connection)));
  } catch (error) {
    if (!(error instanceof RipelineError)) throw error;
    checks.push(failedCheck(error));
  }
  return {
    checks,
    largestOwners: await largestOwners(context),
    sourceSpellings: await sourceSpellings(context),
  };
}

/** Checks that are the machine's and the workspace's, the same for every connection. */
const COMMON = new Set(["Node", "settings", "store"]);

/** The findings of all connections as one report; those that are not the workspace's name their connection. */
export function mergeReports(
  reports: readonly { readonly id: string; readonly report: DoctorReport }[],
): DoctorReport {
  const [first] = reports;
  if (first === undefined || reports.length === 1) {
    return first?.report ?? { checks: [], largestOwners: [], sourceSpellings: [] };
  }
  return {
    checks: [
      ...first.report.checks.filter(({ name }) => COMMON.has(name)),
      ...reports.flatMap(({ id, report }) =>
        report.checks.filter(({ name }) => !COMMON.has(name)).map((check) => ({ ...check, connection: id })),
      ),
    ],
    largestOwners: reports.flatMap(({ report }) => report.largestOwners),
    sourceSpellings: reports.flatMap(({ report }) => report.sourceSpellings),
  };
}

function nodeCheck(): Check {
  const version = globalThis.process.versions.node;
  const isNew = Number(version.split(".")[0]) >= 24;
  return isNew
    ? { name: "Node", level: "ok", found: `Node ${version}` }
    : {
        name: "Node",
        level: "fail",
        found: `Node ${version}`,
        next: "run it through npm, which brings Node 24",
      };
}

function settingsCheck({ settingsFile, settings }: DoctorContext): Check {
  const found = settingsFile === null ? "no ripeline.yaml: the defaults apply" : `${settingsFile} is valid`;
  return {
    name: "settings",
    level: "ok",
    found: `${found}; days are cut in ${settings.workspace.timeZone}`,
  };
}

const Count = z.object({ count: z.number() });

async function storeCheck({ db, settings }: DoctorContext): Promise<Check> {
  const { count } = await db.one(
    Count,
    sql`select (
          (select count(*) from mirror.salesforce_lead where workspace_id = ${settings.workspace.id} and valid_to is null)
          + (select count(*) from mirror.hubspot_contact where workspace_id = ${settings.workspace.id} and valid_to is null)
        )::integer as count`,
  );
  const where = db.kind === "pglite" ? "embedded store" : "Postgres";
  const isSalesforceAlone = settings.connections.every(({ crm }) => crm === "salesforce");
  const found = `${where}, ${count} leads${isSalesforceAlone ? "" : " and contacts"} in the mirror`;
  if (db.kind === "pglite" && count > EMBEDDED_LEADS) {
    return {
      name: "store",
      level: "warn",
      found,
      next: `above ${EMBEDDED_LEADS} leads set DATABASE_URL to a Postgres 15 or later: the embedded store holds its pages in memory`,
    };
  }
  return { name: "store", level: "ok", found };
}

async function signInCheck(connection: Connection): Promise<Check> {
  const { username, instanceUrl, orgId, apiVersion } = await connection.identity();
  return {
    name: "sign-in",
    level: "ok",
    found: `${username} at ${instanceUrl}, org ${orgId}, API ${apiVersion}`,
  };
}

async function orgChecks({ db, settings }: DoctorContext, connection: Connection): Promise<readonly Check[]> {
  const objects = connection.streams.map((stream) => stream.object);
  const isHubspot = connection.crm === "hubspot";
  const [access, facts] = [
    await connection.access([...new Set(objects)]),
    await connection.facts(isHubspot ? [] : ["Lead", "Opportunity", "Campaign"]),
  ];
  const usage = connection.usage();
  const quota = quotaCheck(usage.dailyUsed, usage.dailyLimit, settings);
  const fields = fieldChecks(connection, access);
  if (isHubspot) {
    const own = await hubspotChecks({ db, settings }, connection);
    return [quota, ...fields, ...own, await applyCheck(db, settings)];
  }
  return [
    quota,
    ...fields,
    ...(await sharingChecks(connection, objects)),
    historyCheck(facts),
    automationCheck(facts),
    await applyCheck(db, settings),
    ...(await holidayChecks(db, settings)),
    ...(await leadWriteChecks(db, settings)),
    ...(await ownerChecks(db, settings)),
  ];
}

function quotaCheck(used: number | null, limit: number | null, settings: Settings): Check {
  if (used === null || limit === null) {
    return { name: "API calls", level: "warn", found: "the org did not say how many calls are left today" };
  }
  const ours = Math.floor(limit * settings.api.ceiling);
  const found = `${used} of ${limit} calls used in 24 hours by everyone; ripeline takes at most ${ours}`;
  return used > limit * 0.8
    ? { name: "API calls", level: "warn", found, next: "find out who uses them, or lower api.ceiling" }
    : { name: "API calls", level: "ok", found };
}

function fieldChecks(connection: Connection, access: readonly ObjectAccess[]): readonly Check[] {
  const isPortal = connection.crm === "hubspot";
  const byObject = new Map(access.map((each) => [each.object, each]));
  const missing = connection.streams.flatMap((stream) => {
    const seen = byObject.get(stream.object);
    if (seen === undefined || !seen.visible) return stream.optional === true ? [] : [stream.object];
    return stream.fields
      .filter((field) => field.need === "required" && !seen.readable.has(field.name))
      .map((field) => `${stream.object}.${field.name}`);
  });
  if (missing.length === 0) {
    return [
      {
        name: "fields",
        level: "ok",
        found: `all ${new Set(connection.streams.map(({ object }) => object)).size} objects can be read`,
      },
    ];
  }
  return [
    {
      name: "fields",
      level: missing.includes("Lead") || missing.includes("contacts") ? "fail" : "warn",
      found: `hidden from ${isPortal ? "this token" : "this user"}: ${missing.join(", ")}`,
      next: isPortal
        ? "add the scope of each to the private app or service key; until then the metrics that need them are unknown"
        : "grant Read on them in a permission set; until then the metrics that need them are unknown",
    },
  ];
}

/** Records that sharing hides are missing from every number without a trace: only the org's settings tell. */
async function sharingChecks(connection: Connection, objects: readonly string[]): Promise<readonly Check[]> {
  if (connection.hiddenBySharing === undefined) return [];
  const hidden = await connection.hiddenBySharing(objects);
  if (hidden === null) {
    return [
      {
        name: "sharing",
        level: "warn",
        found: "the org does not tell this user whether sharing hides records from it",
        next: 'grant the right "View Setup and Configuration" in a permission set, then look again',
      },
    ];
  }
  if (hidden.length === 0) {
    return [{ name: "sharing", level: "ok", found: "no record is hidden from this user by sharing" }];
  }
  return [
    {
      name: "sharing",
      level: "warn",
      found: `sharing may hide records of ${hidden.join(", ")} from this user: they are private, and it lacks "View All"`,
      next:
        'grant "View All" on them in a permission set (the one that `ripeline apply` deploys has it): until then what is ' +
        "hidden is missing from every number",
    },
  ];
}

function historyCheck(facts: OrgFacts): Check {
  if (facts.tracksOwnerHistory && facts.tracksStatusHistory) {
    return { name: "lead history", level: "ok", found: "the org tracks Owner and Status" };
  }
  const missing = [facts.tracksOwnerHistory ? "" : "Owner", facts.tracksStatusHistory ? "" : "Status"]
    .filter((name) => name !== "")
    .join(" and ");
  return {
    name: "lead history",
    level: "warn",
    found: `the org does not track ${missing} of leads`,
    next:
      "turn it on in Setup, Object Manager, Lead, Fields & Relationships, Set History Tracking: without it handoffs " +
      "made before the first sync have no known start, and ripeline cannot see whether writes of its own move owners",
  };
}

function automationCheck(facts: OrgFacts): Check {
  if (facts.automation.length === 0) {
    return {
      name: "automation",
      level: "ok",
      found: "nothing active runs when leads or campaigns are saved",
    };
  }
  const names = facts.automation.map((found) => `${found.kind} ${found.name} on ${found.object}`);
  return {
    name: "automation",
    level: "warn",
    found: `runs when we write: ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", ..." : ""}`,
    next: "let it skip users with the custom permission: NOT($Permission.Ripeline_Bypass)",
  };
}

const Applied = z.object({ applied_at: z.date().nullable() });

async function applyCheck(db: Database, settings: Settings): Promise<Check> {
  const row = await db.maybeOne(
    Applied,
    sql`select applied_at from mirror.connection
      where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`,
  );
  const at = row?.applied_at ?? null;
  return at === null
    ? {
        name: "fields of ripeline",
        level: "warn",
        found: "not in the CRM yet",
        next: "`ripeline plan` shows what would be added, `ripeline apply` adds it",
      }
    : { name: "fields of ripeline", level: "ok", found: `deployed first at ${at.toISOString()}` };
}

const CalendarCounts = z.object({ hours: z.number(), holidays: z.number() });

/**
 * Which holidays belong to which business hours stands nowhere that our user may read: no object links them, and the
 * metadata that does needs the right to change metadata. So every holiday closes all of them.
 * @see https://developer.salesforce.com/docs/platform/api-metadata/references/meta-types/metadata-businesshourssettings.html
 */
async function holidayChecks(db: Database, settings: Settings): Promise<readonly Check[]> {
  const ours = new Set(["wall_clock", ...settings.rot.calendars.map((calendar) => calendar.name)]);
  const ofOrg = settings.rot.policies.filter((policy) => !ours.has(policy.calendar));
  if (ofOrg.length === 0) return [];
  const at = sql`workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`;
  const { hours, holidays } = await db.one(
    CalendarCounts,
    sql`select
          (select count(*)::integer from mirror.salesforce_business_hours
            where ${at} and valid_to is null and isactive is not false) as hours,
          (select count(*)::integer from mirror.salesforce_holiday where ${at} and valid_to is null) as holidays`,
  );
  if (hours < 2 || holidays === 0) return [];
  return [
    {
      name: "holidays",
      level: "warn",
      found:
        `each of the org's ${holidays} holidays closes all ${hours} business hours, since the org does not tell us which ` +
        `belong together; policies on them: ${ofOrg.map((policy) => policy.name).join(", ")}`,
      next: "where that is wrong, describe the calendar in rot.calendars with its own holidays and name it in the policy",
    },
  ];
}

const StoppedRow = z.object({ stopped_at: z.date(), moved_count: z.number() });

/** A stop of lead writes; nothing to say where there is none. */
async function leadWriteChecks(db: Database, settings: Settings): Promise<readonly Check[]> {
  const stops = await db.any(
    StoppedRow,
    sql`select stopped_at, moved_count from writeback.lead_guard
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
          and stopped_at is not null`,
  );
  return stops.map((stop) => ({
    name: "lead writes",
    level: "fail",
    found: `stopped since ${stop.stopped_at.toISOString()}: ${stop.moved_count} lead(s) changed owner when ripeline wrote to them`,
    next: "`ripeline status` names them; mend the rule or flow, then run `ripeline sync --resume-lead-writes`",
  }));
}

const WithheldRow = z.object({ code: z.string(), message: z.string(), rows: z.number() });

/** Rows of reps that the org would not give to them; nothing to say where there are none. */
async function ownerChecks(db: Database, settings: Settings): Promise<readonly Check[]> {
  const found = await db.any(
    WithheldRow,
    sql`select code, max(message) as message, count(*)::integer as rows from writeback.withheld_owner
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
        group by code order by code`,
  );
  return found.map(({ code, message, rows }) => ({
    name: "owners of rep rows",
    level: "warn",
    found: `${rows} rows are not their rep's: the org refused the owner (${code}: ${message})`,
    next:
      code === "TRANSFER_REQUIRES_READ"
        ? "assign the permission set Ripeline Reader to the reps, then run `ripeline apply` to have it tried at once"
        : "`ripeline status` names the users; their managers see such rows through the group Ripeline Readers only",
  }));
}

const OwnerRow = z.object({
  owner_id: z.string(),
  name: z.string(),
  leads: z.number(),
  created_by_self: z.number(),
});

async function largestOwners({ db, settings }: DoctorContext): Promise<readonly LargeOwner[]> {
  const rows = await db.any(
    OwnerRow,
    sql`
      with leads as (
        select ownerid, createdbyid from mirror.salesforce_lead
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
          and valid_to is null and not isdeleted
        union all
        -- Who created a record stands in no property that is read.
        select hubspot_owner_id, null from mirror.hubspot_contact
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
          and valid_to is null and archived is not true
      ),
      names as (
        select id, name from mirror.salesforce_user
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId} and valid_to is null
        union all
        select id, name from mirror.salesforce_group
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId} and valid_to is null
        union all
        select id, concat_ws(' ', firstname, lastname) from mirror.hubspot_owner
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId} and valid_to is null
      )
      select leads.ownerid as owner_id, coalesce(max(names.name), leads.ownerid) as name,
        count(*)::integer as leads,
        count(*) filter (where leads.createdbyid = leads.ownerid)::integer as created_by_self
      from leads left join names on names.id = leads.ownerid
      where leads.ownerid is not null
      group by leads.ownerid
      order by count(*) desc, leads.ownerid
      limit 10`,
  );
  return rows.map((row) => ({
    ownerId: row.owner_id,
    name: row.name,
    leads: row.leads,
    createdBySelf: row.created_by_self,
  }));
}

const SpellingRow = z.object({ spellings: z.array(z.string()) });

async function sourceSpellings({ db, settings }: DoctorContext): Promise<readonly (readonly string[])[]> {
  const rows = await db.any(
    SpellingRow,
    sql`
      select array_agg(distinct leadsource order by leadsource) as spellings
      from mirror.salesforce_lead
      where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
        and valid_to is null and not isdeleted and leadsource is not null
      group by lower(trim(leadsource))
      having count(distinct leadsource) > 1
      order by 1`,
  );
  return rows.map((row) => row.spellings);
}
