import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { type App, openApp } from "../../../src/app.ts";
import type { OperationContext } from "../../../src/cli/operation.ts";
import { cyclesOf } from "../../../src/cli/runtime.ts";
import type { CycleResult } from "../../../src/core/cycle.ts";
import type { Settings } from "../../../src/core/settings.ts";
import { createEmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";
import { startEmulator } from "../../../src/emulator/server/start-emulator.ts";
import { createFakeOrg } from "../../emulator/salesforce/wire/fake-org.ts";
import { createServerDatabase, prepareDataDirectory } from "../../support/test-database.ts";
import { type AfterStep, readAfter } from "../hostile/read-after.ts";
import { Writes } from "../hostile/write-log.ts";
import { type ApiCall, type PortalRow, resolved, stepOf } from "./read-records.ts";

/** Of every case unless it says otherwise. */
const START_FROM = "2026-01-01T00:00:00Z";
export const NOON = "2026-06-15T12:00:00Z";

/** Types whose records the pages' lines name; an id of the page belongs to one of them only. */
const CHECKED = ["contacts", "leads", "deals"] as const;

const silence = (): undefined => undefined;

export interface PortalStepOptions {
  /** Emulated instant of this step. */
  readonly at?: string;
  /** Nothing of the page is loaded or sent. */
  readonly loads?: boolean;
  /** Around the sync: the night's comparison of ids and its sweep. */
  readonly isNight?: boolean;
}

export interface PortalCaseOptions {
  readonly settings?: (settings: Settings) => Settings;
  /** Ranges of `n` to load in place of the page's, where a smaller number is alike. */
  readonly repeats?: Readonly<Record<string, string>>;
}

export interface PortalStep extends AfterStep {
  /** Searches of contacts in this step's sync, by the portal's own count. */
  readonly contactSearches: number;
  /** As `AfterStep.lead`, for contacts, leads and deals by their symbols; a property of a record is text, blank is null. */
  record(symbols: string | readonly string[], properties: Readonly<Record<string, unknown>>): void;
  /** No property of ours stands on these records. */
  untouched(symbols: readonly string[]): void;
}

/** One portal and one empty store. */
export interface HostilePortal {
  readonly app: App;
  /** Sets the clock, loads and sends what the page has for the step, runs one `sync --all` and reads all there is to check. */
  step(step: number, options?: PortalStepOptions): Promise<PortalStep>;
  records(type: string): Promise<readonly PortalRecord[]>;
  close(): Promise<void>;
}

const PortalRecord = z.looseObject({
  id: z.string(),
  properties: z.record(z.string(), z.string()),
  archived: z.boolean(),
});
type PortalRecord = z.infer<typeof PortalRecord>;

const Requests = z.looseObject({ writes: Writes });

/** Meets every search of contacts and does nothing to it that anybody reads: what it met is their number. */
const COUNTED_SEARCH = {
  crm: "hubspot",
  operation: "objects/search",
  object: "contacts",
  times: null,
  setHeaders: { "x-counted": "1" },
};
const Counted = z.looseObject({ faults: z.tuple([z.looseObject({ met: z.number() })]) });

/** What the portal had seen before a sync. */
interface Before {
  readonly writes: number;
  readonly searches: number;
}

/** Opens an emulated portal with the base of hostile-hubspot.md and a store of its own; `close` ends both. */
export async function openHostilePortal(
  name: string,
  { settings: adjust = (each) => each, repeats = {} }: PortalCaseOptions = {},
): Promise<HostilePortal> {
  const folder = await mkdtemp(join(tmpdir(), "ripeline-hostile-hubspot-"));
  const clock = createEmulatorClock(new Date(NOON), { stopped: true });
  const mishaps: unknown[] = [];
  const onMishap = (error: unknown): void => {
    mishaps.push(error);
  };
  const emulator = await startEmulator({ port: 0, org: createFakeOrg(clock), clock, onMishap });
  const { hubspot, control } = emulator.ready;
  const send = async (path: string, body: unknown): Promise<void> => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await expectOk(path, await fetch(`${control}/${path}`, { method: "POST", body: text }));
  };
  const callApi = async ({ method, path, body }: ApiCall): Promise<void> => {
    const headers = { authorization: `Bearer ${hubspot.accessToken}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    await expectOk(`${method} ${path}`, await fetch(hubspot.baseUrl + path, { method, headers, ...sent }));
  };
  const writesSoFar = async (): Promise<z.infer<typeof Writes>> =>
    Requests.parse(await (await fetch(`${control}/requests`)).json()).writes;
  const searchesSoFar = async (): Promise<number> =>
    Counted.parse(await (await fetch(`${control}/faults`)).json()).faults[0].met;
  const records = async (type: string): Promise<readonly PortalRecord[]> => {
    const text = await (await fetch(`${control}/records/hubspot/${type}`)).text();
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => PortalRecord.parse(JSON.parse(line)));
  };
  const load = async (rows: readonly PortalRow[]): Promise<void> => {
    for (const { type, lines } of inRuns(rows)) await send(`load/hubspot/${type}`, lines.join("\n"));
  };

  await send("faults", { hubspot: { searchIndexLagSeconds: 0 }, faults: [COUNTED_SEARCH] });
  const server = process.env["TEST_DATABASE_URL"] ?? "";
  const postgres = server === "" ? undefined : await createServerDatabase(server);
  if (postgres === undefined) await prepareDataDirectory(folder);
  const opened = await openApp({
    variables: {
      HUBSPOT_BASE_URL: hubspot.baseUrl,
      HUBSPOT_ACCESS_TOKEN: hubspot.accessToken,
      RIPELINE_DATA_DIR: folder,
      RIPELINE_LOG_LEVEL: "silent",
      ...(postgres === undefined ? {} : { DATABASE_URL: postgres.url }),
    },
    adjust: (settings) => adjust({ ...settings, rot: { ...settings.rot, startFrom: START_FROM } }),
  });
  if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
  const { app } = opened;
  const cycles = cyclesOf(app);
  const context: OperationContext = {
    app,
    onProgress: silence,
    runCycle: (request, report) => cycles.run(request, report),
    schedules: () => cycles.schedules(),
  };
  const known = new Set<string>();
  let isApplied = false;

  /** One `sync --all`; where somebody changes the portal between pull and push, its steps one by one. */
  const sync = async (beforePush: readonly ApiCall[]): Promise<CycleResult> => {
    if (beforePush.length === 0) return cycles.run({ streams: "all", classes: "all" }, silence);
    const pull = await app.pull("all", silence);
    for (const call of beforePush) await callApi(call);
    const asOf = new Date(pull.asOf);
    const compute = await app.compute(asOf, silence);
    const push = await app.push("all", asOf, silence, { pulled: pull.connections });
    return { pull, compute, push };
  };
  const look = async (at: string, result: CycleResult, before: Before): Promise<PortalStep> => {
    const [writes, searches] = [await writesSoFar(), await searchesSoFar()];
    const dumps = await Promise.all(CHECKED.map(records));
    const found = dumps.flat().map(({ id, properties }) => ({ Id: id, ...properties }));
    const newWrites = writes.slice(before.writes);
    const seen = { app, context, at, sync: result, leads: found, writes, newWrites, resolve: resolved };
    return withRecords(await readAfter(seen), searches - before.searches);
  };
  return {
    app,
    records,
    step: async (step, { at = NOON, loads = true, isNight = false } = {}) => {
      await send("clock", { now: at, stopped: true });
      const given = loads ? stepOf(name, step, { known, repeats }) : undefined;
      await load(given?.rows ?? []);
      for (const { path, body } of given?.control ?? []) await send(path, body);
      for (const call of given?.api ?? []) await callApi(call);
      if (!isApplied) await app.apply({ checkOnly: false });
      isApplied = true;
      const before = { writes: (await writesSoFar()).length, searches: await searchesSoFar() };
      if (isNight) await app.reconcileInTurn({ acceptVanished: false });
      const result = await sync(given?.beforePush ?? []);
      if (isNight) await app.sweep();
      return look(at, result, before);
    },
    close: async () => {
      await cycles.close();
      await app.close();
      await emulator.close();
      await postgres?.drop();
      await rm(folder, { recursive: true, force: true });
      if (mishaps.length > 0) throw new AggregateError(mishaps, "the emulator made mistakes of its own");
    },
  };
}

async function expectOk(what: string, response: Response): Promise<void> {
  if (!response.ok) throw new Error(`${what} was refused: ${response.status} ${await response.text()}`);
}

function withRecords(after: AfterStep, contactSearches: number): PortalStep {
  const untouched = (symbols: readonly string[]): void => {
    for (const symbol of symbols) {
      const row = after.leads.get(resolved(symbol));
      expect.soft(row, `${symbol} is in the portal`).toBeDefined();
      const ours = Object.keys(row ?? {}).filter((property) => property.startsWith("ripeline_"));
      expect.soft(ours, symbol).toEqual([]);
    }
  };
  return {
    ...after,
    contactSearches,
    record: (...args: Parameters<typeof after.lead>) => after.lead(...args),
    untouched,
  };
}

/** Neighbours of one type, to be loaded with one call in the page's order. */
function inRuns(
  rows: readonly PortalRow[],
): readonly { readonly type: string; readonly lines: readonly string[] }[] {
  const runs: { type: string; lines: string[] }[] = [];
  for (const { type, row } of rows) {
    const last = runs.at(-1);
    if (last?.type === type) last.lines.push(JSON.stringify(row));
    else runs.push({ type, lines: [JSON.stringify(row)] });
  }
  return runs;
}
