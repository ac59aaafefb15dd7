import { afterAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const asOf = "2026-03-20T12:00:00Z";
const ann = recordId("user", "Ann");
const bob = recordId("user", "Bob");
const team = recordId("role", "Closers");

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.role("Closers");
  await rows.user("Ann", { userroleid: team });
  await rows.user("Bob");
});

const opportunity = (name: string, created: string, more = {}) =>
  rows.opportunity(name, { created, ownerid: ann, ...more });

/** Since when each opportunity is stalled; the last digits of its id are its name. */
async function since(patch = {}): Promise<Record<string, string | null>> {
  await bench.compute(asOf, patch);
  const found = await bench.store.database.any(
    z.object({ id: z.string(), since: z.date().nullable() }),
    sql`select opportunity_id as id, stalled_since as since from metrics.int_opportunity order by 1`,
  );
  return Object.fromEntries(
    found.map((row) => [row.id.replace(/^0060*/, ""), row.since?.toISOString() ?? null]),
  );
}

test("fourteen days after its creation, to the second, an opportunity that nobody touches is stalled", async () => {
  // 20 March 12:00:00 less 14 days is 6 March 12:00:00: at it stalled, a second later not yet.
  await opportunity("a", "2026-03-06T12:00:00Z");
  await opportunity("b", "2026-03-06T12:00:01Z");
  await opportunity("c", "2026-01-01T00:00:00Z", { isclosed: true, stagename: "Closed Lost" });
  await opportunity("d", "2026-01-01T00:00:00Z", { ownerid: bob, type: "Renewal" });
  // Held by a queue: it counts for the workspace alone.
  await opportunity("e", "2026-01-01T00:00:00Z", { ownerid: recordId("queue", "Pool") });
  const computed = await bench.compute(asOf);
  expect(computed.value("stalled_opportunities", now())).toBe(3);
  expect(computed.value("stalled_opportunities", now("rep", ann))).toBe(1);
  expect(computed.value("stalled_opportunities", now("rep", bob))).toBe(1);
  expect(computed.value("stalled_opportunities", now("team", team))).toBe(1);
  expect(await since()).toMatchObject({
    a: "2026-03-20T12:00:00.000Z",
    b: "2026-03-20T12:00:01.000Z",
    c: null,
  });
});

test("a touch on it, on a contact of its roles or on the converted lead's contact starts the days anew", async () => {
  const made = "2026-01-01T00:00:00Z";
  const onIt = await opportunity("a", made);
  const byRole = await opportunity("b", made);
  const byLead = await opportunity("c", made);
  const untouched = await opportunity("d", made);
  const buyer = await rows.contact("Buyer", { created: made });
  await rows.contactRole(byRole, buyer);
  const convert = await rows.contact("Convert", { created: made });
  await rows.lead("lead", {
    owner: ann,
    created: made,
    isconverted: true,
    convertedcontactid: convert,
    convertedopportunityid: byLead,
  });
  await rows.call("", "2026-03-10T09:00:00Z", ann, { whoid: null, whatid: onIt });
  await rows.call(buyer, "2026-03-11T09:00:00Z", ann);
  await rows.event(convert, "2026-03-12T09:00:00Z", "2026-03-12T10:00:00Z", bob);
  // None of these is a touch: an inbound call, a machine's subject, a meeting that is still to come.
  await rows.call(buyer, "2026-03-15T09:00:00Z", ann, { calltype: "Inbound" });
  await rows.call("", "2026-03-15T09:00:00Z", ann, {
    whoid: null,
    whatid: untouched,
    subject_is_automated: true,
  });
  await rows.event(convert, "2026-03-25T09:00:00Z", "2026-03-25T10:00:00Z", ann);
  // Days after the touch: 10, 11 and 12 March + 14 = 24, 25 and 26 March; the last: 1 January + 14.
  expect(await since()).toEqual({
    a: "2026-03-24T09:00:00.000Z",
    b: "2026-03-25T09:00:00.000Z",
    c: "2026-03-26T09:00:00.000Z",
    d: "2026-01-15T00:00:00.000Z",
  });
  // Ann owns them all; where only the owner's touches count, Bob's meeting does not.
  expect((await since({ touch: { by: "owner" } }))["c"]).toBe("2026-01-15T00:00:00.000Z");
  // The open lead's own clock is not moved by touches on opportunities, nor the other way round.
  expect((await bench.compute(asOf)).value("stalled_opportunities", now())).toBe(1);
});

test("an e-mail that is related to the opportunity counts, whoever it went to", async () => {
  const deal = await opportunity("a", "2026-01-01T00:00:00Z");
  await rows.email("2026-03-01T00:00:00Z", ann, recordId("contact", "Stranger"), { relatedtoid: deal });
  expect(await since()).toEqual({ a: "2026-03-15T00:00:00.000Z" });
});

test("a change of stage counts, a change of the amount does not; without history the save that we saw does", async () => {
  const moved = await opportunity("a", "2026-01-01T00:00:00Z", { stagename: "Proposal" });
  await rows.stageEntry(moved, "2026-01-01T00:00:00Z", "Prospecting", 100);
  await rows.stageEntry(moved, "2026-02-01T00:00:00Z", "Proposal", 100);
  await rows.stageEntry(moved, "2026-03-01T00:00:00Z", "Proposal", 200);
  const version = { stagename: "Prospecting", ownerid: ann };
  const seen = await opportunity("b", "2026-01-01T00:00:00Z", {
    ...version,
    until: "2026-03-02T00:05:00Z",
  });
  await rows.row("salesforce_opportunity", {
    id: seen,
    ...version,
    stagename: "Proposal",
    isclosed: false,
    createddate: "2026-01-01T00:00:00Z",
    changedAt: "2026-03-02T00:00:00Z",
    seenAt: "2026-03-02T00:05:00Z",
  });
  // 1 February + 14 days; 2 March + 14 days.
  expect(await since()).toEqual({ a: "2026-02-15T00:00:00.000Z", b: "2026-03-16T00:00:00.000Z" });
});

test("days by stage, by label in any case, and the default for the rest", async () => {
  await opportunity("a", "2026-03-01T00:00:00Z", { stagename: "Proposal" });
  await opportunity("b", "2026-03-01T00:00:00Z");
  await opportunity("c", "2026-03-01T00:00:00Z", { stagename: "A stage of old" });
  const pipeline = {
    stalledAfterDays: 30,
    stalledAfterDaysByStage: { PROPOSAL: 7, "a stage of old": 0.5 },
  };
  expect(await since({ pipeline })).toEqual({
    a: "2026-03-08T00:00:00.000Z",
    b: "2026-03-31T00:00:00.000Z",
    c: "2026-03-01T12:00:00.000Z",
  });
});

test("where activity is not logged nobody knows what is stalled", async () => {
  await opportunity("old", "2026-01-01T00:00:00Z");
  for (let index = 0; index < 10; index += 1) {
    await rows.lead(`l${index}`, {
      owner: ann,
      created: "2026-03-18T00:00:00Z",
      status: "Qualified",
      isconverted: true,
      converteddate: "2026-03-19",
      changedAt: "2026-03-19T10:00:00Z",
    });
    await rows.conversion(recordId("lead", `l${index}`), "2026-03-19T10:00:00Z");
  }
  const computed = await bench.compute(asOf);
  // Ten converted without a touch: 100% is above 20%.
  expect(computed.value("stalled_opportunities", now())).toBeNull();
  expect(computed.reason("stalled_opportunities", now())).toBe("activity is not logged in the CRM");
});
