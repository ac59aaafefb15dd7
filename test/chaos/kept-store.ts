import { z } from "zod";
import type { Database } from "../../src/database/database.ts";
import { type Sql, sql } from "../../src/database/sql.ts";

const TableName = z.object({ schema: z.string(), name: z.string() });
const Filled = z.object({ is_filled: z.boolean() });

/** The rows of a store as they were, to be put back into the emptied tables. */
export interface KeptStore {
  putBack(): Promise<void>;
}

/** Copies every table of ours that holds rows; quicker than to make the rows again. */
export async function keepStore(db: Database): Promise<KeptStore> {
  const tables = await db.any(
    TableName,
    sql`select table_schema as schema, table_name as name
        from information_schema.tables
        where table_type = 'BASE TABLE'
            and table_schema in ('ripeline', 'mirror', 'metrics', 'writeback')
            and table_name not in ('schema_migration', 'lease')`,
  );
  await db.execute(sql`create schema kept`);
  const copies: Sql[] = [];
  for (const { schema, name } of tables) {
    const table = sql.identifier([schema, name]);
    const copy = sql.identifier(["kept", `${schema}_${name}`]);
    await db.execute(sql`create table ${copy} as select * from ${table}`);
    const { is_filled: isFilled } = await db.one(
      Filled,
      sql`select exists (select from ${copy}) as is_filled`,
    );
    if (isFilled) copies.push(sql`insert into ${table} select * from ${copy}`);
  }
  return {
    putBack: () =>
      db.transaction(async (tx) => {
        for (const copy of copies) await tx.execute(copy);
      }),
  };
}
