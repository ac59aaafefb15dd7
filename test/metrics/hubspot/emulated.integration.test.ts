import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import { type LaunchedEmulator, launchEmulator } from "../../../src/cli/launch-emulator.ts";
import type { OpenReadingConnection } from "../../../src/core/ports.ts";
import { sql } from "../../../src/database/sql.ts";
import { compute } from "../../../src/metrics/compute.ts";
import { sync } from "../../connectors/hubspot/portal-mirror.ts";
import { metricsSettings } from "../../support/metrics-settings.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";

/** From an emulated portal over the connector and the mirror to numbers. */
let launched: LaunchedEmulator;
let store: TestDatabase;
let connection: OpenReadingConnection;
let now: Date;

beforeAll(async () => {
  launched = await launchEmulator({ port: 0, leads: 60, hasHubSpot: true });
  const { hubspot } = launched.emulator.ready;
  store = await openTestDatabase();
  connection = await connectHubspot({
    baseUrl: hubspot.baseUrl,
    accessToken: hubspot.accessToken,
    log: silentLog,
  });
  await sync(
    store.database,
    connection,
    hubspotStreams.map(({ name }) => name),
  );
  ({ now } = await store.database.one(
    z.object({ now: z.date() }),
    sql`select max(watermark) as now from mirror.stream_state`,
  ));
  const settings = {
    ...metricsSettings(),
    connections: [{ id: "hubspot", crm: "hubspot" }],
    connectionId: "hubspot",
  } as const;
  await compute({ db: store.database }, settings, { asOf: now });
});
afterAll(async () => {
  await connection.close();
  await launched.emulator.close();
  await store.close();
});

const Live = z.looseObject({
  id: z.string(),
  archived: z.boolean(),
  properties: z.record(z.string(), z.unknown()).default({}),
});

/** The portal's records, past every API. */
async function recordsOf(type: string): Promise<readonly z.infer<typeof Live>[]> {
  const answer = await fetch(`${launched.emulator.ready.control}/records/hubspot/${type}`);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => Live.parse(JSON.parse(line)));
}

async function ids(table: string, column: string): Promise<readonly string[]> {
  const found = await store.database.any(
    z.object({ id: z.string() }),
    sql`select distinct ${sql.identifier([column])} as id from metrics.${sql.identifier([table])} order by 1`,
  );
  return found.map(({ id }) => id);
}

test("the lead objects are the leads, every contact and deal is staged, and owners are reps", async () => {
  const of = async (type: string) => (await recordsOf(type)).map(({ id }) => id).toSorted();
  // Deleted leads stay, marked; a contact or deal in the recycle bin is nobody's.
  const alive = async (type: string) =>
    (await recordsOf(type)).flatMap(({ id, archived }) => (archived ? [] : [id])).toSorted();
  expect((await of("leads")).length).toBeGreaterThan(5);
  expect((await ids("stg_lead", "lead_id")).toSorted()).toEqual(await of("leads"));
  expect((await ids("stg_contact", "contact_id")).toSorted()).toEqual(await alive("contacts"));
  expect((await ids("stg_opportunity", "opportunity_id")).toSorted()).toEqual(await alive("deals"));
  const leads = await store.database.any(
    z.object({ contact_id: z.string().nullable(), is_deleted: z.boolean() }),
    sql`select contact_id, is_deleted from metrics.stg_lead`,
  );
  // HubSpot lists no associations of a lead in the recycle bin.
  expect(leads.filter(({ contact_id, is_deleted }) => contact_id === null && !is_deleted)).toEqual([]);
  const { unit, home_currency } = await store.database.one(
    z.object({ unit: z.string(), home_currency: z.string() }),
    sql`select unit, home_currency from metrics.run_connection`,
  );
  // The seeded company counts in euros.
  expect({ unit, home_currency }).toEqual({ unit: "leads", home_currency: "EUR" });
});

test("handoffs, touches and responses come out of it, and a published report", async () => {
  const counts = await store.database.one(
    z.object({ handoffs: z.number(), touches: z.number(), responses: z.number(), values: z.number() }),
    sql`select
      (select count(*) from metrics.int_handoff where evidence = 'history') as handoffs,
      (select count(*) from metrics.int_touch) as touches,
      (select count(*) from metrics.int_response) as responses,
      (select count(*) from metrics.metric_value where value is not null) as values`,
  );
  expect(Object.entries(counts).filter(([, count]) => count < 5)).toEqual([]);
});
