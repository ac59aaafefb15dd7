import type { Cadence, StreamSpec } from "../core/ports.ts";

/** How often streams are read, in minutes between reads. */
export type CadenceMinutes = Readonly<Record<Cadence, number>>;

/** Queries or collections that one Composite call may hold. */
const PER_COMPOSITE = 5;
const ROWS_PER_COLLECTION = 200;
const DAY_MINUTES = 1_440;

export interface WritePrediction {
  readonly object: string;
  readonly rowsPerDay: number;
  readonly batchSize: number;
  /** Where a call carries another number of rows than five batches of Salesforce. */
  readonly rowsPerCall?: number;
  /** Pushes a day that have rows of this object. */
  readonly pushesPerDay: number;
}

export interface CallLine {
  /** What the calls are for, in words. */
  readonly purpose: string;
  readonly callsPerDay: number;
  /** The arithmetic, in words and numbers. */
  readonly how: string;
}

/** Writes of one object in the first sync. */
export interface FirstWrite {
  readonly object: string;
  readonly rows: number;
  readonly calls: number;
  /** Hours until all are written, by `writeback.max_per_hour`; the first part goes at once. */
  readonly hours: number;
}

export interface CallPrediction {
  readonly lines: readonly CallLine[];
  readonly callsPerDay: number;
  /** The org's calls a day; null where it did not say. */
  readonly dailyLimit: number | null;
  /** 0..1 of the daily limit. */
  readonly shareOfLimit: number | null;
}

const ROWS_PER_PAGE = 2_000;
const BULK_ABOVE_ROWS = 10_000;
const ROWS_PER_BULK_PAGE = 50_000;
/** A Bulk query is created and looked at until it is done; its pages come on top. */
const CALLS_PER_BULK_QUERY = 4;

/**
 * The night's comparison of ids. Every list opens in a Composite with four others; up to 10,000 rows it goes on in pages
 * that share calls, above that (or uncounted) it is a Bulk query. Records that are then read again are not in it.
 */
function predictNight(records: readonly (number | null)[]): CallLine {
  const bulk = records.filter((rows) => rows === null || rows > BULK_ABOVE_ROWS);
  const pages = records
    .filter((rows) => rows !== null)
    .filter((rows) => rows <= BULK_ABOVE_ROWS)
    .map((rows) => Math.max(0, Math.ceil(rows / ROWS_PER_PAGE) - 1));
  const opening = Math.ceil(records.length / PER_COMPOSITE);
  const sum = pages.reduce((total, each) => total + each, 0);
  const further = Math.max(Math.ceil(sum / PER_COMPOSITE), ...pages, 0);
  const byBulk = bulk.reduce<number>(
    (total, rows) => total + CALLS_PER_BULK_QUERY + Math.max(1, Math.ceil((rows ?? 0) / ROWS_PER_BULK_PAGE)),
    0,
  );
  return {
    purpose: "compare ids with the mirror's at night",
    callsPerDay: opening + further + byBulk,
    how:
      `${records.length} lists / ${PER_COMPOSITE} a call = ${opening} calls, ${sum} further pages of ${ROWS_PER_PAGE} in ${further}, ` +
      `${bulk.length} lists above ${BULK_ABOVE_ROWS} by Bulk in ${byBulk}`,
  };
}

function perCallOf(write: { readonly batchSize: number; readonly rowsPerCall?: number }): number {
  return write.rowsPerCall ?? Math.min(write.batchSize, ROWS_PER_COLLECTION) * PER_COMPOSITE;
}

/** What the first sync writes: five collections a call, at most `maxPerHour` rows an object an hour. */
export function predictFirstWrites(
  writes: readonly (Pick<WritePrediction, "object" | "batchSize" | "rowsPerCall"> & {
    readonly rowsFirst: number;
  })[],
  maxPerHour: number,
): readonly FirstWrite[] {
  return writes
    .filter((write) => write.rowsFirst > 0)
    .map(({ object, rowsFirst, ...write }) => ({
      object,
      rows: rowsFirst,
      calls: Math.ceil(rowsFirst / perCallOf(write)),
      hours: Math.ceil(rowsFirst / maxPerHour) - 1,
    }));
}

/**
 * Metered calls of a day, as arithmetic. Reading: ceil(streams / 5) Composite calls a cycle, each cadence for itself.
 * Writing: the fewest calls that carry a day's rows, and at least one a push. Hourly looks at describe, limits and
 * automation.
 */
export function predictApiCalls(input: {
  readonly streams: readonly StreamSpec[];
  readonly cadenceMinutes: CadenceMinutes;
  readonly writes: readonly WritePrediction[];
  readonly hourlyChecks: number;
  readonly dailyLimit: number | null;
  /** Records of each stream whose ids are compared at night; null where the org did not count them. */
  readonly nightly?: readonly (number | null)[];
}): CallPrediction {
  const cadences: readonly Cadence[] = ["fast", "money", "slow"];
  const reading = cadences.flatMap((cadence) => {
    const read = input.streams.filter((stream) => stream.cadence === cadence);
    const streams = read.length;
    if (streams === 0) return [];
    const cycles = Math.ceil(DAY_MINUTES / input.cadenceMinutes[cadence]);
    if (read.some(({ crm }) => crm === "hubspot")) {
      // Streams of one object share its search, and nothing more is asked where nothing changed.
      const objects = new Set(read.map(({ object }) => object.split(".")[0])).size;
      return [
        {
          purpose: `read ${cadence} streams`,
          callsPerDay: objects * cycles,
          how: `${objects} objects, a search each, x ${cycles} cycles; what changed is read on top`,
        },
      ];
    }
    const perCycle = Math.ceil(streams / PER_COMPOSITE);
    return [
      {
        purpose: `read ${cadence} streams`,
        callsPerDay: perCycle * cycles,
        how: `${streams} streams / ${PER_COMPOSITE} a call = ${perCycle} calls x ${cycles} cycles`,
      },
    ];
  });
  const writing = input.writes.map((write) => {
    const perCall = perCallOf(write);
    const callsPerDay =
      write.rowsPerDay === 0 ? 0 : Math.max(Math.ceil(write.rowsPerDay / perCall), write.pushesPerDay);
    return {
      purpose: `write ${write.object}`,
      callsPerDay,
      how: `${write.rowsPerDay} rows / ${perCall} a call, at least one a push (${write.pushesPerDay} pushes)`,
    };
  });
  const checks = {
    purpose: "look at fields, limits and automation",
    callsPerDay: input.hourlyChecks * 24,
    how: `${input.hourlyChecks} an hour x 24`,
  };
  const night = input.nightly === undefined ? [] : [predictNight(input.nightly)];
  const lines = [...reading, ...writing, checks, ...night];
  const callsPerDay = lines.reduce((sum, line) => sum + line.callsPerDay, 0);
  return {
    lines,
    callsPerDay,
    dailyLimit: input.dailyLimit,
    shareOfLimit: input.dailyLimit === null || input.dailyLimit === 0 ? null : callsPerDay / input.dailyLimit,
  };
}
