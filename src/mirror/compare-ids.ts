import { z } from "zod";
import type { PullRequest, StreamField, StreamSpec } from "../core/ports.ts";
import type { Database, Transaction } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import { dropForgottenIds } from "./forget-list.ts";
import { stagingTable } from "./merge-page.ts";
import { columnName } from "./mirror-columns.ts";
import type { MirrorKey } from "./stream-state.ts";

/** The list of a stream's ids that is asked for, and what it is held against. */
export interface IdList {
  readonly stream: StreamSpec;
  /** All fields of the stream that this user sees. */
  readonly fields: readonly StreamField[];
  readonly cursor: "SystemModstamp" | "CreatedDate";
  /** Whether the list says which records are deleted. */
  readonly hasDeleted: boolean;
  /** Lower bound of the next delta: what has a later stamp is brought by it. UTC. */
  readonly deltaSince: Date;
  /** Id, IsDeleted and the stamp of all records. */
  readonly request: PullRequest;
}

export interface IdComparison {
  /** Records that are not deleted, in the CRM's list and in the mirror. */
  readonly listed: number;
  readonly mirrored: number;
  /** In the mirror only; of them, those that were closed. */
  readonly vanished: number;
  readonly closed: number;
  /** Ids that stay in the table to be read. */
  readonly missed: number;
  readonly isComplete: boolean;
}

/** Table of a stream's list in schema `staging`; at most 63 bytes. */
export function idTable(stream: StreamSpec, key: MirrorKey): string {
  return `${stagingTable(stream, key)}_ids`;
}

/** An empty table for the list's pages. */
export async function startIdList(db: Database, key: MirrorKey, list: IdList): Promise<void> {
  const table = sql`staging.${sql.identifier([idTable(list.stream, key)])}`;
  const columns = list.request.fields.map((field) => sql`${sql.identifier([columnName(field.name)])} text`);
  await db.transaction(async (tx) => {
    await tx.execute(sql`drop table if exists ${table}`);
    await tx.execute(sql`create unlogged table ${table} (${sql.join(columns, sql`, `)})`);
  });
}

const CountRow = z.object({ ids: z.number(), listed: z.number() });
const RowsRow = z.object({ rows: z.number() });

/**
 * Holds the whole list against the mirror in one transaction: closes what vanished where it may, and leaves in the list's
 * table only the ids that have to be read.
 *
 * A list with another number of ids than the CRM counted (a crash of Postgres empties unlogged tables, a query opened
 * anew brings rows twice) is not believed: nothing is changed.
 * @param options.queriedAt the CRM's clock when the list was asked for; the closed versions' end
 * @param options.mayClose told how many vanished of how many
 */
export function compareIds(
  db: Database,
  key: MirrorKey,
  list: IdList,
  options: {
    readonly queriedAt: Date;
    readonly expectedIds: number | null;
    readonly mayClose: (vanished: number, mirrored: number) => boolean;
  },
): Promise<IdComparison> {
  const { stream, hasDeleted, cursor } = list;
  const { queriedAt } = options;
  const ids = sql`staging.${sql.identifier([idTable(stream, key)])}`;
  const table = sql`mirror.${sql.identifier([stream.table])}`;
  const current = sql`m.workspace_id = ${key.workspaceId} and m.connection_id = ${key.connectionId} and m.valid_to is null`;
  const isLive = hasDeleted ? sql`m.isdeleted is not true` : sql`true`;
  const stamp = sql`s.${sql.identifier([columnName(cursor)])}::timestamptz`;
  return db.transaction(async (tx) => {
    await tx.execute(sql`analyze ${ids}`);
    const { ids: count, listed } = await tx.one(
      CountRow,
      sql`
        select count(distinct s.id) as ids,
          count(distinct s.id) ${hasDeleted ? sql`filter (where not s.isdeleted::boolean)` : sql``} as listed
        from ${ids} as s`,
    );
    const { rows: mirrored } = await tx.one(
      RowsRow,
      sql`select count(*) as rows from ${table} as m where ${current} and ${isLive}`,
    );
    if (count !== options.expectedIds) {
      await tx.execute(sql`truncate ${ids}`);
      return { listed, mirrored, vanished: 0, closed: 0, missed: 0, isComplete: false };
    }
    await tx.execute(sql`
      create temp table vanished on commit drop as
      select m.id from ${table} as m
      where ${current} and ${isLive} and m.valid_from < ${queriedAt}
        and not exists (select from ${ids} as s where s.id = m.id)`);
    const { rows: vanished } = await tx.one(RowsRow, sql`select count(*) as rows from vanished`);
    // An org drops old field history; what it told of the past stays true.
    const mayClose = cursor === "SystemModstamp" && options.mayClose(vanished, mirrored);
    if (mayClose && vanished > 0) await closeVanished(tx, list, { table, current, queriedAt });
    // What stays in the list is what no delta brings: unknown to the mirror, or there in an older state. Of forgotten people
    // the mirror knows nothing, and nobody asks.
    const isKnown = sql.join(
      [
        sql`m.id = s.id`,
        ...(hasDeleted ? [sql`m.isdeleted is not distinct from s.isdeleted::boolean`] : []),
        ...(cursor === "SystemModstamp" ? [sql`m.systemmodstamp >= ${stamp}`] : []),
      ],
      sql` and `,
    );
    await tx.execute(sql`
      delete from ${ids} as s
      where ${stamp} >= ${list.deltaSince}
        or exists (select from ${table} as m where ${current} and ${isKnown})`);
    await dropForgottenIds(tx, key, ids);
    const { rows: missed } = await tx.one(RowsRow, sql`select count(distinct id) as rows from ${ids}`);
    return { listed, mirrored, vanished, closed: mayClose ? vanished : 0, missed, isComplete: true };
  });
}

/** Ends the current versions; a deleted one follows where the object can be deleted, as after a delete that we saw. */
async function closeVanished(
  tx: Transaction,
  { stream, hasDeleted }: IdList,
  at: { readonly table: Sql; readonly current: Sql; readonly queriedAt: Date },
): Promise<void> {
  const { table, current, queriedAt } = at;
  if (hasDeleted) {
    const kept = stream.fields
      .flatMap(mirrorNames)
      .filter((name) => name !== "isdeleted")
      .map((name) => sql.identifier([name]));
    const columns = sql`workspace_id, connection_id, ${sql.join(kept, sql`, `)}`;
    await tx.execute(sql`
      create temp table tombstone on commit drop as
      select ${columns} from ${table} as m where ${current} and m.id in (select id from vanished)`);
    await tx.execute(sql`
      update ${table} as m set valid_to = ${queriedAt} where ${current} and m.id in (select id from vanished)`);
    await tx.execute(sql`
      insert into ${table} (${columns}, isdeleted, changed_at, valid_from)
      select ${columns}, true, ${queriedAt}::timestamptz, ${queriedAt}::timestamptz from tombstone`);
    return;
  }
  await tx.execute(sql`
    update ${table} as m set valid_to = ${queriedAt} where ${current} and m.id in (select id from vanished)`);
}

/** Names of the columns that hold a field. */
function mirrorNames({ name, keep }: StreamField): readonly string[] {
  const column = columnName(name);
  if (keep === "email") return [`${column}_hash`, `${column}_domain`];
  if (keep === "subject") return [`${column}_is_automated`, `${column}_is_cancelled`];
  return [column];
}
