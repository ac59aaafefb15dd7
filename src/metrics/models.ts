import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CrmName } from "../core/errors.ts";
import { loadSql, type SqlText } from "../database/load-sql.ts";

/** A select that is materialised into a table of schema `metrics`. */
export interface Model {
  /** File name, and for all but report models the table's name. */
  readonly name: string;
  readonly table: string;
  readonly text: SqlText;
}

/**
 * A table that each CRM has its own select for: `staging/<crm>/<table>.sql`, $1 workspace, $2 connection, $3 as_of. Only
 * these read the mirror. A CRM without one leaves the table without rows of its connections.
 */
export interface StagingModel {
  readonly table: string;
  readonly byCrm: ReadonlyMap<CrmName, SqlText>;
}

const crms: readonly CrmName[] = ["salesforce", "hubspot"];

/** What every CRM says of itself; one row, no table. $1 workspace, $2 connection, $3 as_of. */
const CIRCUMSTANCES = "circumstances";

const stagingTables = [
  "stg_currency",
  "stg_owner",
  "stg_owner_role",
  "stg_lead",
  "stg_lead_version",
  "stg_lead_change",
  "stg_contact",
  "stg_record_merge",
  "stg_opportunity",
  "stg_opportunity_version",
  "stg_opportunity_contact",
  "stg_activity",
  "stg_opportunity_step",
  "stg_stage",
  "stg_campaign",
  "stg_campaign_cost_version",
  "stg_response",
] as const;

type StagingTable = (typeof stagingTables)[number];

const stagingFiles: ReadonlyMap<CrmName, ReadonlyMap<string, SqlText>> = new Map(
  crms.map((crm) => [crm, readStaging(crm)]),
);

function readStaging(crm: CrmName): ReadonlyMap<string, SqlText> {
  const folder = new URL(`./models/staging/${crm}/`, import.meta.url);
  if (!existsSync(folder)) return new Map();
  const known: readonly string[] = [CIRCUMSTANCES, ...stagingTables];
  const names = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith(".sql"));
  return new Map(
    names.map((file) => {
      const name = file.slice(0, -".sql".length);
      if (!known.includes(name))
        throw new TypeError(`staging model ${crm}/${file} fills no table of staging`);
      return [name, loadSql(new URL(file, folder))];
    }),
  );
}

function staging(table: StagingTable): StagingModel {
  return {
    table,
    byCrm: new Map(
      crms.flatMap((crm) => {
        const text = stagingFiles.get(crm)?.get(table);
        return text === undefined ? [] : [[crm, text] as const];
      }),
    ),
  };
}

/** The select that tells of a CRM's circumstances; undefined where there is none for it. */
export function circumstancesOf(crm: CrmName): SqlText | undefined {
  return stagingFiles.get(crm)?.get(CIRCUMSTANCES);
}

/** A staging select of its own, for who needs its rows outside of a compute. */
export function stagingSelect(crm: CrmName, table: StagingTable): SqlText | undefined {
  return stagingFiles.get(crm)?.get(table);
}

function intermediate(name: string): Model {
  return { name, table: name, text: loadSql(new URL(`./models/intermediate/${name}.sql`, import.meta.url)) };
}

function report(name: string): Model {
  return { name, table: "rpt_fact", text: loadSql(new URL(`./models/reports/${name}.sql`, import.meta.url)) };
}

/** Needed before the parameters of a compute are: which currencies the connections know. */
export const currencyModel: StagingModel = staging("stg_currency");

/** People, leads and their owners; needed before calendars and the capture gate. */
export const leadModels: readonly StagingModel[] = [
  staging("stg_owner"),
  staging("stg_owner_role"),
  staging("stg_lead"),
  staging("stg_lead_version"),
  staging("stg_lead_change"),
  staging("stg_contact"),
  staging("stg_record_merge"),
  staging("stg_opportunity"),
  staging("stg_opportunity_version"),
  staging("stg_opportunity_contact"),
  staging("stg_activity"),
];

/** The rest of what the CRMs tell. */
export const otherStagingModels: readonly StagingModel[] = [
  staging("stg_opportunity_step"),
  staging("stg_stage"),
  staging("stg_campaign"),
  staging("stg_campaign_cost_version"),
  staging("stg_response"),
];

/** The lives of leads, up to the facts that the capture gate is decided on. */
export const historyModels: readonly Model[] = [
  intermediate("int_survivor"),
  intermediate("int_person_key"),
  intermediate("int_identity_link"),
  intermediate("identity_conflict"),
  intermediate("int_person_record"),
  intermediate("int_second_lead"),
  intermediate("int_owner_event"),
  intermediate("int_status_event"),
  intermediate("int_stretch"),
  intermediate("int_touch"),
  intermediate("int_worked_lead"),
];

/** Everything that the report is made of, in the order in which one needs another. */
export const factModels: readonly Model[] = [
  intermediate("int_handoff"),
  intermediate("int_lead"),
  intermediate("int_campaign_twin"),
  {
    name: "stg_cost_entry",
    table: "stg_cost_entry",
    text: loadSql(new URL("./models/staging/stg_cost_entry.sql", import.meta.url)),
  },
  intermediate("int_campaign"),
  intermediate("int_campaign_spend"),
  intermediate("int_overhead"),
  intermediate("int_investment"),
  intermediate("int_response"),
  intermediate("int_person"),
  intermediate("int_row_investment"),
  intermediate("int_opportunity"),
  intermediate("int_rep_load"),
  intermediate("int_handoff_load"),
];

/** Models that find values; the trap reads the facts of those before it. */
export const reportModels: readonly Model[] = [
  report("rpt_rot_now"),
  report("rpt_undelivered"),
  report("rpt_capture"),
  report("rpt_load"),
  report("rpt_stalled"),
  report("rpt_rot_cohort"),
  report("rpt_load_v_rot"),
  report("rpt_disposed"),
  report("rpt_first_response"),
  report("rpt_funnel"),
  report("rpt_sales"),
  report("rpt_pipeline"),
  report("rpt_pipeline_cohort"),
  report("rpt_loaded"),
  report("rpt_trap"),
  report("rpt_trust"),
];

/** The report itself: facts, catalog and reasons together. */
export const metricValueModel: Model = {
  name: "metric_value",
  table: "metric_value",
  text: loadSql(new URL("./models/reports/metric_value.sql", import.meta.url)),
};

function check(name: string): Model {
  return { name, table: "", text: loadSql(new URL(`./models/checks/${name}.sql`, import.meta.url)) };
}

/** Statements that must return no rows: column `problem` says what is wrong. */
export const checks: readonly Model[] = [
  check("handoffs_do_not_multiply"),
  check("qualified_is_delivered_and_undelivered"),
  check("money_adds_up"),
  check("rates_are_shares"),
];
