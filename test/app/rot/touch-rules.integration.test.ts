import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EngagementType, judgeEngagement } from "../../../src/app/rot/touch-rules.ts";
import { portalRows } from "../../metrics/hubspot/portal-rows.ts";
import { asOf, stage, staged, writeRun } from "../../metrics/hubspot/stage-model.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";

/** One table of activities, judged by the rules of the rot timer and by the staging model: both say the same. */

type Kind = "call" | "email" | "meeting" | "task" | "communication";
type Values = Readonly<Record<string, string | null>>;
interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly values: Values;
  /** By the patterns for subjects. */
  readonly subject: "automated" | "cancelled" | null;
  /** When it happened, where it counts; else no, or unknown. */
  readonly expected: string;
}

const TYPES: Readonly<Record<Kind, EngagementType>> = {
  call: "calls",
  email: "emails",
  meeting: "meetings",
  task: "tasks",
  communication: "communications",
};
/** The property that the patterns are held against. */
const SUBJECT: Readonly<Record<Kind, string | null>> = {
  call: "hs_call_title",
  email: "hs_email_subject",
  meeting: "hs_meeting_title",
  task: "hs_task_subject",
  communication: null,
};

// As of 2026-03-31 12:00.
const noon = "2026-03-30T12:00:00Z";
const later = "2026-03-30T15:00:00Z";
const future = "2026-03-31T12:00:01Z";

const a = (
  kind: Kind,
  name: string,
  values: Values,
  expected: string,
  subject: Case["subject"] = null,
): Case => ({ name: `${kind}: ${name}`, kind, values, subject, expected });
const call = (name: string, more: Values, expected: string, subject: Case["subject"] = null) =>
  a("call", name, { hs_call_direction: "OUTBOUND", hs_call_status: "COMPLETED", ...more }, expected, subject);
const email = (
  direction: string | null,
  status: string | null,
  expected: string,
  subject: Case["subject"] = null,
) =>
  a(
    "email",
    `${direction} ${status} ${subject}`,
    { hs_email_direction: direction, hs_email_status: status },
    expected,
    subject,
  );
const meeting = (
  outcome: string | null,
  [start, end]: readonly [string | null, string | null],
  expected: string,
  subject: Case["subject"] = null,
) =>
  a(
    "meeting",
    `${outcome} ${start} to ${end} ${subject}`,
    { hs_meeting_outcome: outcome, hs_meeting_start_time: start, hs_meeting_end_time: end },
    expected,
    subject,
  );
const task = (type: string | null, status: string, done: string | null, expected: string) =>
  a(
    "task",
    `${type} ${status} ${done}`,
    {
      hs_task_type: type,
      hs_task_status: status,
      hs_task_completion_date: done,
      hs_lastmodifieddate: later,
    },
    expected,
  );

const cases: readonly Case[] = [
  call("completed", {}, noon),
  call("nobody took it", { hs_call_status: "NO_ANSWER" }, noon),
  call("says nothing of itself", { hs_call_direction: null, hs_call_status: null }, noon),
  call("came in", { hs_call_direction: "INBOUND" }, "no"),
  call("in a queue", { hs_call_status: "QUEUED" }, "no"),
  call("planned", { hs_call_status: "SCHEDULED" }, "no"),
  call("a machine's subject", {}, "no", "automated"),
  call("a workflow's", { hs_object_source: "AUTOMATION_PLATFORM" }, "no"),
  call("logged by a dialler", { hs_object_source: "INTEGRATION" }, noon),
  call("to come", { hs_timestamp: future }, "no"),
  call("without a time: when it was made", { hs_timestamp: null }, noon),
  email("EMAIL", "SENT", noon),
  email("EMAIL", "BOUNCED", "no"),
  email("EMAIL", "SCHEDULED", "no"),
  email("INCOMING_EMAIL", "SENT", "no"),
  email("FORWARDED_EMAIL", "SENT", "no"),
  // Withheld.
  email(null, null, "unknown"),
  email("", "SENT", "unknown"),
  email("EMAIL", "", "unknown"),
  // A draft has no status, and what came in is no touch whatever its status.
  email("DRAFT_EMAIL", null, "no"),
  email("INCOMING_EMAIL", "", "no"),
  email("EMAIL", "SENT", "no", "automated"),
  meeting("COMPLETED", [noon, later], noon),
  meeting("", [noon, later], noon),
  meeting("SCHEDULED", [noon, later], noon),
  meeting("NO_SHOW", [noon, later], "no"),
  meeting("CANCELED", [noon, later], "no"),
  meeting("SCHEDULED", [noon, future], "no"),
  meeting(null, [null, null], noon),
  meeting("COMPLETED", [noon, later], "no", "cancelled"),
  meeting("COMPLETED", [noon, later], "no", "automated"),
  task("CALL", "COMPLETED", noon, noon),
  task("CALL", "COMPLETED", null, later),
  task("CALL", "NOT_STARTED", null, "no"),
  task("TODO", "COMPLETED", noon, "no"),
  task(null, "COMPLETED", noon, "no"),
  a("communication", "of a rep's", { hs_communication_channel_type: "WHATS_APP" }, noon),
  a("communication", "of nobody's", { hs_communication_channel_type: "SMS", hubspot_owner_id: null }, "no"),
];

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(() => store.empty());
afterAll(() => store.close());

const whole = (values: Values): Values => ({ hubspot_owner_id: "10", hs_timestamp: noon, ...values });

function byRules({ kind, values, subject }: Case): string {
  const verdict = judgeEngagement(
    {
      type: TYPES[kind],
      values: { ...whole(values), hs_createdate: noon },
      isAutomated: subject === "automated",
      isCancelled: subject === "cancelled",
    },
    { now: new Date(asOf), taskTypes: ["call", "email"] },
  );
  return verdict.counts === "yes" ? verdict.at.toISOString().replace(".000Z", "Z") : verdict.counts;
}

async function putAll(): Promise<void> {
  const rows = portalRows(store.database);
  await rows.connection();
  await rows.owner("10");
  await rows.contact("100", "2026-01-01T00:00:00Z");
  await writeRun(store.database, "contacts");
  for (const [index, { kind, values, subject }] of cases.entries()) {
    const id = String(index);
    const property = SUBJECT[kind];
    // As the connector marks what HubSpot withholds.
    const isRedacted = [values["hs_email_direction"], values["hs_email_status"]].some((value) => !value);
    await rows.row(`hubspot_${kind}`, {
      id,
      createdat: noon,
      archived: false,
      ...whole(values),
      ...(kind === "email" ? { redacted: isRedacted } : {}),
      ...(property === null ? {} : { [`${property}_is_automated`]: subject === "automated" }),
      ...(kind === "meeting" ? { hs_meeting_title_is_cancelled: subject === "cancelled" } : {}),
    });
    await rows.associate(kind, id, "contacts", "100");
  }
}

describe("touches by the timer's rules and by the staging model", () => {
  test.each(cases)("$name", (each) => {
    expect(byRules(each)).toBe(each.expected);
  });

  test("the staging model says the same of every one", async () => {
    await putAll();
    await stage(store.database, ["stg_owner", "stg_activity"]);
    const columns = ["activity_id", "counts", "is_redacted", "happened_at"];
    const found = new Map(
      (await staged(store.database, "stg_activity", columns)).map(([id, counts, isRedacted, at]) => [
        id,
        counts === true ? at : isRedacted === true ? "unknown" : "no",
      ]),
    );
    // What is to come is not there at all.
    const said = cases.map(({ name }, index) => [name, found.get(String(index)) ?? "no"]);
    expect(said).toEqual(cases.map(({ name, expected }) => [name, expected]));
  });
});
