import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { sql } from "../../src/database/sql.ts";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const ann = recordId("user", "Ann");
const bob = recordId("user", "Bob");
const robot = recordId("user", "Robot");
const asOf = "2026-03-20T00:00:00Z";
let lead = "";

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann", { userroleid: await rows.role("Team A") });
  await rows.user("Bob", { userroleid: await rows.role("Team B") });
  await rows.user("Robot", { profileid: await rows.profile("Salesforce API Only System Integrations") });
  lead = await rows.lead("a", { owner: ann, created: "2026-03-10T00:00:00Z" });
});

const noon = "2026-03-10T12:00:00Z";
const touch = async (patch = {}) => {
  const [handoff] = await (await bench.compute(asOf, patch)).handoffs();
  return handoff === undefined
    ? undefined
    : [handoff.first_touch_kind, handoff.first_touch_at?.toISOString()];
};

describe("what stops the clock", () => {
  test.each([
    ["a completed call", { tasksubtype: "Call" }, "call"],
    ["an e-mail task", { tasksubtype: "Email" }, "email"],
    ["a LinkedIn task", { tasksubtype: "LinkedIn" }, "linkedin"],
    ["a plain task of type Call", { tasksubtype: "Task", type: "Call" }, "call"],
    [
      "a dialler's task under an integration user",
      { tasksubtype: "Task", calldurationinseconds: 0, createdbyid: robot },
      "call",
    ],
    ["a call that nobody answered", { calldisposition: "No answer", tasksubtype: "Task" }, "call"],
  ])("%s", async (_name, cells, kind) => {
    await rows.call(lead, noon, ann, cells);
    expect(await touch()).toEqual([kind, "2026-03-10T12:00:00.000Z"]);
  });

  test.each([
    ["an open task", { isclosed: false }],
    ["a plain task of another type", { tasksubtype: "Task", type: "Other" }],
    ["an inbound call", { calltype: "Inbound" }],
    ["an internal call", { calltype: "Internal" }],
    ["a list e-mail", { tasksubtype: "ListEmail", type: "Email" }],
    ["a subject that a marketing tool writes", { subject_is_automated: true }],
    ["a task that an integration user logged", { createdbyid: robot }],
    ["a call of somebody who is no rep", { ownerid: robot }],
    ["a deleted call", { isdeleted: true }],
    ["a call before the handoff", { completeddatetime: "2026-03-09T12:00:00Z" }],
  ])("%s does not", async (_name, cells) => {
    await rows.call(lead, noon, ann, cells);
    expect(await touch()).toEqual([null, undefined]);
  });

  test("a task without a completion time counts at its creation", async () => {
    await rows.call(lead, noon, ann, { completeddatetime: null });
    expect(await touch()).toEqual(["call", "2026-03-10T12:00:00.000Z"]);
  });

  test("a meeting counts at its start, once it has ended, unless it was cancelled", async () => {
    await rows.event(lead, "2026-03-11T09:00:00Z", "2026-03-11T10:00:00Z", ann);
    const during = await (await bench.compute("2026-03-11T09:30:00Z")).handoffs();
    expect(during[0]).toMatchObject({ state: "rotting", first_touch_at: null });
    expect(await touch()).toEqual(["meeting", "2026-03-11T09:00:00.000Z"]);
    await bench.store.database.execute(sql`update mirror.salesforce_event set subject_is_cancelled = true`);
    expect(await touch()).toEqual([null, undefined]);
  });

  test("a sent e-mail counts once, by its sender, though it is logged as a task too", async () => {
    const task = await rows.call(lead, noon, robot, { tasksubtype: "Email", createdbyid: robot });
    await rows.email(noon, bob, lead, { activityid: task });
    const [handoff] = await (await bench.compute(asOf)).handoffs();
    expect(handoff).toMatchObject({ first_touch_kind: "email", first_touch_by: bob, touch_count: 1 });
  });

  test.each([
    ["an incoming e-mail", { incoming: true, status: "1" }],
    ["a draft", { status: "5" }],
    ["a newsletter", { subject_is_automated: true }],
    ["a mail that bounced", { isbounced: true }],
  ])("%s does not, though its task looks like one sent", async (_name, cells) => {
    const task = await rows.call(lead, noon, ann, { tasksubtype: "Email" });
    await rows.email(noon, ann, lead, { activityid: task, ...cells });
    expect(await touch()).toEqual([null, undefined]);
  });

  test("after conversion the call is found on the contact", async () => {
    const contact = await rows.contact("c", { created: "2026-03-11T00:00:00Z" });
    const other = await rows.lead("b", {
      owner: ann,
      created: "2026-03-10T00:00:00Z",
      isconverted: true,
      converteddate: "2026-03-11",
      convertedcontactid: contact,
      changedAt: "2026-03-11T00:00:00Z",
    });
    await rows.conversion(other, "2026-03-11T00:00:00Z");
    await rows.call(contact, noon, ann);
    // After the conversion it is an opportunity's business.
    await rows.call(contact, "2026-03-12T00:00:00Z", ann);
    const handoffs = await (await bench.compute(asOf)).handoffs();
    expect(handoffs.find((one) => one.lead_id === other)).toMatchObject({
      state: "converted",
      touch_count: 1,
    });
  });

  test("the lead's own first call date counts where no activity tells of that moment", async () => {
    await rows.lead("s", {
      owner: ann,
      created: "2026-03-10T00:00:00Z",
      firstcalldatetime: "2026-03-10T03:00:00Z",
    });
    const doubled = await rows.lead("t", {
      owner: ann,
      created: "2026-03-10T00:00:00Z",
      firstcalldatetime: "2026-03-10T03:00:00Z",
    });
    await rows.call(doubled, "2026-03-10T03:00:20Z", ann);
    const handoffs = await (await bench.compute(asOf)).handoffs();
    const counts = Object.fromEntries(
      handoffs.map((one) => [one.lead_id.slice(-1), [one.touch_count, one.first_touch_by]]),
    );
    expect(counts).toEqual({ a: [0, null], s: [1, null], t: [1, ann] });
  });

  test("touch.by: anyone who is a rep, the owner's team, the owner alone", async () => {
    await rows.call(lead, noon, bob);
    expect(await touch()).toEqual(["call", "2026-03-10T12:00:00.000Z"]);
    expect(await touch({ touch: { by: "team" } })).toEqual([null, undefined]);
    expect(await touch({ touch: { by: "owner" } })).toEqual([null, undefined]);
    await rows.user("Amy", { userroleid: recordId("role", "Team A") });
    await rows.call(lead, "2026-03-10T13:00:00Z", recordId("user", "Amy"));
    expect(await touch({ touch: { by: "team" } })).toEqual(["call", "2026-03-10T13:00:00.000Z"]);
    expect(await touch({ touch: { by: "owner" } })).toEqual([null, undefined]);
  });
});

describe("the capture gate", () => {
  /** `worked` leads moved into Working in the last 30 days, `touched` of them with a call. */
  const work = async (worked: number, touched: number) => {
    for (let index = 0; index < worked; index += 1) {
      const one = await rows.lead(`w${index}`, {
        owner: ann,
        created: "2026-03-05T00:00:00Z",
        status: "Working",
        changedAt: "2026-03-06T00:00:00Z",
      });
      await rows.statusChange(one, "2026-03-06T00:00:00Z", "Open", "Working");
      if (index < touched) await rows.call(one, "2026-03-05T12:00:00Z", ann);
    }
  };

  test("is not proven under ten worked leads, and rates are shown with that reason", async () => {
    await work(9, 0);
    const computed = await bench.compute(asOf);
    expect(computed.outcome.captureGate).toBe("not_proven");
    // Ten leads open and untouched since early March.
    expect(computed.value("rotting_lead_rate", now())).toBe(1);
    expect(computed.reason("rotting_lead_rate", now())).toBe("capture not proven");
    expect(computed.value("unlogged_work_share", now())).toBe(1);
  });

  test("passes at 20% unlogged", async () => {
    await work(10, 8);
    const computed = await bench.compute(asOf);
    expect(computed.outcome.captureGate).toBe("passed");
    expect(computed.value("unlogged_work_share", now())).toBe(0.2);
    // U = the lead of the set-up and 2 untouched; W: touched 14.5 days ago = cold, so W = 0 and C = 8.
    expect(computed.value("rotting_lead_rate", now())).toBe(1);
    expect(computed.value("gone_cold_rate", now())).toBe(1);
    expect(computed.reason("gone_cold_rate", now())).toBe("small");
  });

  test("closes above 20%: every metric that needs a touch is unknown, nothing is flagged, the share itself is shown", async () => {
    await work(10, 7);
    const computed = await bench.compute(asOf);
    expect(computed.outcome.captureGate).toBe("closed");
    expect(computed.value("unlogged_work_share", now())).toBeCloseTo(0.3, 15);
    expect(computed.value("unlogged_work_share", now("rep", ann))).toBeCloseTo(0.3, 15);
    const unknown = [
      ["rotting_lead_rate", now()],
      ["rotting_leads", now("rep", ann)],
      ["gone_cold_rate", now()],
      ["rot_cohort_rate", { basis: "cohort" }],
      ["disposed_untouched_rate", {}],
      ["lead_first_response_hours_median", {}],
    ] as const;
    for (const [metric, key] of unknown) {
      expect([metric, computed.value(metric, key), computed.reason(metric, key)]).toEqual([
        metric,
        null,
        "activity is not logged in the CRM",
      ]);
    }
    expect(computed.value("in_process", now())).toBe(11);
    const handoffs = await computed.handoffs();
    expect(handoffs.filter((one) => one.is_flagged || one.state !== "unknown")).toEqual([]);
  });

  test("counts conversions, and only the last 30 days", async () => {
    for (let index = 0; index < 12; index += 1) {
      const on = index < 10 ? "2026-03-10T00:00:00Z" : "2026-02-18T00:00:00Z";
      const one = await rows.lead(`c${index}`, {
        owner: ann,
        created: "2026-02-01T00:00:00Z",
        isconverted: true,
        converteddate: on.slice(0, 10),
        changedAt: on,
      });
      await rows.conversion(one, on);
    }
    const computed = await bench.compute(asOf);
    expect(computed.outcome.captureGate).toBe("closed");
    expect(computed.value("unlogged_work_share", now())).toBe(1);
    expect(computed.value("converted", { period: "2026-03-01" })).toBe(10);
    expect(computed.value("converted")).toBe(12);
  });
});
