import { z } from "zod";
import { RipelineError } from "../core/errors.ts";
import type { Connection, ObjectAccess, OrgFacts } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** `fail`: ripeline cannot work. `warn`: it works, and something is less than it could be. */
export type Level = "ok" | "warn" | "fail";

export interface Check {
  readonly name: string;
  readonly level: Level;
  /** What was found, one sentence. */
  readonly found: string;
  /** What to do, where there is something to do. */
  readonly next?: string;
}

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
    checks.push(...(await orgChecks(context)));
  } catch (error) {
    if (!(error instanceof RipelineError)) throw error;
    checks.push({ name: "sign-in", level: "fail", found: error.message });
  }
  return {
    checks,
    largestOwners: await largestOwners(context),
    sourceSpellings: await sourceSpellings(context),
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
    sql`select count(*)::integer as count from mirror.salesforce_lead
      where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId} and valid_to is null`,
  );
  const where = db.kind === "pglite" ? "embedded store" : "Postgres";
  const found = `${where}, ${count} leads in the mirror`;
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

async function orgChecks({ connect, db, settings }: DoctorContext): Promise<readonly Check[]> {
  const connection = await connect();
  const identity = await connection.identity();
  const objects = connection.streams.map((stream) => stream.object);
  const [access, facts] = [await connection.access(objects), await connection.facts(["Lead", "Campaign"])];
  const usage = connection.usage();
  return [
    {
      name: "sign-in",
      level: "ok",
      found: `${identity.username} at ${identity.instanceUrl}, org ${identity.orgId}, API ${identity.apiVersion}`,
    },
    quotaCheck(usage.dailyUsed, usage.dailyLimit, settings),
    ...fieldChecks(connection, access),
    historyCheck(facts),
    automationCheck(facts),
    await applyCheck(db, settings),
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
  const byObject = new Map(access.map((each) => [each.object, each]));
  const missing = connection.streams.flatMap((stream) => {
    const seen = byObject.get(stream.object);
    if (seen === undefined || !seen.visible) return stream.optional === true ? [] : [stream.object];
    return stream.fields
      .filter((field) => field.need === "required" && !seen.readable.has(field.name))
      .map((field) => `${stream.object}.${field.name}`);
  });
  if (missing.length === 0) {
    return [{ name: "fields", level: "ok", found: `all ${connection.streams.length} objects can be read` }];
  }
  return [
    {
      name: "fields",
      level: missing.includes("Lead") ? "fail" : "warn",
      found: `hidden from this user: ${missing.join(", ")}`,
      next: "grant Read on them in a permission set; until then the metrics that need them are unknown",
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
      "made before the first sync have no known start",
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
        found: "not in the org yet",
        next: "`ripeline plan` shows what would be added, `ripeline apply` adds it",
      }
    : { name: "fields of ripeline", level: "ok", found: `deployed first at ${at.toISOString()}` };
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
      ),
      names as (
        select id, name from mirror.salesforce_user
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId} and valid_to is null
        union all
        select id, name from mirror.salesforce_group
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
