/**
 * The dictionary of metrics, as data: names, words, units, where each stands and what it needs. CRM fields, report
 * columns, help texts, documents and CSV headers are generated from it.
 */

/** `load_quartile`: handoffs by how loaded the rep was when they came, member 1 (lightest) to 4; not written to a CRM. */
export type RowType = "workspace" | "campaign" | "source" | "rep" | "team" | "load_quartile";
export type Basis = "point_in_time" | "in_period" | "cohort";
export type Unit = "count" | "ratio" | "money" | "money_ratio" | "hours" | "days" | "number" | "text";

export interface MetricEntry {
  /** Key in report rows and in the store. */
  readonly name: string;
  readonly label: string;
  /** ratio: 0..1. money: workspace currency. money_ratio: money per money. number: no unit. */
  readonly unit: Unit;
  /** Row types that carry it. */
  readonly grain: readonly RowType[];
  readonly bases: readonly Basis[];
  /** True where the values of members or periods may be summed. */
  readonly additive: boolean;
  /** The formula in words. */
  readonly formula: string;
  /** SQL model that finds it, under models/reports. */
  readonly model: string;
  /** Section of the definitions. */
  readonly source: string;
  /** Raised when a value can change by a change of definition. */
  readonly version: number;
  /** Streams, or fields of them, without which the value is incomplete. */
  readonly inputs: readonly string[];
  /** False where a change of this value alone rewrites no CRM row. */
  readonly diff: boolean;
  readonly better: "lower" | "higher" | null;
  /** Null, "activity is not logged in the CRM", where the capture gate is closed. */
  readonly needsTouch: boolean;
  /** Not in cohort rows of a fixed age. */
  readonly toDateOnly: boolean;
  /** "small" beside the value where its denominator is under 10. */
  readonly saysSmall: boolean;
  /** What a row shows when the model found nothing for it: 0, or null with `reasonWhenAbsent`. */
  readonly whenAbsent: 0 | null;
  readonly reasonWhenAbsent: string;
}

const everywhere = ["workspace", "source", "rep", "team"] as const;
const marketing = ["workspace", "campaign", "source"] as const;
const all = ["workspace", "campaign", "source", "rep", "team"] as const;

const leadInputs = [
  "salesforce.Lead",
  "salesforce.Lead.OwnerId",
  "salesforce.Lead.Status",
  "salesforce.LeadHistory",
  "salesforce.User",
] as const;
const touchInputs = [
  ...leadInputs,
  "salesforce.Task",
  "salesforce.Task.TaskSubtype",
  "salesforce.Task.CompletedDateTime",
  "salesforce.Event",
] as const;
/** Input of loaded cost: entries of kind operations or labour. Without any, loaded cost is unknown, not the plain one. */
export const LEDGER_OVERHEAD = "ledger.overhead";
const loadedInputs = [LEDGER_OVERHEAD] as const;
const costInputs = ["salesforce.Campaign", "salesforce.Campaign.ActualCost"] as const;
const responseInputs = ["salesforce.CampaignMember", "salesforce.CampaignMember.FirstRespondedDate"] as const;
const opportunityInputs = [
  "salesforce.Opportunity",
  "salesforce.OpportunityHistory",
  "salesforce.OpportunityStage",
] as const;
const stalledInputs = [
  ...opportunityInputs,
  "salesforce.OpportunityContactRole",
  "salesforce.Task",
  "salesforce.Task.WhatId",
  "salesforce.Task.TaskSubtype",
  "salesforce.Task.CompletedDateTime",
  "salesforce.Event",
  "salesforce.Event.WhatId",
] as const;
const amountInputs = [...opportunityInputs, "salesforce.Opportunity.Amount"] as const;

type Given = Pick<
  MetricEntry,
  "name" | "label" | "unit" | "grain" | "bases" | "formula" | "model" | "source"
> &
  Partial<MetricEntry>;

function metric(given: Given): MetricEntry {
  const counts = given.unit === "count" || given.unit === "money";
  return {
    additive: counts,
    version: 1,
    inputs: leadInputs,
    diff: true,
    better: null,
    needsTouch: false,
    toDateOnly: false,
    saysSmall: given.unit === "ratio" || given.unit === "hours" || given.unit === "days",
    whenAbsent: counts ? 0 : null,
    reasonWhenAbsent: "nothing to divide by",
    ...given,
  };
}

const rotNow = {
  bases: ["point_in_time"],
  grain: everywhere,
  model: "rpt_rot_now",
  source: "4",
  inputs: touchInputs,
  needsTouch: true,
} as const;
const rotCohort = {
  bases: ["cohort"],
  grain: everywhere,
  model: "rpt_rot_cohort",
  source: "4",
  inputs: touchInputs,
  needsTouch: true,
  toDateOnly: true,
} as const;
/** load_v_rot: what became of leads by the load of the rep they came to. */
const loadVRot = {
  ...rotCohort,
  grain: ["load_quartile"],
  model: "rpt_load_v_rot",
  source: "5",
} as const;
const undelivered = {
  bases: ["point_in_time"],
  grain: ["workspace", "source"],
  model: "rpt_undelivered",
  source: "2",
} as const;
const response = {
  bases: ["in_period"],
  grain: everywhere,
  model: "rpt_first_response",
  source: "4",
  inputs: touchInputs,
  needsTouch: true,
  better: "lower",
  diff: false,
  reasonWhenAbsent: "no lead was answered",
} as const;
const load = {
  bases: ["point_in_time"],
  model: "rpt_load",
  source: "5",
  inputs: [...leadInputs, "salesforce.Opportunity"],
} as const;
const funnel = {
  bases: ["in_period"],
  model: "rpt_funnel",
  source: "9",
  additive: false,
} as const;
const sales = {
  bases: ["in_period"],
  grain: all,
  model: "rpt_sales",
  source: "9",
  inputs: opportunityInputs,
} as const;
const money = {
  bases: ["in_period", "cohort"],
  grain: marketing,
  model: "rpt_pipeline, rpt_pipeline_cohort",
  inputs: [...costInputs, ...responseInputs],
} as const;
const trust = {
  bases: ["point_in_time"],
  grain: ["workspace"],
  model: "rpt_trust",
  source: "10",
  diff: false,
  better: "lower",
  saysSmall: false,
} as const;

/** Every metric, in the order in which reports show them. */
export const catalog: readonly MetricEntry[] = [
  metric({
    ...rotNow,
    name: "rotting_lead_rate",
    label: "Rotting lead rate",
    unit: "ratio",
    better: "lower",
    formula:
      "Open handoffs at or past their deadline with no recorded touch since the handoff, divided by open handoffs that are untouched or were touched within the cold period. Cold and unknown ones are left out.",
    reasonWhenAbsent: "no open leads",
  }),
  metric({
    ...rotNow,
    name: "rotting_share_of_untouched",
    label: "Rotting share of untouched",
    unit: "ratio",
    better: "lower",
    formula:
      "Open handoffs at or past their deadline with no recorded touch, divided by all open handoffs without one.",
    reasonWhenAbsent: "no untouched leads",
  }),
  metric({
    ...rotNow,
    name: "gone_cold_rate",
    label: "Gone cold rate",
    unit: "ratio",
    better: "lower",
    formula:
      "Open handoffs whose last touch is older than the cold period, divided by all open handoffs with a recorded touch.",
    reasonWhenAbsent: "no touched leads",
  }),
  metric({
    ...rotNow,
    name: "rotting_leads",
    label: "Rotting leads",
    unit: "count",
    better: "lower",
    formula: "Open handoffs at or past their deadline with no recorded touch since the handoff.",
  }),
  metric({
    ...rotNow,
    name: "at_risk_leads",
    label: "At-risk leads",
    unit: "count",
    better: "lower",
    formula: "Untouched open handoffs past three quarters of the time to their deadline, not yet rotting.",
  }),
  metric({
    ...rotNow,
    name: "gone_cold_leads",
    label: "Leads gone cold",
    unit: "count",
    better: "lower",
    formula: "Open handoffs whose last recorded touch is older than the cold period.",
  }),
  metric({
    ...rotNow,
    name: "handoff_unknown",
    label: "Handoffs at an unknown time",
    unit: "count",
    better: "lower",
    needsTouch: false,
    inputs: leadInputs,
    formula: "Open handoffs of which neither history nor our pulls tell the moment; they are in no rate.",
  }),
  metric({
    ...rotCohort,
    grain: [...everywhere, "load_quartile"],
    model: "rpt_rot_cohort, rpt_load_v_rot",
    name: "rot_cohort_rate",
    label: "Rotted, of those due",
    unit: "ratio",
    better: "lower",
    formula:
      "Of the chains of handoffs made in the period whose deadline has passed: the share without a touch at or before it. Chains that ended untouched before the deadline are counted apart.",
    reasonWhenAbsent: "no deadline has passed",
  }),
  metric({
    ...rotCohort,
    name: "rot_cohort_ended_untouched",
    label: "Ended untouched before the deadline",
    unit: "count",
    better: "lower",
    formula: "Chains of handoffs made in the period that ended before their deadline without a touch.",
  }),
  metric({
    ...rotCohort,
    name: "rot_cohort_not_yet_due",
    label: "Not yet due",
    unit: "count",
    formula: "Chains of handoffs made in the period whose deadline lies after the moment of the report.",
  }),
  metric({
    ...loadVRot,
    name: "touches_per_lead",
    label: "Touches per lead",
    unit: "number",
    better: "higher",
    saysSmall: true,
    formula: "Recorded touches of the chains of handoffs made in the period, divided by these chains.",
    reasonWhenAbsent: "no handoffs",
  }),
  metric({
    ...loadVRot,
    needsTouch: false,
    inputs: [...leadInputs, ...opportunityInputs],
    name: "cohort_win_rate",
    label: "Win rate of leads handed off",
    unit: "ratio",
    better: "higher",
    formula:
      "Of the leads handed off in the period and converted: opportunities won, divided by opportunities won and lost.",
    reasonWhenAbsent: "nothing closed",
  }),
  metric({
    ...loadVRot,
    needsTouch: false,
    inputs: [...leadInputs, ...opportunityInputs],
    name: "in_process_at_handoff_mean",
    label: "In process at the handoff, mean",
    unit: "number",
    formula:
      "Weighted open leads and opportunities that the rep carried when a lead was handed over, before it; mean over the handoffs of the period.",
    reasonWhenAbsent: "no handoffs",
  }),
  metric({
    bases: ["in_period"],
    grain: everywhere,
    model: "rpt_disposed",
    source: "4",
    inputs: touchInputs,
    needsTouch: true,
    name: "disposed_untouched_rate",
    label: "Disposed of untouched",
    unit: "ratio",
    better: "lower",
    formula:
      "Leads disqualified, recycled, deleted or converted in the period without any recorded touch, divided by all such leads.",
    reasonWhenAbsent: "no lead ended in the period",
  }),
  metric({
    ...response,
    name: "lead_first_response_hours_median",
    label: "Hours to first response, median",
    unit: "hours",
    formula: "From a lead's first handoff in the period to its first touch, by the wall clock; median.",
  }),
  metric({
    ...response,
    name: "lead_first_response_hours_p90",
    label: "Hours to first response, 90th percentile",
    unit: "hours",
    formula:
      "From a lead's first handoff in the period to its first touch, by the wall clock; 90th percentile.",
  }),
  metric({
    ...response,
    name: "lead_first_response_business_hours_median",
    label: "Business hours to first response, median",
    unit: "hours",
    formula: "As hours to first response, counting only the org's default business hours; median.",
  }),
  metric({
    ...response,
    name: "lead_first_response_business_hours_p90",
    label: "Business hours to first response, 90th percentile",
    unit: "hours",
    formula: "As hours to first response, counting only the org's default business hours; 90th percentile.",
  }),
  metric({
    ...undelivered,
    name: "undelivered_count",
    label: "Undelivered leads",
    unit: "count",
    better: "lower",
    formula: "Qualified leads owned by no rep: by a queue, a machine, an ignored owner or nobody.",
  }),
  metric({
    ...undelivered,
    name: "undelivered_past_expiry_rate",
    label: "Undelivered past expiry",
    unit: "ratio",
    better: "lower",
    formula: "Undelivered leads older than the delivery expiry, divided by all undelivered leads.",
    reasonWhenAbsent: "no undelivered leads",
  }),
  metric({
    ...undelivered,
    name: "undelivered_age_hours_median",
    label: "Undelivered age, median",
    unit: "hours",
    better: "lower",
    diff: false,
    formula: "Hours since the lead became undelivered; median.",
    reasonWhenAbsent: "no undelivered leads",
  }),
  metric({
    ...undelivered,
    name: "undelivered_age_hours_p90",
    label: "Undelivered age, 90th percentile",
    unit: "hours",
    better: "lower",
    diff: false,
    formula: "Hours since the lead became undelivered; 90th percentile.",
    reasonWhenAbsent: "no undelivered leads",
  }),
  metric({
    bases: ["point_in_time"],
    grain: everywhere,
    model: "rpt_capture",
    source: "3",
    inputs: touchInputs,
    name: "unlogged_work_share",
    label: "Unlogged work",
    unit: "ratio",
    better: "lower",
    formula:
      "Of the leads converted or moved into a working status in the last 30 days: the share without any recorded touch.",
    reasonWhenAbsent: "no lead was worked in the last 30 days",
  }),
  metric({
    ...funnel,
    grain: marketing,
    name: "inquiries",
    label: "Inquiries",
    unit: "count",
    additive: true,
    better: "higher",
    inputs: responseInputs,
    formula: "Campaign responses in the period.",
  }),
  metric({
    ...funnel,
    grain: marketing,
    name: "inquirers",
    label: "Inquirers",
    unit: "count",
    better: "higher",
    inputs: responseInputs,
    formula: "Distinct people who responded to a campaign in the period.",
  }),
  metric({
    ...funnel,
    grain: all,
    name: "leads",
    label: "Leads",
    unit: "count",
    better: "higher",
    inputs: [...leadInputs, ...responseInputs],
    formula:
      "Campaign rows: people whose first response to the campaign falls in the period. Rep and team rows: chains of handoffs made in it. Other rows: distinct people whose lead was created in it.",
  }),
  metric({
    ...funnel,
    grain: everywhere,
    name: "converted",
    label: "Converted leads",
    unit: "count",
    additive: true,
    better: "higher",
    formula: "Leads converted in the period.",
  }),
  metric({
    ...rotNow,
    needsTouch: false,
    inputs: leadInputs,
    source: "9",
    name: "open_leads",
    label: "Open leads",
    unit: "count",
    formula: "Open handoffs, those of an unknown time too.",
  }),
  metric({
    ...load,
    grain: everywhere,
    name: "open_opportunities",
    label: "Open opportunities",
    unit: "count",
    formula: "Opportunities open at the moment of the report, of any type.",
  }),
  metric({
    bases: ["point_in_time"],
    grain: ["workspace", "rep", "team"],
    model: "rpt_stalled",
    source: "4",
    inputs: stalledInputs,
    needsTouch: true,
    name: "stalled_opportunities",
    label: "Stalled opportunities",
    unit: "count",
    better: "lower",
    formula:
      "Open opportunities without a recorded touch and without a change of stage for their stage's number of days. Touches are those on the opportunity, on the contacts of its contact roles, and on the contact of a lead converted into it.",
  }),
  metric({
    ...load,
    grain: everywhere,
    name: "in_process",
    label: "In process",
    unit: "count",
    formula:
      "Open handoffs, cold and unknown ones too, plus open opportunities. A converted lead counts as its opportunity.",
  }),
  metric({
    ...load,
    grain: ["workspace", "rep", "team"],
    name: "load",
    label: "Load",
    unit: "number",
    better: "lower",
    formula: "Weighted open handoffs and opportunities, divided by capacity times availability.",
    reasonWhenAbsent: "no capacity",
  }),
  metric({
    ...load,
    grain: ["workspace", "rep", "team"],
    name: "headroom",
    label: "Headroom",
    unit: "number",
    better: "higher",
    formula: "Capacity times availability, minus weighted open handoffs and opportunities.",
    reasonWhenAbsent: "no capacity",
  }),
  metric({
    ...load,
    grain: ["workspace", "team"],
    name: "load_gini",
    label: "Spread of load (Gini)",
    unit: "number",
    better: "lower",
    formula:
      "Gini coefficient over the active reps of one role, idle ones included: of their load where all have a capacity, else of what they have in process. 0: even; towards 1: on few shoulders.",
    reasonWhenAbsent: "per team and role",
  }),
  metric({
    ...load,
    grain: ["team"],
    name: "load_max_to_median",
    label: "Heaviest load to median",
    unit: "number",
    better: "lower",
    formula: "The heaviest load of a role's active reps, divided by the median.",
    reasonWhenAbsent: "nothing in process",
  }),
  metric({
    ...money,
    name: "investment",
    label: "Investment",
    unit: "money",
    source: "6",
    inputs: costInputs,
    formula:
      "Campaigns' own cost that falls in the period: entries of the cost ledger on their date where a campaign has any; else its actual cost, changes between two pulls on their day, the rest spread evenly over the campaign's dates.",
    whenAbsent: 0,
  }),
  metric({
    ...money,
    name: "investment_basis",
    label: "Investment basis",
    unit: "text",
    source: "6",
    inputs: costInputs,
    formula:
      "How the investment was dated, with shares where there are several ways: by the cost ledger, observed between pulls, spread over the campaign's dates, or assumed where a date is blank.",
    reasonWhenAbsent: "no investment",
  }),
  metric({
    ...money,
    name: "investment_loaded",
    label: "Investment, fully loaded",
    unit: "money",
    source: "6",
    inputs: [...costInputs, ...loadedInputs],
    model: "rpt_loaded",
    formula:
      "Investment plus operations and labour of the cost ledger: what names a campaign is borne by it, the rest of a month is spread over the programs that spent in it.",
  }),
  metric({
    ...money,
    bases: ["in_period"],
    grain: ["workspace"],
    name: "investment_share_of_revenue",
    label: "Investment share of revenue",
    unit: "money_ratio",
    source: "6",
    inputs: [...costInputs, ...amountInputs],
    model: "rpt_loaded",
    better: "lower",
    formula: "Investment in the period, divided by the amount won in it.",
    reasonWhenAbsent: "nothing won",
  }),
  metric({
    ...money,
    bases: ["in_period"],
    name: "cost_per_lead",
    label: "Cost per lead",
    unit: "money",
    additive: false,
    source: "7",
    better: "lower",
    saysSmall: true,
    whenAbsent: null,
    formula:
      "Investment in the period, divided by the distinct people whose first response to a campaign of known cost falls in it.",
    reasonWhenAbsent: "no investment",
  }),
  metric({
    ...money,
    bases: ["in_period"],
    name: "cost_per_lead_loaded",
    label: "Cost per lead, fully loaded",
    unit: "money",
    additive: false,
    source: "6",
    inputs: [...costInputs, ...responseInputs, ...loadedInputs],
    model: "rpt_loaded",
    better: "lower",
    saysSmall: true,
    whenAbsent: null,
    formula: "Fully loaded investment in the period, divided by the people of cost per lead.",
    reasonWhenAbsent: "no investment",
  }),
  metric({
    ...money,
    bases: ["cohort"],
    name: "people_acquired",
    label: "People acquired",
    unit: "count",
    source: "7",
    better: "higher",
    formula:
      "People whose first marketing touch falls in the period and who were not known more than 24 hours before.",
  }),
  metric({
    ...money,
    grain: all,
    bases: ["in_period", "cohort"],
    name: "pipeline",
    label: "Pipeline",
    unit: "money",
    source: "7",
    better: "higher",
    inputs: [...amountInputs, ...costInputs],
    formula:
      "Amounts of opportunities that ever reached the pipeline stage: created in the period, by primary campaign (in period), or of people acquired in it, by first touch (cohort). Source and workspace rows: only what is attributed to campaigns of known cost.",
  }),
  metric({
    ...money,
    name: "pipeline_per_dollar",
    label: "Pipeline per dollar",
    unit: "money_ratio",
    source: "7",
    better: "higher",
    inputs: [...amountInputs, ...costInputs],
    formula: "Attributed pipeline divided by investment, in the workspace's currency.",
    reasonWhenAbsent: "no investment",
  }),
  metric({
    ...money,
    name: "pipeline_per_dollar_loaded",
    label: "Pipeline per dollar, fully loaded",
    unit: "money_ratio",
    source: "6",
    better: "higher",
    inputs: [...amountInputs, ...costInputs, ...loadedInputs],
    model: "rpt_loaded",
    formula: "Attributed pipeline divided by fully loaded investment, in the workspace's currency.",
    reasonWhenAbsent: "no investment",
  }),
  metric({
    ...money,
    grain: ["workspace", "source"],
    name: "pipeline_without_cost",
    label: "Pipeline without cost",
    unit: "money",
    source: "7",
    inputs: [...amountInputs, ...costInputs],
    formula: "Pipeline of campaigns of unknown cost and of no campaign at all; it is in no ratio.",
  }),
  metric({
    ...money,
    bases: ["in_period"],
    grain: ["campaign", "source"],
    name: "trap",
    label: "Cost-per-lead trap",
    unit: "text",
    source: "7",
    inputs: [...amountInputs, ...costInputs],
    model: "rpt_trap",
    formula:
      "Among rows with investment, 20 leads and 3 opportunities or more: cheap_but_poor where cost per lead and pipeline per dollar are both below the median, dear_but_rich where both are above.",
    reasonWhenAbsent: "shown on lifetime rows",
  }),
  metric({
    ...money,
    bases: ["in_period"],
    grain: ["workspace"],
    name: "trap_kendall_tau",
    label: "Cheap leads against rich pipeline (Kendall's tau)",
    unit: "number",
    source: "7",
    inputs: [...amountInputs, ...costInputs],
    model: "rpt_trap",
    formula:
      "Agreement of two rankings of campaigns, cheapest lead first and most pipeline per dollar first: 1 the same, -1 opposite.",
    reasonWhenAbsent: "shown on lifetime rows",
  }),
  metric({
    ...sales,
    name: "opportunities",
    label: "Opportunities",
    unit: "count",
    better: "higher",
    formula: "Opportunities created in the period that count in pipeline.",
  }),
  metric({
    ...sales,
    name: "opportunities_without_amount",
    label: "Opportunities without amount",
    unit: "count",
    better: "lower",
    inputs: amountInputs,
    formula: "Of these, those whose amount is blank.",
  }),
  metric({
    ...sales,
    name: "won",
    label: "Won",
    unit: "count",
    better: "higher",
    formula: "Opportunities won with a close date in the period.",
  }),
  metric({
    ...sales,
    name: "lost",
    label: "Lost",
    unit: "count",
    better: "lower",
    formula: "Opportunities lost with a close date in the period.",
  }),
  metric({
    ...sales,
    name: "won_amount",
    label: "Won amount",
    unit: "money",
    better: "higher",
    inputs: amountInputs,
    formula: "Amounts of opportunities won with a close date in the period.",
  }),
  metric({
    ...sales,
    name: "win_rate",
    label: "Win rate",
    unit: "ratio",
    better: "higher",
    formula: "Won, divided by won and lost, closed in the period.",
    reasonWhenAbsent: "nothing closed",
  }),
  metric({
    ...sales,
    name: "win_rate_by_amount",
    label: "Win rate by amount",
    unit: "ratio",
    better: "higher",
    saysSmall: false,
    inputs: amountInputs,
    formula: "Won amount, divided by the amounts of won and lost, closed in the period.",
    reasonWhenAbsent: "nothing closed",
  }),
  metric({
    ...sales,
    name: "sales_cycle_days_median",
    label: "Sales cycle in days, median",
    unit: "days",
    better: "lower",
    formula: "Whole days from created date to close date of opportunities won in the period; median.",
    reasonWhenAbsent: "nothing won",
  }),
  metric({
    ...sales,
    name: "sales_cycle_days_mean",
    label: "Sales cycle in days, mean",
    unit: "days",
    better: "lower",
    formula: "Whole days from created date to close date of opportunities won in the period; mean.",
    reasonWhenAbsent: "nothing won",
  }),
  metric({
    ...trust,
    name: "leads_without_source_share",
    label: "Leads without source",
    unit: "ratio",
    inputs: ["salesforce.Lead", "salesforce.Lead.LeadSource"],
    formula: "Share of leads whose LeadSource is blank.",
    reasonWhenAbsent: "no leads",
  }),
  metric({
    ...trust,
    name: "excluded_leads",
    label: "Leads out of scope",
    unit: "count",
    better: null,
    formula: "Leads that a rule of scope or their own checkbox leaves out.",
  }),
  metric({
    ...trust,
    name: "campaigns_without_cost_share",
    label: "Campaigns without cost",
    unit: "ratio",
    inputs: costInputs,
    formula: "Share of campaigns that have no cost, neither their own nor a parent's.",
    reasonWhenAbsent: "no campaigns",
  }),
  metric({
    ...trust,
    name: "campaigns_entered_twice",
    label: "Costs probably entered twice",
    unit: "count",
    source: "6",
    inputs: costInputs,
    formula: "Parent campaigns whose own cost equals their children's within 1%; left out until configured.",
  }),
  metric({
    ...trust,
    name: "orphan_spend",
    label: "Orphan spend",
    unit: "money",
    source: "6",
    inputs: [...costInputs, ...responseInputs],
    formula: "Cost of campaigns without a lead a set number of days after their start.",
  }),
  metric({
    ...trust,
    name: "opportunities_without_campaign_share",
    label: "Opportunities without primary campaign",
    unit: "ratio",
    source: "8",
    inputs: ["salesforce.Opportunity", "salesforce.Opportunity.CampaignId"],
    formula: "Share of opportunities without a primary campaign.",
    reasonWhenAbsent: "no opportunities",
  }),
  metric({
    ...trust,
    name: "opportunities_without_contact_role_share",
    label: "Opportunities without contact role",
    unit: "ratio",
    source: "8",
    inputs: ["salesforce.Opportunity", "salesforce.OpportunityContactRole"],
    formula: "Share of opportunities without a contact role.",
    reasonWhenAbsent: "no opportunities",
  }),
  metric({
    ...trust,
    name: "amounts_without_rate",
    label: "Amounts without exchange rate",
    unit: "count",
    inputs: ["salesforce.Opportunity", "salesforce.Campaign"],
    formula:
      "Opportunities, campaigns and entries of the cost ledger whose money is left out because a rate is missing.",
  }),
];

const byName = new Map(catalog.map((entry) => [entry.name, entry]));

/** The entry of a metric; undefined for a name that is none. */
export function findMetric(name: string): MetricEntry | undefined {
  return byName.get(name);
}
