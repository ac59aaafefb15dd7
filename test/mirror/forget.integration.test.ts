import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { forgetOperation } from "../../src/cli/forget.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const LEADS = 150;

const Table = z.object({ schema: z.string(), name: z.string() });
const Count = z.object({ count: z.number() });
const Person = z.object({ id: z.string(), email_hash: z.string(), contact: z.string() });

/** A person who was lead, member of campaigns and contact, erased from a store that has synced and pushed. */
describe("forget", { shuffle: false }, () => {
  let company: RunningCompany;
  let person: z.infer<typeof Person>;

  beforeAll(async () => {
    company = await runCompany({
      leads: LEADS,
      months: 2,
    });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
    await company.sync();
  }, 180_000);
  afterAll(() => company.close());

  function context() {
    return {
      app: company.app,
      runCycle: (...[request, report]: Parameters<RunningCompany["cycles"]["run"]>) =>
        company.cycles.run(request, report),
      onProgress: () => undefined,
      schedules: () => company.cycles.schedules(),
    };
  }

  /** Tables of the store, the queue's too, with a row in which one of the texts stands anywhere. */
  async function tablesWith(...texts: readonly string[]): Promise<readonly string[]> {
    const { store } = company.app;
    const tables = await store.any(
      Table,
      sql`select table_schema::text as schema, table_name::text as name from information_schema.tables
          where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(60);
    const found: string[] = [];
    for (const { schema, name } of tables) {
      const { count } = await store.one(
        Count,
        sql`select count(*) as count from ${sql.identifier([schema, name])} as r
            where exists (select from unnest(${[...texts]}::text[]) as wanted where strpos(r::text, wanted) > 0)`,
      );
      if (count > 0) found.push(`${schema}.${name}`);
    }
    return found;
  }

  const named = (): readonly string[] => [
    person.id.slice(0, 15),
    person.contact.slice(0, 15),
    person.email_hash,
  ];

  test("a converted lead is in many tables at first", async () => {
    person = await company.app.store.one(
      Person,
      sql`select lead.id, lead.email_hash, lead.convertedcontactid as contact
          from mirror.salesforce_lead as lead
          inner join mirror.salesforce_campaign_member as member
              on member.leadid = lead.id and member.valid_to is null
          inner join metrics.int_handoff as handoff on handoff.lead_id = lead.id
          inner join mirror.salesforce_contact as contact
              on contact.id = lead.convertedcontactid and contact.valid_to is null
          where lead.valid_to is null and lead.email_hash is not null
          order by lead.id
          limit 1`,
    );
    const places = await tablesWith(person.id.slice(0, 15));
    expect(places).toEqual(
      expect.arrayContaining([
        "mirror.salesforce_lead",
        "mirror.salesforce_campaign_member",
        "metrics.int_handoff",
        "writeback.acknowledged",
        "writeback.audit",
      ]),
    );
    expect(await tablesWith(person.email_hash)).toContain("metrics.int_person_record");
  });

  test("no table holds an id or the e-mail hash afterwards; nobody else is gone, the CRM is as it was", async () => {
    const { store } = company.app;
    const leadsBefore = await store.one(
      Count,
      sql`select count(*) as count from mirror.salesforce_lead
          where email_hash is distinct from ${person.email_hash}`,
    );
    const writes = (await company.requests()).writes?.length;
    const answer = await forgetOperation.run(context(), { person: person.id });
    expect(answer.text).toMatch(/^Forgotten: \d+ leads and contacts of one person/);
    expect(await tablesWith(...named())).toEqual([]);
    for (const text of named()) expect(JSON.stringify(answer)).not.toContain(text);
    const left = await store.one(Count, sql`select count(*) as count from mirror.salesforce_lead`);
    expect(left).toEqual(leadsBefore);
    expect((await company.requests()).writes?.length).toBe(writes);
    expect(await company.query(`SELECT Id FROM Lead WHERE Id = '${person.id}'`)).toHaveLength(1);
  });

  test("the night's comparison of ids asks for nothing of the person", async () => {
    // Ten minutes later no delta would bring what is missing.
    await company.clock({ advanceSeconds: 3_600 });
    await company.sync();
    await company.clock({ advanceSeconds: 60 });
    const night = await company.app.reconcileInTurn({ acceptVanished: false });
    const compared = new Map(night.objects.map((each) => [each.object, each]));
    const [lead, contact] = [compared.get("Lead"), compared.get("Contact")];
    expect((lead?.crm ?? 0) - (lead?.mirror ?? 0)).toBe(1);
    expect((contact?.crm ?? 0) - (contact?.mirror ?? 0)).toBe(1);
    expect(night.objects.filter(({ repaired }) => repaired > 0)).toEqual([]);
    // The lists, five objects a call, and nothing after them.
    expect(night.apiCalls).toBe(Math.ceil(night.objects.length / 5));
    expect(await tablesWith(...named())).toEqual([]);
  });

  test("the next pull, even of everything, does not bring the person back", async () => {
    await company.clock({ advanceSeconds: 120 });
    const headers = { "Sforce-Auto-Assign": "FALSE" };
    const body = JSON.stringify({ LastName: "Changed" });
    const touched = await company.rest(`sobjects/Contact/${person.contact}`, {
      method: "PATCH",
      headers,
      body,
    });
    expect(touched.status).toBe(204);
    // Forgets where every stream stands: all is loaded anew.
    await company.app.store.execute(sql`update mirror.stream_state set watermark = null`);
    const { pull } = await company.sync();
    expect(pull.streams["salesforce.Lead"]?.rows).toBe(LEADS);
    expect(await tablesWith(...named())).toEqual([]);
  });

  test("our handoff rows of the person leave the CRM two nights later", async () => {
    const rows = `SELECT Id FROM Ripeline_Handoff__c WHERE Ripeline_Lead_Id__c = '${person.id}'`;
    expect((await company.query(rows)).length).toBeGreaterThan(0);
    await company.app.sweep();
    await company.clock({ advanceSeconds: 86_400 });
    await company.app.sweep();
    expect(await company.query(rows)).toEqual([]);
    expect(await tablesWith(person.id.slice(0, 15))).toEqual([]);
  });

  test("an address names its person; anything else is refused and changes nothing", async () => {
    const found = await company.query(
      "SELECT Id, Email FROM Lead WHERE Email != null AND IsConverted = false ORDER BY Id LIMIT 1",
    );
    const [id, address] = [String(found[0]?.["Id"]), String(found[0]?.["Email"])];
    expect((await tablesWith(id.slice(0, 15))).length).toBeGreaterThan(0);
    await forgetOperation.run(context(), { person: ` ${address.toUpperCase()}` });
    expect(await tablesWith(id.slice(0, 15))).toEqual([]);
    await expect(forgetOperation.run(context(), { person: "Ann Lee" })).rejects.toThrow(ConfigError);
    expect((await forgetOperation.run(context(), { person: "nobody@nowhere.example" })).text).toMatch(
      /^Nothing in the store/,
    );
  });
});
