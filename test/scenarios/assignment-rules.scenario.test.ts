import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

/** REST updates of leads run the active assignment rule unless told not to: the header is what keeps owners in place. */
describe("writes and the lead assignment rule", () => {
  let company: RunningCompany;
  beforeAll(async () => {
    company = await runCompany({ leads: 1_000 });
    await company.app.apply({ checkOnly: false });
  });
  afterAll(() => company.close());

  async function owners(): Promise<ReadonlyMap<unknown, unknown>> {
    const rows = await company.query("SELECT Id, OwnerId FROM Lead LIMIT 2000");
    return new Map(rows.map((row) => [row["Id"], row["OwnerId"]]));
  }

  test("without the header one write moves the owner; with it our whole sync moves none", async () => {
    const before = await owners();
    await company.sync();
    const written = (await company.requests()).writes?.filter((write) => write.object === "Lead") ?? [];
    expect(written.length).toBeGreaterThanOrEqual(50);
    expect(await owners()).toEqual(before);

    const [lead] = await company.query(
      "SELECT Id, OwnerId FROM Lead WHERE Ripeline_Clock__c = 'open' AND IsConverted = false LIMIT 1",
    );
    const write = (headers: Readonly<Record<string, string>>): Promise<Response> =>
      company.rest(`sobjects/Lead/${String(lead?.["Id"])}`, {
        method: "PATCH",
        headers,
        body: JSON.stringify({ Ripeline_Outcome__c: "worked" }),
      });
    expect((await write({ "Sforce-Auto-Assign": "FALSE" })).status).toBe(204);
    expect((await owners()).get(lead?.["Id"])).toBe(lead?.["OwnerId"]);
    expect((await write({})).status).toBe(204);
    expect((await owners()).get(lead?.["Id"])).not.toBe(lead?.["OwnerId"]);
  });
});
