import { z } from "zod";
import type { Page, PullRequest, ReadingConnection, StreamField, StreamSpec } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { MINUTE_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { compareIds, type IdList, idTable, startIdList } from "./compare-ids.ts";
import { readEmailKey } from "./email-key.ts";
import { mergeByIds } from "./merge-page.ts";
import { columnName, type KeepRules } from "./mirror-columns.ts";
import { type PageClock, pageClock } from "./page-clock.ts";
import { type MirrorKey, readStreamStates, type StreamState } from "./stream-state.ts";

export interface ReconcileContext {
  readonly db: Database;
  readonly connection: ReadingConnection;
  readonly settings: Settings;
  /** RIPELINE_SECRET_KEY, where it is set. */
  readonly secretKey: string | undefined;
}

const ObjectResult = z.object({
  object: z.string(),
  /** Records that are not deleted: as the CRM listed them, and as the mirror had them before. */
  crm: z.number(),
  mirror: z.number(),
  /** Were in the mirror and not in the CRM's list, and are deleted in the mirror now. */
  vanished: z.number(),
  /** As `vanished`, but too many to believe: nothing was changed. */
  held: z.number(),
  /** As `vanished`, of an object whose old rows an org drops in time: they stay. */
  kept: z.number(),
  /** Records that no delta would have brought, read by their ids. */
  repaired: z.number(),
  /** False where the list did not add up: nothing was changed, the next night tells. */
  isComplete: z.boolean(),
});

const ReconciliationShape = z.object({
  /** The CRM's clock at its end, ISO UTC. */
  at: z.string(),
  objects: z.array(ObjectResult),
  apiCalls: z.number(),
});

/** What a comparison of ids found and did. */
export type Reconciliation = z.infer<typeof ReconciliationShape>;

/** Ids that one query names: the address stays well under 16,384 characters. */
const IDS_A_QUERY = 400;
/** Queries of one Composite. */
const QUERIES_A_CALL = 5;

/**
 * Compares the ids of every stream that deltas keep up to date with the CRM's own list, deleted and archived records
 * included, and repairs the mirror:
 *
 * - A record that the CRM no longer lists was deleted for good, or is hidden from us: its version is closed and a deleted
 *   one stands in its place. Where suspiciously many vanish at once (see `isSuspicious`) nothing is changed.
 * - A record that the mirror lacks, or has in an older state, and that no delta will bring because its stamp lies behind the
 *   watermark, is read by its id. What the next delta brings anyway is left to it.
 *
 * Every step is a transaction of its own and may be done again: after a crash the next run begins anew. Streams that are
 * read whole each time, or were never read to their end, are not compared.
 * @throws the connector's errors; what was repaired before stays
 */
export async function reconcile(
  context: ReconcileContext,
  options: { readonly acceptVanished: boolean },
): Promise<Reconciliation> {
  const { db, connection, settings } = context;
  const key: MirrorKey = { workspaceId: settings.workspace.id, connectionId: settings.connectionId };
  const callsBefore = connection.usage().metered;
  // Settles the clock by which calls are counted, too, as every step does.
  const dated = pageClock(await connection.serverTime());
  const states = await readStreamStates(db, key);
  const rules: KeepRules = {
    emailKey: await readEmailKey(db, key.workspaceId, context.secretKey),
    touch: settings.touch,
  };
  const lists = new Map(
    connection.streams.flatMap((stream) => {
      const list = listOf(stream, states.get(stream.name));
      return list === null ? [] : [[stream.name, list] as const];
    }),
  );
  const found = new Map<string, Found>();
  const begun = new Set<string>();
  await connection.pull(
    [...lists.values()].map((list) => list.request),
    {
      accept: async (page) => {
        const list = lists.get(page.stream.name);
        if (list === undefined) throw new Error(`${page.stream.name}: a list arrived that nobody asked for`);
        if (!begun.has(page.stream.name)) await startIdList(db, key, list);
        begun.add(page.stream.name);
        const names = page.fields.map((field) => field.name);
        const { rows } = await db.copyCsv(
          {
            schema: "staging",
            table: idTable(list.stream, key),
            columns: names.map(columnName),
            header: names,
          },
          page.csv,
        );
        if (page.next === null)
          found.set(page.stream.name, await settle(db, key, list, dated(page), options));
        return { rows };
      },
    },
  );
  const objects: Reconciliation["objects"] = [];
  for (const [name, list] of lists) {
    const result = found.get(name);
    // An optional object that the org has meanwhile lost.
    if (result === undefined) continue;
    const repaired = result.missed === 0 ? 0 : await repair(context, key, list, { rules, dated });
    objects.push({ object: list.stream.object, ...result.counts, repaired });
    await db.execute(sql`drop table if exists staging.${sql.identifier([idTable(list.stream, key)])}`);
  }
  return {
    at: (await connection.serverTime()).toISOString(),
    objects,
    apiCalls: connection.usage().metered - callsBefore,
  };
}

interface Found {
  readonly counts: Omit<z.infer<typeof ObjectResult>, "object" | "repaired">;
  readonly missed: number;
}

/** How a stream's ids are asked for; null where it is not compared. */
function listOf(stream: StreamSpec, state: StreamState | undefined): IdList | null {
  const isCompared = stream.cursor === "SystemModstamp" || stream.cursor === "CreatedDate";
  if (!isCompared || state?.watermark == null || state.isAbsent) return null;
  const hidden = new Set(state.hiddenFields);
  const fields = stream.fields.filter((field) => !hidden.has(field.name));
  const named = (name: string): StreamField | undefined => fields.find((field) => field.name === name);
  const listed = [named("Id"), named("IsDeleted"), named(stream.cursor)].filter(
    (field) => field !== undefined,
  );
  return {
    stream,
    fields,
    cursor: stream.cursor,
    hasDeleted: named("IsDeleted") !== undefined,
    deltaSince: new Date(state.watermark.getTime() - stream.overlapMinutes * MINUTE_MS),
    // In the order of ids: an order by stamps would make the org sort millions of rows for nothing.
    request: { stream: { ...stream, cursor: "none" }, fields: listed, since: null, resume: null },
  };
}

/** Vanished records that nobody asks about, and the share of an object's records from which on somebody has to. */
const FEW = 5;
const SUSPICIOUS_SHARE = 0.2;

/** A wrong user or changed sharing hides many records at once; nobody purges a fifth of an object unnoticed. */
export function isSuspicious(vanished: number, mirrored: number): boolean {
  return vanished > FEW && vanished > mirrored * SUSPICIOUS_SHARE;
}

/** The list of a stream is here: closes what vanished, and leaves the ids to be read in its table. */
async function settle(
  db: Database,
  key: MirrorKey,
  list: IdList,
  page: Page,
  { acceptVanished }: { readonly acceptVanished: boolean },
): Promise<Found> {
  const { vanished, closed, listed, ...counts } = await compareIds(db, key, list, {
    queriedAt: page.queriedAt,
    expectedIds: page.expectedTotal,
    mayClose: (gone, mirrored) => acceptVanished || !isSuspicious(gone, mirrored),
  });
  const isKept = list.cursor === "CreatedDate";
  return {
    counts: {
      crm: listed,
      mirror: counts.mirrored,
      vanished: closed,
      held: isKept ? 0 : vanished - closed,
      kept: isKept ? vanished : 0,
      isComplete: counts.isComplete,
    },
    missed: counts.missed,
  };
}

const IdRow = z.object({ id: z.string() });

/** Reads the ids that are left in the stream's table, a call's worth at a time. @returns records that came */
async function repair(
  { db, connection }: ReconcileContext,
  key: MirrorKey,
  { stream, fields }: IdList,
  { rules, dated }: { readonly rules: KeepRules; readonly dated: PageClock },
): Promise<number> {
  let after = "";
  let repaired = 0;
  for (;;) {
    const rows = await db.any(
      IdRow,
      sql`
        select distinct id from staging.${sql.identifier([idTable(stream, key)])}
        where id > ${after}
        order by id
        limit ${IDS_A_QUERY * QUERIES_A_CALL}`,
    );
    const ids = rows.map((row) => row.id);
    if (ids.length === 0) return repaired;
    after = ids.at(-1) ?? after;
    const requests: PullRequest[] = [];
    for (let start = 0; start < ids.length; start += IDS_A_QUERY) {
      requests.push({
        stream,
        fields,
        since: null,
        resume: null,
        ids: ids.slice(start, start + IDS_A_QUERY),
      });
    }
    await connection.pull(requests, {
      accept: async (page) => {
        const merged = await mergeByIds(db, dated(page), { key, rules });
        repaired += merged.rows;
        return merged;
      },
    });
  }
}

/** The newest comparison that came to its end; it stands in the run ledger. Undefined before the first. */
export async function readReconciliation(db: Database, key: MirrorKey): Promise<Reconciliation | undefined> {
  const row = await db.maybeOne(
    z.object({ detail: ReconciliationShape }),
    sql`
      select detail from mirror.run
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        and step = 'reconcile' and outcome = 'done'
      order by started_at desc
      limit 1`,
  );
  return row?.detail;
}
