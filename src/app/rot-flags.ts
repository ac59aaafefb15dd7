import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Connection } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { readConnection } from "../mirror/connection-record.ts";
import type { MirrorKey } from "../mirror/stream-state.ts";
import { readPause } from "../writeback/pause.ts";
import { allowanceOf } from "../writeback/push-bounds.ts";
import { nextTry } from "../writeback/retry-policy.ts";
import type { CrmClock } from "./rot/crm-clock.ts";
import { decideFlag, type FlagChange } from "./rot/decide-flag.ts";
import { type FlagRow, nextFlipAt, readDueFlips, readFlagRows, type UnitObject } from "./rot/due-flips.ts";
import { FLAG_PROPERTIES, readFlagState } from "./rot/flag-state.ts";
import { readTouches } from "./rot/read-touches.ts";
import { type FlagOutcome, recordFlags } from "./rot/record-flags.ts";
import { readRecordsNow } from "./rot/records-now.ts";
import { dropTouched, forgetOldEvents, readTouched, unitKeysOf } from "./rot/touched-records.ts";

/** What keeping the flags of one HubSpot connection right takes. */
export interface FlagParts {
  readonly store: Database;
  readonly key: MirrorKey;
  /** `connectionId` is this connection's. */
  readonly settings: Settings;
  readonly log: Pick<Logger, "info" | "warn" | "debug">;
  readonly clock: CrmClock;
  /** Which records carry the flag in this portal. */
  readonly object: UnitObject;
}

export interface FlagsSummary {
  /** Records that were looked at in the CRM. */
  readonly examined: number;
  readonly written: number;
  /** Refused, or put off. */
  readonly held: number;
}

/** Looked at together: one call for associations holds so many. */
const AT_ONCE = 1_000;
/** HubSpot takes so many rows a call. */
const ROWS_A_CALL = 100;
/** Committed together: the connector has four calls under way at one time. */
const ROWS_A_PAGE = 4 * ROWS_A_CALL;
const TOUCHED_AT_ONCE = 500;
/** An e-mail whose kind is withheld: nobody can say whether the lead was touched. */
const UNKNOWN_MS = HOUR_MS;
/** A record that is gone: the next pull tells. */
const GONE_MS = DAY_MS;
/** Its instant has come and nothing is to be written: it must not come up again at once, for ever. */
const STUCK_MS = 5 * MINUTE_MS;
const STUCK = "nothing to write at its instant";

/**
 * Brings every flag whose instant has come, and every record that a webhook named, to what is true now: the owner, the stage
 * and the touches are read anew from the CRM, and only what differs from what it says is written. What webhooks named goes
 * first, also between two pages of deadlines. Each page is committed before the next is sent; killed at any point and
 * started again it does what is left.
 *
 * Nothing is written before `apply`, or while writing is paused; a row that is refused, and rows beyond the hourly limit,
 * wait with the reason.
 * @param connection lent for this piece of work, from the reserve for flags
 * @throws the connection's errors; what was committed stays
 */
export async function keepFlags(
  parts: FlagParts,
  connection: Connection,
  signal: AbortSignal,
): Promise<FlagsSummary> {
  const total = { examined: 0, written: 0, held: 0 };
  const { store, key } = parts;
  await hearClock(parts, connection);
  const isApplied = (await readConnection(store, key))?.applied_at != null;
  if (!isApplied || (await readPause(store, key)) !== null) return total;
  await forgetOldEvents(store);
  const run: FlagRun = { parts, connection, runId: randomUUID(), total };
  for (;;) {
    signal.throwIfAborted();
    if (await lookAtTouched(run)) continue;
    const due = await readDueFlips(store, key, {
      object: parts.object,
      now: parts.clock.now(),
      most: AT_ONCE,
    });
    if (due.length === 0) break;
    await examine(run, due);
  }
  if (total.examined > 0) parts.log.info({ runId: run.runId, ...total }, "flags were brought up to date");
  return total;
}

/** Milliseconds until there is something to do; 0 where there is already, null where nothing will be. */
export async function nextFlagsIn({ store, key, clock, object }: FlagParts): Promise<number | null> {
  const touched = await readTouched(store, key, 1);
  if (touched.length > 0) return 0;
  const at = await nextFlipAt(store, key, object);
  return at === null ? null : Math.max(0, at.getTime() - clock.now().getTime());
}

interface FlagRun {
  readonly parts: FlagParts;
  readonly connection: Connection;
  readonly runId: string;
  readonly total: { examined: number; written: number; held: number };
}

/** The CRM's clock decides, whatever ours says. */
async function hearClock({ clock }: FlagParts, connection: Connection): Promise<void> {
  const askedAt = Date.now();
  const date = await connection.serverTime();
  clock.hear(date, Date.now(), askedAt);
}

async function lookAtTouched(run: FlagRun): Promise<boolean> {
  const { parts, connection } = run;
  const { store, key, object } = parts;
  const touched = await readTouched(store, key, TOUCHED_AT_ONCE);
  if (touched.length === 0) return false;
  const keys = await unitKeysOf(connection, object, touched);
  const rows = await readFlagRows(store, key, { object, keys });
  for (let from = 0; from < rows.length; from += AT_ONCE)
    await examine(run, rows.slice(from, from + AT_ONCE));
  await dropTouched(store, key, touched);
  return true;
}

/** Reads what the CRM says of these records and writes what their flags lack, a hundred a call. */
async function examine(run: FlagRun, rows: readonly FlagRow[]): Promise<void> {
  const { parts, connection, total } = run;
  const { store, key, settings, object, clock } = parts;
  const now = clock.now();
  const context = { store, key, settings, connection, now };
  const states = rows.map((row) => readFlagState(row.fields));
  const records = await readRecordsNow(
    context,
    object,
    rows.map((row) => row.key),
  );
  const found = await readTouches(
    context,
    object,
    rows.map((row, index) => ({
      key: row.key,
      contactId: row.contactId,
      handedOffAt: states[index]?.handedOffAt ?? null,
      handedOffTo: states[index]?.handedOffTo ?? null,
    })),
  );
  const decided = rows.flatMap((row, index): readonly Decided[] => {
    const [state, record] = [states[index], records[index]];
    if (state === undefined) return [];
    if (record == null) return [{ row, change: {}, wait: { ms: GONE_MS, reason: "the record is gone" } }];
    const { touches, isUnknown } = found.get(row.key) ?? { touches: [], isUnknown: true };
    const coldAfterMs = settings.rot.coldAfterDays * DAY_MS;
    const change = decideFlag({ state, record, touches, now, coldAfterMs });
    const isAccusing =
      change[FLAG_PROPERTIES.isRotting] === true || change[FLAG_PROPERTIES.status] === "at_risk";
    if (isUnknown && touches.length === 0 && isAccusing) {
      return [
        { row, change: {}, wait: { ms: UNKNOWN_MS, reason: "the CRM withholds whether it was touched" } },
      ];
    }
    return [{ row, change, wait: null }];
  });
  total.examined += rows.length;
  // Flags that go off first: nobody shall be blamed a moment longer than needed.
  const ordered = decided.toSorted((a, b) => Number(isClear(b.change)) - Number(isClear(a.change)));
  for (let from = 0; from < ordered.length; from += ROWS_A_PAGE) {
    await writePage(run, ordered.slice(from, from + ROWS_A_PAGE), now);
  }
}

interface Decided {
  readonly row: FlagRow;
  readonly change: FlagChange;
  readonly wait: { readonly ms: number; readonly reason: string } | null;
}

function isClear(change: FlagChange): boolean {
  return change[FLAG_PROPERTIES.isRotting] === false || change[FLAG_PROPERTIES.firstTouchAt] != null;
}

async function writePage(run: FlagRun, page: readonly Decided[], now: Date): Promise<void> {
  const { parts, connection, runId, total } = run;
  const { store, key, settings, object, clock } = parts;
  const wanted = page.filter(({ change, wait }) => wait === null && Object.keys(change).length > 0);
  const allowance = await allowanceOf(store, object, { ...key, asOf: now }, settings);
  const sent = wanted.slice(0, allowance);
  const report =
    sent.length === 0
      ? null
      : await connection.write({
          object,
          keyField: "hs_object_id",
          rows: sent.map(({ row, change }) => ({ key: row.key, fields: change })),
          batchSize: ROWS_A_CALL,
        });
  if (report !== null) clock.hear(report.answeredAt, Date.now(), null);
  const outcomes = page.map((each): FlagOutcome => {
    const { row, change, wait } = each;
    const hold = (ms: number, reason: string): FlagOutcome => ({
      row,
      outcome: "held",
      until: new Date(now.getTime() + ms),
      reason,
    });
    if (wait !== null) return hold(wait.ms, wait.reason);
    if (Object.keys(change).length === 0)
      return row.flipAt === null ? { row, outcome: "unchanged" } : hold(STUCK_MS, STUCK);
    const place = sent.indexOf(each);
    if (place < 0) return hold(5 * MINUTE_MS, "the hour's rows are spent (writeback.max_per_hour)");
    const answer = report?.outcomes[place];
    if (answer === undefined) throw new TypeError(`the connector gave no outcome for ${object} ${row.key}`);
    if (answer.ok) return { row, outcome: "written", change, recordId: answer.id };
    if (answer.isUnsent === true) return hold(0, answer.code);
    const refusal = { code: answer.code, retryable: answer.retryable, isClear: isClear(change) };
    const next = nextTry({ ...refusal, canVanish: true, attempts: 2 }, now);
    return { row, outcome: "held", until: next.at, reason: `${answer.code}: refused` };
  });
  await recordFlags(
    store,
    {
      key,
      object,
      runId,
      asOf: now,
      answeredAt: report?.answeredAt ?? now,
      calls: report?.calls ?? 0,
    },
    outcomes,
  );
  total.written += outcomes.filter(({ outcome }) => outcome === "written").length;
  total.held += outcomes.filter(({ outcome }) => outcome === "held").length;
  if (report?.interrupted !== undefined) throw report.interrupted;
}
