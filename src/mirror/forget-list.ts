import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Queries } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import type { MirrorKey } from "./stream-state.ts";

/** Where a mirror table names people, and what is left of a row that names a forgotten one. */
export interface PersonColumns {
  readonly table: string;
  /** A row that names a forgotten person here goes. */
  readonly rows: readonly string[];
  /** Blanked; the row stays for what else it tells. */
  readonly references: readonly string[];
  /** A row of which all these are blank tells nothing any more and goes too. */
  readonly needsOneOf: readonly string[];
}

export const personColumns: readonly PersonColumns[] = [
  {
    table: "salesforce_lead",
    rows: ["id"],
    references: ["masterrecordid", "convertedcontactid"],
    needsOneOf: [],
  },
  { table: "salesforce_contact", rows: ["id"], references: ["masterrecordid"], needsOneOf: [] },
  { table: "salesforce_lead_history", rows: ["leadid"], references: [], needsOneOf: [] },
  { table: "salesforce_task", rows: [], references: ["whoid"], needsOneOf: ["whoid", "whatid"] },
  { table: "salesforce_event", rows: [], references: ["whoid"], needsOneOf: ["whoid", "whatid"] },
  // Its own id: a message that was erased does not name the people any more.
  { table: "salesforce_email_message", rows: ["id"], references: ["relatedtoid"], needsOneOf: [] },
  { table: "salesforce_email_message_relation", rows: ["relationid"], references: [], needsOneOf: [] },
  { table: "salesforce_opportunity_contact_role", rows: ["contactid"], references: [], needsOneOf: [] },
  {
    table: "salesforce_campaign_member",
    rows: [],
    references: ["leadid", "contactid"],
    needsOneOf: ["leadid", "contactid"],
  },
];

const SaltRow = z.object({ salt: z.instanceof(Uint8Array) });

/** The salt where somebody of this connection was forgotten; else a pull has nothing to look for. */
export function readSalt(db: Queries, key: MirrorKey): Promise<z.infer<typeof SaltRow> | undefined> {
  return db.maybeOne(
    SaltRow,
    sql`select forget_salt.salt from mirror.forget_salt as forget_salt
        where forget_salt.workspace_id = ${key.workspaceId}
          and exists (
            select from mirror.forgotten as forgotten
            where forgotten.workspace_id = forget_salt.workspace_id
              and forgotten.connection_id = ${key.connectionId}
          )`,
  );
}

function hashOf(salt: Uint8Array, id: Sql): Sql {
  return sql`sha256(${salt}::bytea || convert_to(${id}, 'UTF8'))`;
}

/** The list of one connection, as somebody who puts ids on it has it. */
export interface ForgetList {
  readonly key: MirrorKey;
  readonly salt: Uint8Array;
  /** When they were forgotten. */
  readonly at: Date;
}

/** The list, begun where nobody was forgotten before. */
export async function openForgetList(tx: Queries, key: MirrorKey, at: Date): Promise<ForgetList> {
  await tx.execute(sql`
    insert into mirror.forget_salt (workspace_id, salt) values (${key.workspaceId}, ${randomBytes(32)})
    on conflict (workspace_id) do nothing`);
  const { salt } = await tx.one(
    SaltRow,
    sql`select salt from mirror.forget_salt where workspace_id = ${key.workspaceId}`,
  );
  return { key, salt, at };
}

/** Puts the ids on the list that a relation `gone` (id text) holds. */
function remember({ key, salt, at }: ForgetList): Sql {
  return sql`insert into mirror.forgotten (workspace_id, connection_id, id_hash, forgotten_at)
    select distinct ${key.workspaceId}, ${key.connectionId}, ${hashOf(salt, sql`gone.id`)}, ${at}::timestamptz
    from gone
    on conflict do nothing`;
}

/** Puts people's ids on the list. */
export async function rememberForgotten(
  tx: Queries,
  list: ForgetList,
  ids: readonly string[],
): Promise<void> {
  await tx.execute(sql`with gone as (select unnest(${[...ids]}::text[]) as id) ${remember(list)}`);
}

const CountRow = z.object({ count: z.number() });

/**
 * Deletes rows `r` and puts their ids on the list: they tell of forgotten people, so nobody shall ask for them again.
 * @returns how many
 */
export async function deleteAndRemember(
  tx: Queries,
  list: ForgetList,
  table: Sql,
  condition: Sql,
): Promise<number> {
  const { count } = await tx.one(
    CountRow,
    sql`with gone as (delete from ${table} as r where ${condition} returning r.id),
        remembered as (${remember(list)})
        select count(*)::integer as count from gone`,
  );
  return count;
}

/** What takes people out of the rows of one table. */
interface Erasure {
  readonly list: ForgetList;
  readonly table: Sql;
  /** Columns that the table has. */
  readonly columns: ReadonlySet<string>;
  /** Condition on a row `r`: whose rows these are. */
  readonly scope: Sql;
  /** Condition on the value of a column: it is the id of a person to be forgotten. */
  readonly isForgotten: (id: Sql) => Sql;
}

/** @returns how many rows went or changed */
export async function erasePeople(
  tx: Queries,
  { rows, references, needsOneOf }: PersonColumns,
  { list, table, columns, scope, isForgotten }: Erasure,
): Promise<number> {
  const cell = (column: string): Sql => sql`r.${sql.identifier([column])}`;
  let count = 0;
  for (const column of rows.filter((name) => columns.has(name))) {
    count += await deleteAndRemember(tx, list, table, sql`${scope} and ${isForgotten(cell(column))}`);
  }
  for (const column of references.filter((name) => columns.has(name))) {
    const others = needsOneOf.filter((name) => name !== column && columns.has(name));
    const isAlone = sql.join([sql`true`, ...others.map((name) => sql`${cell(name)} is null`)], sql` and `);
    const found = sql`${scope} and ${isForgotten(cell(column))}`;
    if (needsOneOf.length > 0) {
      count += await deleteAndRemember(tx, list, table, sql`${found} and ${isAlone}`);
    }
    const blanked = await tx.execute(
      sql`update ${table} as r set ${sql.identifier([column])} = null where ${found}`,
    );
    count += blanked.rowCount;
  }
  return count;
}

/** A page of a stream as it came. */
export interface StagedPage {
  readonly key: MirrorKey;
  readonly mirrorTable: string;
  readonly stagedTable: Sql;
  readonly columns: ReadonlySet<string>;
  /** The CRM's clock when the page was asked for. */
  readonly queriedAt: Date;
}

/**
 * Takes forgotten people out of a staged page, before anything of it is kept. Where nobody was ever forgotten that is one
 * look at two empty tables.
 */
export async function dropForgotten(tx: Queries, page: StagedPage): Promise<void> {
  const named = personColumns.find(({ table }) => table === page.mirrorTable);
  if (named === undefined) return;
  const found = await readSalt(tx, page.key);
  if (found === undefined) return;
  await erasePeople(tx, named, {
    list: { key: page.key, salt: found.salt, at: page.queriedAt },
    table: page.stagedTable,
    columns: page.columns,
    scope: sql`true`,
    isForgotten: (id) => isListed(page.key, found.salt, id),
  });
}

export function isListed(key: MirrorKey, salt: Uint8Array, id: Sql): Sql {
  return sql`exists (
      select from mirror.forgotten as forgotten
      where forgotten.workspace_id = ${key.workspaceId} and forgotten.connection_id = ${key.connectionId}
        and forgotten.id_hash = ${hashOf(salt, id)}
    )`;
}

/** Takes ids on the list out of a table of ids that are to be asked for. */
export async function dropForgottenIds(tx: Queries, key: MirrorKey, ids: Sql): Promise<void> {
  const found = await readSalt(tx, key);
  if (found === undefined) return;
  await tx.execute(sql`delete from ${ids} as r where ${isListed(key, found.salt, sql`r.id`)}`);
}

/** Staging tables of a connection end in it: two connections may pull at one time. */
export function stagingSuffix(key: MirrorKey): string {
  return createHash("sha256").update(`${key.workspaceId}\0${key.connectionId}`).digest("hex").slice(0, 8);
}
