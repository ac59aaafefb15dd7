/** Equality indexes: which rows hold this id, which rows hold this text. */
import { HEAD_LENGTH, tailOf } from "../ids.ts";
import type { Column, IdColumn } from "./columns.ts";

const NEVER_USED = 0;
const EMPTIED = -1;

/**
 * Rows by the tail of an id column: open addressing over typed arrays (12 bytes a slot; a Map of a million ids takes
 * five times that), rows with one tail chained through `next`. Heads are compared when a chain is read.
 */
export class IdIndex {
  private readonly column: IdColumn;
  private keys = new Float64Array(256);
  private first = new Int32Array(256).fill(NEVER_USED);
  private next = new Int32Array(256);
  private used = 0;

  constructor(column: IdColumn) {
    this.column = column;
  }
  add(row: number): void {
    if (this.column.head(row) === 0) return;
    if (row >= this.next.length) {
      const next = new Int32Array(Math.ceil(Math.max(row + 1, this.next.length * 1.6)));
      next.set(this.next);
      this.next = next;
    }
    if (this.used * 2 >= this.keys.length) this.grow();
    const tail = this.column.tail(row);
    const slot = this.probe(tail);
    const first = this.first[slot] ?? NEVER_USED;
    if (first === NEVER_USED) {
      this.keys[slot] = tail;
      this.used++;
    }
    this.next[row] = Math.max(first, 0);
    this.first[slot] = row + 1;
  }
  remove(row: number): void {
    if (this.column.head(row) === 0) return;
    const slot = this.probe(this.column.tail(row));
    let current = this.first[slot] ?? NEVER_USED;
    if (current === row + 1) {
      const follower = this.next[row] ?? 0;
      this.first[slot] = follower === 0 ? EMPTIED : follower;
      return;
    }
    while (current > 0) {
      const follower = this.next[current - 1] ?? 0;
      if (follower === row + 1) {
        this.next[current - 1] = this.next[row] ?? 0;
        return;
      }
      current = follower;
    }
  }
  /** Last added row with this id, -1 if there is none. */
  rowOf(head: number, tail: number): number {
    let current = this.first[this.probe(tail)] ?? NEVER_USED;
    while (current > 0) {
      if (this.column.head(current - 1) === head) return current - 1;
      current = this.next[current - 1] ?? 0;
    }
    return -1;
  }
  rowsOf(id: string): number[] {
    const head = this.column.headTable.knownCode(id.slice(0, HEAD_LENGTH));
    const rows: number[] = [];
    if (head === 0) return rows;
    let current = this.first[this.probe(tailOf(id))] ?? NEVER_USED;
    while (current > 0) {
      if (this.column.head(current - 1) === head) rows.push(current - 1);
      current = this.next[current - 1] ?? 0;
    }
    return rows;
  }

  private probe(tail: number): number {
    const mask = this.keys.length - 1;
    const low = tail % 16_777_216;
    const high = (tail - low) / 16_777_216;
    let slot = ((Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 7) & mask;
    while (this.first[slot] !== NEVER_USED && this.keys[slot] !== tail) slot = (slot + 1) & mask;
    return slot;
  }
  private grow(): void {
    const keys = this.keys;
    const first = this.first;
    this.keys = new Float64Array(keys.length * 2);
    this.first = new Int32Array(keys.length * 2).fill(NEVER_USED);
    this.used = 0;
    for (let slot = 0; slot < keys.length; slot++) {
      const head = first[slot] ?? NEVER_USED;
      if (head <= 0) continue;
      const place = this.probe(keys[slot] ?? 0);
      this.keys[place] = keys[slot] ?? 0;
      this.first[place] = head;
      this.used++;
    }
  }
}

/** Rows by text, as the vendor compares external ids and unique fields. */
export class TextIndex {
  private readonly column: Column;
  private readonly isCaseSensitive: boolean;
  private readonly rows = new Map<string, number[]>();

  constructor(column: Column, options: { readonly isCaseSensitive: boolean }) {
    this.column = column;
    this.isCaseSensitive = options.isCaseSensitive;
  }
  add(row: number): void {
    const key = this.keyOf(this.column.raw(row));
    if (key === undefined) return;
    const rows = this.rows.get(key);
    if (rows === undefined) this.rows.set(key, [row]);
    else rows.push(row);
  }
  remove(row: number): void {
    const key = this.keyOf(this.column.raw(row));
    const rows = key === undefined ? undefined : this.rows.get(key);
    if (key === undefined || rows === undefined) return;
    const kept = rows.filter((other) => other !== row);
    if (kept.length === 0) this.rows.delete(key);
    else this.rows.set(key, kept);
  }
  rowsOf(value: string | number): readonly number[] {
    const key = this.keyOf(value);
    return key === undefined ? [] : (this.rows.get(key) ?? []);
  }

  private keyOf(raw: string | number | null): string | undefined {
    if (raw === null) return undefined;
    return this.isCaseSensitive ? String(raw) : String(raw).toLowerCase();
  }
}
