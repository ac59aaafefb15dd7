import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { AuthError, PermissionError } from "../../src/core/errors.ts";
import type { Connection } from "../../src/core/ports.ts";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import type { Check } from "../../src/provision/check.ts";
import { doctor } from "../../src/provision/doctor.ts";
import { mirrorRows } from "../support/mirror-rows.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { fakeConnection } from "../writeback/fake-connection.ts";
import { SETTINGS } from "../writeback/sample-settings.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(() => store.empty());
afterAll(() => store.close());

/** The workspace that `mirrorRows` fills. */
const settings: Settings = {
  ...SETTINGS,
  workspace: { ...SETTINGS.workspace, id: "w" },
  connectionId: "sf",
};

async function checks(
  connect: () => Promise<Connection>,
  of: Settings = settings,
): Promise<readonly Check[]> {
  return (await doctor({ db: store.database, settings: of, settingsFile: null, connect })).checks;
}

test("a refused sign-in is one check, with the next step", async () => {
  const found = await checks(() => Promise.reject(new AuthError("salesforce", "invalid_grant")));
  const failed = found.filter((check) => check.level === "fail");
  expect(failed).toMatchObject([{ name: "sign-in", found: "invalid_grant" }]);
  expect(failed[0]?.next).toContain("ripeline doctor");
});

test("what fails behind the sign-in is not called a failed sign-in", async () => {
  const connection = {
    ...fakeConnection({}),
    facts: () => Promise.reject(new PermissionError("salesforce", "API_DISABLED")),
  };
  const found = await checks(() => Promise.resolve(connection));
  expect(found.map(({ name, level }) => `${name} ${level}`)).toEqual([
    "Node ok",
    "settings ok",
    "store ok",
    "sign-in ok",
    "permissions fail",
  ]);
});

test("private objects without View All are told, and so is an org that does not say", async () => {
  const sharing = async (hidden: readonly string[] | null) => {
    const connection = { ...fakeConnection({}), hiddenBySharing: () => Promise.resolve(hidden) };
    return (await checks(() => Promise.resolve(connection))).find(({ name }) => name === "sharing");
  };
  expect(await sharing([])).toMatchObject({ level: "ok" });
  const told = await sharing(["Lead", "Account"]);
  expect(told?.level).toBe("warn");
  expect(told?.found).toMatch(/records of Lead, Account from this user/);
  expect(told?.next).toContain("View All");
  expect((await sharing(null))?.next).toContain("View Setup and Configuration");
});

test("holidays that close several calendars are told where a policy goes by one of them", async () => {
  const rows = mirrorRows(store.database);
  await rows.row("salesforce_business_hours", { id: "01m000000000001AAA", name: "Munich", isactive: true });
  await rows.row("salesforce_business_hours", { id: "01m000000000002AAA", name: "Boston", isactive: true });
  await rows.row("salesforce_holiday", { id: "0C0000000000001AAA", name: "Epiphany" });
  const onHours = {
    ...settings,
    rot: {
      ...settings.rot,
      policies: [{ name: "office", match: {}, expiryHours: 8, calendar: "Munich" }],
    },
  };
  const connect = () => Promise.resolve(fakeConnection({}));
  const holidays = async (of: Settings) =>
    (await checks(connect, of)).find(({ name }) => name === "holidays");
  const told = await holidays(onHours);
  expect(told?.level).toBe("warn");
  expect(told?.found).toMatch(/each of the org's 1 holidays closes all 2 business hours.*: office$/);
  expect(told?.next).toContain("rot.calendars");
  expect(await holidays(settings)).toBeUndefined();
  await store.database.execute(
    sql`update mirror.salesforce_business_hours set isactive = false where name = 'Boston'`,
  );
  expect(await holidays(onHours)).toBeUndefined();
});
