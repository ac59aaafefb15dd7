import { z } from "zod";
import { salesforceId } from "../core/ids.ts";
import type { Queries, Transaction } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import {
  type ForgetList,
  isListed,
  readSalt,
  rememberForgotten,
  type StagedPage,
  stagingSuffix,
} from "./forget-list.ts";
import type { MirrorKey } from "./stream-state.ts";

/** People of a portal: a contact and a lead may have the same number, so an id stands with its type. */
export type PortalType = "contacts" | "leads";
export type PortalRecords = Readonly<Record<PortalType, readonly string[]>>;

/** Where a mirror table of a portal names people. */
interface PortalColumns {
  readonly table: string;
  /** A row that names a forgotten one in this column goes. */
  readonly row?: { readonly column: string; readonly type: PortalType };
  /** The ids that were merged into a record; a forgotten one is taken out. */
  readonly merged?: PortalType;
  /** Lists of ids by `toobjecttype`; a forgotten one is taken out. */
  readonly hasLists?: true;
}

const records: readonly (readonly [string, PortalType])[] = [
  ["contact", "contacts"],
  ["lead", "leads"],
];
const linked = ["deal", "call", "email", "meeting", "task", "communication"];

/** Activities stay: without those they hang on they tell of a rep's day and name nobody. */
const portalColumns: readonly PortalColumns[] = [
  ...records.flatMap(([one, type]): readonly PortalColumns[] => [
    { table: `hubspot_${one}`, row: { column: "id", type }, merged: type },
    { table: `hubspot_${one}_history`, row: { column: "recordid", type } },
    { table: `hubspot_${one}_stage_date`, row: { column: "recordid", type } },
    { table: `hubspot_${one}_association`, row: { column: "recordid", type }, hasLists: true },
  ]),
  ...linked.map((one): PortalColumns => ({ table: `hubspot_${one}_association`, hasLists: true })),
  { table: "hubspot_campaign_contact", row: { column: "contactid", type: "contacts" } },
  // What a webhook named and nobody has looked at yet; the next look at the portal finds it all the same.
  ...records.map(
    ([, type]): PortalColumns => ({ table: "touched_record", row: { column: "record_id", type } }),
  ),
];

/** As `dropForgotten`, for a page of a portal. */
export async function dropForgottenOfPortal(tx: Queries, page: StagedPage): Promise<void> {
  const named = portalColumns.find(({ table }) => table === page.mirrorTable);
  if (named === undefined) return;
  const found = await readSalt(tx, page.key);
  if (found === undefined) return;
  await erasePortalPeople(tx, named, {
    table: page.stagedTable,
    scope: sql`true`,
    columns: page.columns,
    // As an id stands on the list: with its type.
    isForgotten: (type, id) => isListed(page.key, found.salt, sql`(${`${type}:`}::text || ${id})`),
  });
}

interface PortalErasure {
  readonly table: Sql;
  /** Condition on a row `r`: whose rows these are. */
  readonly scope: Sql;
  /** Columns that the table has. */
  readonly columns: ReadonlySet<string>;
  readonly isForgotten: (type: PortalType, id: Sql) => Sql;
}

/** @returns how many rows went or changed */
async function erasePortalPeople(
  tx: Queries,
  { row, merged, hasLists }: PortalColumns,
  { table, scope, columns, isForgotten }: PortalErasure,
): Promise<number> {
  let count = 0;
  if (row !== undefined && columns.has(row.column)) {
    const gone = isForgotten(row.type, sql`r.${sql.identifier([row.column])}`);
    count += (await tx.execute(sql`delete from ${table} as r where ${scope} and ${gone}`)).rowCount;
  }
  if (merged !== undefined && columns.has("hs_merged_object_ids")) {
    const isOne = isForgotten(merged, sql`each.id`);
    const cell = sql`unnest(string_to_array(r.hs_merged_object_ids, ';')) with ordinality as each (id, place)`;
    const done = await tx.execute(sql`
      update ${table} as r set hs_merged_object_ids = (
        select string_agg(each.id, ';' order by each.place) from ${cell} where not ${isOne})
      where ${scope} and exists (select from ${cell} where ${isOne})`);
    count += done.rowCount;
  }
  if (hasLists === true && columns.has("toobjectids")) {
    for (const type of ["contacts", "leads"] as const) {
      count += await takeOutOfLists(tx, type, { table, scope, columns, isForgotten });
    }
  }
  return count;
}

/** `toObjectIds` are ids, `associationTypes` pairs `id:typeId`, both between semicolons; an empty list is null. */
async function takeOutOfLists(
  tx: Queries,
  type: PortalType,
  { table, scope, columns, isForgotten }: PortalErasure,
): Promise<number> {
  const kept = (column: string): Sql => {
    const name = sql.identifier([column]);
    const id = sql`split_part(each.entry, ':', 1)`;
    return sql`${name} = (
      select string_agg(each.entry, ';' order by each.place)
      from unnest(string_to_array(r.${name}, ';')) with ordinality as each (entry, place)
      where not ${isForgotten(type, id)})`;
  };
  const lists = ["toobjectids", "associationtypes"].filter((name) => columns.has(name)).map(kept);
  const done = await tx.execute(sql`
    update ${table} as r set ${sql.join(lists, sql`, `)}
    where ${scope} and r.toobjecttype = ${type}
      and exists (
        select from unnest(string_to_array(r.toobjectids, ';')) as each (id)
        where ${isForgotten(type, sql`each.id`)})`);
  return done.rowCount;
}

const ContactRow = z.object({
  id: z.string(),
  email_hash: z.string().nullable(),
  merged: z.string().nullable(),
  salesforce: z.array(z.string().nullable()),
});
const LeadRow = z.object({ lead: z.string(), contacts: z.string().nullable() });

const ofKey = (key: MirrorKey, alias: string): Sql =>
  sql`${sql.identifier([alias, "workspace_id"])} = ${key.workspaceId} and ${sql.identifier([alias, "connection_id"])} = ${key.connectionId}`;

/** What is known of one person so far, over both CRMs; grows. */
export interface KnownPerson {
  readonly salesforce: Set<string>;
  readonly contacts: Set<string>;
  readonly leads: Set<string>;
  readonly hashes: Set<string>;
}

/**
 * Adds the contacts of a portal that share an address, a merge or a Salesforce record with what is known, the leads that hang
 * on nobody else, and the contact of a lead that has but one.
 */
export async function addPortalRecords(db: Queries, key: MirrorKey, known: KnownPerson): Promise<void> {
  const contacts = [...known.contacts];
  const names = ["salesforceleadid", "salesforcecontactid", "hs_salesforceleadid", "hs_salesforcecontactid"];
  const ids = names.map((name) => sql.identifier([name]));
  const short = [...known.salesforce].map((id) => id.slice(0, 15));
  const rows = await db.any(
    ContactRow,
    sql`select distinct id, email_hash, hs_merged_object_ids as merged, array[${sql.join(ids, sql`, `)}] as salesforce
        from mirror.hubspot_contact as r
        where ${ofKey(key, "r")}
          and (id = any(${contacts}::text[]) or email_hash = any(${[...known.hashes]}::text[])
            or string_to_array(hs_merged_object_ids, ';') && ${contacts}::text[]
            or ${sql.join(
              ids.map((id) => sql`left(${id}, 15) = any(${short}::text[])`),
              sql` or `,
            )})`,
  );
  for (const row of rows) {
    known.contacts.add(row.id);
    for (const id of row.merged?.split(";") ?? []) if (id !== "") known.contacts.add(id);
    if (row.email_hash !== null) known.hashes.add(row.email_hash);
    for (const id of row.salesforce)
      if (id !== null && isRecordId(id)) known.salesforce.add(salesforceId(id));
  }
  const leads = await db.any(
    LeadRow,
    sql`select recordid as lead, toobjectids as contacts from mirror.hubspot_lead_association as r
        where ${ofKey(key, "r")} and valid_to is null and toobjecttype = 'contacts'
          and (recordid = any(${[...known.leads]}::text[])
            or string_to_array(toobjectids, ';') && ${[...known.contacts]}::text[])`,
  );
  for (const { lead, contacts: list } of leads) {
    const own = (list ?? "").split(";").filter((id) => id !== "");
    const [only, ...others] = own;
    if (known.leads.has(lead) && only !== undefined && others.length === 0) known.contacts.add(only);
    if (own.length > 0 && own.every((id) => known.contacts.has(id))) known.leads.add(lead);
  }
}

const isRecordId = (id: string): boolean => /^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(id);

const Key = z.object({ key: z.string() });
const ColumnRow = z.object({ table: z.string(), columns: z.array(z.string()) });

/** Erases these records from what the store has of a portal, and keeps pulls from bringing them back. @returns rows by schema */
export async function erasePortalRecords(
  tx: Transaction,
  list: ForgetList,
  people: PortalRecords,
): Promise<{ readonly mirror: number; readonly metrics: number; readonly writeback: number }> {
  const { key } = list;
  const handoffs = await handoffKeys(tx, key, people);
  const persons = await personKeys(tx, key, people);
  const metrics = await eraseFromMetrics(tx, key, people, [...handoffs, ...persons]);
  const writeback = await eraseFromWriteback(tx, key, people, handoffs);
  await rememberForgotten(
    tx,
    list,
    (["contacts", "leads"] as const).flatMap((type) => people[type].map((id) => `${type}:${id}`)),
  );
  let mirror = 0;
  const tables = await tablesOf(tx, "mirror");
  for (const columns of portalColumns) {
    mirror += await erasePortalPeople(tx, columns, {
      table: sql`mirror.${sql.identifier([columns.table])}`,
      scope: ofKey(key, "r"),
      columns: tables.get(columns.table) ?? new Set(),
      isForgotten: (type, id) => sql`coalesce(${id} = any(${[...people[type]]}::text[]), false)`,
    });
  }
  await beginAnew(tx, key);
  return { mirror, metrics, writeback };
}

/** Where pulls stand names records, and their staged pages hold them as they came: they are read again. */
async function beginAnew(tx: Transaction, key: MirrorKey): Promise<void> {
  await tx.execute(sql`
    update mirror.stream_state as r
    set checkpoint = null, pull_since = null, pull_queried_at = null, pull_rows = 0
    where ${ofKey(key, "r")} and r.checkpoint is not null`);
  const suffix = stagingSuffix(key);
  const staged = await tx.any(
    Key,
    sql`select table_name::text as key from information_schema.tables
        where table_schema = 'staging' and table_name like ${`%\\_${suffix}`}`,
  );
  for (const { key: name } of staged) {
    await tx.execute(sql`truncate staging.${sql.identifier([name])}`);
  }
}

async function tablesOf(tx: Transaction, schema: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await tx.any(
    ColumnRow,
    sql`select c.table_name::text as table, array_agg(c.column_name::text) as columns
        from information_schema.columns as c
        inner join information_schema.tables as t using (table_schema, table_name)
        where c.table_schema = ${schema} and t.table_type = 'BASE TABLE' and c.data_type = 'text'
        group by c.table_name
        having bool_or(c.column_name = 'workspace_id')`,
  );
  return new Map(rows.map(({ table, columns }) => [table, new Set(columns)]));
}

const anyOf = (people: PortalRecords): readonly string[] => [...people.contacts, ...people.leads];

async function handoffKeys(
  tx: Transaction,
  key: MirrorKey,
  people: PortalRecords,
): Promise<readonly string[]> {
  const ids = anyOf(people);
  const rows = await tx.any(
    Key,
    sql`select handoff_id as key from metrics.int_handoff as r
        where ${ofKey(key, "r")} and lead_id = any(${[...ids]}::text[])
        union
        select key from writeback.acknowledged as r
        where ${ofKey(key, "r")} and object = 'ripeline_handoff'
          and exists (select from jsonb_each_text(r.fields) as field where field.value = any(${[...ids]}::text[]))`,
  );
  return rows.map((row) => row.key);
}

async function personKeys(
  tx: Transaction,
  key: MirrorKey,
  { contacts, leads }: PortalRecords,
): Promise<readonly string[]> {
  const rows = await tx.any(
    Key,
    sql`select 'email:' || own.email_hash as key
        from mirror.hubspot_contact as own
        where ${ofKey(key, "own")} and own.email_hash is not null and own.id = any(${[...contacts]}::text[])
          and not exists (
            select from mirror.hubspot_contact as other
            where ${ofKey(key, "other")} and other.email_hash = own.email_hash
              and other.id <> all(${[...contacts]}::text[]))
        union
        select 'record:' || ${key.connectionId}::text || ':' || named.id
        from unnest(${[...contacts, ...leads]}::text[]) as named (id)`,
  );
  return rows.map((row) => row.key);
}

/** Columns of metrics tables that hold a record's id, with the one that tells whose. */
const RECORD_COLUMNS = [
  ["connection_id", "lead_id"],
  ["connection_id", "contact_id"],
  ["connection_id", "record_id"],
  ["connection_id", "survivor_id"],
  ["connection_id", "member_id"],
  ["to_connection_id", "to_record_id"],
  ["other_connection_id", "other_record_id"],
] as const;

/** The next compute makes these rows anew without them. */
async function eraseFromMetrics(
  tx: Transaction,
  key: MirrorKey,
  people: PortalRecords,
  keys: readonly string[],
): Promise<number> {
  let count = 0;
  for (const [table, columns] of await tablesOf(tx, "metrics")) {
    const records = RECORD_COLUMNS.filter(([whose, id]) => columns.has(whose) && columns.has(id)).map(
      ([whose, id]) =>
        sql`(r.${sql.identifier([whose])} = ${key.connectionId} and r.${sql.identifier([id])} = any(${[...anyOf(people)]}::text[]))`,
    );
    const named = [...columns]
      .filter((name) => !name.endsWith("connection_id") && name !== "workspace_id")
      .map((name) => sql`r.${sql.identifier([name])} = any(${[...keys]}::text[])`);
    const conditions = [...records, ...named];
    if (conditions.length === 0) continue;
    const done = await tx.execute(sql`
      delete from metrics.${sql.identifier([table])} as r
      where r.workspace_id = ${key.workspaceId} and (${sql.join(conditions, sql` or `)})`);
    count += done.rowCount;
  }
  return count;
}

async function eraseFromWriteback(
  tx: Transaction,
  key: MirrorKey,
  people: PortalRecords,
  handoffs: readonly string[],
): Promise<number> {
  const isRecord = sql`(
    (r.object = 'contacts' and r.key = any(${[...people.contacts]}::text[]))
    or (r.object = 'leads' and r.key = any(${[...people.leads]}::text[])))`;
  const isHandoff = sql`(r.object = 'ripeline_handoff' and r.key = any(${[...handoffs]}::text[]))`;
  let count = 0;
  for (const table of ["pending", "rejection", "withheld_owner", "flip_hold", "audit"]) {
    const done = await tx.execute(sql`
      delete from ${sql.identifier(["writeback", table])} as r
      where ${ofKey(key, "r")} and (${isRecord} or ${isHandoff})`);
    count += done.rowCount;
  }
  const statements = [
    sql`delete from writeback.acknowledged as r where ${ofKey(key, "r")} and ${isRecord}`,
    // That we have these rows in the portal is all that the sweep needs to delete them there.
    sql`update writeback.acknowledged as r set fields = '{}', fingerprint = null
        where ${ofKey(key, "r")} and ${isHandoff}`,
  ];
  for (const statement of statements) count += (await tx.execute(statement)).rowCount;
  return count;
}
