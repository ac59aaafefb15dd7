import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const ann = recordId("user", "Ann");
const bob = recordId("user", "Bob");
const queue = recordId("queue", "Inbound");

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann");
  await rows.user("Bob");
  await rows.queue("Inbound");
});

const at = (text: string) => new Date(text);

describe("evidence of a handoff", () => {
  test("a lead created by a rep's form and seen within a day is born with that rep", async () => {
    await rows.lead("a", { owner: ann, created: "2026-03-01T10:00:00Z", seenAt: "2026-03-02T09:59:00Z" });
    const [handoff] = await (await bench.compute("2026-03-02T10:00:00Z")).handoffs();
    expect(handoff).toMatchObject({
      evidence: "born",
      handed_off_at: at("2026-03-01T10:00:00Z"),
      rots_at: at("2026-03-02T10:00:00Z"),
    });
  });

  test("a lead first seen a month after its creation has an unknown handoff where history does not reach back", async () => {
    await rows.lead("a", { owner: ann, created: "2026-01-01T10:00:00Z", seenAt: "2026-03-01T00:00:00Z" });
    const computed = await bench.compute("2026-03-02T10:00:00Z");
    const [handoff] = await computed.handoffs();
    expect(handoff).toMatchObject({
      evidence: "unknown",
      handed_off_at: null,
      rots_at: null,
      state: "unknown",
      is_flagged: false,
    });
    // It is in process and open, and in no rate: 0 of 0.
    expect(computed.value("handoff_unknown", { basis: "point_in_time" })).toBe(1);
    expect(computed.value("in_process", { basis: "point_in_time" })).toBe(1);
    expect(computed.value("rotting_lead_rate", { basis: "point_in_time" })).toBeNull();
  });

  test("tracked owner history that reaches back to a lead's creation without a row for it proves that it was born there", async () => {
    const old = await rows.lead("old", {
      owner: ann,
      created: "2025-12-01T00:00:00Z",
      seenAt: "2026-03-01T00:00:00Z",
    });
    await rows.ownerChange(old, "2025-12-20T00:00:00Z", queue, ann);
    await rows.lead("young", { owner: bob, created: "2026-01-01T10:00:00Z", seenAt: "2026-03-01T00:00:00Z" });
    const handoffs = await (await bench.compute("2026-03-02T10:00:00Z")).handoffs();
    expect(handoffs.map((one) => [one.owner_id, one.evidence, one.handed_off_at])).toEqual([
      [ann, "history", at("2025-12-20T00:00:00Z")],
      [bob, "born", at("2026-01-01T10:00:00Z")],
    ]);
  });

  test("names in LeadHistory are passed over: one change, one handoff", async () => {
    const lead = await rows.lead("a", { owner: ann, created: "2026-03-01T00:00:00Z" });
    await rows.ownerChange(lead, "2026-03-01T06:00:00Z", queue, ann);
    const handoffs = await (await bench.compute("2026-03-02T00:00:00Z")).handoffs();
    expect(handoffs).toHaveLength(1);
    expect(handoffs[0]).toMatchObject({ evidence: "history", handed_off_at: at("2026-03-01T06:00:00Z") });
  });

  test("an owner change between two pulls without history is observed and dated by the save, not by the pull", async () => {
    const id = await rows.lead("a", {
      owner: queue,
      created: "2026-03-01T00:00:00Z",
      seenAt: "2026-03-01T00:05:00Z",
      until: "2026-03-01T12:05:00Z",
    });
    await rows.row("salesforce_lead", {
      id,
      ownerid: ann,
      status: "Open",
      isconverted: false,
      isdeleted: false,
      createddate: "2026-03-01T00:00:00Z",
      changedAt: "2026-03-01T11:59:00Z",
      seenAt: "2026-03-01T12:05:00Z",
    });
    const [handoff] = await (await bench.compute("2026-03-01T13:00:00Z")).handoffs();
    expect(handoff).toMatchObject({ evidence: "observed", handed_off_at: at("2026-03-01T11:59:00Z") });
  });

  test("a version change that history explains makes no second handoff", async () => {
    const id = await rows.lead("a", {
      owner: queue,
      created: "2026-03-01T00:00:00Z",
      until: "2026-03-01T12:05:00Z",
    });
    await rows.row("salesforce_lead", {
      id,
      ownerid: ann,
      status: "Working",
      isconverted: false,
      isdeleted: false,
      createddate: "2026-03-01T00:00:00Z",
      changedAt: "2026-03-01T12:01:00Z",
      seenAt: "2026-03-01T12:05:00Z",
    });
    await rows.ownerChange(id, "2026-03-01T11:59:00Z", queue, ann);
    const handoffs = await (await bench.compute("2026-03-01T13:00:00Z")).handoffs();
    expect(handoffs.map((one) => [one.evidence, one.handed_off_at])).toEqual([
      ["history", at("2026-03-01T11:59:00Z")],
    ]);
  });

  test("as of a moment before the reassignment was known, the lead is still with the first rep", async () => {
    const id = await rows.lead("a", {
      owner: ann,
      created: "2026-03-01T00:00:00Z",
      until: "2026-03-02T00:00:00Z",
    });
    await rows.row("salesforce_lead", {
      id,
      ownerid: bob,
      status: "Open",
      isconverted: false,
      isdeleted: false,
      createddate: "2026-03-01T00:00:00Z",
      changedAt: "2026-03-02T00:00:00Z",
      seenAt: "2026-03-02T00:00:00Z",
    });
    const before = await (await bench.compute("2026-03-01T20:00:00Z")).handoffs();
    const after = await (await bench.compute("2026-03-02T01:00:00Z")).handoffs();
    expect(before.map((one) => one.owner_id)).toEqual([ann]);
    expect(after.map((one) => [one.owner_id, one.ended_by])).toEqual([
      [ann, "reassigned"],
      [bob, null],
    ]);
  });
});

describe("reassignment", () => {
  const reassigned = async (touchAt: string | null) => {
    const lead = await rows.lead("a", { owner: bob, created: "2026-03-01T00:00:00Z" });
    await rows.ownerChange(lead, "2026-03-01T12:00:00Z", ann, bob);
    if (touchAt !== null) await rows.call(lead, touchAt, ann);
  };

  test("restarts the clock while nobody touched the lead", async () => {
    await reassigned(null);
    const [first, second] = await (await bench.compute("2026-03-02T05:00:00Z")).handoffs();
    expect(first).toMatchObject({
      owner_id: ann,
      ended_by: "reassigned",
      ended_at: at("2026-03-01T12:00:00Z"),
    });
    // 12:00 on the 1st + 24 h.
    expect(second).toMatchObject({ owner_id: bob, rots_at: at("2026-03-02T12:00:00Z"), state: "waiting" });
    expect(second?.chain_id).not.toBe(first?.chain_id);
  });

  test("after a touch the new rep inherits start, deadline and touch", async () => {
    await reassigned("2026-03-01T03:00:00Z");
    const [first, second] = await (await bench.compute("2026-03-02T06:00:00Z")).handoffs();
    expect(second).toMatchObject({
      owner_id: bob,
      chain_id: first?.handoff_id,
      rots_at: at("2026-03-02T00:00:00Z"),
      first_touch_at: at("2026-03-01T03:00:00Z"),
      first_touch_by: ann,
      state: "worked",
    });
  });

  test("`always` restarts a touched lead too, `never` lets an untouched one run on", async () => {
    await reassigned("2026-03-01T03:00:00Z");
    const always = await (
      await bench.compute("2026-03-02T05:00:00Z", { rot: { restart: "always" } })
    ).handoffs();
    expect(always[1]).toMatchObject({ state: "waiting", rots_at: at("2026-03-02T12:00:00Z") });
    await bench.store.empty();
    await rows.connection();
    await rows.user("Ann");
    await rows.user("Bob");
    await reassigned(null);
    const never = await (
      await bench.compute("2026-03-02T06:00:00Z", { rot: { restart: "never" } })
    ).handoffs();
    expect(never[1]).toMatchObject({ state: "rotting", rots_at: at("2026-03-02T00:00:00Z") });
  });

  test("a stay in a queue ends the handoff and starts a new clock even where nothing restarts", async () => {
    const lead = await rows.lead("a", { owner: bob, created: "2026-03-01T00:00:00Z" });
    await rows.ownerChange(lead, "2026-03-01T06:00:00Z", ann, queue);
    await rows.ownerChange(lead, "2026-03-01T08:00:00Z", queue, bob);
    const handoffs = await (
      await bench.compute("2026-03-02T06:00:00Z", { rot: { restart: "never" } })
    ).handoffs();
    expect(handoffs.map((one) => [one.owner_id, one.ended_by, one.rots_at])).toEqual([
      [ann, "reassigned", at("2026-03-02T00:00:00Z")],
      [bob, null, at("2026-03-02T08:00:00Z")],
    ]);
  });

  test("more than 200 rep-to-rep changes by one user within ten minutes leave the clocks alone", async () => {
    const start = Date.parse("2026-03-05T09:00:00Z");
    for (let index = 0; index <= 200; index += 1) {
      const lead = await rows.lead(`l${index}`, { owner: bob, created: "2026-03-05T00:00:00Z" });
      // 201 changes, 2.9 s apart: 580 s from the first to the last.
      await rows.ownerChange(lead, new Date(start + index * 2_900).toISOString(), ann, bob);
    }
    const late = await rows.lead("late", { owner: bob, created: "2026-03-05T00:00:00Z" });
    // The same user an hour later: not part of it.
    await rows.ownerChange(late, "2026-03-05T10:00:00Z", ann, bob);
    const handoffs = await (await bench.compute("2026-03-05T12:00:00Z")).handoffs();
    const bobs = handoffs.filter((one) => one.owner_id === bob);
    expect(bobs).toHaveLength(202);
    const kept = bobs.filter((one) => one.rots_at?.toISOString() === "2026-03-06T00:00:00.000Z");
    expect(kept).toHaveLength(201);
    expect(bobs.find((one) => one.lead_id === late)?.rots_at).toEqual(at("2026-03-06T10:00:00Z"));
  });

  test("200 changes are no realignment", async () => {
    for (let index = 0; index < 200; index += 1) {
      const lead = await rows.lead(`l${index}`, { owner: bob, created: "2026-03-05T00:00:00Z" });
      await rows.ownerChange(lead, "2026-03-05T09:00:00Z", ann, bob);
    }
    const handoffs = await (await bench.compute("2026-03-05T12:00:00Z")).handoffs();
    const restarted = handoffs.filter((one) => one.rots_at?.toISOString() === "2026-03-06T09:00:00.000Z");
    expect(restarted).toHaveLength(200);
  });
});

describe("the end of a handoff", () => {
  test("a conversion ends it at the LeadHistory row", async () => {
    const lead = await rows.lead("a", {
      owner: ann,
      created: "2026-03-01T00:00:00Z",
      status: "Qualified",
      isconverted: true,
      converteddate: "2026-03-01",
    });
    await rows.conversion(lead, "2026-03-01T15:30:00Z");
    const [handoff] = await (await bench.compute("2026-03-02T00:00:00Z")).handoffs();
    expect(handoff).toMatchObject({
      state: "converted",
      ended_at: at("2026-03-01T15:30:00Z"),
      end_evidence: "history",
    });
  });

  test("without history a conversion is dated by the opportunity it made", async () => {
    const opportunity = await rows.opportunity("o", { created: "2026-03-02T09:00:00Z" });
    await rows.lead("a", {
      owner: ann,
      created: "2026-03-01T00:00:00Z",
      changedAt: "2026-03-05T00:00:00Z",
      isconverted: true,
      converteddate: "2026-03-02",
      convertedopportunityid: opportunity,
    });
    const [handoff] = await (await bench.compute("2026-03-06T00:00:00Z")).handoffs();
    expect(handoff).toMatchObject({ state: "converted", ended_at: at("2026-03-02T09:00:00Z") });
  });

  test("an opportunity that existed long before the conversion says nothing about its moment", async () => {
    const opportunity = await rows.opportunity("o", { created: "2025-06-01T09:00:00Z" });
    await rows.lead("a", {
      owner: ann,
      created: "2026-03-01T00:00:00Z",
      changedAt: "2026-03-02T17:00:00Z",
      isconverted: true,
      converteddate: "2026-03-02",
      convertedopportunityid: opportunity,
    });
    const [handoff] = await (await bench.compute("2026-03-06T00:00:00Z")).handoffs();
    expect(handoff).toMatchObject({ ended_at: at("2026-03-02T17:00:00Z"), end_evidence: "observed" });
  });

  test("recycling ends it, and leaving the recycled status starts a new one", async () => {
    const lead = await rows.lead("a", { owner: ann, created: "2026-03-01T00:00:00Z", status: "Working" });
    await rows.statusChange(lead, "2026-03-01T10:00:00Z", "Open", "Recycled");
    await rows.statusChange(lead, "2026-03-03T10:00:00Z", "Recycled", "Working");
    const handoffs = await (await bench.compute("2026-03-03T12:00:00Z")).handoffs();
    expect(handoffs.map((one) => [one.ended_by, one.handed_off_at, one.evidence])).toEqual([
      ["recycled", at("2026-03-01T00:00:00Z"), "born"],
      [null, at("2026-03-03T10:00:00Z"), "history"],
    ]);
  });

  test("a rep who disqualifies a lead into a queue in one save has disqualified it", async () => {
    const lead = await rows.lead("a", {
      owner: queue,
      created: "2026-03-01T00:00:00Z",
      status: "unqualified",
    });
    await rows.ownerChange(lead, "2026-03-01T10:00:00Z", ann, queue);
    await rows.statusChange(lead, "2026-03-01T10:00:00Z", "Open", "UNQUALIFIED");
    const handoffs = await (await bench.compute("2026-03-02T00:00:00Z")).handoffs();
    expect(handoffs.map((one) => one.ended_by)).toEqual(["disqualified"]);
  });

  test("a deleted lead's handoff ends, a restored one goes on", async () => {
    const deleted = { isdeleted: true, changedAt: "2026-03-01T09:00:00Z" };
    await rows.lead("gone", { owner: ann, created: "2026-03-01T00:00:00Z", ...deleted });
    await rows.lead("merged", {
      owner: ann,
      created: "2026-03-01T00:00:00Z",
      masterrecordid: recordId("lead", "other"),
      ...deleted,
    });
    const id = await rows.lead("back", {
      owner: ann,
      created: "2026-03-01T00:00:00Z",
      ...deleted,
      until: "2026-03-01T11:00:00Z",
    });
    await rows.row("salesforce_lead", {
      id,
      ownerid: ann,
      status: "Open",
      isconverted: false,
      isdeleted: false,
      createddate: "2026-03-01T00:00:00Z",
      changedAt: "2026-03-01T10:30:00Z",
      seenAt: "2026-03-01T11:00:00Z",
    });
    const computed = await bench.compute("2026-03-01T12:00:00Z");
    const states = (await computed.handoffs()).map((one) => [one.lead_id, one.state, one.ended_at]);
    expect(states).toEqual([
      [id, "waiting", null],
      [recordId("lead", "gone"), "deleted", at("2026-03-01T09:00:00Z")],
      [recordId("lead", "merged"), "merged", at("2026-03-01T09:00:00Z")],
    ]);
    // Deleted and merged leads leave the counts of people.
    expect(computed.value("leads")).toBe(1);
  });

  test("an owner who passes a lead on in the second of its creation leaves no handoff", async () => {
    const lead = await rows.lead("a", { owner: bob, created: "2026-03-01T00:00:00Z" });
    await rows.ownerChange(lead, "2026-03-01T00:00:00Z", ann, queue);
    await rows.ownerChange(lead, "2026-03-01T00:00:00Z", queue, bob);
    const handoffs = await (await bench.compute("2026-03-01T12:00:00Z")).handoffs();
    expect(handoffs.map((one) => [one.owner_id, one.evidence])).toEqual([[bob, "history"]]);
  });
});

test("a handoff keeps its id from one compute to the next", async () => {
  await rows.lead("a", { owner: ann, created: "2026-03-01T00:00:00Z" });
  const first = await (await bench.compute("2026-03-01T01:00:00Z")).handoffs();
  const second = await (await bench.compute("2026-03-02T01:00:00Z")).handoffs();
  expect(second[0]?.handoff_id).toBe(first[0]?.handoff_id);
  expect(second[0]?.handoff_id).toMatch(/^[0-9a-f]{64}$/);
});

test("only handoffs from rot.start_from on are flagged, and every one counts", async () => {
  await rows.lead("before", { owner: ann, created: "2026-03-01T00:00:00Z" });
  await rows.lead("at", { owner: ann, created: "2026-03-02T00:00:00Z" });
  const computed = await bench.compute("2026-03-04T00:00:00Z", {
    rot: { startFrom: "2026-03-02T00:00:00Z" },
  });
  const flagged = (await computed.handoffs()).map((one) => [one.lead_id, one.is_flagged]);
  expect(flagged).toEqual([
    [recordId("lead", "at"), true],
    [recordId("lead", "before"), false],
  ]);
  expect(computed.value("rotting_leads", { basis: "point_in_time" })).toBe(2);
});
