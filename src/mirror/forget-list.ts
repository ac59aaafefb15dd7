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
  { table: "salesforce_email_message", rows: [], references: ["relatedtoid"], needsOneOf: [] },
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
function readSalt(db: Queries, key: MirrorKey): Promise<z.infer<typeof SaltRow> | undefined> {
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

/** Puts ids on the list. */
export async function rememberForgotten(
  tx: Queries,
  key: MirrorKey,
  ids: readonly string[],
  at: Date,
): Promise<void> {
  await tx.execute(sql`
    insert into mirror.forget_salt (workspace_id, salt) values (${key.workspaceId}, ${randomBytes(32)})
    on conflict (workspace_id) do nothing`);
  const { salt } = await tx.one(
    SaltRow,
    sql`select salt from mirror.forget_salt where workspace_id = ${key.workspaceId}`,
  );
  await tx.execute(sql`
    insert into mirror.forgotten (workspace_id, connection_id, id_hash, forgotten_at)
    select distinct ${key.workspaceId}, ${key.connectionId}, ${hashOf(salt, sql`named.id`)}, ${at}::timestamptz
    from unnest(${[...ids]}::text[]) as named (id)
    on conflict do nothing`);
}

/** What takes people out of the rows of one table. */
export interface Erasure {
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
  { table, columns, scope, isForgotten }: Erasure,
): Promise<number> {
  const cell = (column: string): Sql => sql`r.${sql.identifier([column])}`;
  let count = 0;
  for (const column of rows.filter((name) => columns.has(name))) {
    const done = await tx.execute(
      sql`delete from ${table} as r where ${scope} and ${isForgotten(cell(column))}`,
    );
    count += done.rowCount;
  }
  for (const column of references.filter((name) => columns.has(name))) {
    const others = needsOneOf.filter((name) => name !== column && columns.has(name));
    const isAlone = sql.join([sql`true`, ...others.map((name) => sql`${cell(name)} is null`)], sql` and `);
    const found = sql`${scope} and ${isForgotten(cell(column))}`;
    if (needsOneOf.length > 0) {
      const gone = await tx.execute(sql`delete from ${table} as r where ${found} and ${isAlone}`);
      count += gone.rowCount;
    }
    const blanked = await tx.execute(
      sql`update ${table} as r set ${sql.identifier([column])} = null where ${found}`,
    );
    count += blanked.rowCount;
  }
  return count;
}

/**
 * Takes forgotten people out of a staged page, before anything of it is kept. Where nobody was ever forgotten that is one
 * look at two empty tables.
 */
export async function dropForgotten(
  tx: Queries,
  page: {
    readonly key: MirrorKey;
    readonly mirrorTable: string;
    readonly stagedTable: Sql;
    readonly columns: ReadonlySet<string>;
  },
): Promise<void> {
  const named = personColumns.find(({ table }) => table === page.mirrorTable);
  if (named === undefined) return;
  const found = await readSalt(tx, page.key);
  if (found === undefined) return;
  await erasePeople(tx, named, {
    table: page.stagedTable,
    columns: page.columns,
    scope: sql`true`,
    isForgotten: (id) => sql`exists (
      select from mirror.forgotten as forgotten
      where forgotten.workspace_id = ${page.key.workspaceId} and forgotten.connection_id = ${page.key.connectionId}
        and forgotten.id_hash = ${hashOf(found.salt, id)}
    )`,
  });
}

/** Staging tables of a connection end in it: two connections may pull at one time. */
export function stagingSuffix(key: MirrorKey): string {
  return createHash("sha256").update(`${key.workspaceId}\0${key.connectionId}`).digest("hex").slice(0, 8);
}
