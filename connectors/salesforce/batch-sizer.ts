/** Rows that one collection takes. */
export const MAX_BATCH = 200;

/** Clean batches after which a larger one is tried. */
const CLEAN_BEFORE_GROWTH = 3;

/**
 * How many rows of an object the org's automation bears in one transaction, learnt from its answers and kept as long as
 * the process lives. What is written here is arithmetic; which answers mean what stands in `write.ts`.
 */
export interface BatchSizer {
  /**
   * Rows of the next batch.
   * @param start rows to begin with; another start than before (automation came or went) begins anew from it
   */
  size(object: string, start: number): number;
  /** A batch went through, whatever the org said of single rows. Smaller ones than the present size prove nothing. */
  clean(object: string, rows: number): void;
  /** A batch failed whole on the org's automation: half of it is the most that is tried next. */
  strained(object: string, rows: number): void;
  /** Rows of a batch were locked by others. A few rows that stay locked are no reason: only full batches count. */
  locked(object: string, rows: number): void;
  /** A single row turned out to spoil a batch of this size: the size was not the reason. */
  restore(object: string, size: number): void;
}

interface Learnt {
  readonly start: number;
  size: number;
  /** Clean batches in a row at this size. */
  clean: number;
}

export function createBatchSizer(): BatchSizer {
  const learnt = new Map<string, Learnt>();

  function resize(state: Learnt, size: number): void {
    state.size = size;
    state.clean = 0;
  }

  /** Batches of one call were all sent before the first was judged: five that fail halve the size once. */
  function halve(state: Learnt, rows: number): void {
    resize(state, Math.max(1, Math.min(state.size, Math.ceil(rows / 2))));
  }

  return {
    size(object, start) {
      const known = learnt.get(object);
      const wanted = Math.max(1, Math.min(MAX_BATCH, start));
      if (known !== undefined && known.start === wanted) return known.size;
      learnt.set(object, { start: wanted, size: wanted, clean: 0 });
      return wanted;
    },
    clean(object, rows) {
      const state = learnt.get(object);
      if (state === undefined || rows < state.size || state.size >= MAX_BATCH) return;
      state.clean += 1;
      if (state.clean >= CLEAN_BEFORE_GROWTH) resize(state, Math.min(MAX_BATCH, state.size * 2));
    },
    strained(object, rows) {
      const state = learnt.get(object);
      if (state !== undefined) halve(state, rows);
    },
    locked(object, rows) {
      const state = learnt.get(object);
      if (state !== undefined && rows >= state.size) halve(state, rows);
    },
    restore(object, size) {
      const state = learnt.get(object);
      if (state !== undefined && size > state.size) resize(state, size);
    },
  };
}
