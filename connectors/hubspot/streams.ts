import type { StreamField, StreamSpec } from "../../src/core/ports.ts";
import { type RecordType, recordTypes, type TypeOptions } from "./record-types.ts";
import { field } from "./stream-fields.ts";

/** The search index follows "a few moments" later, without a bound; ten minutes is what others had to look back. */
const OVERLAP_MINUTES = 10;
const NIGHTLY_MINUTES = 1_440;
/** A campaign's reports have no cursor: one of 5,000 contacts takes 100 calls, each time that it is read. */
const CAMPAIGN_CONTACTS_MINUTES = 360;

/** How a stream is read. */
export type Route =
  /** The records themselves, by search. */
  | { readonly kind: "records"; readonly type: RecordType }
  /** Every value that a few properties ever had. */
  | { readonly kind: "history"; readonly type: RecordType; readonly properties: readonly string[] }
  /** When a record came into each stage and left it. */
  | { readonly kind: "stage-dates"; readonly type: RecordType }
  /** What a record is associated with. */
  | { readonly kind: "associations"; readonly type: RecordType; readonly to: readonly RecordType[] }
  /** Records that were deleted and can be restored, by their own list. */
  | { readonly kind: "archived"; readonly type: RecordType }
  | { readonly kind: ListKind };

/** What the vendor lists whole. */
type ListKind =
  | "owners"
  | "pipelines"
  | "exchange-rates"
  | "campaigns"
  | "campaign-money"
  | "campaign-contacts"
  | "account";

export interface HubspotStream {
  readonly spec: StreamSpec;
  readonly route: Route;
}

/** What the API tells of a record beside its properties. */
const recordFields = [
  field("id", "text"),
  field("createdAt", "timestamptz"),
  field("archived", "boolean"),
  field("archivedAt", "timestamptz"),
] as const;

/** Names that are the record's own or made here, no properties. */
export const notProperties: ReadonlySet<string> = new Set([
  ...recordFields.map((each) => each.name),
  "redacted",
]);

function streamsOf(options: TypeOptions): readonly HubspotStream[] {
  const { type, one, cadence, history = [], associated = [], sweptWith } = options;
  const cursor = options.cursor ?? "hs_lastmodifieddate";
  const table = `hubspot_${one}`;
  const common = {
    crm: "hubspot",
    cursor,
    overlapMinutes: OVERLAP_MINUTES,
    cadence,
    ...(options.mayBeAbsent ? { optional: true } : {}),
  } as const;
  const nightly = {
    ...common,
    cursor: "none",
    isPartial: true,
    cadence: "slow",
    atMostEveryMinutes: NIGHTLY_MINUTES,
  } as const;
  const name = `hubspot.${type}`;
  const fields = [...recordFields, ...options.fields, field(cursor, "timestamptz")];
  const associations = {
    object: `${type}.associations`,
    table: `${table}_association`,
    fields: associationFields,
  };
  return [
    {
      spec: { ...common, name, object: type, table, fields, stamp: cursor },
      route: { kind: "records", type },
    },
    ...(history.length === 0
      ? []
      : [
          {
            spec: {
              ...common,
              name: `${name}.history`,
              object: `${type}.history`,
              table: `${table}_history`,
              fields: historyFields,
            },
            route: { kind: "history", type, properties: history },
          } as const,
          {
            spec: {
              ...common,
              name: `${name}.stage_dates`,
              object: `${type}.stage_dates`,
              table: `${table}_stage_date`,
              fields: stageDateFields,
            },
            route: { kind: "stage-dates", type },
          } as const,
        ]),
    ...(associated.length === 0
      ? []
      : [
          {
            spec: { ...common, ...associations, name: `${name}.associations` },
            route: { kind: "associations", type, to: associated },
          } as const,
        ]),
    ...(sweptWith === undefined
      ? []
      : [
          {
            spec: { ...nightly, ...associations, name: `${name}.associations_sweep` },
            route: { kind: "associations", type, to: sweptWith },
          } as const,
        ]),
    {
      spec: { ...nightly, name: `${name}.archived`, object: type, table, fields, stamp: cursor },
      route: { kind: "archived", type },
    },
  ];
}

const historyFields = [
  field("id", "text"),
  field("recordId", "text"),
  field("property", "text"),
  field("value", "text"),
  field("timestamp", "timestamptz"),
  field("sourceType", "text"),
  field("sourceId", "text"),
  field("updatedByUserId", "text"),
];

/** `stage` as the property names it: the stage's id, in long ids with another ending. */
const stageDateFields = [
  field("id", "text"),
  field("recordId", "text"),
  field("stage", "text"),
  field("enteredAt", "timestamptz"),
  field("exitedAt", "timestamptz"),
];

/** One row a record and associated type, also where there is nothing: so that an association that ended is seen. */
const associationFields = [
  field("id", "text"),
  field("recordId", "text"),
  field("toObjectType", "text"),
  /** Ids in ascending order, between semicolons. */
  field("toObjectIds", "text"),
  /** `id:typeId`, one for each label that joins the two. */
  field("associationTypes", "text"),
];

const createdAt = field("createdAt", "timestamptz");
const updatedAt = field("updatedAt", "timestamptz");

interface ListOptions extends Pick<StreamSpec, "table" | "fields" | "cadence" | "atMostEveryMinutes"> {
  readonly mayBeAbsent?: true;
  readonly cursor?: "updatedAt";
}

function list(kind: ListKind, { mayBeAbsent, cursor, ...rest }: ListOptions): HubspotStream {
  const object = kind.replace("-", "_");
  return {
    spec: {
      ...rest,
      name: `hubspot.${object}`,
      crm: "hubspot",
      object,
      cursor: cursor ?? "none",
      overlapMinutes: OVERLAP_MINUTES,
      ...(mayBeAbsent === undefined ? {} : { optional: true }),
    },
    route: { kind },
  };
}

/**
 * Everything we read from a portal: the shortest list of properties that the metrics need. No names but those of owners,
 * no bodies, notes or telephone numbers.
 */
const all: readonly HubspotStream[] = [
  ...recordTypes.flatMap(streamsOf),
  list("account", {
    table: "hubspot_account",
    cadence: "slow",
    mayBeAbsent: true,
    fields: [field("id", "text"), field("companyCurrency", "text")],
  }),
  list("owners", {
    table: "hubspot_owner",
    cadence: "slow",
    fields: [
      field("id", "text"),
      field("userId", "text"),
      field("userIdIncludingInactive", "text"),
      field("type", "text"),
      field("firstName", "text"),
      field("lastName", "text"),
      field("email", "text", { keep: "email" }),
      field("primaryTeamId", "text"),
      field("primaryTeamName", "text"),
      field("archived", "boolean"),
      createdAt,
      updatedAt,
    ],
  }),
  list("pipelines", {
    table: "hubspot_pipeline_stage",
    cadence: "slow",
    fields: [
      field("id", "text"),
      field("objectType", "text"),
      field("pipelineId", "text"),
      field("pipelineLabel", "text"),
      field("stageId", "text"),
      field("stageLabel", "text"),
      field("displayOrder", "integer"),
      field("isClosed", "boolean"),
      field("probability", "numeric"),
      /** JSON: leads have other marks than deals. */
      field("metadata", "text"),
      field("archived", "boolean"),
      createdAt,
      updatedAt,
    ],
  }),
  list("exchange-rates", {
    table: "hubspot_exchange_rate",
    cadence: "slow",
    mayBeAbsent: true,
    fields: [
      field("id", "text"),
      field("fromCurrencyCode", "text"),
      field("toCurrencyCode", "text"),
      field("conversionRate", "numeric"),
      field("effectiveAt", "timestamptz"),
      createdAt,
      updatedAt,
    ],
  }),
  list("campaigns", {
    table: "hubspot_campaign",
    cadence: "money",
    mayBeAbsent: true,
    fields: [
      field("id", "text"),
      field("hs_name", "text"),
      field("hs_start_date", "date"),
      field("hs_end_date", "date"),
      field("hs_campaign_status", "text"),
      field("hs_currency_code", "text"),
      field("hs_utm", "text"),
      field("hs_owner", "text"),
      field("hs_object_id", "text"),
      field("hs_budget_items_sum_amount", "numeric"),
      field("hs_spend_items_sum_amount", "numeric"),
      createdAt,
      updatedAt,
    ],
  }),
  list("campaign-money", {
    table: "hubspot_campaign_money",
    cadence: "money",
    mayBeAbsent: true,
    cursor: "updatedAt",
    fields: [
      field("id", "text"),
      field("currencyCode", "text"),
      field("budgetTotal", "numeric"),
      field("spendTotal", "numeric"),
      field("remainingBudget", "numeric"),
      /** JSON arrays of `{id, name, amount, order, createdAt, updatedAt}`, instants in epoch milliseconds. */
      field("budgetItems", "text"),
      field("spendItems", "text"),
    ],
  }),
  list("campaign-contacts", {
    table: "hubspot_campaign_contact",
    cadence: "money",
    mayBeAbsent: true,
    cursor: "updatedAt",
    atMostEveryMinutes: CAMPAIGN_CONTACTS_MINUTES,
    fields: [
      field("id", "text"),
      field("campaignId", "text"),
      field("contactType", "text"),
      field("contactId", "text"),
    ],
  }),
];

export const hubspotStreams: readonly StreamSpec[] = all.map(({ spec }) => spec);

const routes: ReadonlyMap<string, Route> = new Map(all.map(({ spec, route }) => [spec.name, route]));

export function routeOf(stream: StreamSpec): Route {
  const route = routes.get(stream.name);
  if (route === undefined) throw new RangeError(`${stream.name}: no stream of HubSpot's`);
  return route;
}

/** Properties of a stream's fields. */
export function propertiesOf(fields: readonly StreamField[]): readonly string[] {
  return fields.map(({ name }) => name).filter((name) => !notProperties.has(name));
}
