/**
 * Everything a report shows, as plain data: whoever has a store fills it in, and the renderers (terminal, CSV, HTML)
 * need nothing else. Instants are `Date`s (UTC), calendar days `YYYY-MM-DD` in the workspace's zone, ratios 0..1, money
 * in the workspace's currency, ids 18 characters.
 */

import type { CrmName } from "./errors.ts";

export type RowType = "workspace" | "campaign" | "source" | "rep" | "team" | "load_quartile";

/**
 * One row of `ripeline report`: a grain member in one period on one basis. Its metrics stand beside the named keys, each
 * a number, a text (trap, investment_basis) or null where the value is not known.
 */
export interface ReportRow {
  readonly row_type: RowType;
  /** Record id, or the exact text of a source; null = none. */
  readonly member: string | null;
  readonly label: string;
  readonly period_type: "day" | "month" | "lifetime";
  /** First day of the period in the workspace's zone; null for lifetime. */
  readonly period_start: string | null;
  readonly basis: "point_in_time" | "in_period" | "cohort";
  /** Attribution model; empty where none is involved. */
  readonly model: string;
  /** Age of a cohort row; null = to date. */
  readonly age_days: number | null;
  /** ISO 4217. */
  readonly currency: string | null;
  /** Metric name to why it is null, or to a caution beside a value ("small"). */
  readonly reasons: Readonly<Record<string, string>>;
  readonly [metric: string]: number | string | null | Readonly<Record<string, string>>;
}

/** A ratio's two parts, shown as "12 of 40"; the named keys tell which row's. */
export interface Fraction
  extends Pick<
    ReportRow,
    "row_type" | "member" | "period_type" | "period_start" | "basis" | "model" | "age_days"
  > {
  readonly metric: string;
  readonly numerator: number;
  readonly denominator: number;
}

/** What a reader must know about a metric; taken from the metric dictionary. */
export interface MetricText {
  readonly name: string;
  readonly label: string;
  readonly unit: "count" | "ratio" | "money" | "money_ratio" | "hours" | "days" | "number" | "text";
  /** The formula in words. */
  readonly formula: string;
}

/** A connected org or portal, and how far what people do is logged in it. */
export interface ConnectionFacts {
  /** As settings name it. */
  readonly id: string;
  readonly crm: CrmName;
  /** Id of the org or portal. */
  readonly orgId: string;
  /** Origin of its record pages; null prints ids without links (the org is gone, as after a demo). */
  readonly instanceUrl: string | null;
  /** What a lead is there: Salesforce's Lead, HubSpot's lead object, or HubSpot's contact. */
  readonly unit: "Lead" | "leads" | "contacts";
  readonly captureGate: "passed" | "not_proven" | "closed";
  readonly captureReason: string | null;
  /** 0..1; null where no lead moved on in the window. */
  readonly unloggedShare: number | null;
}

export interface RunFacts {
  readonly workspaceName: string;
  /** In the order of the settings; one at least. */
  readonly connections: readonly ConnectionFacts[];
  readonly asOf: Date;
  readonly timeZone: string;
  readonly currency: string | null;
}

/** Where a record behind a number stands. */
interface InConnection {
  readonly connectionId: string;
}

/** One handoff behind a rot or load number. */
export interface HandoffEvidence extends InConnection {
  readonly leadId: string;
  readonly ownerName: string;
  readonly source: string | null;
  readonly state: string;
  /** How the start of the clock is known: history, observed, born, unknown. */
  readonly evidence: string;
  readonly handedOffAt: Date | null;
  readonly rotsAt: Date | null;
  readonly firstTouchAt: Date | null;
  readonly firstTouchKind: string | null;
}

/** One qualified lead that no rep holds. */
export interface UndeliveredEvidence extends InConnection {
  readonly leadId: string;
  /** The queue, robot or ignored owner that holds it; null = nobody. */
  readonly holder: string | null;
  readonly source: string | null;
  readonly since: Date;
}

/** One opportunity behind a pipeline, won or load number. */
export interface OpportunityEvidence extends InConnection {
  readonly opportunityId: string;
  readonly ownerName: string;
  readonly stage: string;
  readonly outcome: "open" | "won" | "lost";
  readonly type: "new" | "expansion" | "renewal";
  readonly amount: number | null;
  /** What it adds to the pipeline; null where its amount is not known or it is of a type or stage that does not count. */
  readonly pipelineAmount: number | null;
  readonly countsInPipeline: boolean;
  readonly createdAt: Date;
  readonly closeOn: string | null;
  /** Of an open one: stalled from then on, which may lie ahead; null for a closed one. */
  readonly stalledSince: Date | null;
}

/** One person behind a campaign's leads. */
export interface ResponseEvidence extends InConnection {
  readonly recordId: string;
  readonly recordType: "lead" | "contact";
  readonly respondedOn: string;
}

/** One dated or spread amount behind a campaign's investment. */
export interface CostEvidence extends InConnection {
  readonly campaignId: string;
  readonly campaignName: string;
  readonly cost: number | null;
  readonly basis: string | null;
  readonly startOn: string | null;
  readonly endOn: string | null;
}

interface EvidenceOf<Kind extends string, Row> {
  readonly kind: Kind;
  readonly rowType: RowType;
  readonly member: string | null;
  /** Rows there are; `rows` may be only the first of them, the telling ones first. */
  readonly total: number;
  readonly rows: readonly Row[];
}

/** The records behind one grain member's numbers. At most one list for each kind x row type x member. */
export type EvidenceList =
  | EvidenceOf<"handoffs", HandoffEvidence>
  | EvidenceOf<"undelivered", UndeliveredEvidence>
  | EvidenceOf<"opportunities", OpportunityEvidence>
  | EvidenceOf<"responses", ResponseEvidence>
  | EvidenceOf<"costs", CostEvidence>;

export interface WrittenObject extends InConnection {
  /** API name of the object. */
  readonly object: string;
  readonly changed: number;
  readonly written: number;
  readonly rejected: number;
  /** Metered calls. */
  readonly calls: number;
}

export interface HiddenField extends InConnection {
  readonly object: string;
  readonly field: string;
  /** Names of the metrics that lack it. */
  readonly metrics: readonly string[];
}

export interface TrustFacts {
  /** 0..1 of all leads. */
  readonly leadsWithoutSource: number | null;
  /** 0..1 of all campaigns. */
  readonly campaignsWithoutCost: number | null;
  readonly handoffsUnknown: number | null;
  readonly opportunitiesWithoutAmount: number | null;
  readonly quarantined: number;
  readonly hiddenFields: readonly HiddenField[];
  /** When the CRM counted, by its clock; null where it never did. */
  readonly countedAt: Date | null;
  /** The CRM's own count of an object beside ours of the same moment; `crm` null where it did not say. */
  readonly counts: readonly (InConnection & {
    readonly object: string;
    readonly crm: number | null;
    readonly mirror: number;
  })[];
  /** Further sentences for the reader, each complete. */
  readonly notes: readonly string[];
}

export interface CallFacts extends InConnection {
  /** Metered calls by what they did (read, write, check), in the order they were done. */
  readonly byPurpose: readonly { readonly purpose: string; readonly calls: number }[];
  /** All metered calls. */
  readonly total: number;
  /** The CRM's allowance for a day; null where it did not say. */
  readonly dailyLimit: number | null;
}

export interface ReportData {
  readonly run: RunFacts;
  readonly metrics: readonly MetricText[];
  /** All bases and grains. */
  readonly rows: readonly ReportRow[];
  /** Parts of ratios in `rows`; a ratio without parts is shown alone. */
  readonly fractions: readonly Fraction[];
  readonly evidence: readonly EvidenceList[];
  readonly trust: TrustFacts;
  readonly written: readonly WrittenObject[];
  readonly calls: readonly CallFacts[];
  /** Wall time of each phase, in order. */
  readonly phases: readonly { readonly phase: string; readonly seconds: number }[];
}
