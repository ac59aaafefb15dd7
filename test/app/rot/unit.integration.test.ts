import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readUnit } from "../../../src/app/rot/unit.ts";
import { acknowledge, FLAG_KEY, pinPortal } from "../../support/flag-portal.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { PORTAL, putPortal, relaxPortal } from "../../writeback/portal-rows.ts";

const key = { workspaceId: PORTAL.workspace.id, connectionId: PORTAL.connectionId };
const at = new Date("2026-03-31T12:00:00Z");

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
  await relaxPortal(store.database);
});
beforeEach(() => store.empty());
afterAll(() => store.close());

test("the record that carries a clock is the last compute's unit", async () => {
  await putPortal(store.database, "leads", at);
  expect(await readUnit(store.database, key)).toBe("leads");
  await putPortal(store.database, "contacts", at);
  expect(await readUnit(store.database, key)).toBe("contacts");
});

test("what an earlier unit left on leads decides nothing", async () => {
  await pinPortal(store.database);
  await acknowledge(store.database, "leads", [{ key: "7000", fields: {} }]);
  expect(await readUnit(store.database, FLAG_KEY)).toBe("contacts");
});
