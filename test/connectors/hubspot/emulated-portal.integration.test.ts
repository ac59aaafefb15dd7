import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import { type LaunchedEmulator, launchEmulator } from "../../../src/cli/launch-emulator.ts";
import type { OpenReadingConnection } from "../../../src/core/ports.ts";
import { sql } from "../../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { sync } from "./portal-mirror.ts";

/** The connector and the emulated portal were written apart, each from the vendor's documentation: here they meet. */
let launched: LaunchedEmulator;
let store: TestDatabase;
let connection: OpenReadingConnection;

beforeAll(async () => {
  launched = await launchEmulator({ port: 0, leads: 60, hasHubSpot: true });
  const { hubspot } = launched.emulator.ready;
  store = await openTestDatabase();
  connection = await connectHubspot({
    baseUrl: hubspot.baseUrl,
    accessToken: hubspot.accessToken,
    log: silentLog,
  });
});
afterAll(async () => {
  await connection.close();
  await launched.emulator.close();
  await store.close();
});

/** Ids of the portal's records, past every API. */
async function idsOf(type: string): Promise<readonly string[]> {
  const answer = await fetch(`${launched.emulator.ready.control}/records/hubspot/${type}`);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => z.looseObject({ id: z.string() }).parse(JSON.parse(line)).id).toSorted();
}

async function mirrored(table: string): Promise<readonly string[]> {
  const rows = await store.database.any(
    z.object({ id: z.string() }),
    sql`select id from mirror.${sql.identifier([table])} where valid_to is null order by id collate "C"`,
  );
  return rows.map(({ id }) => id);
}

test("every stream is read to its end, every record once, and a second read brings nothing new", async () => {
  const names = hubspotStreams.map(({ name }) => name);
  const outcomes = await sync(store.database, connection, names);
  expect(outcomes.map(({ stream }) => stream).toSorted()).toEqual(names.toSorted());
  const types = [
    ["contacts", "hubspot_contact"],
    ["companies", "hubspot_company"],
    ["deals", "hubspot_deal"],
    ["leads", "hubspot_lead"],
    ["calls", "hubspot_call"],
    ["emails", "hubspot_email"],
    ["meetings", "hubspot_meeting"],
    ["tasks", "hubspot_task"],
  ] as const;
  for (const [type, table] of types) {
    const ids = await idsOf(type);
    expect(ids.length, type).toBeGreaterThan(0);
    expect(await mirrored(table), type).toEqual(ids);
  }
  const versions = await store.database.one(
    z.object({ rows: z.number() }),
    sql`select count(*) as rows from mirror.hubspot_contact`,
  );
  await sync(store.database, connection, names);
  expect(
    await store.database.one(
      z.object({ rows: z.number() }),
      sql`select count(*) as rows from mirror.hubspot_contact`,
    ),
  ).toEqual(versions);
});
