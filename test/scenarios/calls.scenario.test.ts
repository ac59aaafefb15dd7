import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

/**
 * What a cycle costs, counted by the emulator and held against arithmetic. Reading: a Composite carries five queries of
 * at most 2,000 rows; writing: a Composite carries five collections of 200 rows.
 */
describe("calls of a company with 5,000 leads", () => {
  let company: RunningCompany;
  const fastStreams = [
    "salesforce.CampaignMember",
    "salesforce.Contact",
    "salesforce.EmailMessage",
    "salesforce.EmailMessageRelation",
    "salesforce.Event",
    "salesforce.Lead",
    "salesforce.LeadHistory",
    "salesforce.Opportunity",
    "salesforce.OpportunityContactRole",
    "salesforce.OpportunityHistory",
    "salesforce.Task",
  ];

  beforeAll(async () => {
    company = await runCompany({ leads: 5_000, months: 24 });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
  });
  afterAll(() => company.close());

  async function counted<T>(work: () => Promise<T>) {
    const before = await company.requests();
    const result = await work();
    const after = await company.requests();
    return {
      result,
      metered: after.salesforce.metered - before.salesforce.metered,
      writes: (after.writes ?? []).slice(before.writes?.length ?? 0),
      unknownParameters: after.salesforce.unknownParameters,
    };
  }

  test("first sync, repeated sync, idle delta, a delta of 300 leads: no call too many, no write without a change", async () => {
    const first = await counted(() => company.sync());
    expect(first.writes.filter((write) => write.object === "Lead").length).toBeGreaterThanOrEqual(50);
    expect(first.result.pull.apiCalls + first.result.push.apiCalls).toBe(first.metered);

    // The clock stands still and nothing changed: nothing is written.
    const again = await counted(() => company.sync());
    expect(again.writes).toEqual([]);

    // The clock moved on by a minute and nothing changed: 11 fast streams, five a call, and nothing else.
    await company.clock({ advanceSeconds: 60 });
    const idle = await counted(() => company.sync("due"));
    expect(Object.keys(idle.result.pull.streams).toSorted()).toEqual(fastStreams);
    expect(idle.writes).toEqual([]);
    expect(idle.metered).toBe(Math.ceil(11 / 5));

    // 300 leads whose clock runs get a call by their owners.
    const called = await company.query(
      "SELECT Id, OwnerId FROM Lead WHERE Ripeline_Clock__c = 'open' LIMIT 300",
    );
    expect(called.length).toBe(300);
    await company.clock({ advanceSeconds: 60 });
    const calls = called.map((lead, index) =>
      JSON.stringify({
        Id: `00T9000000${String(index).padStart(5, "0")}`,
        WhoId: lead["Id"],
        OwnerId: lead["OwnerId"],
        CreatedById: lead["OwnerId"],
        Subject: "Call",
        TaskSubtype: "Call",
        Status: "Completed",
      }),
    );
    const loaded = await company.control("load/salesforce/Task", { method: "POST", body: calls.join("\n") });
    expect(loaded.status).toBe(200);
    const delta = await counted(() => company.sync("due"));
    expect(delta.result.pull.streams["salesforce.Task"]?.rows).toBeGreaterThanOrEqual(300);
    const leads = delta.result.push.objects["salesforce.Lead"];
    expect(leads).toMatchObject({ written: leads?.changed, rejected: 0 });
    expect(leads?.written).toBeGreaterThanOrEqual(200);
    // Reading: 3. Writing: ceil(300/1000) = 1 call each for leads and handoffs, and 1 for each of the other objects that
    // changed with them.
    const objects = Object.values(delta.result.push.objects);
    const minimum = 3 + objects.reduce((sum, object) => sum + Math.ceil(object.written / 1_000), 0);
    expect(delta.metered).toBeLessThanOrEqual(Math.ceil(minimum * 1.05));
    expect(delta.unknownParameters).toEqual([]);

    // The nightly comparison lists every id: by Bulk where an object has more than 10,000 rows, the others five a call.
    const { operations } = (await company.requests()).salesforce;
    const compared = await counted(() => company.app.reconcile({ acceptVanished: false }));
    const jobs = (await company.requests()).salesforce.operations["jobs/query POST"] ?? 0;
    expect(jobs - (operations["jobs/query POST"] ?? 0)).toBeGreaterThan(0);
    expect(compared.metered).toBe(compared.result.apiCalls);
    expect(compared.writes).toEqual([]);
    for (const object of compared.result.objects) {
      expect(object).toMatchObject({
        crm: object.mirror,
        vanished: 0,
        held: 0,
        repaired: 0,
        isComplete: true,
      });
    }
    expect(compared.result.objects.find(({ object }) => object === "Task")?.crm).toBeGreaterThan(10_000);
  });
});
