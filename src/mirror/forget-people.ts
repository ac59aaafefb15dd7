import { createHash } from "node:crypto";
import { z } from "zod";
import { salesforceId } from "../core/ids.ts";
import type { Database, Queries, Transaction } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import type { EmailKey } from "./email-key.ts";
import {
  deleteAndRemember,
  erasePeople,
  type ForgetList,
  openForgetList,
  personColumns,
  rememberForgotten,
  stagingSuffix,
} from "./forget-list.ts";
import { addPortalRecords, erasePortalRecords, type PortalRecords } from "./forget-portal.ts";
import type { MirrorKey } from "./stream-state.ts";

/** What was erased. Counts only: who it was is not kept. */
export interface Forgotten {
  /** Leads and contacts of the person that the store knew, or that were named. */
  readonly records: number;
  /** Rows by schema that were erased, or of which the person was taken out. */
  readonly rows: { readonly mirror: number; readonly metrics: number; readonly writeback: number };
}

const RecordRow = z.object({
  id: z.string(),
  email_hash: z.string().nullable(),
  contact: z.string().nullable(),
  master: z.string().nullable(),
});

/** Whether this names a lead, a contact (HubSpot: `contact:123`, `lead:123`) or an address. */
export function isPerson(named: string): boolean {
  return (
    named.includes("@") || /^(00Q|003)[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/.test(named) || PORTAL_ID.test(named)
  );
}

const PORTAL_ID = /^(contact|lead):(\d+)$/;

/** HMAC of an address, as pulls keep it. */
function emailHash({ inner, outer }: EmailKey, address: string): string {
  const bytes = Buffer.from(address.trim().toLowerCase(), "utf8");
  const digest = createHash("sha256").update(inner).update(bytes).digest();
  return createHash("sha256").update(outer).update(digest).digest("hex");
}

/** The connections in which somebody is looked for; null where the workspace has none of the kind. */
export interface ForgetScope {
  readonly salesforce: MirrorKey | null;
  readonly hubspot: MirrorKey | null;
}

/** Ids of one person's records: Salesforce's of 18 characters, HubSpot's by type. */
export interface PersonRecords extends PortalRecords {
  readonly salesforce: readonly string[];
}

/**
 * The ids of all leads and contacts that are one person, in every CRM: those named, what they were converted to or merged
 * with, those with the same e-mail address, those that HubSpot ties to each other, and so on from there. From all versions
 * that the mirror keeps.
 * @param named a lead's or contact's id (15 or 18 characters; HubSpot: `contact:123`, `lead:123`), or an e-mail address
 * @returns also a named id that the mirror does not know; nothing for an unknown address
 * @throws RangeError for what is neither (`isPerson`)
 */
export async function recordsOfPerson(
  db: Queries,
  scope: ForgetScope,
  named: string,
  emails: EmailKey,
): Promise<PersonRecords> {
  const [, type, number = ""] = PORTAL_ID.exec(named) ?? [];
  const isAddress = named.includes("@");
  const known = {
    salesforce: new Set<string>(isAddress || type !== undefined ? [] : [salesforceId(named)]),
    contacts: new Set<string>(type === "contact" ? [number] : []),
    leads: new Set<string>(type === "lead" ? [number] : []),
    hashes: new Set<string>(isAddress ? [emailHash(emails, named)] : []),
  };
  const size = (): number => Object.values(known).reduce((sum, each) => sum + each.size, 0);
  for (let before = -1; size() > before; ) {
    before = size();
    if (scope.salesforce !== null) {
      for (const row of await neighbours(db, scope.salesforce, [...known.salesforce], [...known.hashes])) {
        known.salesforce.add(row.id);
        if (row.contact !== null) known.salesforce.add(row.contact);
        if (row.master !== null) known.salesforce.add(row.master);
        if (row.email_hash !== null) known.hashes.add(row.email_hash);
      }
    }
    if (scope.hubspot !== null) await addPortalRecords(db, scope.hubspot, known);
  }
  return {
    salesforce: [...known.salesforce],
    contacts: [...known.contacts],
    leads: [...known.leads],
  };
}

function neighbours(
  db: Queries,
  key: MirrorKey,
  ids: readonly string[],
  hashes: readonly string[],
): Promise<readonly z.infer<typeof RecordRow>[]> {
  return db.any(
    RecordRow,
    sql`select distinct id, email_hash, convertedcontactid as contact, masterrecordid as master
        from mirror.salesforce_lead
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
          and (id = any(${[...ids]}::text[]) or convertedcontactid = any(${[...ids]}::text[])
            or masterrecordid = any(${[...ids]}::text[]) or email_hash = any(${[...hashes]}::text[]))
        union
        select distinct id, email_hash, null, masterrecordid
        from mirror.salesforce_contact
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
          and (id = any(${[...ids]}::text[]) or masterrecordid = any(${[...ids]}::text[])
            or email_hash = any(${[...hashes]}::text[]))`,
  );
}

/**
 * Erases these leads and contacts from the store: every version in the mirror and what hangs on them, metric rows that
 * name them, what was written to them and what of it waits or was refused. Numbers already reported stay; the next
 * compute counts without them. The CRM is not touched; rows of ours there that stood for their handoffs go at the sweep
 * of a later night. Pulls leave the ids out from now on.
 *
 * One transaction: all of it or nothing. It reads the large tables whole, so it takes many ids at once.
 * @param people no more than the person's own: duplicates are found by `recordsOfPerson`
 */
export async function forgetPeople(
  db: Database,
  scope: ForgetScope,
  people: PersonRecords,
  at: Date,
): Promise<Forgotten> {
  const { salesforce, contacts, leads } = people;
  const none = { mirror: 0, metrics: 0, writeback: 0 };
  return db.transaction(async (tx) => {
    const ofOrg =
      scope.salesforce === null || salesforce.length === 0
        ? none
        : await eraseRecords(tx, scope.salesforce, salesforce, at);
    const ofPortal =
      scope.hubspot === null || contacts.length + leads.length === 0
        ? none
        : await erasePortalRecords(tx, await openForgetList(tx, scope.hubspot, at), people);
    return {
      records:
        (scope.salesforce === null ? 0 : salesforce.length) +
        (scope.hubspot === null ? 0 : contacts.length + leads.length),
      rows: {
        mirror: ofOrg.mirror + ofPortal.mirror,
        metrics: ofOrg.metrics + ofPortal.metrics,
        writeback: ofOrg.writeback + ofPortal.writeback,
      },
    };
  });
}

async function eraseRecords(
  tx: Transaction,
  key: MirrorKey,
  ids: readonly string[],
  at: Date,
): Promise<Forgotten["rows"]> {
  const handoffs = await handoffKeys(tx, key, ids);
  const people = await personKeys(tx, key, ids);
  const metrics = await eraseFromMetrics(tx, key, [...ids, ...handoffs, ...people]);
  const writeback = await eraseFromWriteback(tx, key, ids, handoffs);
  const list = await openForgetList(tx, key, at);
  await rememberForgotten(tx, list, ids);
  const mirror = await eraseFromMirror(tx, list, ids);
  return { mirror, metrics, writeback };
}

function ofConnection(key: MirrorKey, alias: string): Sql {
  const column = (name: string): Sql => sql.identifier([alias, name]);
  return sql`${column("workspace_id")} = ${key.workspaceId} and ${column("connection_id")} = ${key.connectionId}`;
}

const Key = z.object({ key: z.string() });

/** Keys of our own rows that stand for the people's handoffs, by the metrics and by what we wrote. */
async function handoffKeys(
  tx: Transaction,
  key: MirrorKey,
  ids: readonly string[],
): Promise<readonly string[]> {
  const names = (fields: Sql): Sql =>
    sql`exists (select from jsonb_each_text(${fields}) as field where field.value = any(${[...ids]}::text[]))`;
  const rows = await tx.any(
    Key,
    sql`select handoff_id as key from metrics.int_handoff as r
        where ${ofConnection(key, "r")} and lead_id = any(${[...ids]}::text[])
        union
        select key from writeback.acknowledged as r
        where ${ofConnection(key, "r")} and object like 'Ripeline%' and ${names(sql`r.fields`)}
        union
        select key from writeback.audit as r
        where ${ofConnection(key, "r")} and object like 'Ripeline%' and ${names(sql`r.written || r.previous`)}
        union
        select key from writeback.pending as r
        where ${ofConnection(key, "r")} and object like 'Ripeline%' and ${names(sql`r.changes`)}
        union
        select key from writeback.rejection as r
        where ${ofConnection(key, "r")} and object like 'Ripeline%' and ${names(sql`r.core`)}`,
  );
  return rows.map((row) => row.key);
}

/** The people's names in the metrics; an address that a record outside `ids` has too stays that record's. */
async function personKeys(
  tx: Transaction,
  key: MirrorKey,
  ids: readonly string[],
): Promise<readonly string[]> {
  const hashes = (table: Sql, isOne: Sql): Sql => sql`
    select email_hash from ${table} as r
    where ${ofConnection(key, "r")} and email_hash is not null and ${isOne}`;
  const isOne = sql`r.id = any(${[...ids]}::text[])`;
  const isOther = sql`not (${isOne})`;
  const lead = sql`mirror.salesforce_lead`;
  const contact = sql`mirror.salesforce_contact`;
  const rows = await tx.any(
    Key,
    sql`select 'email:' || own.email_hash as key
        from (${hashes(lead, isOne)} union ${hashes(contact, isOne)}) as own
        where own.email_hash not in (${hashes(lead, isOther)} union ${hashes(contact, isOther)})
        union
        select concat('record:', ${key.connectionId}::text, ':', named.id) from unnest(${[...ids]}::text[]) as named (id)`,
  );
  return rows.map((row) => row.key);
}

const ColumnRow = z.object({ table: z.string(), columns: z.array(z.string()) });

/** Every table of the schema that has text columns and belongs to a workspace: a model added later is found too. */
function tablesOf(tx: Transaction, schema: string): Promise<readonly z.infer<typeof ColumnRow>[]> {
  return tx.any(
    ColumnRow,
    sql`select c.table_name::text as table, array_agg(c.column_name::text order by c.ordinal_position) as columns
        from information_schema.columns as c
        inner join information_schema.tables as t using (table_schema, table_name)
        where c.table_schema = ${schema} and t.table_type = 'BASE TABLE' and c.data_type = 'text'
        group by c.table_name
        having bool_or(c.column_name = 'workspace_id')
        order by c.table_name`,
  );
}

async function eraseFromMetrics(tx: Transaction, key: MirrorKey, values: readonly string[]): Promise<number> {
  let count = 0;
  for (const { table, columns } of await tablesOf(tx, "metrics")) {
    const named = columns
      .filter((name) => name !== "workspace_id" && name !== "connection_id")
      .map((name) => sql`r.${sql.identifier([name])} = any(${[...values]}::text[])`);
    if (named.length === 0) continue;
    const done = await tx.execute(
      sql`delete from metrics.${sql.identifier([table])} as r
          where r.workspace_id = ${key.workspaceId} and (${sql.join(named, sql` or `)})`,
    );
    count += done.rowCount;
  }
  return count;
}

/** Tables of records by key, with nothing in them that outlives the person. */
const BY_KEY = ["pending", "rejection", "withheld_owner", "audit"] as const;

async function eraseFromWriteback(
  tx: Transaction,
  key: MirrorKey,
  ids: readonly string[],
  handoffs: readonly string[],
): Promise<number> {
  const keys = [...ids, ...handoffs];
  let count = 0;
  for (const table of BY_KEY) {
    const done = await tx.execute(
      sql`delete from ${sql.identifier(["writeback", table])} as r
          where ${ofConnection(key, "r")} and r.key = any(${keys}::text[])`,
    );
    count += done.rowCount;
  }
  const statements = [
    sql`delete from writeback.acknowledged as r where ${ofConnection(key, "r")} and r.key = any(${[...ids]}::text[])`,
    // That we have these rows in the CRM is all that the sweep needs to delete them there.
    sql`update writeback.acknowledged as r set fields = '{}', fingerprint = null
        where ${ofConnection(key, "r")} and r.key = any(${[...handoffs]}::text[])`,
    sql`update writeback.removal as r set message = null
        where ${ofConnection(key, "r")} and r.key = any(${[...handoffs]}::text[])`,
    sql`update writeback.lead_guard as r
        set moved_lead_ids = array(
            select moved.id from unnest(r.moved_lead_ids) as moved (id) where moved.id <> all(${[...ids]}::text[])
        )
        where ${ofConnection(key, "r")} and r.moved_lead_ids && ${[...ids]}::text[]`,
  ];
  for (const statement of statements) count += (await tx.execute(statement)).rowCount;
  return count;
}

async function eraseFromMirror(tx: Transaction, list: ForgetList, ids: readonly string[]): Promise<number> {
  const { key } = list;
  let count = await eraseMessages(tx, list, ids);
  const tables = new Map((await tablesOf(tx, "mirror")).map(({ table, columns }) => [table, columns]));
  for (const named of personColumns) {
    count += await erasePeople(tx, named, {
      list,
      table: sql`mirror.${sql.identifier([named.table])}`,
      columns: new Set(tables.get(named.table)),
      scope: ofConnection(key, "r"),
      isForgotten: (id) => sql`${id} = any(${[...ids]}::text[])`,
    });
  }
  await forgetPlaces(tx, key, ids);
  await emptyStaging(tx, key, ids);
  return count;
}

/** E-mails to or from nobody but these people, and the tasks they were logged as. */
function eraseMessages(tx: Transaction, list: ForgetList, ids: readonly string[]): Promise<number> {
  const { key } = list;
  return deleteAndRemember(
    tx,
    list,
    sql`mirror.salesforce_email_message`,
    sql`${ofConnection(key, "r")}
      and (
        r.activityid in (
          select task.id from mirror.salesforce_task as task
          where ${ofConnection(key, "task")} and task.whoid = any(${[...ids]}::text[])
        )
        or (
          exists (
            select from mirror.salesforce_email_message_relation as own
            where ${ofConnection(key, "own")} and own.emailmessageid = r.id and own.relationid = any(${[...ids]}::text[])
          )
          and not exists (
            select from mirror.salesforce_email_message_relation as other
            where ${ofConnection(key, "other")} and other.emailmessageid = r.id
              and other.relationobjecttype in ('Lead', 'Contact') and other.relationid <> all(${[...ids]}::text[])
          )
        )
      )`,
  );
}

/** A pull that stopped at a record of these people begins anew: where it stood names the record. */
async function forgetPlaces(tx: Transaction, key: MirrorKey, ids: readonly string[]): Promise<void> {
  await tx.execute(sql`
    update mirror.stream_state as r
    set checkpoint = null, pull_since = null, pull_queried_at = null, pull_rows = 0
    where ${ofConnection(key, "r")}
      and exists (
        select from unnest(${[...ids]}::text[]) as named (id)
        where strpos(r.checkpoint::text, left(named.id, 15)) > 0
      )`);
}

/**
 * A page whose merge was cut short still stands there as it came, addresses and all; it is read again. Lists of ids that
 * are being compared lose these.
 */
async function emptyStaging(tx: Transaction, key: MirrorKey, ids: readonly string[]): Promise<void> {
  const suffix = stagingSuffix(key);
  const tables = await tx.any(
    Key,
    sql`select table_name::text as key from information_schema.tables
        where table_schema = 'staging' and (table_name like ${`%\\_${suffix}`} or table_name like ${`%\\_${suffix}\\_ids`})`,
  );
  for (const { key: name } of tables) {
    const table = sql`staging.${sql.identifier([name])}`;
    await tx.execute(
      name.endsWith("_ids")
        ? sql`delete from ${table} where id = any(${[...ids]}::text[])`
        : sql`truncate ${table}`,
    );
  }
}
