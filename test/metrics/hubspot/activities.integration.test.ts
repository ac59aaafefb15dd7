import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sql } from "../../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type Cells, type PortalRows, portalRows } from "./portal-rows.ts";
import { stage, staged, writeRun } from "./stage-model.ts";

let store: TestDatabase;
let rows: PortalRows;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(async () => {
  await store.empty();
  rows = portalRows(store.database);
  await rows.connection();
  await rows.owner("10");
  await rows.contact("100", "2026-01-01T00:00:00Z");
});
afterAll(() => store.close());

type Kind = Parameters<PortalRows["engagement"]>[0];
const noon = "2026-03-30T12:00:00Z";

/** An engagement on contact 100. */
async function log(
  kind: Kind,
  id: string,
  more: Cells = {},
  owner: string | null = "10",
  at = noon,
): Promise<void> {
  await rows.engagement(kind, id, at, owner, more);
  await rows.associate(kind, id, "contacts", "100");
}

async function activities(...columns: readonly string[]): Promise<readonly (readonly unknown[])[]> {
  await stage(store.database, ["stg_owner", "stg_activity"]);
  return staged(store.database, "stg_activity", ["activity_id", ...columns]);
}

/** Ids of those that count. */
async function counting(): Promise<readonly unknown[]> {
  return (await activities("counts")).filter(([, counts]) => counts === true).map(([id]) => id);
}

test("calls: whatever came of them, unless they came in or were never begun", async () => {
  await writeRun(store.database, "contacts");
  await log("call", "1");
  await log("call", "2", { hs_call_status: "NO_ANSWER" });
  await log("call", "3", { hs_call_direction: null, hs_call_status: null });
  await log("call", "4", { hs_call_direction: "INBOUND" });
  await log("call", "5", { hs_call_status: "QUEUED" });
  await log("call", "6", { hs_call_title_is_automated: true });
  await log("call", "7", { archived: true });
  await log("call", "8", {}, "10", "2026-03-31T12:00:01Z");
  expect(await counting()).toEqual(["1", "2", "3"]);
  // Archived ones and those to come are not there at all.
  expect((await activities()).flat()).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("e-mails: sent by one of ours; what HubSpot withholds counts for nothing and says so", async () => {
  await writeRun(store.database, "contacts");
  await log("email", "1");
  await log("email", "2", { hs_email_direction: "INCOMING_EMAIL" });
  await log("email", "3", { hs_email_direction: "FORWARDED_EMAIL" });
  await log("email", "4", { hs_email_status: "BOUNCED" });
  await log("email", "5", { hs_email_status: "SCHEDULED" });
  await log("email", "6", { hs_email_subject_is_automated: true });
  await log("email", "7", { hs_object_source: "AUTOMATION_PLATFORM" });
  await log("email", "8", { redacted: true, hs_email_direction: null, hs_email_status: null });
  await log("email", "9", { redacted: true, hs_email_direction: "DRAFT_EMAIL", hs_email_status: null });
  expect(await activities("counts", "is_redacted")).toEqual([
    ["1", true, false],
    ["2", false, false],
    ["3", false, false],
    ["4", false, false],
    ["5", false, false],
    ["6", false, false],
    ["7", false, false],
    ["8", false, true],
    // A draft has no status.
    ["9", false, false],
  ]);
});

test("meetings: over, and held or without a word about it; instant is the start", async () => {
  await writeRun(store.database, "contacts");
  const ended = {
    hs_meeting_start_time: "2026-03-31T11:00:00Z",
    hs_meeting_end_time: "2026-03-31T12:00:00Z",
  };
  await log("meeting", "1", { ...ended, hs_meeting_outcome: "COMPLETED" });
  await log("meeting", "2", { ...ended, hs_meeting_outcome: "SCHEDULED" });
  await log("meeting", "3", { ...ended });
  await log("meeting", "4", { ...ended, hs_meeting_outcome: "NO_SHOW" });
  await log("meeting", "5", { ...ended, hs_meeting_outcome: "CANCELED" });
  await log("meeting", "6", { ...ended, hs_meeting_title_is_cancelled: true });
  // Ends a second after as_of.
  await log("meeting", "7", { ...ended, hs_meeting_end_time: "2026-03-31T12:00:01Z" });
  expect(await counting()).toEqual(["1", "2", "3"]);
  expect((await activities("happened_at"))[0]).toEqual(["1", "2026-03-31T11:00:00Z"]);
});

test("tasks: completed calls and e-mails, when they were completed; communications: of one of ours", async () => {
  await writeRun(store.database, "contacts");
  await log("task", "1", { hs_timestamp: "2026-05-01T00:00:00Z" });
  await log("task", "2", { hs_task_type: "EMAIL" });
  await log("task", "3", { hs_task_type: "TODO" });
  await log("task", "4", { hs_task_status: "NOT_STARTED" });
  await log("communication", "5");
  await log("communication", "6", { hs_communication_channel_type: "WHATS_APP" });
  await log("communication", "7", {}, null);
  expect(await activities("kind", "happened_at", "counts")).toEqual([
    ["1", "call", noon, true],
    ["2", "email", noon, true],
    ["3", "todo", noon, false],
    ["4", "call", noon, false],
    ["5", "linkedin", noon, true],
    ["6", "whatsapp", noon, true],
    ["7", "linkedin", noon, false],
  ]);
});

test("by whom: the owner, else the user who made it; a queue and nobody are no reps, an unknown owner is", async () => {
  await writeRun(store.database, "contacts");
  await rows.owner("30", { type: "QUEUE", userid: null, useridincludinginactive: null });
  await rows.owner("40", { archived: true, userid: null, useridincludinginactive: "user-40" });
  await log("call", "1", { hs_created_by_user_id: "user-40" }, null);
  await log("call", "2", { hs_created_by_user_id: "user-40" }, "10");
  await log("call", "3", {}, "30");
  await log("call", "4", {}, null);
  await log("call", "5", {}, "99");
  expect(await activities("by_user_id", "counts")).toEqual([
    ["1", "40", true],
    ["2", "10", true],
    ["3", "30", false],
    ["4", null, false],
    ["5", "99", true],
  ]);
});

test("mail of a sequence counts by touch.sequences; first_step is the first mail to that record", async () => {
  const at = (day: string) => `2026-03-${day}T12:00:00Z`;
  const by = { hs_created_by_user_id: "user-10" };
  await log("email", "1", { ...by, hs_sequence_id: "s", hs_email_status: "BOUNCED" }, "10", at("01"));
  await log("email", "2", { ...by, hs_sequence_id: "s" }, "10", at("02"));
  await log("email", "3", { ...by, hs_sequence_id: "s" }, "10", at("05"));
  await log("email", "4", { ...by, hs_sequence_id: "other" }, "10", at("06"));
  await log("email", "5", {}, "10", at("07"));
  // No person enrolled the contact: a workflow sends in the rep's name, an integration in its user's.
  await log("email", "6", { hs_sequence_id: "workflow" }, "10", at("08"));
  await log(
    "email",
    "7",
    { ...by, hs_sequence_id: "integration", hs_object_source: "INTEGRATION" },
    "10",
    at("09"),
  );
  await writeRun(store.database, "contacts");
  expect(await counting()).toEqual(["2", "4", "5"]);
  await store.database.execute(sql`update metrics.run set touch_sequences = 'all'`);
  expect(await counting()).toEqual(["2", "3", "4", "5", "6", "7"]);
  await store.database.execute(sql`update metrics.run set touch_sequences = 'none'`);
  expect(await counting()).toEqual(["5"]);
});

test("one row for each contact, lead and deal; links read from the lead's side too, once", async () => {
  await writeRun(store.database, "leads");
  await rows.engagement("call", "1", noon, "10");
  await rows.associate("call", "1", "contacts", "100;101");
  await rows.associate("call", "1", "leads", "500");
  await rows.associate("call", "1", "deals", "900");
  await rows.associate("call", "1", "companies", "800");
  await rows.associate("lead", "500", "calls", "1");
  await rows.associate("lead", "501", "calls", "1");
  expect(await activities("contact_id", "lead_id", "opportunity_id")).toEqual([
    ["1", "100", null, null],
    ["1", "101", null, null],
    ["1", null, "500", null],
    ["1", null, "501", null],
    ["1", null, null, "900"],
  ]);
});

test("what was taken off a record hangs there no more, unless the record was merged away", async () => {
  await writeRun(store.database, "contacts");
  const moved = "2026-03-30T18:00:00Z";
  await rows.contact("102", "2026-01-01T00:00:00Z", { hs_merged_object_ids: "100" });
  for (const id of ["1", "2"]) await rows.engagement("call", id, noon, "10");
  await rows.associate("call", "1", "contacts", "100", { until: moved });
  await rows.associate("call", "1", "contacts", "102", { seenAt: moved });
  await rows.associate("call", "2", "contacts", "101", { until: moved });
  await rows.associate("call", "2", "contacts", "", { seenAt: moved });
  expect(await activities("contact_id")).toEqual([
    ["1", "100"],
    ["1", "102"],
  ]);
});
