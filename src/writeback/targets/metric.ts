import {
  COUNT,
  CURRENCY,
  computed,
  DATE,
  DATETIME,
  DECIMAL,
  KEY_FIELD,
  riding,
  stored,
  type TargetField,
  type TargetObject,
  type TargetType,
  text,
} from "./target.ts";

/** What a target needs of a metric dictionary entry. */
export interface TargetMetric {
  readonly name: string;
  readonly label: string;
  readonly unit: "count" | "ratio" | "money" | "money_ratio" | "hours" | "days" | "number" | "text";
  readonly additive: boolean;
  /** The formula in words. */
  readonly formula: string;
  /** False for what moves by itself. */
  readonly diff: boolean;
  /** SQL model that finds it. */
  readonly model: string;
}

/** The vendor's longest name before `__c`. */
const LONGEST_NAME = 40;
const SHORTER_NAMES: readonly (readonly [string, string])[] = [
  ["Business", "Bus"],
  ["Response", "Resp"],
  ["Opportunities", "Opps"],
  ["Median", "Med"],
  ["Undelivered", "Undeliv"],
  ["Without", "No"],
  ["Untouched", "Untch"],
];

/** The metric's API name without `__c`, with `room` characters left for an ending. */
function baseName(metric: string, room: number): string {
  const words = metric.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  let name = `Ripeline_${words.join("_")}`;
  for (const [long, short] of SHORTER_NAMES) {
    if (name.length + room <= LONGEST_NAME) break;
    name = name.replace(long, short);
  }
  return name;
}

const LONGEST_LABEL = 40;
const SHORTER_LABELS: readonly (readonly [string, string])[] = [
  ["90th percentile", "p90"],
  ["Business hours", "Bus. hours"],
  ["Opportunities", "Opps"],
  ["first response", "first resp."],
  ["Bus. hours to first resp., median", "Bus. hours, first resp., median"],
  ["without primary", "without"],
];

/** The label with an ending, shortened by known words, then at a space. */
function label(words: string, ending: string): string {
  const room = LONGEST_LABEL - ending.length;
  let text = words;
  for (const [long, short] of SHORTER_LABELS) {
    if (text.length <= room) break;
    text = text.replace(long, short);
  }
  if (text.length > room) text = `${text.slice(0, text.lastIndexOf(" ", room - 1)).replace(/[,;]$/, "")}…`;
  return text + ending;
}

/** What is not additive says so in its label. */
const NOT_ADDITIVE = " (no sum)";

/**
 * Diagnostics that reports and `doctor` show, and what stands only in rows by load quartile, which are not written: left
 * out, so that the object stays within its fields.
 */
const NOT_PUBLISHED: ReadonlySet<string> = new Set([
  "amounts_without_rate",
  "cohort_win_rate",
  "in_process_at_handoff_mean",
  "touches_per_lead",
  "campaigns_entered_twice",
  "excluded_leads",
  "load_max_to_median",
  "opportunities_without_campaign_share",
  "opportunities_without_contact_role_share",
]);

function help(words: string): string {
  return words.length <= 510 ? words : `${words.slice(0, 509)}…`;
}

/**
 * Ratios, and money that must not be summed (cost per lead), are stored as their two parts. Shares of trust stand beside
 * the numbers for reading and are summed by nobody: one field each, to stay within the object's fields.
 */
function isQuotient(metric: TargetMetric): boolean {
  if (metric.model === "rpt_trust") return false;
  return (
    metric.unit === "ratio" || metric.unit === "money_ratio" || (metric.unit === "money" && !metric.additive)
  );
}

function plainType(metric: TargetMetric): TargetType {
  switch (metric.unit) {
    case "count":
      return metric.additive ? COUNT : DECIMAL;
    case "money":
      return CURRENCY;
    case "text":
      return text(120);
    case "ratio":
    case "money_ratio":
    case "hours":
    case "days":
    case "number":
      return DECIMAL;
  }
}

function plainField(metric: TargetMetric): TargetField {
  const note = metric.additive || metric.unit === "text" ? "" : NOT_ADDITIVE;
  return {
    name: `${baseName(metric.name, 0)}__c`,
    label: label(metric.label, note),
    help: help(metric.formula),
    type: plainType(metric),
    source: { from: "metric", metric: metric.name, part: metric.unit === "text" ? "text" : "value" },
    diff: metric.diff,
  };
}

/** Cost per lead reads as money, pipeline per dollar as a number, a rate as percent. */
function shownAs(metric: TargetMetric): {
  readonly returns: "percent" | "currency" | "number";
  readonly scale: number;
} {
  if (metric.unit === "money") return { returns: "currency", scale: 2 };
  return metric.unit === "money_ratio" ? { returns: "number", scale: 2 } : { returns: "percent", scale: 1 };
}

interface Part {
  readonly metric: string;
  readonly part: "value" | "numerator" | "denominator";
}

/**
 * Parts of ratios that another metric of the same rows stores already, under the same conditions: they are not stored
 * twice, since an object of a small edition has room for few fields.
 */
const SHARED_PARTS: Readonly<Record<string, { readonly above?: Part; readonly below?: Part }>> = {
  rotting_lead_rate: { above: { metric: "rotting_leads", part: "value" } },
  rotting_share_of_untouched: { above: { metric: "rotting_leads", part: "value" } },
  gone_cold_rate: { above: { metric: "gone_cold_leads", part: "value" } },
  undelivered_past_expiry_rate: { below: { metric: "undelivered_count", part: "value" } },
  win_rate: { above: { metric: "won", part: "value" } },
  cost_per_lead_loaded: {
    above: { metric: "investment_loaded", part: "value" },
    below: { metric: "cost_per_lead", part: "denominator" },
  },
  pipeline_per_dollar_loaded: {
    above: { metric: "pipeline_per_dollar", part: "numerator" },
    below: { metric: "investment_loaded", part: "value" },
  },
};

/** The field that stores a part, where the dictionary has its metric. */
function sharedField(wanted: Part | undefined, known: ReadonlySet<string>): string | undefined {
  if (wanted === undefined || !known.has(wanted.metric)) return undefined;
  switch (wanted.part) {
    case "value":
      return `${baseName(wanted.metric, 0)}__c`;
    case "numerator":
      return `${baseName(wanted.metric, "_Num".length)}_Num__c`;
    case "denominator":
      return `${baseName(wanted.metric, "_Den".length)}_Den__c`;
  }
}

/** @param known names of the dictionary's metrics */
function quotientFields(metric: TargetMetric, known: ReadonlySet<string>): readonly TargetField[] {
  const base = baseName(metric.name, "_Num".length);
  const shared = SHARED_PARTS[metric.name];
  const part = (which: "numerator" | "denominator", suffix: string, word: string): TargetField => ({
    name: `${base}${suffix}__c`,
    label: label(metric.label, word),
    help: help(
      `${which === "numerator" ? "Above" : "Below"} the line of: ${metric.formula}. Sum this, never the ratio.`,
    ),
    type: DECIMAL,
    source: { from: "metric", metric: metric.name, part: which },
    diff: metric.diff,
  });
  const sharedAbove = sharedField(shared?.above, known);
  const sharedBelow = sharedField(shared?.below, known);
  const own = [
    ...(sharedAbove === undefined ? [part("numerator", "_Num", " (above)")] : []),
    ...(sharedBelow === undefined ? [part("denominator", "_Den", " (below)")] : []),
  ];
  const above = sharedAbove ?? `${base}_Num__c`;
  const below = sharedBelow ?? `${base}_Den__c`;
  // A numerator of its own is blank where there is no cost; one that is a metric too is 0.
  const isNothing =
    metric.unit === "money" && sharedAbove !== undefined ? `OR(${below} = 0, ${above} <= 0)` : `${below} = 0`;
  const { returns, scale } = shownAs(metric);
  return [
    ...own,
    computed(
      { name: `${base}__c`, label: label(metric.label, NOT_ADDITIVE), help: help(metric.formula) },
      returns,
      scale,
      `IF(OR(ISBLANK(${above}), ISBLANK(${below})), NULL, IF(${isNothing}, NULL, ${above} / ${below}))`,
    ),
  ];
}

const KEY_COLUMNS: readonly TargetField[] = [
  stored(
    {
      name: "Ripeline_Row_Type__c",
      label: "Row Type",
      help: "workspace, campaign, source, rep or team. Reports filter on one.",
    },
    text(20),
    "row_type",
  ),
  stored(
    {
      name: "Ripeline_Member__c",
      label: "Member",
      help: "Record id, or the exact text of a source; blank: none.",
    },
    text(255),
    "member",
  ),
  stored({ name: "Ripeline_Label__c", label: "Label", help: "The member's name." }, text(255), "label"),
  stored(
    {
      name: "Ripeline_Period_Type__c",
      label: "Period Type",
      help: "day, month or lifetime. Reports filter on one.",
    },
    text(20),
    "period_type",
  ),
  stored(
    {
      name: "Ripeline_Period_Start__c",
      label: "Period Start",
      help: "First day, in the workspace's time zone; blank for lifetime.",
    },
    DATE,
    "period_start",
  ),
  stored(
    {
      name: "Ripeline_Basis__c",
      label: "Basis",
      help: "point_in_time (a state at an instant), in_period (what happened in the period), cohort (what became of those who came in it).",
    },
    text(20),
    "basis",
  ),
  stored(
    { name: "Ripeline_Model__c", label: "Model", help: "Attribution model; blank where none is involved." },
    text(40),
    "model",
  ),
  stored(
    {
      name: "Ripeline_Age_Days__c",
      label: "Age (days)",
      help: "Cohort rows: days after acquisition that are counted; blank: to date.",
    },
    COUNT,
    "age_days",
  ),
  stored(
    { name: "Ripeline_Campaign__c", label: "Campaign", help: "The campaign of a campaign row." },
    {
      kind: "lookup",
      to: "Campaign",
      relationship: "Ripeline_Metrics",
      relationshipLabel: "Ripeline Metrics",
    },
    "campaign_id",
  ),
  stored(
    { name: "Ripeline_Rep__c", label: "Rep", help: "The rep of a rep row." },
    { kind: "lookup", to: "User", relationship: "Ripeline_Metrics", relationshipLabel: "Ripeline Metrics" },
    "rep_id",
  ),
  stored(
    { name: "Ripeline_Currency__c", label: "Currency", help: "Currency of the row's money." },
    text(3),
    "currency_code",
  ),
  stored(
    {
      name: "Ripeline_Reasons__c",
      label: "Reasons",
      help: "Why a number is blank, or a caution beside one.",
    },
    { kind: "long_text", length: 4_000 },
    "reasons",
  ),
  riding(
    {
      name: "Ripeline_Data_As_Of__c",
      label: "Data As Of",
      help: "The data of the last change of this row. How fresh ripeline is stands on its status record.",
    },
    DATETIME,
    "data_as_of",
  ),
];

/** Most custom fields the object may have: small editions allow 100. */
export const MAX_METRIC_FIELDS = 90;

/** Report rows as records: one a grain member x period x basis x model x age. */
export function metricTarget(catalog: readonly TargetMetric[]): TargetObject {
  const known = new Set(catalog.map((metric) => metric.name));
  return {
    crm: "salesforce",
    rows: "metric",
    object: "Ripeline_Metric__c",
    isOurs: true,
    label: "Ripeline Metric",
    pluralLabel: "Ripeline Metrics",
    description:
      "One row a member (workspace, campaign, source, rep, team) and period. Ratios are stored as numerator and denominator: sum those, filter on row type, period type and basis.",
    nameFormat: "RM-{00000000}",
    keyField: KEY_FIELD.name,
    class: "metric_rows",
    // A rep's rows belong to the rep: the object is private and the role hierarchy opens them to managers.
    standardFields: [
      { name: "OwnerId", column: "rep_id" },
      { name: "CurrencyIsoCode", column: "currency_code" },
    ],
    listViews: [
      {
        name: "Ripeline_Campaigns",
        label: "Campaigns, lifetime",
        scope: "Everything",
        columns: [
          "Ripeline_Label__c",
          "Ripeline_Basis__c",
          ...catalog
            .filter((metric) => metric.name === "cost_per_lead" || metric.name === "pipeline_per_dollar")
            .map((metric) => `${baseName(metric.name, "_Num".length)}__c`),
        ],
        filters: [
          { field: "Ripeline_Row_Type__c", operation: "equals", value: "campaign" },
          { field: "Ripeline_Period_Type__c", operation: "equals", value: "lifetime" },
        ],
      },
    ],
    fields: [
      KEY_FIELD,
      ...KEY_COLUMNS,
      ...catalog
        .filter((metric) => !NOT_PUBLISHED.has(metric.name))
        .flatMap((metric) => (isQuotient(metric) ? quotientFields(metric, known) : [plainField(metric)])),
    ],
  };
}
