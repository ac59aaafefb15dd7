import { z } from "zod";
import { WireShapeError } from "../core/errors.ts";
import type { Page, StreamSpec } from "../core/ports.ts";
import type { Database, Transaction } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import { dropForgotten, stagingSuffix } from "./forget-list.ts";
import { dropForgottenOfPortal } from "./forget-portal.ts";
import { columnName, type KeepRules, mirrorColumns } from "./mirror-columns.ts";
import type { MirrorKey } from "./stream-state.ts";

/** A pull under way: what its first page starts and its last page closes. */
export interface PullUnderWay {
  readonly key: MirrorKey;
  readonly specHash: string;
  readonly since: Date | null;
  readonly isResumed: boolean;
  readonly rules: KeepRules;
  readonly hiddenFields: readonly string[];
}

const ProgressRow = z.object({ pull_rows: z.number(), pull_queried_at: z.date() });

/**
 * Brings one page into the mirror. The bytes go to a staging table first, so that a slow network holds no transaction;
 * then one transaction merges them, moves the checkpoint and, on the last page, the watermark. A crash in between
 * leaves the page to be read again, and merging it again changes nothing.
 *
 * Grain: at most one version an id and query time; a page may name an id several times, the last stamp wins.
 * @returns rows of the page
 * @throws WireShapeError when the page or the whole pull holds another number of rows than the CRM said
 */
export async function mergePage(
  db: Database,
  page: Page,
  pull: PullUnderWay,
  isFirstPage: boolean,
): Promise<{ readonly rows: number }> {
  const { staging, rows } = await stagePage(db, page, pull.key);
  const isComplete = await db.transaction(async (tx) => {
    const state = await noteProgress(tx, page, pull, rows, isFirstPage);
    await mergeStaged(tx, page, pull, staging, state.pull_queried_at);
    if (closesWhatIsGone(page.stream)) await noteSeen(tx, staging, isFirstPage && !pull.isResumed);
    const adds = page.next !== null || page.expectedTotal === null || state.pull_rows === page.expectedTotal;
    if (page.next === null) await (adds ? finishPull(tx, page, pull, staging) : forgetPull(tx, page, pull));
    await tx.execute(sql`truncate staging.${sql.identifier([staging])}`);
    return adds;
  });
  if (!isComplete) {
    throw new WireShapeError(
      page.stream.crm,
      `${page.stream.name}: the pages add up to another number than the ${page.expectedTotal} rows that the CRM ` +
        "counted; the watermark stays where it was, the next sync reads the stream again",
    );
  }
  return { rows };
}

/**
 * Brings rows that were read by their ids into the mirror, beside the stream's own pulls: watermark and checkpoint stay.
 * An older state of a record than the mirror's changes nothing.
 * @throws WireShapeError when the page holds another number of rows than the CRM said
 */
export async function mergeByIds(
  db: Database,
  page: Page,
  pull: Pick<PullUnderWay, "key" | "rules">,
): Promise<{ readonly rows: number }> {
  const { staging, rows } = await stagePage(db, page, pull.key);
  await db.transaction(async (tx) => {
    await mergeStaged(tx, page, pull, staging, page.queriedAt);
    await tx.execute(sql`truncate staging.${sql.identifier([staging])}`);
  });
  return { rows };
}

/** Puts the page's bytes into the stream's staging table. @throws WireShapeError for another number of rows */
async function stagePage(
  db: Database,
  page: Page,
  key: MirrorKey,
): Promise<{ readonly staging: string; readonly rows: number }> {
  const staging = await emptyStagingTable(db, page, stagingTable(page.stream, key));
  const names = page.fields.map((field) => field.name);
  const { rows } = await db.copyCsv(
    { schema: "staging", table: staging, columns: names.map(columnName), header: names },
    page.csv,
  );
  if (rows !== page.expectedRows) {
    throw new WireShapeError(
      page.stream.crm,
      `${page.stream.name}: a page brought ${rows} rows where ${page.expectedRows} were announced; ` +
        "nothing of it was kept, the next sync reads it again",
    );
  }
  return { staging, rows };
}

/** The rows that came are true and stay; the watermark does not move, so the next pull asks for all of them again. */
async function forgetPull(tx: Transaction, page: Page, pull: PullUnderWay): Promise<void> {
  await tx.execute(sql`
    update mirror.stream_state set pull_since = null, pull_queried_at = null, checkpoint = null, pull_rows = 0
    where workspace_id = ${pull.key.workspaceId} and connection_id = ${pull.key.connectionId}
      and stream = ${page.stream.name}`);
}

/** Table names are at most 63 bytes and must differ by connection: two connections may pull at one time. */
export function stagingTable(stream: StreamSpec, key: MirrorKey): string {
  return `${stream.table}_${stagingSuffix(key)}`;
}

async function emptyStagingTable(db: Database, page: Page, name: string): Promise<string> {
  const columns = page.fields.map((field) => sql`${sql.identifier([columnName(field.name)])} text`);
  await db.transaction(async (tx) => {
    await tx.execute(sql`drop table if exists staging.${sql.identifier([name])}`);
    await tx.execute(
      sql`create unlogged table staging.${sql.identifier([name])} (${sql.join(columns, sql`, `)})`,
    );
  });
  return name;
}

/** Moves the checkpoint and the count. `pull_queried_at` is the first page's query time: every version's valid_from. */
async function noteProgress(
  tx: Transaction,
  page: Page,
  pull: PullUnderWay,
  rows: number,
  isFirstPage: boolean,
): Promise<z.infer<typeof ProgressRow>> {
  const { workspaceId, connectionId } = pull.key;
  const startsNow = isFirstPage && !pull.isResumed;
  const checkpoint = page.next === null ? sql`null` : sql`${sql.json(page.next)}::jsonb`;
  return tx.one(
    ProgressRow,
    sql`
      insert into mirror.stream_state as state (
        workspace_id, connection_id, stream, pull_since, pull_queried_at, pull_rows, checkpoint, spec_hash,
        hidden_fields, is_absent
      )
      values (
        ${workspaceId}, ${connectionId}, ${page.stream.name}, ${pull.since}, ${page.queriedAt}, ${rows},
        ${checkpoint}, ${pull.specHash}, ${[...pull.hiddenFields]}::text[], false
      )
      on conflict (workspace_id, connection_id, stream) do update set
        pull_since = excluded.pull_since,
        pull_queried_at = case when ${startsNow}::boolean then excluded.pull_queried_at
          else coalesce(state.pull_queried_at, excluded.pull_queried_at) end,
        pull_rows = case when ${startsNow}::boolean then excluded.pull_rows
          else state.pull_rows + excluded.pull_rows end,
        checkpoint = excluded.checkpoint,
        spec_hash = excluded.spec_hash,
        hidden_fields = excluded.hidden_fields,
        is_absent = false
      returning pull_rows, pull_queried_at`,
  );
}

interface Room {
  readonly table: Sql;
  readonly identity: Sql;
  readonly queriedAt: Date;
  /** The column that moves without a new version, where the page has it. */
  readonly stamp: string | null;
}

async function mergeStaged(
  tx: Transaction,
  page: Page,
  pull: Pick<PullUnderWay, "key" | "rules">,
  staging: string,
  queriedAt: Date,
): Promise<void> {
  const { workspaceId, connectionId } = pull.key;
  // The rows are counted: the CRM counts forgotten people too.
  const staged = {
    key: pull.key,
    mirrorTable: page.stream.table,
    stagedTable: sql`staging.${sql.identifier([staging])}`,
    columns: new Set(page.fields.map((field) => columnName(field.name))),
    queriedAt,
  };
  await dropForgotten(tx, staged);
  await dropForgottenOfPortal(tx, staged);
  const columns = page.fields.flatMap((field) => mirrorColumns(field, pull.rules));
  const table = sql`mirror.${sql.identifier([page.stream.table])}`;
  const stamp = stampColumn(page);
  const ident = (name: string): Sql => sql.identifier([name]);
  const moving = columnName(page.stream.stamp ?? "SystemModstamp");
  const content = columns.filter((column) => column.name !== moving);
  const list = (prefix: Sql, names: readonly string[]): Sql =>
    sql.join(
      names.map((name) => sql`${prefix}${ident(name)}`),
      sql`, `,
    );
  const contentNames = content.map((column) => column.name);
  const identity = sql`m.workspace_id = ${workspaceId} and m.connection_id = ${connectionId}`;
  const isCurrent = sql`${identity} and m.valid_to is null`;
  const stampOf = (alias: Sql): Sql =>
    stamp === null
      ? sql`${queriedAt}::timestamptz`
      : sql`coalesce(${alias}${ident(stamp)}, ${queriedAt}::timestamptz)`;

  await tx.execute(sql`drop table if exists incoming`);
  await tx.execute(sql`
    create temp table incoming on commit drop as
    select distinct on (id) ${list(
      sql``,
      columns.map((column) => column.name),
    )}
    from (
      select ${sql.join(
        columns.map((column) => sql`${column.value} as ${ident(column.name)}`),
        sql`, `,
      )}
      from staging.${ident(staging)} as s
    ) as cast_rows
    order by id${stamp === null ? sql`` : sql`, ${ident(stamp)} desc nulls last`}`);
  await tx.execute(sql`create index on incoming (id)`);

  // One look-up an id, whatever the table has grown to: a hash of all current rows a page makes a load quadratic.
  await tx.execute(sql`analyze incoming`);
  await tx.execute(sql`set local enable_hashjoin = off`);
  await tx.execute(sql`set local enable_mergejoin = off`);
  await tx.execute(sql`drop table if exists standing`);
  await tx.execute(sql`
    create temp table standing (id text primary key, valid_from timestamptz, is_older boolean, is_same boolean)
    on commit drop`);
  const standing = await tx.execute(sql`
    insert into standing
    select
      m.id, m.valid_from,
      ${stampOf(sql`i.`)} < ${stampOf(sql`m.`)} as is_older,
      (${list(sql`m.`, contentNames)}) is not distinct from (${list(sql`i.`, contentNames)}) as is_same
    from incoming as i
    join ${table} as m on ${isCurrent} and m.id = i.id`);
  if (standing.rowCount > 0) {
    await giveWay(tx, { table, identity, queriedAt, stamp: columns.length > content.length ? moving : null });
  }

  await tx.execute(sql`
    insert into ${table} (
      workspace_id, connection_id, ${list(
        sql``,
        columns.map((column) => column.name),
      )}, changed_at, valid_from
    )
    select
      ${workspaceId}, ${connectionId}, ${list(
        sql`i.`,
        columns.map((column) => column.name),
      )},
      ${stampOf(sql`i.`)}, ${queriedAt}::timestamptz
    from incoming as i`);
}

/**
 * Makes room among the current versions for what came. Older than what we have (an overlap read): it is left out. Same
 * content: only the stamp moves. Changed: a version of this very query time is replaced, an older one is closed.
 */
async function giveWay(tx: Transaction, { table, identity, queriedAt, stamp }: Room): Promise<void> {
  await tx.execute(sql`analyze standing`);
  const version = sql`${identity} and m.id = s.id and m.valid_from = s.valid_from`;
  if (stamp !== null) {
    const column = sql.identifier([stamp]);
    await tx.execute(sql`
      update ${table} as m set ${column} = i.${column}
      from standing as s
      join incoming as i on i.id = s.id
      where ${version} and s.is_same and not s.is_older and m.${column} is distinct from i.${column}`);
  }
  await tx.execute(sql`
    delete from incoming as i using standing as s where i.id = s.id and (s.is_older or s.is_same)`);
  await tx.execute(sql`
    delete from ${table} as m using standing as s
    where ${version} and not s.is_older and not s.is_same and s.valid_from >= ${queriedAt}`);
  await tx.execute(sql`
    update ${table} as m set valid_to = ${queriedAt} from standing as s
    where ${version} and not s.is_older and not s.is_same`);
}

/** The column that orders a record's versions, or null where the object has none among the fields we see. */
function stampColumn(page: Page): string | null {
  const names = new Set(page.fields.map((field) => field.name));
  const { stamp } = page.stream;
  if (stamp !== undefined) return names.has(stamp) ? columnName(stamp) : null;
  if (names.has("SystemModstamp")) return "systemmodstamp";
  return names.has("CreatedDate") ? "createddate" : null;
}

async function finishPull(tx: Transaction, page: Page, pull: PullUnderWay, staging: string): Promise<void> {
  const { workspaceId, connectionId } = pull.key;
  if (closesWhatIsGone(page.stream)) await closeVanished(tx, page, pull, staging);
  await tx.execute(sql`
    update mirror.stream_state set
      watermark = pull_queried_at,
      history_begins_at = coalesce(history_begins_at, pull_queried_at),
      last_rows = pull_rows,
      last_finished_at = pull_queried_at,
      pull_since = null, pull_queried_at = null, checkpoint = null, pull_rows = 0
    where workspace_id = ${workspaceId} and connection_id = ${connectionId} and stream = ${page.stream.name}`);
}

/** A stream read whole tells by what it leaves out which records have gone. */
function closesWhatIsGone(stream: StreamSpec): boolean {
  return stream.cursor === "none" && stream.isPartial !== true;
}

/** Ids that the pages of a whole read have brought so far; kept beside the staging table until the last page. */
function seenTable(staging: string): Sql {
  return sql`staging.${sql.identifier([`${staging}_seen`])}`;
}

async function noteSeen(tx: Transaction, staging: string, isFirst: boolean): Promise<void> {
  const seen = seenTable(staging);
  if (isFirst) await tx.execute(sql`drop table if exists ${seen}`);
  await tx.execute(sql`create unlogged table if not exists ${seen} (id text primary key)`);
  await tx.execute(
    sql`insert into ${seen} select id from staging.${sql.identifier([staging])} on conflict do nothing`,
  );
}

/**
 * A stream read whole each time: what the CRM no longer lists has gone. Where fewer ids are known than the CRM counted
 * rows (a crash of Postgres empties unlogged tables, a query opened anew brings rows twice), nothing is closed: the
 * next whole read tells.
 */
async function closeVanished(
  tx: Transaction,
  page: Page,
  pull: PullUnderWay,
  staging: string,
): Promise<void> {
  const { workspaceId, connectionId } = pull.key;
  const seen = seenTable(staging);
  await tx.execute(sql`
    update mirror.${sql.identifier([page.stream.table])} as m set valid_to = state.pull_queried_at
    from mirror.stream_state as state
    where state.workspace_id = ${workspaceId} and state.connection_id = ${connectionId}
      and state.stream = ${page.stream.name}
      and m.workspace_id = ${workspaceId} and m.connection_id = ${connectionId}
      and m.valid_to is null and m.valid_from < state.pull_queried_at
      and (select count(*) from ${seen}) = ${page.expectedTotal}
      and not exists (select 1 from ${seen} as s where s.id = m.id)`);
  await tx.execute(sql`drop table ${seen}`);
}
