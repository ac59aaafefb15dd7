import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { resumeWrites } from "../../src/writeback/pause.ts";
import { pushTargets } from "../../src/writeback/push-targets.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { type UndoOutcome, undoRun } from "../../src/writeback/undo.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { type FakeConnection, fakeConnection } from "./fake-connection.ts";
import { insertRun, putMetric, putOpenLead, REP, relaxRun, START } from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const SCOPE = { workspaceId: "acme", connectionId: "salesforce" };
const TARGETS = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG });
const NO_READ = { code: "TRANSFER_REQUIRES_READ", message: "no Read", retryable: false };
const log = { info: () => undefined, warn: () => undefined };

let store: TestDatabase;
let crm: FakeConnection;
let isDeadly = false;
let undos = 0;

beforeAll(async () => {
  store = await openTestDatabase();
  await relaxRun(store.database);
});
afterAll(() => store.close());
beforeEach(async () => {
  isDeadly = false;
  await store.empty();
  crm = fakeConnection({});
  // Rows of reps are written in two goes.
  crm.refuse = (row) => ("OwnerId" in row.fields ? NO_READ : undefined);
  await insertRun(store.database, { asOf: START });
  await putOpenLead(store.database, 1);
  await putOpenLead(store.database, 2);
  await putMetric(store.database, { metric: "in_process", value: 7, rowType: "rep", member: REP });
  await putMetric(store.database, { metric: "in_process", value: 2, rowType: "source", member: "Web" });
  await push("run-1");
});

async function push(runId: string): Promise<number> {
  const outcome = await pushTargets({ db: store.database, connection: crm, log }, SETTINGS, TARGETS, {
    runId,
    asOf: START,
    classes: PUBLISH_CLASSES.filter((each) => each !== "status"),
  });
  return Object.values(outcome).reduce((sum, each) => sum + each.written, 0);
}

async function undo(runId: string): Promise<UndoOutcome> {
  undos += 1;
  return undoRun({ db: store.database, connection: crm, log }, SETTINGS, TARGETS, {
    runId,
    undoRunId: `undo-${undos}`,
    asOf: START,
  });
}

/** Ends the process that asks, as far as it can tell, once at each kind of call that changes something in the CRM. */
function dieOnceAtEach(when: "before the CRM did it" | "after the CRM did it"): () => readonly string[] {
  const write = crm.write.bind(crm);
  const remove = crm.remove.bind(crm);
  const died: string[] = [];
  const dying = async <Answer>(name: string, call: () => Promise<Answer>): Promise<Answer> => {
    const isFirst = isDeadly && !died.includes(name);
    if (isFirst) died.push(name);
    if (isFirst && when === "before the CRM did it") throw new Error("killed");
    const answer = await call();
    if (isFirst) throw new Error("killed");
    return answer;
  };
  crm.write = (request) => {
    const withOwner = request.rows.some(({ fields }) => "OwnerId" in fields) ? " with owners" : "";
    return dying(`write ${request.object}${withOwner}`, () => write(request));
  };
  crm.remove = (request) => dying(`remove ${request.object}`, () => remove(request));
  return () => died;
}

/** Runs the undo as often as it dies. */
async function undoInPieces(runId: string): Promise<UndoOutcome> {
  isDeadly = true;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      const outcome = await undo(runId);
      isDeadly = false;
      return outcome;
    } catch (error) {
      expect(error).toEqual(new Error("killed"));
    }
  }
  throw new Error("the undo never ended");
}

/** What stands in the CRM: blank fields are none. */
function standing(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...crm.records].map(([object, rows]) => [
      object,
      Object.fromEntries(
        [...rows].map(([key, fields]) => [
          key,
          Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== false)),
        ]),
      ),
    ]),
  );
}

const BLANK = {
  Lead: Object.fromEntries([1, 2].map((number) => [`00Q${String(number).padStart(12, "0")}AAA`, {}])),
  Ripeline_Handoff__c: {},
  Ripeline_Metric__c: {},
};

describe.each(["before the CRM did it", "after the CRM did it"] as const)("an undo that dies %s", (when) => {
  test("and is run again, at each call once, leaves what one that lived leaves", async () => {
    const written = standing();
    const died = dieOnceAtEach(when);
    const last = await undoInPieces("run-1");
    expect(died()).toEqual(["write Lead", "remove Ripeline_Handoff__c", "remove Ripeline_Metric__c"]);
    expect(last).toMatchObject({ isFinished: true, skipped: [], refused: [] });
    expect(standing()).toEqual(BLANK);
    // The ledger agrees with the CRM: all is written again, and then nothing.
    await resumeWrites(store.database, SCOPE);
    expect(await push("run-2")).toBe(6);
    expect(standing()).toEqual(written);
    expect(await push("run-3")).toBe(0);
  });

  test("and takes an undo back makes every row again, once", async () => {
    const written = standing();
    expect(await undo("run-1")).toMatchObject({ isFinished: true });
    expect(standing()).toEqual(BLANK);
    const undone = `undo-${undos}`;
    const died = dieOnceAtEach(when);
    const last = await undoInPieces(undone);
    expect(died()).toEqual([
      "write Lead",
      "write Ripeline_Handoff__c",
      "write Ripeline_Metric__c with owners",
      "write Ripeline_Metric__c",
    ]);
    expect(last).toMatchObject({ isFinished: true, skipped: [], refused: [] });
    expect(standing()).toEqual(written);
    await resumeWrites(store.database, SCOPE);
    expect(await push("run-2")).toBe(0);
  });
});
