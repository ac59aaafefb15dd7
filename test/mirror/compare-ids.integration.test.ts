import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { sql } from "../../src/database/sql.ts";
import { compareIds, type IdList, idTable, startIdList } from "../../src/mirror/compare-ids.ts";
import { mirrorRows, recordId } from "../support/mirror-rows.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

const key = { workspaceId: "w", connectionId: "sf" };
const asked = new Date("2026-06-02T00:00:00Z");

const stream = salesforceStreams.find(({ object }) => object === "Lead");
if (stream === undefined) throw new Error("no stream of leads");
const { fields } = stream;
const list: IdList = {
  stream,
  fields,
  cursor: "SystemModstamp",
  hasDeleted: true,
  deltaSince: new Date("2026-06-01T00:00:00Z"),
  request: {
    stream,
    fields: fields.filter(({ name }) => ["Id", "IsDeleted", "SystemModstamp"].includes(name)),
    since: null,
    resume: null,
  },
};

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
});
afterAll(() => store.close());

/** Leads a, b and c are in the mirror; the CRM lists what `lines` names, in as many rows. */
async function compared(names: readonly string[], expectedIds: number) {
  await startIdList(store.database, key, list);
  for (const name of names) {
    await store.database.execute(sql`
      insert into staging.${sql.identifier([idTable(list.stream, key)])} (id, isdeleted, systemmodstamp)
      values (${recordId("lead", name)}, 'false', '2026-05-01T00:00:00Z')`);
  }
  return compareIds(store.database, key, list, { queriedAt: asked, expectedIds, mayClose: () => true });
}

async function current(): Promise<readonly string[]> {
  const rows = await store.database.any(
    z.object({ id: z.string() }),
    sql`select id from mirror.salesforce_lead where valid_to is null and isdeleted is not true order by id`,
  );
  return rows.map(({ id }) => id);
}

describe("a list of ids", () => {
  const ids = ["a", "b", "c"].map((name) => recordId("lead", name));
  beforeEach(async () => {
    await store.empty();
    const rows = mirrorRows(store.database);
    const owner = await rows.user("Ann");
    for (const name of ["a", "b", "c"]) {
      await rows.lead(name, {
        owner,
        created: "2026-05-01T00:00:00Z",
        systemmodstamp: "2026-05-01T00:00:00Z",
      });
    }
  });

  test("that is shorter than the CRM counted closes nothing, and asks for nothing", async () => {
    expect(await compared(["a", "d"], 3)).toMatchObject({
      listed: 2,
      mirrored: 3,
      closed: 0,
      vanished: 0,
      missed: 0,
      isComplete: false,
    });
    expect(await current()).toEqual(ids);
  });

  test("that came to nothing after a crash closes nothing", async () => {
    expect(await compared([], 3)).toMatchObject({ closed: 0, isComplete: false });
    expect(await current()).toEqual(ids);
  });

  test("in which an id stands twice is as long as its distinct ids", async () => {
    expect(await compared(["a", "a", "b"], 3)).toMatchObject({ closed: 0, isComplete: false });
    expect(await compared(["a", "a", "b", "c"], 3)).toMatchObject({
      listed: 3,
      vanished: 0,
      isComplete: true,
    });
    expect(await current()).toEqual(ids);
  });

  test("that is whole closes what it lacks and keeps what the mirror lacks to be read", async () => {
    expect(await compared(["a", "b", "d"], 3)).toMatchObject({
      vanished: 1,
      closed: 1,
      missed: 1,
      isComplete: true,
    });
    expect(await current()).toEqual(ids.slice(0, 2));
  });
});
