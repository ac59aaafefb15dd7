import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkH01,
  checkH02,
  checkH07,
  checkH10,
  checkH14First,
  checkH14Second,
  checkH18,
} from "./hostile/checks.ts";
import { type HostileCase, type HostileWorld, openHostileWorld } from "./hostile/hostile-org.ts";
import type { AfterStep } from "./hostile/read-after.ts";
import { recordId } from "./hostile/read-records.ts";

/**
 * Six cases of hostile.md in one org, in a minute: refusals of a rule, robot owners, conversions, money, late rows and
 * sharing. What they share is checked too: a write log of ours alone, and no secret anywhere. All cases: `npm run
 * test:hostile`.
 */
describe("a short form of the hostile company", { shuffle: false }, () => {
  let world: HostileWorld;
  let company: HostileCase;
  let first: AfterStep;
  let second: AfterStep;
  let third: AfterStep;

  beforeAll(async () => {
    world = await openHostileWorld();
    company = await world.open("H01+H02+H07+H10+H14+H18");
    const rule = {
      object: "Lead",
      name: "H01",
      formula: 'AND(NOT(ISNEW()), ISPICKVAL(LeadSource, "H01"), ISPICKVAL(Industry, ""))',
      message: "H01: Industry is required",
      field: "Industry",
    };
    await company.control("automation", { salesforce: { validationRules: [rule] } });
    const refusal = {
      statusCode: "INSUFFICIENT_ACCESS_OR_READONLY",
      message: "insufficient access rights on object id",
      fields: [],
    };
    company.configure({
      validate: ({ id, before }) => (before !== undefined && id === recordId("lead:H18-b") ? [refusal] : []),
    });
    first = await company.step(1);
    second = await company.step(2, { at: "2026-06-15T12:05:00Z", of: "H14" });
    third = await company.step(3, { at: "2026-06-15T12:05:00Z", loads: false });
  });
  afterAll(() => world.close());

  test("H01 7% of old leads refused by a validation rule, their neighbours written", () => {
    checkH01(first);
    expect.soft(first.refused("quarantined")).toBe(7 + 1);
    expect.soft(first.statusText).toContain("H01: Industry is required");
  });

  test("H02 three robot owners, two inactive reps", () => {
    expect.hasAssertions();
    checkH02(first);
  });

  test("H07 converted into an existing contact, a person account, a contact without account", () => {
    expect.hasAssertions();
    checkH07(first);
  });

  test("H10 opportunities without role, without amount, reopened, negative", () => {
    expect.hasAssertions();
    checkH10(first);
  });

  test("H14 rows that become visible late; read again at the same clock, nothing is written", () => {
    checkH14First(first);
    checkH14Second(second);
    for (const [object, pushed] of Object.entries(third.sync?.pushed ?? {})) {
      expect.soft(pushed, object).toMatchObject({ changed: 0, written: 0 });
    }
    expect.soft(third.newWrites).toEqual([]);
  });

  test("H18 sharing that hides leads and activities and forbids a write", () => {
    expect.hasAssertions();
    checkH18(first);
  });

  test("nothing but ours is written, and nothing secret is said", async () => {
    await company.close();
    const { writes, foreignNames, leaks } = world.wholeRun();
    expect(writes).toBeGreaterThanOrEqual(1_000);
    expect(foreignNames).toEqual([]);
    expect(leaks).toEqual([]);
  });

  test("an address that stands in a log is found", async () => {
    const [user] = await company.records("User");
    const planted = await world.open("H04");
    planted.app.log.warn({ user: String(user?.["Email"]).toUpperCase() }, "planted");
    await planted.close();
    expect(world.wholeRun().leaks).toEqual(["H04, log: the address of a User"]);
  });
});
