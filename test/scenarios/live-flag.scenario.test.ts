import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

/**
 * The rot flag is a formula over a stored deadline: it must be right whenever somebody looks, without a call from us.
 */
describe("the flag lives", () => {
  let company: RunningCompany;
  beforeAll(async () => {
    company = await runCompany({ leads: 400 });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
    await company.sync();
  });
  afterAll(() => company.close());

  const text = (value: unknown): string => {
    if (typeof value !== "string") throw new TypeError(`expected text, found ${JSON.stringify(value)}`);
    return value;
  };

  async function rottingIds(): Promise<ReadonlySet<string>> {
    const rows = await company.query(
      "SELECT Id FROM Lead WHERE Ripeline_Clock__c = 'open' AND Ripeline_Rotting__c = true",
    );
    return new Set(rows.map((row) => text(row["Id"])));
  }

  /** A lead whose clock runs and whose deadline is the next one to come. */
  async function nextToRot(): Promise<{ id: string; ownerId: string; rotsAt: Date }> {
    const [lead] = await company.query(
      "SELECT Id, OwnerId, Ripeline_Rots_At__c FROM Lead WHERE Ripeline_Clock__c = 'open' " +
        "AND Ripeline_First_Touch_At__c = null AND Ripeline_Rotting__c = false AND Ripeline_Rots_At__c != null " +
        "ORDER BY Ripeline_Rots_At__c LIMIT 1",
    );
    if (lead === undefined) throw new Error("the seeded company has no lead that still waits");
    return {
      id: text(lead["Id"]),
      ownerId: text(lead["OwnerId"]),
      rotsAt: new Date(text(lead["Ripeline_Rots_At__c"])),
    };
  }

  test("past its deadline a lead rots without a call, a call by its owner ends it, an owner change ends it at once", async () => {
    const lead = await nextToRot();
    expect((await rottingIds()).has(lead.id)).toBe(false);

    const before = await company.requests();
    await company.clock({ now: new Date(lead.rotsAt.getTime() - 1_000).toISOString() });
    expect((await rottingIds()).has(lead.id)).toBe(false);
    await company.clock({ now: lead.rotsAt.toISOString() });
    expect((await rottingIds()).has(lead.id)).toBe(true);
    const after = await company.requests();
    // The only metered calls in between were this test's own two queries.
    expect(after.salesforce.metered - before.salesforce.metered).toBe(2);

    const logged = await company.rest("sobjects/Task", {
      method: "POST",
      body: JSON.stringify({
        WhoId: lead.id,
        OwnerId: lead.ownerId,
        Subject: "Call",
        TaskSubtype: "Call",
        CallType: "Outbound",
        Status: "Completed",
      }),
    });
    expect(logged.status).toBe(201);
    await company.clock({ advanceSeconds: 60 });
    await company.sync("due");
    expect((await rottingIds()).has(lead.id)).toBe(false);

    const other = await nextToRot();
    await company.clock({ now: other.rotsAt.toISOString() });
    expect((await rottingIds()).has(other.id)).toBe(true);
    const [colleague] = await company.query(
      `SELECT Id FROM User WHERE IsActive = true AND UserType = 'Standard' AND Id != '${other.ownerId}' LIMIT 1`,
    );
    const moved = await company.rest(`sobjects/Lead/${other.id}`, {
      method: "PATCH",
      headers: { "Sforce-Auto-Assign": "FALSE" },
      body: JSON.stringify({ OwnerId: colleague?.["Id"] }),
    });
    expect(moved.status).toBe(204);
    expect((await rottingIds()).has(other.id)).toBe(false);
  });
});
