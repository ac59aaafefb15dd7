import { loadSql, type SqlText } from "../database/load-sql.ts";

/** A select that is materialised into a table of schema `metrics`. */
export interface Model {
  /** File name, and for all but report models the table's name. */
  readonly name: string;
  readonly table: string;
  readonly text: SqlText;
}

function staging(name: string): Model {
  return { name, table: name, text: loadSql(new URL(`./models/staging/${name}.sql`, import.meta.url)) };
}

function intermediate(name: string): Model {
  return { name, table: name, text: loadSql(new URL(`./models/intermediate/${name}.sql`, import.meta.url)) };
}

function report(name: string): Model {
  return { name, table: "rpt_fact", text: loadSql(new URL(`./models/reports/${name}.sql`, import.meta.url)) };
}

/** What we call people, leads and touches; needed before calendars and the capture gate. */
export const leadModels: readonly Model[] = [staging("stg_owner"), staging("stg_lead")];

/** The lives of leads, up to the facts that the capture gate is decided on. */
export const historyModels: readonly Model[] = [
  intermediate("int_owner_event"),
  intermediate("int_status_event"),
  intermediate("int_stretch"),
  staging("stg_touch"),
  intermediate("int_worked_lead"),
];

/** Everything that the report is made of, in the order in which one needs another. */
export const factModels: readonly Model[] = [
  intermediate("int_handoff"),
  intermediate("int_lead"),
  intermediate("int_person_record"),
  staging("stg_cost_entry"),
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
