import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { OpenReadingConnection } from "../../src/core/ports.ts";
import { sql } from "../../src/database/sql.ts";
import { readStreamStates } from "../../src/mirror/stream-state.ts";
import { syncStreams } from "../support/sync-streams.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import type { ContractCrm } from "./contract-crm.ts";
import { startHubspotCrm } from "./hubspot-crm.ts";
import { startSalesforceCrm } from "./salesforce-crm.ts";

/**
 * What every connector owes the mirror, the same cases for each. The clock stands at 2026-06-15T12:00:00Z; both look back
 * ten minutes behind their watermark.
 */
const NOON = "2026-06-15T12:00:00Z";
const EARLIER = "2026-06-15T09:00:00Z";

const Current = z.object({ id: z.string(), source: z.string().nullable() });
const Merge = z.object({ loser: z.string(), winner: z.string() });
const Count = z.object({ rows: z.number() });

describe.each([
  ["salesforce", startSalesforceCrm],
  ["hubspot", startHubspotCrm],
] as const)("a connector to %s", (_name, start) => {
  let crm: ContractCrm;
  let store: TestDatabase;

  beforeAll(async () => {
    [crm, store] = await Promise.all([start(), openTestDatabase()]);
  });
  beforeEach(async () => {
    await crm.reset();
    await crm.setClock(NOON);
    await store.empty();
  });
  afterAll(async () => {
    await crm.close();
    await store.close();
  });

  const key = () => ({ workspaceId: "w", connectionId: crm.name });
  const sync = (
    connection: OpenReadingConnection,
    more: { readonly afterPages?: number; readonly onPage?: (pages: number) => Promise<void> } = {},
  ) =>
    syncStreams(store.database, connection, crm.streams, {
      key: key(),
      secret: Buffer.from("a key of the test"),
      ...more,
    });
  /** The newest version of each person that the mirror takes for alive, by number. */
  const alive = async () => {
    const [table, source] = [sql.identifier([crm.table]), sql.identifier([crm.sourceColumn])];
    return store.database.any(
      Current,
      sql`select id, ${source} as source from mirror.${table} where valid_to is null and ${crm.isGone} is not true order by id collate "C"`,
    );
  };
  const versions = async () =>
    (
      await store.database.one(
        Count,
        sql`select count(*)::int as rows from mirror.${sql.identifier([crm.table])}`,
      )
    ).rows;
  const people = (count: number, at: string) =>
    Array.from({ length: count }, (_, index) => ({ n: index + 1, at }));
  const ids = (...numbers: readonly number[]) => numbers.map((n) => crm.idOf(n)).toSorted();

  it("restarts in the middle of its pages and ends with every row once, though all have one stamp", async () => {
    await crm.load(people(crm.manyPeople, EARLIER));
    const dying = await crm.connect();
    await expect(sync(dying, { afterPages: 1 })).rejects.toThrow("the process died");
    const kept = await versions();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(crm.manyPeople);
    const next = await crm.connect();
    await sync(next);
    expect((await alive()).length).toBe(crm.manyPeople);
    expect(await versions()).toBe(crm.manyPeople);
  });

  it("loses and doubles nothing where a whole delta has one stamp, over every edge of its pages", async () => {
    await crm.load(people(crm.manyPeople, EARLIER));
    const connection = await crm.connect();
    await sync(connection);
    const rows = people(crm.manyPeople, "2026-06-15T12:04:00Z").map((row) => ({
      ...row,
      source: crm.sources[0],
    }));
    await crm.load(rows);
    await crm.setClock("2026-06-15T12:05:00Z");
    await sync(connection);
    const now = await alive();
    expect(now.length).toBe(crm.manyPeople);
    expect(new Set(now.map(({ source }) => source))).toEqual(new Set([crm.sources[0]]));
    // Each person has the version of the first load and that of the second.
    expect(await versions()).toBe(2 * crm.manyPeople);
  });

  it("finds what became visible late, behind its watermark by less than the overlap", async () => {
    await crm.load([{ n: 1, at: EARLIER }]);
    const connection = await crm.connect();
    await sync(connection);
    // Stamped eight minutes before the watermark of 12:00, and not to be seen until now.
    await crm.load([{ n: 2, at: "2026-06-15T11:52:00Z" }]);
    await crm.setClock("2026-06-15T12:05:00Z");
    await sync(connection);
    expect((await alive()).map(({ id }) => id)).toEqual(ids(1, 2));
  });

  it("has a watermark after reading nothing, and finds what comes then", async () => {
    const connection = await crm.connect();
    await sync(connection);
    expect(await alive()).toEqual([]);
    const states = await readStreamStates(store.database, key());
    const dated = crm.streams
      .filter(({ cursor }) => cursor !== "none")
      .map(({ name }) => states.get(name)?.watermark);
    expect(dated).toEqual([new Date(NOON)]);
    await crm.load([{ n: 1, at: "2026-06-15T12:01:00Z" }]);
    await crm.setClock("2026-06-15T12:05:00Z");
    await sync(connection);
    expect((await alive()).map(({ id }) => id)).toEqual(ids(1));
  });

  it("renews its token in the middle of its pages, once, and loses nothing", async () => {
    await crm.load(people(crm.manyPeople, EARLIER));
    const { connection, endToken, grants } = await crm.connectRenewable();
    await sync(connection, {
      onPage: async (pages) => {
        if (pages === 1) await endToken();
      },
    });
    expect((await alive()).length).toBe(crm.manyPeople);
    expect(await grants()).toBe(crm.name === "salesforce" ? 2 : 3);
  });

  it("waits where it is refused for the number of its calls, and reads everything once", async () => {
    await crm.load(people(crm.manyPeople, EARLIER));
    for (const preset of crm.rateFaults) {
      await store.empty();
      await crm.control("faults", {
        clear: true,
        faults: [{ crm: crm.name, operation: crm.pageOperation, preset, nth: [2] }],
      });
      const waits: number[] = [];
      const connection = await crm.connect(waits);
      await sync(connection);
      expect([preset, (await alive()).length, await versions()]).toEqual([
        preset,
        crm.manyPeople,
        crm.manyPeople,
      ]);
      expect([preset, waits.length > 0]).toEqual([preset, true]);
    }
  });

  it("uses nothing of an answer that broke off, and reads it again", async () => {
    await crm.load(people(crm.manyPeople, EARLIER));
    const broken = { crm: crm.name, operation: crm.pageOperation, nth: [2], truncateAfterBytes: 2_000 };
    await crm.control("faults", { faults: [broken] });
    const connection = await crm.connect();
    await sync(connection);
    expect([(await alive()).length, await versions()]).toEqual([crm.manyPeople, crm.manyPeople]);
  });

  it("takes a cleared field for cleared", async () => {
    await crm.load([{ n: 1, at: EARLIER, source: crm.sources[1] }]);
    const connection = await crm.connect();
    await sync(connection);
    expect(await alive()).toEqual([{ id: crm.idOf(1), source: crm.sources[1] }]);
    await crm.load([{ n: 1, at: "2026-06-15T12:01:00Z", source: null }]);
    await crm.setClock("2026-06-15T12:05:00Z");
    await sync(connection);
    expect(await alive()).toEqual([{ id: crm.idOf(1), source: null }]);
  });

  it("learns that a record was deleted", async () => {
    await crm.load(people(3, EARLIER));
    const connection = await crm.connect();
    await sync(connection);
    await crm.setClock("2026-06-16T12:05:00Z");
    await crm.remove(2);
    await sync(connection);
    expect((await alive()).map(({ id }) => id)).toEqual(ids(1, 3));
  });

  it("learns that a record was merged into another", async () => {
    await crm.load(people(3, EARLIER));
    const connection = await crm.connect();
    await sync(connection);
    await crm.setClock("2026-06-16T12:05:00Z");
    await crm.merge(1, 2, "2026-06-16T12:05:00Z");
    // Past the few moments by which HubSpot's index lags.
    await crm.setClock("2026-06-16T12:06:00Z");
    await sync(connection);
    expect(await store.database.any(Merge, crm.merges)).toEqual([
      { loser: crm.idOf(2), winner: crm.idOf(1) },
    ]);
  });

  it("brings no new version where nothing has changed, at a stopped clock and a minute later", async () => {
    await crm.load(people(5, EARLIER));
    const connection = await crm.connect();
    await sync(connection);
    await sync(connection);
    await crm.setClock("2026-06-15T12:01:00Z");
    await sync(connection);
    expect([(await alive()).length, await versions()]).toEqual([5, 5]);
  });
});
