import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../src/app.ts";
import type { OperationContext } from "../../src/cli/operation.ts";
import { syncOperation } from "../../src/cli/sync.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const DAY_SECONDS = 86_400;

/** Rows that grow old, reps who may not own theirs, and a stop that somebody lifts, over the protocol. */
describe("a company whose org is kept tidy", { shuffle: false }, () => {
  let company: RunningCompany;
  const writeback: { mode: "fields"; maxPerHour: number; repMetrics: "named" | "team_only" } = {
    mode: "fields",
    maxPerHour: 100_000,
    repMetrics: "named",
  };

  beforeAll(async () => {
    company = await runCompany({
      leads: 1_000,
      months: 24,
      adjust: (settings) => ({ ...settings, writeback }),
    });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
  });
  afterAll(() => company.close());

  async function values(soql: string, field: string): Promise<readonly unknown[]> {
    return (await company.query(soql)).map((row) => row[field]);
  }

  async function tooOld(): Promise<Readonly<Record<string, number>>> {
    const count = async (where: string): Promise<number> =>
      (await company.query(`SELECT Id FROM ${where} LIMIT 2000`)).length;
    return {
      days: await count(
        "Ripeline_Metric__c WHERE Ripeline_Period_Type__c = 'day' AND Ripeline_Period_Start__c = 2026-06-01",
      ),
      months: await count(
        "Ripeline_Metric__c WHERE Ripeline_Period_Type__c = 'month' AND Ripeline_Period_Start__c < 2025-08-01",
      ),
      handoffs: await count("Ripeline_Handoff__c WHERE Ripeline_Ended_At__c <= 2026-06-10T08:00:00Z"),
    };
  }

  async function deletions(): Promise<readonly { readonly object: string; readonly operation: string }[]> {
    const { writes = [] } = await company.requests();
    return writes.filter((write) => write.operation.endsWith("DELETE"));
  }

  function lock(lockedIds: readonly unknown[]): Promise<Response> {
    const body = JSON.stringify({ salesforce: { org: { lockedIds } } });
    const headers = { "content-type": "application/json" };
    return company.control("faults", { method: "POST", headers, body });
  }

  test("rows beyond their retention are deleted once a night, at a thousand a call; a locked one the night after", async () => {
    await company.sync();
    await company.clock({ now: "2026-06-02T08:00:00Z" });
    await company.sync();
    const before = await tooOld();
    expect(
      Object.values(before).every((count) => count > 20),
      JSON.stringify(before),
    ).toBe(true);
    expect(await deletions()).toEqual([]);

    // 404 days later: 13 months less, it is 10 June 2026; 24 months of rows begin with August 2025.
    await company.clock({ now: "2027-07-10T08:00:00Z" });
    const [locked] = await values(
      "SELECT Id FROM Ripeline_Metric__c WHERE Ripeline_Period_Type__c = 'month' AND Ripeline_Period_Start__c < 2025-08-01 LIMIT 1",
      "Id",
    );
    expect((await lock([locked])).status).toBe(200);
    const { push } = await company.sync();
    const rows = push.removed["salesforce.Ripeline_Metric__c"];
    const handoffs = push.removed["salesforce.Ripeline_Handoff__c"];
    expect(rows).toMatchObject({ refused: 1, deferred: 0 });
    expect(handoffs).toMatchObject({ refused: 0, deferred: 0 });
    expect(rows?.calls).toBe(Math.ceil((rows?.due ?? 0) / 1_000));
    expect(handoffs?.calls).toBe(Math.ceil((handoffs?.due ?? 0) / 1_000));
    const deleted = await deletions();
    expect(deleted).toHaveLength((rows?.removed ?? 0) + (handoffs?.removed ?? 0));
    expect(new Set(deleted.map((write) => write.object))).toEqual(
      new Set(["Ripeline_Handoff__c", "Ripeline_Metric__c"]),
    );

    expect(await tooOld()).toEqual({ days: 0, months: 1, handoffs: 0 });
    const days = await values(
      "SELECT Ripeline_Period_Start__c FROM Ripeline_Metric__c WHERE Ripeline_Period_Type__c = 'day'",
      "Ripeline_Period_Start__c",
    );
    // The last day we have of June stands for its end.
    expect(new Set(days)).toEqual(new Set(["2026-06-02", "2027-07-10"]));
    expect((await company.app.status()).sweep?.waiting).toMatchObject([
      { object: "Ripeline_Metric__c", reason: "retention", rows: 1, refusal: { code: "UNABLE_TO_LOCK_ROW" } },
    ]);

    // The same day nothing is due: nothing is deleted, nothing comes back, no call is made for it.
    const idle = await company.requests();
    const again = await company.sync();
    expect(again.push.removed).toEqual({});
    expect((await company.requests()).salesforce.metered - idle.salesforce.metered).toBe(
      again.pull.apiCalls + again.push.apiCalls,
    );
    expect(again.push.apiCalls).toBe(0);
    expect((await deletions()).length).toBe(deleted.length);

    await lock([]);
    await company.clock({ advanceSeconds: DAY_SECONDS });
    const night = await company.app.sweep();
    expect(night).toMatchObject({
      apiCalls: 1,
      removed: { "salesforce.Ripeline_Metric__c": { due: 1, removed: 1 } },
    });
    expect(await tooOld()).toEqual({ days: 0, months: 0, handoffs: 0 });
    expect((await company.app.sweep()).apiCalls).toBe(0);
  });

  test("reps who may not read the object do not own their rows, until they may and apply has run", async () => {
    await company.sync();
    const { withheldOwners } = await company.app.status();
    expect(withheldOwners).toMatchObject([{ code: "TRANSFER_REQUIRES_READ", object: "Ripeline_Metric__c" }]);
    const users = withheldOwners[0]?.ownerIds ?? [];
    expect(users.length).toBeGreaterThan(1);
    const { checks } = await company.app.doctor();
    const check = checks.find(({ name }) => name === "owners of rep rows");
    expect(check).toMatchObject({ level: "warn" });
    expect(check?.next).toContain("Ripeline Reader");

    const [reader] = await values("SELECT Id FROM PermissionSet WHERE Name = 'Ripeline_Reader'", "Id");
    for (const user of users) {
      const body = JSON.stringify({ AssigneeId: user, PermissionSetId: reader });
      expect((await company.rest("sobjects/PermissionSetAssignment", { method: "POST", body })).status).toBe(
        201,
      );
    }
    // The day is not over: only apply has it tried at once.
    await company.sync();
    expect((await company.app.status()).withheldOwners).toHaveLength(1);
    await company.app.apply({ checkOnly: false });
    await company.sync();
    expect((await company.app.status()).withheldOwners).toEqual([]);
    const owned = await company.query(
      "SELECT OwnerId, Ripeline_Rep__c FROM Ripeline_Metric__c WHERE Ripeline_Row_Type__c = 'rep' AND Ripeline_Period_Type__c = 'lifetime'",
    );
    expect(owned.length).toBeGreaterThan(users.length);
    expect(
      owned.filter(
        (row) => users.includes(String(row["Ripeline_Rep__c"])) && row["OwnerId"] !== row["Ripeline_Rep__c"],
      ),
    ).toEqual([]);
  });

  test("team_only takes the rows with names of reps back at the next sync", async () => {
    const reps = "SELECT Id FROM Ripeline_Metric__c WHERE Ripeline_Row_Type__c = 'rep'";
    expect((await company.query(reps)).length).toBeGreaterThan(50);
    writeback.repMetrics = "team_only";
    await company.sync();
    expect(await company.query(reps)).toEqual([]);
    const before = await company.requests();
    await company.sync();
    expect((await company.requests()).writes?.length).toBe(before.writes?.length);
  });
});

describe("an owner that our own user moved", () => {
  let company: RunningCompany;
  beforeAll(async () => {
    company = await runCompany({
      leads: 60,
      months: 1,
    });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
  });
  afterAll(() => company.close());

  test("stops lead writes until sync --resume-lead-writes", async () => {
    await company.sync();
    const [lead] = await company.query(
      "SELECT Id, LastModifiedById FROM Lead WHERE Ripeline_Clock__c = 'open' LIMIT 1",
    );
    const id = String(lead?.["Id"]);
    await company.clock({ advanceSeconds: 120 });
    const history = {
      Id: "017900000000001",
      LeadId: id,
      Field: "ownerAssignment",
      CreatedById: lead?.["LastModifiedById"],
      CreatedDate: "2026-06-01T08:01:30Z",
    };
    const loaded = await company.control("load/salesforce/LeadHistory", {
      method: "POST",
      body: JSON.stringify(history),
    });
    expect(loaded.status, await loaded.clone().text()).toBe(200);
    await company.sync();
    expect((await company.app.status()).leadWritesStopped).toMatchObject({ leads: 1, leadIds: [id] });

    expect((await company.app.doctor()).checks).toContainEqual(
      expect.objectContaining({ name: "lead writes", level: "fail" }),
    );

    // A change of leads waits: the box that people tick ends the clock.
    const ticked = await company.rest(`sobjects/Lead/${id}`, {
      method: "PATCH",
      headers: { "Sforce-Auto-Assign": "FALSE" },
      body: JSON.stringify({ Ripeline_Exclude__c: true }),
    });
    expect(ticked.status).toBe(204);
    const clock = async (): Promise<unknown> =>
      (await company.query(`SELECT Ripeline_Clock__c FROM Lead WHERE Id = '${id}'`))[0]?.[
        "Ripeline_Clock__c"
      ];
    await company.clock({ advanceSeconds: 120 });
    const runCycle: OperationContext["runCycle"] = (request, report) => company.cycles.run(request, report);
    const context = {
      app: company.app,
      runCycle,
      onProgress: () => undefined,
      schedules: () => company.cycles.schedules(),
    };
    const waiting = await syncOperation.run(context, { all: true });
    expect(waiting.text).toMatch(/^STOPPED: lead writes have stopped since/);
    expect(await clock()).toBe("open");

    await company.clock({ advanceSeconds: 120 });
    const resumed = await syncOperation.run(context, { all: true, resumeLeadWrites: true });
    expect(resumed.text).toMatch(/^Lead writes resumed/);
    expect(await clock()).toBeNull();
    expect((await company.app.status()).leadWritesStopped).toBeNull();
  });
});

describe("plan before the first sync", { shuffle: false }, () => {
  let company: RunningCompany;
  beforeAll(async () => {
    company = await runCompany({ leads: 1_000, months: 24 });
  });
  afterAll(() => company.close());

  test("predicts, from the org's own counts, no less than what comes and no more than four times as much", async () => {
    const before = await company.app.plan();
    expect([before.rowsFrom, before.notCounted]).toEqual(["org", []]);
    await company.app.apply({ checkOnly: false });
    const { push } = await company.sync();
    const after = await company.app.plan();
    expect(after.rowsFrom).toBe("store");
    const predicted = (plan: Plan, object: string) => plan.rows.find((row) => row.object === object);
    for (const object of ["Ripeline_Handoff__c", "Ripeline_Metric__c"]) {
      const written = push.objects[`salesforce.${object}`]?.written ?? 0;
      expect(written).toBeGreaterThan(500);
      const first = predicted(before, object)?.rowsFirst ?? 0;
      expect([first >= written, first <= 4 * written], `${object}: ${first}, ${written} came`).toEqual([
        true,
        true,
      ]);
      const [steady = 0, steadyAfter = 0] = [before, after].map(
        (plan) => predicted(plan, object)?.rowsSteady,
      );
      expect([steady >= steadyAfter, steady <= 4 * steadyAfter], `${steady}, ${steadyAfter}`).toEqual([
        true,
        true,
      ]);
    }
    expect(
      before.calls.firstWrites.find((write) => write.object === "Ripeline_Metric__c")?.calls,
    ).toBeGreaterThanOrEqual(push.objects["salesforce.Ripeline_Metric__c"]?.calls ?? 0);
    // What our records take already is no less for us.
    expect(after.storage.megabytesFree).toBeGreaterThanOrEqual((before.storage.megabytesFree ?? 0) - 1);
  });

  test("refuses in an org that is nearly full, and derives a slower cadence from a small quota", async () => {
    const small = { dailyApiRequests: 15_000 };
    const limits = {
      operation: "limits",
      times: null,
      answer: {
        status: 200,
        body: {
          DataStorageMB: { Max: 5, Remaining: 4 },
          DailyApiRequests: { Max: 15_000, Remaining: 14_000 },
        },
      },
    };
    await company.control("faults", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ salesforce: small, faults: [limits] }),
    });
    const { refusals, calls } = await company.app.plan();
    expect(refusals).toMatchObject([expect.stringContaining("MB free (over 5%)")]);
    expect(calls.dailyLimit).toBe(15_000);
    expect(calls.cadence.minutes.fast).toBeGreaterThan(1);
    expect(calls.callsPerDay).toBeLessThanOrEqual(750);
    await expect(company.app.apply({ checkOnly: false })).rejects.toThrow(ConfigError);
  });
});

describe("apply", { shuffle: false }, () => {
  let company: RunningCompany;
  beforeAll(async () => {
    company = await runCompany({ leads: 20 });
  });
  afterAll(() => company.close());

  test("gives the permission set to the user it is told, and changes nothing for one that is not there", async () => {
    const set = "SELECT Id FROM PermissionSet WHERE Name = 'Ripeline'";
    await expect(company.app.apply({ checkOnly: false, assignTo: "nobody@acme.example" })).rejects.toThrow(
      ConfigError,
    );
    expect(await company.query(set)).toEqual([]);

    const [user] = await company.query(
      "SELECT Id, Username FROM User WHERE IsActive = true AND UserType = 'Standard' AND UserRoleId != null LIMIT 1",
    );
    const assignTo = String(user?.["Username"]);
    expect(await company.app.apply({ checkOnly: false, assignTo })).toMatchObject({ assignedTo: assignTo });
    const assigned = await company.query(
      "SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Ripeline'",
    );
    expect(assigned.map((row) => row["AssigneeId"])).toEqual([user?.["Id"]]);
  });

  test("waits for a step that is under way on the connection", async () => {
    const done: string[] = [];
    const held = Promise.withResolvers<void>();
    const step = company.app.exclusively(async () => {
      await held.promise;
      done.push("step");
    });
    const applying = company.app.apply({ checkOnly: false }).then(() => done.push("apply"));
    setTimeout(() => held.resolve(), 1_500);
    await Promise.all([step, applying]);
    expect(done).toEqual(["step", "apply"]);
  });
});
