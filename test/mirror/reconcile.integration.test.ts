import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import { isSuspicious } from "../../src/mirror/reconcile.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const LeadRow = z.object({
  id: z.string(),
  status: z.string().nullable(),
  isdeleted: z.boolean(),
  systemmodstamp: z.date(),
});
type LeadRow = z.infer<typeof LeadRow>;
const HOUR_SECONDS = 3_600;

let company: RunningCompany;
beforeAll(async () => {
  company = await runCompany({ leads: 100 });
  await company.clock({ stopped: true });
  await company.sync();
});
afterAll(() => company.close());
// Tests come in any order: each begins an hour later, with a mirror that has just been read.
beforeEach(async () => {
  await control("automation", { clear: true });
  await control("faults", { clear: true, salesforce: { dailyApiRequests: 150_000 } });
  await company.clock({ advanceSeconds: HOUR_SECONDS });
  await company.sync();
  await company.clock({ advanceSeconds: 60 });
  await reconciled();
  await company.clock({ advanceSeconds: 60 });
});

async function control(path: string, body: unknown): Promise<void> {
  const answer = await company.control(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

function hide(ids: readonly string[]): Promise<void> {
  return control("automation", {
    salesforce: { hiddenRecords: ids.length === 0 ? [] : [{ object: "Lead", ids }] },
  });
}

async function reconciled(options = { acceptVanished: false }) {
  const result = await company.app.reconcileInTurn(options);
  return { ...result, lead: result.objects.find(({ object }) => object === "Lead") };
}

function currentLeads(): Promise<readonly LeadRow[]> {
  return company.app.store.any(
    LeadRow,
    sql`select id, status, isdeleted, systemmodstamp from mirror.salesforce_lead
      where valid_to is null order by id`,
  );
}

async function liveIds(): Promise<readonly string[]> {
  return (await currentLeads()).filter((lead) => !lead.isdeleted).map((lead) => lead.id);
}

async function leadOf(id: string): Promise<LeadRow | undefined> {
  return (await currentLeads()).find((lead) => lead.id === id);
}

const Count = z.object({ rows: z.number() });
async function versions(): Promise<number> {
  return (await company.app.store.one(Count, sql`select count(*) as rows from mirror.salesforce_lead`)).rows;
}

const Watermarks = z.object({ stream: z.string(), watermark: z.date().nullable(), checkpoint: z.unknown() });
function watermarks() {
  return company.app.store.any(
    Watermarks,
    sql`select stream, watermark, checkpoint from mirror.stream_state order by stream`,
  );
}

async function loadLead(fields: Readonly<Record<string, string>>): Promise<void> {
  const answer = await company.control("load/salesforce/Lead", {
    method: "POST",
    body: JSON.stringify({ LastName: "Late", Company: "Acme", ...fields }),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

async function purge(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expect((await company.rest(`sobjects/Lead/${id}`, { method: "DELETE" })).status).toBe(204);
  }
  await control("recycle-bin", { salesforce: { purge: { ids } } });
}

// In this order: the first needs a company in which nothing was purged yet.
describe("the comparison of ids", { shuffle: false }, () => {
  test("finds nothing where nothing is wrong, at one call for five objects, and leaves rows and watermarks alone", async () => {
    const before = { versions: await versions(), marks: await watermarks() };
    const metered = (await company.requests()).salesforce.metered;
    const { objects, apiCalls } = await reconciled();
    expect((await company.requests()).salesforce.metered - metered).toBe(apiCalls);
    // Leads and 13 other objects have deltas; all of a company of this size fit one page each.
    expect(apiCalls).toBe(Math.ceil(objects.length / 5));
    expect(objects.length).toBeGreaterThanOrEqual(12);
    for (const each of objects) {
      expect(each).toMatchObject({
        crm: each.mirror,
        vanished: 0,
        held: 0,
        kept: 0,
        repaired: 0,
        isComplete: true,
      });
    }
    expect({ versions: await versions(), marks: await watermarks() }).toEqual(before);
    expect((await company.app.status()).reconciliation?.objects).toEqual(objects);
  });

  test("a record that was purged before its delete was seen becomes a deleted one, with its history, and its handoff ends", async () => {
    const Open = z.object({ lead_id: z.string() });
    const open = await company.app.store.any(
      Open,
      sql`select lead_id from metrics.int_handoff where state in ('waiting', 'at_risk', 'rotting', 'worked')
        order by lead_id limit 2`,
    );
    const gone = open.map((row) => row.lead_id);
    expect(gone.length).toBe(2);
    const live = await liveIds();
    await purge(gone);
    await company.clock({ advanceSeconds: 60 });
    await company.sync("due");
    // No delta tells of it.
    expect(await liveIds()).toEqual(live);

    const { lead } = await reconciled();
    expect(lead).toMatchObject({
      crm: live.length - 2,
      mirror: live.length,
      vanished: 2,
      held: 0,
      repaired: 0,
    });
    expect(await liveIds()).toEqual(live.filter((id) => !gone.includes(id)));
    const Version = z.object({ isdeleted: z.boolean(), is_current: z.boolean(), meets: z.boolean() });
    const history = await company.app.store.any(
      Version,
      sql`select isdeleted, valid_to is null as is_current,
          coalesce(valid_to = lead(valid_from) over (order by valid_from), true) as meets
        from mirror.salesforce_lead where id = ${gone[0] ?? ""} order by valid_from desc limit 2`,
    );
    expect(history).toEqual([
      { isdeleted: true, is_current: true, meets: true },
      { isdeleted: false, is_current: false, meets: true },
    ]);
    const count = await versions();
    await company.clock({ advanceSeconds: 60 });
    expect((await reconciled()).lead).toMatchObject({ vanished: 0, repaired: 0, crm: live.length - 2 });
    expect(await versions()).toBe(count);

    await company.sync("due");
    const State = z.object({ state: z.string() });
    const states = await company.app.store.any(
      State,
      sql`select distinct state from metrics.int_handoff where lead_id = any(${gone}::text[]) and state in
        ('waiting', 'at_risk', 'rotting', 'worked', 'deleted')`,
    );
    expect(states).toEqual([{ state: "deleted" }]);
  });

  test("records and changes with a stamp behind the watermark are read by their ids, newer ones are left to the delta", async () => {
    const [changed] = await liveIds();
    const known = await leadOf(changed ?? "");
    if (known === undefined) throw new Error("no lead");
    // The watermark is minutes old and the overlap ten minutes: stamps of half an hour ago lie behind both.
    const now = new Date((await company.app.reconcileInTurn({ acceptVanished: false })).at);
    const late = new Date(now.getTime() - 30 * 60_000).toISOString();
    await loadLead({ Id: known.id, Status: "Changed late", SystemModstamp: late });
    await loadLead({
      Id: "00Q900000000011EAA",
      Status: "Came late",
      CreatedDate: late,
      SystemModstamp: late,
    });
    await loadLead({ Id: "00Q900000000012EAA", Status: "Came now" });
    await company.clock({ advanceSeconds: 1 });
    const marks = await watermarks();

    const { lead } = await reconciled();
    expect(lead).toMatchObject({ vanished: 0, repaired: 2 });
    expect(await leadOf(known.id)).toMatchObject({ status: "Changed late", systemmodstamp: new Date(late) });
    expect(await leadOf("00Q900000000011EAA")).toMatchObject({ status: "Came late" });
    expect(await leadOf("00Q900000000012EAA")).toBeUndefined();
    expect(await watermarks()).toEqual(marks);
    expect((await reconciled()).lead).toMatchObject({ repaired: 0 });
    await company.clock({ advanceSeconds: 60 });
    await company.sync("due");
    expect(await leadOf("00Q900000000012EAA")).toMatchObject({ status: "Came now" });
  });

  test("what is hidden by sharing leaves, and comes back as it was when it is shown again", async () => {
    const before = await currentLeads();
    const ids = (await liveIds()).slice(0, 3);
    await hide(ids);
    expect((await reconciled()).lead).toMatchObject({ vanished: 3, repaired: 0 });
    expect(await liveIds()).not.toEqual(expect.arrayContaining(ids));
    await hide([]);
    await company.clock({ advanceSeconds: 60 });
    expect((await reconciled()).lead).toMatchObject({ vanished: 0, repaired: 3 });
    expect(await currentLeads()).toEqual(before);
  });

  test("a fifth of an object gone at once is held and asked about, and taken as deleted when somebody says so", async () => {
    const before = await currentLeads();
    const live = await liveIds();
    const ids = live.slice(0, Math.floor(live.length / 2));
    await hide(ids);
    expect((await reconciled()).lead).toMatchObject({ vanished: 0, held: ids.length, repaired: 0 });
    expect(await currentLeads()).toEqual(before);
    const { reconciliation } = await company.app.status();
    expect(reconciliation?.objects.find(({ object }) => object === "Lead")?.held).toBe(ids.length);

    await company.clock({ advanceSeconds: 60 });
    const accepted = await reconciled({ acceptVanished: true });
    expect(accepted.lead).toMatchObject({ vanished: ids.length, held: 0 });
    expect(await liveIds()).toEqual(live.slice(ids.length));
    await hide([]);
    await company.clock({ advanceSeconds: 60 });
    expect((await reconciled()).lead).toMatchObject({ repaired: ids.length });
    expect(await currentLeads()).toEqual(before);
  });

  test("stopped between closing and reading, it loses nothing: the next one does the rest", async () => {
    const late = "2026-01-05T08:00:00Z";
    await loadLead({
      Id: "00Q900000000013EAA",
      Status: "Came late",
      CreatedDate: late,
      SystemModstamp: late,
    });
    const live = await liveIds();
    const gone = live.slice(-1);
    await purge(gone);
    await company.clock({ advanceSeconds: 60 });
    const lists = (await company.app.status()).reconciliation?.apiCalls ?? 0;
    const ours = (await company.app.status()).budget?.calls ?? 0;
    // Reads may use a fifth of the org's calls: the lists just fit, the reading by ids does not.
    await control("faults", { salesforce: { dailyApiRequests: 5 * (ours + lists) } });
    await expect(reconciled()).rejects.toThrow(/goes on where it stopped/);
    expect(await liveIds()).toEqual(live.slice(0, -1));
    expect(await leadOf("00Q900000000013EAA")).toBeUndefined();

    await control("faults", { salesforce: { dailyApiRequests: 150_000 } });
    await company.clock({ advanceSeconds: 26 * HOUR_SECONDS });
    expect((await reconciled()).lead).toMatchObject({ vanished: 0, repaired: 1 });
    expect(await leadOf("00Q900000000013EAA")).toMatchObject({ status: "Came late", isdeleted: false });
    expect((await reconciled()).lead).toMatchObject({ vanished: 0, repaired: 0 });
  });
});

test("more than a fifth and more than five records are too many to believe", () => {
  expect(isSuspicious(5, 6)).toBe(false);
  expect(isSuspicious(6, 29)).toBe(true);
  expect(isSuspicious(6, 30)).toBe(false);
  expect(isSuspicious(20_001, 100_000)).toBe(true);
});
