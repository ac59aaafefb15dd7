import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { sql } from "../../src/database/sql.ts";
import { personColumns } from "../../src/mirror/forget-list.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

/** Columns that say nothing about a person, in any table. Somebody has to decide before a new one comes here. */
const HARMLESS = [
  // Ours.
  "workspace_id connection_id valid_from valid_to changed_at",
  // Stamps and states of records.
  "createddate systemmodstamp isdeleted isarchived field hasresponded firstrespondeddate",
  // Words of picklists, and answers to yes-or-no questions.
  "status leadsource isconverted converteddate recordtypeid ripeline_exclude__c subject_is_automated subject_is_cancelled",
  "isclosed type tasksubtype calltype calldurationinseconds calldisposition completeddatetime startdatetime enddatetime",
  "incoming isbounced messagedate relationtype relationobjecttype isprimary isactive usertype",
  // Opportunities, campaigns and their ids; ids of users' profiles and roles.
  "stagename amount currencyisocode closedate iswon campaignid opportunityid whatid activityid emailmessageid parentid",
  "startdate enddate actualcost budgetedcost profileid userroleid userlicenseid permissionsapiuseronly parentroleid",
  // HubSpot: stamps and states; pickers' words; numbers and dates; ids of engagements, of what is linked and how.
  "createdat archived archivedat lastmodifieddate hs_lastmodifieddate updatedat timestamp enteredat exitedat redacted",
  "lifecyclestage hs_lead_status hs_analytics_source hs_analytics_first_touch_converting_campaign ripeline_exclude",
  "hs_analytics_last_touch_converting_campaign first_conversion_date recent_conversion_date num_conversion_events",
  "property sourcetype stage toobjecttype associationtypes hs_parent_company_id pipeline dealstage dealtype deal_currency_code",
  "amount_in_home_currency closedate hs_is_closed hs_is_closed_won hs_is_stalled hs_is_stalled_after_timestamp",
  "hs_v2_date_entered_current_stage hs_pipeline hs_pipeline_stage hs_lead_type hs_lead_label hs_timestamp hs_object_source",
  "hs_call_direction hs_call_status hs_call_disposition hs_call_duration hs_call_title_is_automated",
  "hs_call_title_is_cancelled hs_email_direction hs_email_status hs_email_subject_is_automated",
  "hs_email_subject_is_cancelled hs_meeting_outcome hs_meeting_start_time hs_meeting_end_time",
  "hs_meeting_title_is_automated hs_meeting_title_is_cancelled hs_task_type hs_task_status hs_task_completion_date",
  "hs_task_subject_is_automated hs_task_subject_is_cancelled hs_communication_channel_type",
  "hs_name hs_start_date hs_end_date hs_campaign_status hs_currency_code hs_utm hs_object_id",
  "hs_budget_items_sum_amount hs_spend_items_sum_amount",
  // HubSpot: which sequence, campaign and report; whose class a stage is.
  "hs_sequence_id contacttype stage_id label class is_new sort_order",
  // What a webhook named: of which type, how often, since when.
  "object_type generation noted_at",
].flatMap((line) => line.split(" "));

/** An engagement's id says nothing of a person. */
const OF_ENGAGEMENTS = /^hubspot_(call|email|meeting|task|communication)_association\.recordid$/;

/** Tables without a row about a person. */
const IMPERSONAL =
  /^(api_call|api_usage|stream_state|run|workspace_key|credential|forget_salt|forgotten|webhook_event|salesforce_(business_hours|holiday|lead_status|opportunity_stage|opportunity_history|currency_type|dated_conversion_rate|profile|group|user_license|user_role|campaign)|hubspot_(account|pipeline_stage|lead_stage|exchange_rate|campaign_money|merge))$/;

const Column = z.object({ table: z.string(), column: z.string() });

let store: TestDatabase;
let columns: readonly z.infer<typeof Column>[];
beforeAll(async () => {
  store = await openTestDatabase();
  columns = await store.database.any(
    Column,
    sql`select table_name::text as table, column_name::text as column
        from information_schema.columns where table_schema = 'mirror'`,
  );
});
afterAll(() => store.close());

/** `table.column` of every row of the document's list. */
function listed(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "docs", "privacy.md"), "utf8");
  const list = /<!-- personal fields: begin -->([\s\S]*)<!-- personal fields: end -->/.exec(text)?.[1] ?? "";
  return list.split("\n").flatMap((line) => {
    const [, table = "", names = ""] = line.split("|");
    const quoted = [...names.matchAll(/`(\w+)`/g)].map((found) => found[1]);
    return quoted.map((name) => `${table.replaceAll(/[` ]/g, "")}.${name}`);
  });
}

describe("docs/privacy.md", () => {
  test("lists every column of the mirror that tells of a person, and none that is not there", () => {
    // Ids of records that are no people: a task's, a history row's.
    const ownIds = new Set([
      "salesforce_lead.id",
      "salesforce_contact.id",
      "salesforce_user.id",
      "salesforce_account.id",
      "salesforce_email_message.id",
      "hubspot_contact.id",
      "hubspot_company.id",
      "hubspot_lead.id",
      "hubspot_owner.id",
    ]);
    // Of a connection only who signs in.
    const found = columns
      .filter(({ table }) => !IMPERSONAL.test(table))
      .filter(({ table, column }) =>
        table === "connection" ? column === "username" : !HARMLESS.includes(column),
      )
      .map(({ table, column }) => `${table}.${column}`)
      .filter((name) => !name.endsWith(".id") || ownIds.has(name))
      .filter((name) => !OF_ENGAGEMENTS.test(name));
    expect(columns.length).toBeGreaterThan(250);
    expect(listed().toSorted()).toEqual(found.toSorted());
  });

  test("lists whatever `forget` erases by", () => {
    const erased = personColumns.flatMap(({ table, rows, references }) =>
      [...rows, ...references].map((column) => `${table}.${column}`),
    );
    expect(erased.filter((name) => !listed().includes(name))).toEqual([]);
  });
});

describe("what is pulled", () => {
  test("is no name of a lead or contact, no number, address, note or body", () => {
    const asked = salesforceStreams.flatMap(({ object, fields }) =>
      fields.map(({ name }) => `${object}.${name}`),
    );
    const telling =
      /(phone|fax|mobile|street|city|postal|zip|country|description|body|birth|title|salutation|comments|company)/i;
    expect(asked.filter((name) => telling.test(name))).toEqual([]);
    const names = asked.filter((name) => /^(Lead|Contact|Account|Task|Event)\..*Name/.test(name));
    expect(names).toEqual([]);
    // The rest of what people wrote does not stay as it came.
    const written = salesforceStreams.flatMap(({ object, fields }) =>
      fields
        .filter(({ name }) => /^(Email|Subject|OldValue|NewValue|CallDisposition)$/.test(name))
        .map(({ name, keep }) => `${object}.${name}: ${keep ?? "plain"}`),
    );
    expect(written.toSorted()).toEqual([
      "Contact.Email: email",
      "EmailMessage.Subject: subject",
      "Event.Subject: subject",
      "Lead.Email: email",
      "LeadHistory.NewValue: history",
      "LeadHistory.OldValue: history",
      "Task.CallDisposition: presence",
      "Task.Subject: subject",
      "User.Email: email",
    ]);
  });
});
