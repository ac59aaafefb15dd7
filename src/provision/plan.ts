import { z } from "zod";
import type { AutomationFound, Connection, OrgFacts } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { startingBatchSize } from "../writeback/targets/batch-size.ts";
import { type ChosenCadence, chooseCadence, type WantedCadence } from "./cadence.ts";
import type { LeftOut } from "./hubspot/choose-fields.ts";
import {
  type CallPrediction,
  type FirstWrite,
  predictApiCalls,
  predictFirstWrites,
  type WritePrediction,
} from "./predict-calls.ts";
import {
  HANDOFF_MONTHS,
  METRIC_PUSHES_PER_DAY,
  megabytesOf,
  predictRows,
  type RowPrediction,
  rowsOfPortal,
  unknownIn,
  volumesOfOrg,
  volumesOfStore,
} from "./predict-rows.ts";
import { type Provision, type ProvisionContext, provisionFor } from "./provision-for.ts";

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
  /** What the CRM's plan has no room for, and what stands in for it. */
  readonly leftOut: readonly LeftOut[];
  readonly rows: readonly RowPrediction[];
  /** Where the rows were counted: in the org before the first sync, in the store afterwards. */
  readonly rowsFrom: "org" | "store";
  /** What the org did not count, in words: the prediction is too low by it. */
  readonly notCounted: readonly string[];
  readonly storage: {
    /** Of our records once every retention is full. */
    readonly megabytes: number;
    /** Free for us: what is free, and what our records take already. */
    readonly megabytesFree: number | null;
    /** 0..1 of what is free for us. */
    readonly shareOfFree: number | null;
  };
  readonly calls: CallPrediction & {
    readonly cadence: ChosenCadence;
    readonly firstWrites: readonly FirstWrite[];
  };
  readonly statusesWithoutRot: readonly string[];
  /** Why `apply` will refuse; empty where it will not. */
  readonly refusals: readonly string[];
}

/** Nothing named: the quota decides. */
const FREE_CHOICE: WantedCadence = { fast: null, money: null, slow: null };

/** Largest part of the free data storage that our rows may take. */
const MAX_STORAGE_SHARE = 0.05;
/** Describe, limits and Tooling reads of an hour. */
const HOURLY_CHECKS = 8;

/**
 * What `apply` would create, what write-back would write and wake, and what it all would cost, before anything changes.
 * Reads the org (describe, automation, limits) and the store.
 * @throws ConnectorError of the connection's reads
 */
export async function plan(
  ctx: ProvisionContext,
  settings: Settings,
  wanted: WantedCadence = FREE_CHOICE,
): Promise<Plan> {
  return planOf(ctx, settings, await provisionFor(ctx, settings), wanted);
}

/** As {@link plan}, of what is known to be provided. */
export async function planOf(
  ctx: ProvisionContext,
  settings: Settings,
  provision: Provision,
  wanted: WantedCadence = FREE_CHOICE,
): Promise<Plan> {
  const { connection } = ctx;
  const names = provision.objects.map(({ object }) => object);
  const identity = await connection.identity();
  const facts = await connection.facts(names);
  const counted = await countRows(ctx, settings);
  const rows = connection.crm === "hubspot" ? rowsOfPortal(counted.rows, names) : counted.rows;
  const { rowsFrom, notCounted } = counted;
  const objects = provision.objects.map((object) => objectPlan(object, facts, connection));
  const dailyLimit = facts.dailyCallLimit ?? connection.usage().dailyLimit;
  const writes = writesOf(rows, facts.automation, connection);
  const cadence = chooseCadence({
    wanted,
    streams: connection.streams,
    writes,
    hourlyChecks: HOURLY_CHECKS,
    dailyLimit,
    ceiling: settings.api.ceiling,
  });
  const calls = predictApiCalls({
    streams: connection.streams,
    cadenceMinutes: cadence.minutes,
    writes,
    hourlyChecks: HOURLY_CHECKS,
    dailyLimit,
    // A portal's ids are compared by its searches, whose calls are in the reading.
    ...(connection.crm === "hubspot" ? {} : { nightly: await countCompared(connection) }),
  });
  const storage = await storageOf(ctx, settings, rows, facts.storageMegabytesFree);
  return {
    orgId: identity.orgId,
    objects,
    permissionSets: provision.permissionSets,
    leftOut: provision.leftOut,
    rows,
    rowsFrom,
    notCounted,
    storage,
    calls: { ...calls, cadence, firstWrites: predictFirstWrites(writes, settings.writeback.maxPerHour) },
    statusesWithoutRot: provision.statusesWithoutRot,
    refusals: refusals(connection.crm, objects, storage),
  };
}

function objectPlan(
  { object, isOurs, fields, present, isThere }: Provision["objects"][number],
  facts: OrgFacts,
  connection: Connection,
): ObjectPlan {
  const fieldsToCreate = fields.filter((field) => !present.has(field));
  const isMissing = isOurs && !isThere;
  const batchSize = startingBatchSize(object, facts.automation);
  return {
    object,
    isOurs,
    action: isMissing ? "create" : fieldsToCreate.length > 0 ? "add fields" : "nothing",
    fieldsToCreate,
    fieldsPresent: fields.length - fieldsToCreate.length,
    automation: facts.automation.filter((automation) => automation.object === object),
    batchSize: connection.crm === "hubspot" ? connection.rowsPerCall(object, batchSize) : batchSize,
  };
}

/** Objects that one call counts. */
const COUNTED_A_CALL = 5;

/** Records of the streams whose ids are compared at night, by the org's own counting. Three metered calls. */
async function countCompared(connection: Connection): Promise<readonly (number | null)[]> {
  const objects = connection.streams
    .filter((stream) => stream.cursor !== "none")
    .map((stream) => stream.object);
  const counted: (number | null)[] = [];
  for (let start = 0; start < objects.length; start += COUNTED_A_CALL) {
    const { counts } = await connection.counts(objects.slice(start, start + COUNTED_A_CALL));
    counted.push(...counts);
  }
  return counted;
}

/** Rows by the last compute; before the first, estimated from what the org counts. */
async function countRows(
  { db, connection }: ProvisionContext,
  settings: Settings,
): Promise<Pick<Plan, "rows" | "rowsFrom" | "notCounted">> {
  const writesOnLeads = settings.writeback.mode === "fields";
  const stored = await volumesOfStore(db, settings);
  if (stored !== undefined) {
    return { rows: predictRows(stored, writesOnLeads), rowsFrom: "store", notCounted: [] };
  }
  const now = await connection.serverTime();
  const monthsAgo = (months: number): Date => {
    const then = new Date(now);
    then.setUTCMonth(then.getUTCMonth() - months);
    return then;
  };
  const flaggedSince = settings.rot.startFrom === null ? now : new Date(settings.rot.startFrom);
  const size = await connection.size({
    flaggedSince,
    handoffsSince: monthsAgo(HANDOFF_MONTHS),
    monthsSince: monthsAgo(settings.report.months),
  });
  const volumes = volumesOfOrg(size, settings, { now, flaggedSince });
  return { rows: predictRows(volumes, writesOnLeads), rowsFrom: "org", notCounted: unknownIn(size) };
}

/**
 * The cadence by what the store knows of the org, without a call; null for `dailyLimit` where the org was never asked.
 * @throws nothing of the CRM's
 */
export async function cadenceOfStore(
  db: Database,
  settings: Settings,
  org: {
    readonly streams: Connection["streams"];
    readonly dailyLimit: number | null;
    readonly automation: readonly AutomationFound[];
  },
  wanted: WantedCadence,
): Promise<ChosenCadence> {
  const volumes = org.dailyLimit === null ? undefined : await volumesOfStore(db, settings);
  const rows = volumes === undefined ? [] : predictRows(volumes, settings.writeback.mode === "fields");
  return chooseCadence({
    wanted,
    streams: org.streams,
    writes: writesOf(rows, org.automation, null),
    hourlyChecks: HOURLY_CHECKS,
    dailyLimit: org.dailyLimit,
    ceiling: settings.api.ceiling,
  });
}

function writesOf(
  rows: readonly RowPrediction[],
  automation: readonly AutomationFound[],
  portal: Connection | null,
): readonly (WritePrediction & { readonly rowsFirst: number })[] {
  return rows.map((row) => ({
    object: row.object,
    rowsFirst: row.rowsFirst,
    rowsPerDay: row.rowsPerDay,
    batchSize: startingBatchSize(row.object, automation),
    pushesPerDay: pushesPerDay(row.object),
    // HubSpot's batches depend on nothing but the object.
    ...(portal?.crm === "hubspot" ? { rowsPerCall: portal.rowsPerCall(row.object, 0) } : {}),
  }));
}

const OwnRecords = z.object({ records: z.number() });

/** Records of ours that are there already take no more: they count as free. */
async function storageOf(
  { db }: ProvisionContext,
  settings: Settings,
  rows: readonly RowPrediction[],
  megabytesFree: number | null,
): Promise<Plan["storage"]> {
  const { records } = await db.one(
    OwnRecords,
    sql`select count(*) as records from writeback.acknowledged
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
            and object like 'Ripeline%'`,
  );
  const megabytes = rows.reduce((sum, row) => sum + row.megabytes, 0);
  const free = megabytesFree === null ? null : megabytesFree + megabytesOf(records);
  return {
    megabytes,
    megabytesFree: free,
    shareOfFree: free === null ? null : free <= 0 ? 1 : megabytes / free,
  };
}

function pushesPerDay(object: string): number {
  switch (object) {
    case "Campaign":
    case "0-35":
      return 1;
    case "Ripeline_Metric__c":
    case "ripeline_metric":
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
  crm: Connection["crm"],
  objects: readonly ObjectPlan[],
  storage: Plan["storage"],
): readonly string[] {
  // A portal's allowance was asked for, and what it has no room for is left out.
  const counted = crm === "hubspot" ? [] : objects;
  const tooMany = counted
    .map(({ object, fieldsToCreate, fieldsPresent }) => ({
      object,
      fields: fieldsToCreate.length + fieldsPresent,
    }))
    .filter(({ fields }) => fields > MAX_FIELDS)
    .map(({ object, fields }) => `${object} would have ${fields} fields, at most ${MAX_FIELDS} are allowed`);
  const { megabytes, megabytesFree, shareOfFree } = storage;
  if (shareOfFree === null || shareOfFree <= MAX_STORAGE_SHARE) return tooMany;
  return [
    ...tooMany,
    `report and handoff rows would come to ${megabytes.toFixed(1)} MB of ${String(megabytesFree)} MB free (over 5%): ` +
      "lower report.months, set writeback.rep_metrics to team_only, or free data storage",
  ];
}
