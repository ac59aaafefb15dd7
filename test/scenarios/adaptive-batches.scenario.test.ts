import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

/**
 * An org whose automation bears 20 records a transaction, on leads and on our own handoffs. Five batches go in a call;
 * from 50 rows a batch on, worked out by hand:
 *
 * - The first page, 250 rows, takes 7 calls (`write.unit.test.ts` counts them out): 5 x 50 fail; 5 x 25 fail, and 13 is
 *   tried; the ten halves of those go in two calls, of which the first doubles the size to 26; the other 5 x 25 fail, and
 *   their ten halves take two more.
 * - Every further page, 130 rows, takes 3: 5 x 26 fail, ten batches of 13 go in two, and the first doubles the size again.
 * - A page that is not full takes no more than a full one.
 */
function mostCalls(rows: number): number {
  return 7 + 3 * Math.max(0, Math.ceil((rows - 250) / 130));
}

describe("automation that fails large batches", () => {
  let company: RunningCompany;
  beforeAll(async () => {
    company = await runCompany({
      leads: 1_000,
      adjust: (settings) => ({ ...settings, rot: { ...settings.rot, maxUnlogged: 1 } }),
    });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
    const trigger = { on: ["insert", "update"], failsAbove: 20 };
    const triggers = [
      { ...trigger, object: "Lead", name: "LeadRouter", failure: "cpu" },
      { ...trigger, object: "Ripeline_Handoff__c", name: "Handoff_Mail", kind: "flow" },
    ];
    const set = await company.control("automation", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ salesforce: { triggers } }),
    });
    expect(set.status, await set.text()).toBe(200);
  });
  afterAll(() => company.close());

  test("all rows are written, none twice, none is refused, and the calls stay within what halving costs", async () => {
    const before = await company.requests();
    const { push } = await company.sync();
    const after = await company.requests();
    const writes = (after.writes ?? []).slice(before.writes?.length ?? 0);
    for (const object of ["Lead", "Ripeline_Handoff__c"]) {
      const outcome = push.objects[`salesforce.${object}`];
      const ids = writes.filter((write) => write.object === object).map((write) => write.id);
      expect(outcome).toMatchObject({ written: ids.length, changed: ids.length, rejected: 0 });
      expect(new Set(ids).size).toBe(ids.length);
      expect(outcome?.calls).toBeLessThanOrEqual(mostCalls(ids.length));
      // Batches had to fail first: otherwise nothing was tested.
      expect(ids.length).toBeGreaterThan(20);
      expect(outcome?.calls).toBeGreaterThan(Math.ceil(ids.length / 250));
    }
    expect((await company.app.status()).refusedRows).toEqual([]);
  });
});
