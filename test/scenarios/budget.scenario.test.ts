import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { createRateGovernor } from "../../connectors/shared/rate-governor.ts";
import { answerRequest } from "../../src/cli/runtime.ts";
import { systemClock } from "../../src/core/time.ts";
import { sql } from "../../src/database/sql.ts";
import { storedCallLedger } from "../../src/mirror/call-ledger.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const anyText: unknown = expect.any(String);
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

/**
 * The day's calls run out. Our share is a quarter of the org's calls, a fifth of it is kept for flags: reads and numbers
 * stop at 1/5 of the org's calls, flags at 1/4.
 */
let company: RunningCompany;
beforeEach(async () => {
  company = await runCompany({
    leads: 200,
    // So few leads prove nothing about how well activity is logged.
    adjust: (settings) => ({ ...settings, rot: { ...settings.rot, maxUnlogged: 1 } }),
  });
});
afterEach(() => company.close());

const DAY_AND_A_BIT = 26 * 3_600;

async function set(path: string, salesforce: unknown): Promise<void> {
  const answer = await company.control(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ salesforce }),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

async function metered(): Promise<number> {
  return (await company.requests()).salesforce.metered;
}

/** The mirror has all that the org lists, and nothing else. */
async function expectWholeMirror(): Promise<void> {
  const { objects } = await company.app.reconcileInTurn({ acceptVanished: false });
  expect(objects.find(({ object }) => object === "Lead")?.crm).toBeGreaterThan(150);
  for (const each of objects) {
    expect(each).toMatchObject({ crm: each.mirror, vanished: 0, held: 0, repaired: 0, isComplete: true });
  }
}

/** What flags come from: ten streams, two calls. */
const FLAG_STREAMS = [
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

const Created = z.object({ id: z.string() });

async function create(object: string, values: object): Promise<string> {
  const answer = await company.rest(`sobjects/${object}`, {
    method: "POST",
    headers: { "Sforce-Auto-Assign": "FALSE" },
    body: JSON.stringify(values),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(201);
  return Created.parse(JSON.parse(text)).id;
}

async function aRep(): Promise<string> {
  const [call] = await company.query("SELECT OwnerId FROM Task WHERE TaskSubtype = 'Call' LIMIT 1");
  return String(call?.["OwnerId"]);
}

/** A new lead comes into the hands of a rep. @returns its id */
async function handOff(name: string): Promise<string> {
  const OwnerId = await aRep();
  return create("Lead", { LastName: name, Company: "Acme", Status: "Open - Not Contacted", OwnerId });
}

/** A rep calls a lead. */
async function call(lead: string): Promise<void> {
  await create("Task", {
    WhoId: lead,
    OwnerId: await aRep(),
    Subject: "Call",
    TaskSubtype: "Call",
    CallType: "Outbound",
    Status: "Completed",
  });
}

const Answer = z.object({ text: z.string(), isFailure: z.boolean(), json: z.unknown() });

/** What a command prints. */
async function command(operation: string, args: Readonly<Record<string, boolean>>) {
  const request = { operation, args };
  return Answer.parse(await answerRequest(company.app, company.cycles, request, () => undefined));
}

async function leadNow(id: string): Promise<Readonly<Record<string, unknown>>> {
  const fields = "Ripeline_Clock__c, Ripeline_Rots_At__c, Ripeline_First_Touch_At__c";
  const [row] = await company.query(`SELECT ${fields} FROM Lead WHERE Id = '${id}'`);
  return row ?? {};
}

const Checkpoints = z.object({ streams: z.number() });

describe("the day's calls", () => {
  test("a quota that shrinks during a pull stops it at the ceiling; it goes on for days where it stopped, and nothing is lost", async () => {
    const { app } = company;
    // Small pages: the first read takes more than two days' calls.
    await set("faults", { queryPageRows: 20 });
    let isShrunk = false;
    const pulled = app.exclusively(() =>
      app.pull("all", () => {
        if (isShrunk) return;
        isShrunk = true;
        // Reads may use 20 of 100 calls. Not waited for: it happens while the pull goes on.
        void set("faults", { dailyApiRequests: 100 });
      }),
    );
    // Not everything was read once: flags on half of what is known would be wrong, so the reserve is left alone.
    expect((await pulled).quota).toMatchObject({
      mode: "nothing",
      message: matching(
        /nothing is read or written since .* has sent 20 salesforce calls in 24 hours, its share for reads \(20 of the org's 100/,
      ),
    });
    expect(await metered()).toBe(20);
    const underWay = sql`select count(*) as streams from mirror.stream_state where checkpoint is not null`;
    expect((await app.store.one(Checkpoints, underWay)).streams).toBeGreaterThan(0);

    // A cycle asks nothing more, and says so; neither would another process.
    const cycle = await company.sync();
    expect(cycle).toMatchObject({ pull: { apiCalls: 0 }, compute: { models: {} }, push: { apiCalls: 0 } });
    expect(await metered()).toBe(20);
    const { quota } = await app.status();
    expect(quota).toEqual(cycle.pull.quota);
    // The calls of the hour from 08:00 count until 25 hours later.
    expect(quota).toMatchObject({ mode: "nothing", until: "2026-06-02T09:00:00.000Z" });
    expect((await app.status()).runs).toContainEqual(
      expect.objectContaining({ step: "pull", outcome: "waiting: QUOTA_EXHAUSTED" }),
    );
    expect((await app.status()).budget).toMatchObject({ calls: 20, ceiling: 25, orgUsed: 20, orgLimit: 100 });
    const key = { workspaceId: app.settings.workspace.id, connectionId: app.settings.connectionId };
    const other = createRateGovernor({
      crm: "salesforce",
      ceilingShare: 0.25,
      flagReserve: 0.2,
      clock: systemClock,
      ledger: storedCallLedger(app.store, key),
    });
    const seen = new Date((await app.status()).budget?.seenAt ?? "");
    other.hear(seen);
    other.observe(20, 100);
    await expect(other.admit("read")).rejects.toThrow(/has sent 20 salesforce calls/);
    await other.settle();
    expect((await app.status()).budget?.calls).toBe(20);

    let days = 0;
    for (let isDone = false; !isDone; days += 1) {
      expect(days).toBeLessThan(12);
      await company.clock({ advanceSeconds: DAY_AND_A_BIT });
      const before = await metered();
      isDone = (await app.pull("due", () => undefined)).quota === null;
      expect((await metered()) - before).toBeLessThanOrEqual(20);
    }
    expect(days).toBeGreaterThan(1);
    await set("faults", { dailyApiRequests: 150_000 });
    await company.clock({ advanceSeconds: DAY_AND_A_BIT });
    await app.pull("all", () => undefined);
    await company.clock({ advanceSeconds: 60 });
    await expectWholeMirror();
  });

  test("an org whose other clients use it up gets no more of our reads, and is looked at again after a quarter of an hour", async () => {
    await company.sync();
    await company.clock({ stopped: true });
    await set("automation", { otherClients: { requestsPerMinute: 10_000 } });
    // 16 minutes at 10,000 calls: more than the org's 150,000.
    await company.clock({ advanceSeconds: 16 * 60 });
    const before = await metered();
    const refused = { mode: "nothing", until: null, message: matching(/used up its .*calls/) };
    expect((await company.sync("due")).pull).toMatchObject({ quota: refused });
    expect((await company.sync("due")).pull).toMatchObject({ quota: refused, apiCalls: 0 });
    // The first read finds out, and nobody asks again.
    expect((await metered()) - before).toBeLessThanOrEqual(1);

    await set("automation", { otherClients: null });
    expect((await company.sync("due")).pull.quota?.message).toMatch(/looks again every 15 minutes/);
    await company.clock({ advanceSeconds: 16 * 60 });
    await company.sync("due");
    expect((await metered()) - before).toBeGreaterThan(1);
  });

  test("flags on records go on from the reserve when our own calls are spent, up to the ceiling and no further", async () => {
    const { app } = company;
    await app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
    const touched = await handOff("Known");
    await company.sync();
    expect(await leadNow(touched)).toMatchObject({
      Ripeline_Clock__c: "open",
      Ripeline_First_Touch_At__c: null,
    });
    const ours = (await app.status()).budget?.calls ?? 0;
    // Of 5 x ours reads and numbers may use a fifth: all of it is spent. Flags may go up to a quarter.
    const limit = 5 * ours;
    await set("faults", { dailyApiRequests: limit });
    await company.clock({ advanceSeconds: 20 * 60 });
    const fresh = await handOff("Fresh");
    await call(touched);
    const before = await company.requests();

    const flags = await company.sync();
    expect(Object.keys(flags.pull.streams).toSorted()).toEqual(FLAG_STREAMS);
    expect(Object.keys(flags.push.objects).toSorted()).toEqual([
      "salesforce.Lead",
      "salesforce.Opportunity",
      "salesforce.Ripeline_Handoff__c",
    ]);
    // One read finds that the calls are spent, two read ten streams, then leads and handoffs are written.
    expect(flags.pull.apiCalls).toBe(1 + 2);
    expect(await leadNow(fresh)).toMatchObject({
      Ripeline_Clock__c: "open",
      Ripeline_Rots_At__c: anyText,
    });
    expect((await leadNow(touched))["Ripeline_First_Touch_At__c"]).toEqual(anyText);
    const after = await company.requests();
    const written = new Set(
      (after.writes ?? []).slice(before.writes?.length ?? 0).map((each) => each.object),
    );
    expect(written.difference(new Set(["Lead", "Opportunity", "Ripeline_Handoff__c"]))).toEqual(new Set());
    const { quota } = await app.status();
    expect(quota).toMatchObject({
      mode: "flags",
      until: "2026-06-02T09:00:00.000Z",
      message: matching(/^only flags on records .*from 2026-06-02T09:00:00.000Z on/),
    });
    const kept = Math.floor(ours / 4);
    expect(quota?.message).toContain(`(${kept} a day)`);

    expect((await command("status", {})).text).toMatch(
      /^WAITING: only flags on records are read and written/,
    );

    // Somebody who syncs by hand every few minutes comes to the ceiling, and there it ends.
    let spent = flags.pull.apiCalls + flags.push.apiCalls;
    for (let times = 0; times < kept; times += 1) {
      await company.clock({ advanceSeconds: 60 });
      const { pull, push } = await company.sync();
      spent += pull.apiCalls + push.apiCalls;
      if (pull.quota?.mode === "nothing") break;
    }
    expect((await app.status()).quota?.mode).toBe("nothing");
    const late = await handOff("Late");
    await company.clock({ advanceSeconds: 60 });
    expect((await company.sync()).pull.apiCalls).toBe(0);
    expect((await app.status()).budget?.calls).toBe(ours + spent);
    expect(ours + spent).toBeLessThanOrEqual(Math.floor(limit / 4));
    // Two calls read, so at most one of the reserve is left over.
    expect(ours + spent).toBeGreaterThanOrEqual(Math.floor(limit / 4) - 1);
    expect((await leadNow(late))["Ripeline_Clock__c"]).toBe(null);
    expect(await command("sync", { all: true })).toMatchObject({
      isFailure: true,
      text: matching(/^WAITING: nothing is read or written since/),
      json: { quota: { mode: "nothing" }, apiCalls: { salesforce: 0 } },
    });

    // The calls of that hour are over: all is caught up.
    await set("faults", { dailyApiRequests: 150_000 });
    await company.clock({ advanceSeconds: DAY_AND_A_BIT });
    const caughtUp = await company.sync();
    expect(caughtUp.pull.quota).toBe(null);
    expect(caughtUp.push.objects["salesforce.Ripeline_Metric__c"]?.written).toBeGreaterThan(0);
    expect((await leadNow(late))["Ripeline_Clock__c"]).toBe("open");
    expect((await app.status()).quota).toBe(null);
    await company.clock({ advanceSeconds: 60 });
    await expectWholeMirror();
  });

  test("flags go on while other clients leave the org its last calls; the log tells the beginning and the end, once", async () => {
    const { app } = company;
    await app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
    await company.sync();
    const warn = vi.spyOn(app.log, "warn");
    const info = vi.spyOn(app.log, "info");
    const said = (
      spy: { readonly mock: { readonly calls: readonly (readonly unknown[])[] } },
      words: RegExp,
    ) => spy.mock.calls.filter(([, message]) => typeof message === "string" && words.test(message)).length;
    // 144,000 of 150,000 after 16 minutes, 800 more by the end. Reads leave 7,500 to others, flags 1,500.
    await set("automation", { otherClients: { requestsPerMinute: 200 } });
    await set("faults", { apiRequestsUsedByOthers: 140_800 });
    await company.clock({ advanceSeconds: 16 * 60 });
    const lead = await handOff("Fresh");
    for (let minute = 0; minute < 3; minute += 1) {
      const { pull } = await company.sync("due");
      expect(pull.quota).toMatchObject({ mode: "flags", until: null });
      // Ten streams at the usual pace; in the first minute an ordinary read of five finds out, and the other five follow.
      expect(pull.apiCalls).toBe(2);
      await company.clock({ advanceSeconds: 60 });
    }
    expect(await leadNow(lead)).toMatchObject({ Ripeline_Clock__c: "open" });
    expect(said(warn, /only flags on records/)).toBe(1);
    expect(said(info, /calls are there again/)).toBe(0);

    await set("automation", { otherClients: null });
    await set("faults", { apiRequestsUsedByOthers: 0 });
    await company.clock({ advanceSeconds: 60 });
    // The flags' own answers tell that the calls are there again.
    await company.sync("due");
    await company.clock({ advanceSeconds: 60 });
    expect((await company.sync("due")).pull.quota).toBe(null);
    await company.clock({ advanceSeconds: 60 });
    await company.sync("due");
    expect(said(warn, /only flags on records/)).toBe(1);
    expect(said(info, /calls are there again/)).toBe(1);
  });
});
