import { afterAll, beforeAll, expect, test } from "vitest";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { QuotaExhaustedError } from "../../src/core/errors.ts";
import { compareCounts } from "../../src/mirror/record-counts.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";
import { fakeConnection } from "../writeback/fake-connection.ts";

let company: RunningCompany;
beforeAll(async () => {
  company = await runCompany({ leads: 60 });
  await company.clock({ stopped: true });
});
afterAll(() => company.close());

async function counted(object: string) {
  const { counts } = await company.app.status();
  return counts?.objects.find((each) => each.object === object);
}

async function meteredBy(work: () => Promise<unknown>): Promise<number> {
  const before = (await company.requests()).salesforce.metered;
  await work();
  return (await company.requests()).salesforce.metered - before;
}

test("the CRM's counts stand beside the mirror's, cost an idle cycle nothing, and tell of a record that no query brought", async () => {
  await company.sync();
  const first = (await company.app.status()).counts;
  expect(first?.objects.map(({ object }) => object).toSorted()).toEqual([
    "CampaignMember",
    "Contact",
    "Lead",
    "Opportunity",
    "Task",
  ]);
  for (const each of first?.objects ?? []) expect(each.crm, each.object).toBe(each.mirror);
  // Of the seeded 60 some are deleted: the CRM lists the rest.
  const listed = (await company.query("SELECT Id FROM Lead LIMIT 2000")).length;
  expect(listed).toBeLessThan(60);
  expect(await counted("Lead")).toEqual({ object: "Lead", crm: listed, mirror: listed });
  const report = await company.app.storedReport();
  expect(report?.trust.countedAt).toEqual(new Date(first?.at ?? ""));
  expect(report?.trust.counts).toEqual(
    first?.objects.map((each) => ({ ...each, connectionId: "salesforce" })),
  );

  // Stamped long before the watermark: no delta brings it.
  const loaded = await company.control("load/salesforce/Lead", {
    method: "POST",
    body: JSON.stringify({
      Id: "00Q900000000001EAA",
      LastName: "Late",
      Company: "Acme",
      Status: "Open - Not Contacted",
      CreatedDate: "2026-01-05T08:00:00Z",
      SystemModstamp: "2026-01-05T08:00:00Z",
    }),
  });
  expect(loaded.status, await loaded.text()).toBe(200);

  await company.clock({ advanceSeconds: 60 });
  const fast = salesforceStreams.filter((stream) => stream.cadence === "fast").length;
  expect(await meteredBy(() => company.sync("due"))).toBe(Math.ceil(fast / 5));
  expect((await company.app.status()).counts?.at).toBe(first?.at);

  await company.clock({ advanceSeconds: 3_600 });
  await company.sync("due");
  expect(await counted("Lead")).toEqual({ object: "Lead", crm: listed + 1, mirror: listed });
  expect(await counted("Task")).toEqual(first?.objects.find((each) => each.object === "Task"));
});

test("five objects are counted by one call, and a count that is refused leaves the others", async () => {
  const connection = fakeConnection({ streams: salesforceStreams });
  connection.counts = (objects) =>
    Promise.resolve({
      counts: objects.map((object) => (object === "Task" ? null : 7)),
      at: new Date("2026-06-01T08:00:00Z"),
    });
  const { app } = company;
  const key = { workspaceId: "nobody", connectionId: "salesforce" };
  const streams = salesforceStreams.map((stream) => ({ stream, fields: stream.fields, hidden: [] }));
  const compared = await compareCounts(app.store, connection, key, streams);
  expect(compared?.objects.find(({ object }) => object === "Task")).toEqual({
    object: "Task",
    crm: null,
    mirror: 0,
  });
  expect(compared?.objects.find(({ object }) => object === "Lead")?.crm).toBe(7);

  connection.counts = () => Promise.reject(new QuotaExhaustedError("salesforce", "spent"));
  expect(await compareCounts(app.store, connection, key, streams)).toBeNull();
});
