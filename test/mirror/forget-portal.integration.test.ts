import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openApp } from "../../src/app.ts";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { cyclesOf } from "../../src/cli/runtime.ts";
import { sql } from "../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

/** A contact of a portal, erased from a store that has synced, computed and reads on. */
let launched: LaunchedEmulator;
let store: TestDatabase;

beforeAll(async () => {
  launched = await launchEmulator({ port: 0, leads: 30, hasHubSpot: true });
  store = await openTestDatabase();
});
afterAll(async () => {
  await launched.emulator.close();
  await store.close();
});

const Id = z.object({ id: z.string() });
const Found = z.object({ table: z.string() });

/** Every table of the mirror and the metrics that has the id as a whole value or in a list, in the columns that name contacts. */
async function placesOf(contact: string): Promise<readonly string[]> {
  const listed = `(^|;)${contact}(:|;|$)`;
  const rows = await store.database.any(
    Found,
    sql`
      select 'hubspot_contact' as table from mirror.hubspot_contact
        where id = ${contact} or hs_merged_object_ids ~ ${listed}
      union select 'hubspot_contact_history' from mirror.hubspot_contact_history where recordid = ${contact}
      union select 'hubspot_contact_stage_date' from mirror.hubspot_contact_stage_date where recordid = ${contact}
      union select 'hubspot_contact_association' from mirror.hubspot_contact_association where recordid = ${contact}
      union select 'hubspot_call_association' from mirror.hubspot_call_association
        where toobjecttype = 'contacts' and (toobjectids ~ ${listed} or associationtypes ~ ${listed})
      union select 'hubspot_email_association' from mirror.hubspot_email_association
        where toobjecttype = 'contacts' and (toobjectids ~ ${listed} or associationtypes ~ ${listed})
      union select 'hubspot_deal_association' from mirror.hubspot_deal_association
        where toobjecttype = 'contacts' and (toobjectids ~ ${listed} or associationtypes ~ ${listed})
      union select 'hubspot_lead_association' from mirror.hubspot_lead_association
        where toobjecttype = 'contacts' and (toobjectids ~ ${listed} or associationtypes ~ ${listed})
      union select 'stg_contact' from metrics.stg_contact where contact_id = ${contact}
      union select 'int_person_key' from metrics.int_person_key where record_id = ${contact}
      order by 1`,
  );
  return rows.map(({ table }) => table);
}

test("a contact is erased everywhere, with the leads that hang on nobody else, and stays away", async () => {
  const { baseUrl, accessToken } = launched.emulator.ready.hubspot;
  const opened = await openApp({
    variables: {
      HUBSPOT_BASE_URL: baseUrl,
      HUBSPOT_ACCESS_TOKEN: accessToken,
      RIPELINE_LOG_LEVEL: "silent",
    },
    store: store.database,
  });
  if (!("app" in opened)) throw new Error("somebody else owns a store of this test");
  const { app } = opened;
  const cycles = cyclesOf(app);
  const sync = () => cycles.run({ streams: "all", classes: "all" }, () => undefined);
  await sync();
  // Somebody whom calls and a lead hang on: else the lists would have nothing to lose.
  const { id } = await store.database.one(
    Id,
    sql`select contact.id from mirror.hubspot_contact as contact
        where contact.valid_to is null
          and exists (select from mirror.hubspot_lead_association as lead
            where lead.toobjecttype = 'contacts' and lead.toobjectids = contact.id)
          and exists (select from mirror.hubspot_call_association as call
            where call.toobjecttype = 'contacts' and contact.id = any(string_to_array(call.toobjectids, ';')))
        order by contact.id limit 1`,
  );
  const { id: lead } = await store.database.one(
    Id,
    sql`select recordid as id from mirror.hubspot_lead_association
        where toobjecttype = 'contacts' and toobjectids = ${id} and valid_to is null order by recordid limit 1`,
  );
  const before = await placesOf(id);
  expect(before).toEqual(expect.arrayContaining(["hubspot_contact", "hubspot_call_association"]));
  const forgotten = await app.forget(`contact:${id}`);
  expect(forgotten.records).toBeGreaterThanOrEqual(2);
  expect(await placesOf(id)).toEqual([]);
  await sync();
  expect(await placesOf(id)).toEqual([]);
  expect(await store.database.any(Id, sql`select id from mirror.hubspot_lead where id = ${lead}`)).toEqual(
    [],
  );
  await expect(app.forget("123")).rejects.toThrow(/contact:123 or lead:123/);
  await cycles.close();
  await app.close();
});
