/** ORDER BY over row numbers. Keys are read once; a LIMIT keeps a heap instead of sorting a million rows for a page. */
import type { Accessor } from "../read-field.ts";

export interface SortKey {
  readonly accessor: Accessor;
  readonly isDescending: boolean;
  readonly areNullsLast: boolean;
}

type Comparator = (a: number, b: number) => number;

/** Compares positions in the list of matched rows. */
function keyComparator(rows: ArrayLike<number>, key: SortKey): Comparator {
  const { accessor, isDescending } = key;
  const sign = isDescending ? -1 : 1;
  const whenNull = key.areNullsLast ? 1 : -1;
  if (accessor.column?.kind === "numeric") {
    const values = new Float64Array(rows.length);
    for (let index = 0; index < rows.length; index++)
      values[index] = accessor.column.number(rows[index] ?? 0);
    return (a, b) => {
      const left = values[a] ?? Number.NaN;
      const right = values[b] ?? Number.NaN;
      if (left === right) return 0;
      if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : whenNull;
      if (Number.isNaN(right)) return -whenNull;
      return left < right ? -sign : sign;
    };
  }
  if (accessor.column?.kind === "id") {
    const column = accessor.column;
    const heads = Array.from({ length: rows.length }, (_, index) => column.head(rows[index] ?? 0));
    const tails = Float64Array.from(heads, (_, index) => column.tail(rows[index] ?? 0));
    return (a, b) => {
      const [left, right] = [heads[a] ?? 0, heads[b] ?? 0];
      if (left !== right) {
        if (left === 0) return whenNull;
        if (right === 0) return -whenNull;
        return column.headTable.headOf(left) < column.headTable.headOf(right) ? -sign : sign;
      }
      if (left === 0) return 0;
      const difference = (tails[a] ?? 0) - (tails[b] ?? 0);
      return difference === 0 ? 0 : difference < 0 ? -sign : sign;
    };
  }
  const values = Array.from({ length: rows.length }, (_, index) => {
    const raw = accessor.raw(rows[index] ?? 0);
    return typeof raw === "string" ? raw.toLowerCase() : raw;
  });
  return (a, b) => {
    const left = values[a] ?? null;
    const right = values[b] ?? null;
    if (left === right) return 0;
    if (left === null) return whenNull;
    if (right === null) return -whenNull;
    return left < right ? -sign : sign;
  };
}

/** The first `wanted` rows in order; ties keep their stored order. */
export function sortRows(rows: ArrayLike<number>, keys: readonly SortKey[], wanted: number): number[] {
  const comparators = keys.map((key) => keyComparator(rows, key));
  const compare: Comparator = (a, b) => {
    for (const comparator of comparators) {
      const order = comparator(a, b);
      if (order !== 0) return order;
    }
    return a - b;
  };
  const positions =
    wanted < rows.length / 4 ? smallest(rows.length, wanted, compare) : sortedPositions(rows.length, compare);
  const count = Math.min(wanted, positions.length);
  const sorted: number[] = [];
  for (let index = 0; index < count; index++) sorted.push(rows[positions[index] ?? 0] ?? 0);
  return sorted;
}

function sortedPositions(length: number, compare: Comparator): ArrayLike<number> {
  const positions = Uint32Array.from({ length }, (_, index) => index);
  // Loaded data often lies in its own order already; noticing that is cheaper than sorting it.
  let isSorted = true;
  for (let index = 1; index < length && isSorted; index++) isSorted = compare(index - 1, index) <= 0;
  return isSorted ? positions : positions.sort(compare);
}

/** A max-heap of the best `wanted` positions seen so far. */
function smallest(length: number, wanted: number, compare: Comparator): number[] {
  const heap: number[] = [];
  if (wanted <= 0) return heap;
  const at = (index: number) => heap[index] ?? 0;
  const sink = (start: number) => {
    let parent = start;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && compare(at(child + 1), at(child)) > 0) child++;
      if (compare(at(child), at(parent)) <= 0) return;
      [heap[parent], heap[child]] = [at(child), at(parent)];
      parent = child;
    }
  };
  for (let position = 0; position < length; position++) {
    if (heap.length < wanted) {
      heap.push(position);
      if (heap.length === wanted) for (let index = (wanted >> 1) - 1; index >= 0; index--) sink(index);
    } else if (compare(position, at(0)) < 0) {
      heap[0] = position;
      sink(0);
    }
  }
  return heap.sort(compare);
}
