/** What `control/reset` takes back: each part remembers what it was when the start company was in. */
export interface Rewindable {
  /** From here on, what was before is kept. */
  markStart(): void;
  /** Back to the mark. */
  rewind(): void;
}

/**
 * A map that finds its way back. Values are never changed in place: a change sets a new value, so that the old one
 * can be kept without a copy.
 */
export class RewindableMap<K, V> implements Rewindable {
  private readonly held = new Map<K, V>();
  private before: Map<K, { readonly value: V } | undefined> | undefined;
  /** Nothing was here at the mark, so nothing need be kept. */
  private wasEmpty = false;

  get size(): number {
    return this.held.size;
  }
  get(key: K): V | undefined {
    return this.held.get(key);
  }
  has(key: K): boolean {
    return this.held.has(key);
  }
  set(key: K, value: V): void {
    this.remember(key);
    this.held.set(key, value);
  }
  delete(key: K): boolean {
    this.remember(key);
    return this.held.delete(key);
  }
  keys(): IterableIterator<K> {
    return this.held.keys();
  }
  values(): IterableIterator<V> {
    return this.held.values();
  }
  entries(): IterableIterator<[K, V]> {
    return this.held.entries();
  }
  markStart(): void {
    this.wasEmpty = this.held.size === 0;
    this.before = this.wasEmpty ? undefined : new Map();
  }
  rewind(): void {
    if (this.wasEmpty) this.held.clear();
    const { before } = this;
    if (before === undefined) return;
    for (const [key, old] of before) {
      if (old === undefined) this.held.delete(key);
      else this.held.set(key, old.value);
    }
    this.before = new Map();
  }
  private remember(key: K): void {
    if (this.before === undefined || this.before.has(key)) return;
    const value = this.held.get(key);
    this.before.set(key, value === undefined ? undefined : { value });
  }
}

/** A number that counts on, and back at a reset. */
export class RewindableCounter implements Rewindable {
  private value: number;
  private mark: number;
  constructor(first: number) {
    this.value = first;
    this.mark = first;
  }
  next(): number {
    const value = this.value;
    this.value += 1;
    return value;
  }
  /** Makes sure that `taken` is not given out again. */
  skip(taken: number): void {
    if (taken >= this.value) this.value = taken + 1;
  }
  markStart(): void {
    this.mark = this.value;
  }
  rewind(): void {
    this.value = this.mark;
  }
}
