import type { Cadence, StreamField, StreamSpec } from "../../src/core/ports.ts";
import { field, optional, subject } from "./stream-fields.ts";

/** Objects that are found by search and read by id. */
export type RecordType =
  | "contacts"
  | "companies"
  | "deals"
  | "leads"
  | "calls"
  | "emails"
  | "meetings"
  | "tasks"
  | "communications";

export interface TypeOptions {
  readonly type: RecordType;
  /** In table names. */
  readonly one: string;
  readonly fields: readonly StreamField[];
  readonly cadence: Cadence;
  readonly mayBeAbsent: boolean;
  readonly cursor?: StreamSpec["cursor"];
  readonly history?: readonly string[];
  readonly associated?: readonly RecordType[];
  /** All of it is read each night besides: an association moves no date. */
  readonly sweptWith?: readonly RecordType[];
}

/** What all engagements tell. */
const engagementFields = [
  field("hubspot_owner_id", "text"),
  field("hs_timestamp", "timestamptz"),
  optional("hs_created_by_user_id", "text"),
  optional("hs_object_source", "text"),
];

const touched: readonly RecordType[] = ["contacts", "leads", "deals"];
const engagements: readonly RecordType[] = ["calls", "emails", "meetings", "tasks", "communications"];

/** Re-read by age as well, since an engagement often gets its associations later. */
export const isEngagement = (type: RecordType): boolean => engagements.includes(type);

/** The shortest list of properties that the metrics need: no names of people, no bodies, notes or telephone numbers. */
export const recordTypes = [
  {
    type: "contacts",
    one: "contact",
    cadence: "fast",
    mayBeAbsent: false,
    cursor: "lastmodifieddate",
    history: ["hubspot_owner_id", "lifecyclestage", "hs_lead_status"],
    associated: ["companies"],
    fields: [
      field("email", "text", { keep: "email", need: "optional" }),
      field("hubspot_owner_id", "text"),
      field("lifecyclestage", "text"),
      optional("hs_lead_status", "text"),
      optional("associatedcompanyid", "text"),
      optional("hs_analytics_source", "text"),
      optional("hs_analytics_first_touch_converting_campaign", "text"),
      optional("hs_analytics_last_touch_converting_campaign", "text"),
      optional("first_conversion_date", "timestamptz"),
      optional("recent_conversion_date", "timestamptz"),
      optional("num_conversion_events", "integer"),
      optional("hs_merged_object_ids", "text"),
      optional("salesforceleadid", "text"),
      optional("salesforcecontactid", "text"),
      optional("hs_salesforceleadid", "text"),
      optional("hs_salesforcecontactid", "text"),
      optional("hs_created_by_user_id", "text"),
      optional("ripeline_exclude", "boolean"),
    ],
  },
  {
    type: "companies",
    one: "company",
    cadence: "money",
    mayBeAbsent: true,
    fields: [
      field("hubspot_owner_id", "text"),
      optional("domain", "text"),
      optional("lifecyclestage", "text"),
      optional("hs_analytics_source", "text"),
      optional("hs_parent_company_id", "text"),
      optional("hs_merged_object_ids", "text"),
      optional("salesforceaccountid", "text"),
    ],
  },
  {
    type: "deals",
    one: "deal",
    cadence: "fast",
    mayBeAbsent: true,
    history: ["hubspot_owner_id", "dealstage", "amount"],
    associated: ["contacts", "companies"],
    sweptWith: ["contacts", "companies"],
    fields: [
      field("hubspot_owner_id", "text"),
      field("pipeline", "text"),
      field("dealstage", "text"),
      field("amount", "numeric"),
      optional("amount_in_home_currency", "numeric"),
      optional("deal_currency_code", "text"),
      field("closedate", "timestamptz"),
      optional("dealtype", "text"),
      optional("hs_is_closed", "boolean"),
      optional("hs_is_closed_won", "boolean"),
      optional("hs_is_stalled", "boolean"),
      optional("hs_is_stalled_after_timestamp", "timestamptz"),
      optional("hs_analytics_source", "text"),
      optional("hs_v2_date_entered_current_stage", "timestamptz"),
      optional("hs_merged_object_ids", "text"),
      // Made by HubSpot's Salesforce integration; its name is known from portals that have it, not from HubSpot's pages.
      optional("hs_salesforceopportunityid", "text"),
    ],
  },
  {
    type: "leads",
    one: "lead",
    cadence: "fast",
    mayBeAbsent: true,
    history: ["hubspot_owner_id", "hs_pipeline_stage"],
    associated: ["contacts", "companies"],
    sweptWith: ["contacts", "companies", ...engagements],
    fields: [
      field("hubspot_owner_id", "text"),
      field("hs_pipeline", "text"),
      field("hs_pipeline_stage", "text"),
      optional("hs_lead_type", "text"),
      optional("hs_lead_label", "text"),
      optional("hs_created_by_user_id", "text"),
      optional("hs_v2_date_entered_current_stage", "timestamptz"),
      optional("hs_merged_object_ids", "text"),
      optional("ripeline_exclude", "boolean"),
    ],
  },
  {
    type: "calls",
    one: "call",
    cadence: "fast",
    mayBeAbsent: true,
    associated: touched,
    fields: [
      ...engagementFields,
      optional("hs_call_direction", "text"),
      optional("hs_call_status", "text"),
      optional("hs_call_disposition", "text"),
      optional("hs_call_duration", "numeric"),
      subject("hs_call_title"),
    ],
  },
  {
    type: "emails",
    one: "email",
    cadence: "fast",
    mayBeAbsent: true,
    associated: touched,
    fields: [
      ...engagementFields,
      optional("hs_email_direction", "text"),
      optional("hs_email_status", "text"),
      subject("hs_email_subject"),
      /** Filled where a sequence sent it; the step is not documented. */
      optional("hs_sequence_id", "text"),
      /** True where HubSpot hides what kind of e-mail this was: it may be a touch or none. */
      field("redacted", "boolean"),
    ],
  },
  {
    type: "meetings",
    one: "meeting",
    cadence: "fast",
    mayBeAbsent: true,
    associated: touched,
    fields: [
      ...engagementFields,
      optional("hs_meeting_outcome", "text"),
      optional("hs_meeting_start_time", "timestamptz"),
      optional("hs_meeting_end_time", "timestamptz"),
      subject("hs_meeting_title"),
    ],
  },
  {
    type: "tasks",
    one: "task",
    cadence: "fast",
    mayBeAbsent: true,
    associated: touched,
    fields: [
      ...engagementFields,
      optional("hs_task_type", "text"),
      optional("hs_task_status", "text"),
      optional("hs_task_completion_date", "timestamptz"),
      subject("hs_task_subject"),
    ],
  },
  {
    type: "communications",
    one: "communication",
    cadence: "fast",
    mayBeAbsent: true,
    associated: touched,
    fields: [...engagementFields, optional("hs_communication_channel_type", "text")],
  },
] as const satisfies readonly TypeOptions[];
