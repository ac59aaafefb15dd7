/**
 * The values of one property, row by row. 200,000 contacts with their engagements do not fit into plain objects; here
 * an instant costs eight bytes, a text that repeats four, and a property that nobody fills nothing.
 */
export interface Column {
  text(row: number): string | null;
  /** Milliseconds of an instant, the number of a numeric text, NaN for anything else. */
  number(row: number): number;
  set(row: number, value: string | number | null): void;
  /** Keeps what the first `rows` rows have now. */
  mark(rows: number): void;
  /** Back to the mark: rows from `from` on are forgotten. */
  rewind(from: number): void;
}

const grown = (length: number, row: number) => Math.max(64, row + 1, Math.ceil(length * 1.5));

/** Keeps the first value that each row from before the mark had. */
class Before<V> {
  private rows = 0;
  private values: Map<number, V> | undefined;
  mark(rows: number): void {
    this.rows = rows;
    this.values = new Map();
  }
  keep(row: number, read: () => V): void {
    if (this.values === undefined || row >= this.rows || this.values.has(row)) return;
    this.values.set(row, read());
  }
  /** What was kept, once. */
  take(): Iterable<[number, V]> {
    const kept = this.values ?? new Map<number, V>();
    if (this.values !== undefined) this.values = new Map();
    return kept;
  }
}

/** An instant as the vendor prints it: without the milliseconds where there are none. */
export function instantText(milliseconds: number): string {
  const text = new Date(milliseconds).toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}

/** Instants and other numbers; NaN is no value. */
export class NumberColumn implements Column {
  private values = new Float64Array(0);
  private readonly before = new Before<number>();

  number(row: number): number {
    return this.values[row] ?? Number.NaN;
  }
  text(row: number): string | null {
    const value = this.number(row);
    return Number.isNaN(value) ? null : instantText(value);
  }
  set(row: number, value: string | number | null): void {
    this.before.keep(row, () => this.number(row));
    this.put(row, typeof value === "number" ? value : Number.NaN);
  }
  mark(rows: number): void {
    this.before.mark(rows);
  }
  rewind(from: number): void {
    this.values.fill(Number.NaN, from);
    for (const [row, value] of this.before.take()) this.put(row, value);
  }
  private put(row: number, value: number): void {
    if (row >= this.values.length) {
      if (Number.isNaN(value)) return;
      const next = new Float64Array(grown(this.values.length, row)).fill(Number.NaN, this.values.length);
      next.set(this.values);
      this.values = next;
    }
    this.values[row] = value;
  }
}

/** Past this many different texts, and a quarter of the rows, a dictionary costs more than it saves. */
const DICTIONARY_LIMIT = 16_384;

/** Texts: numbered while they repeat, a plain list once most of them differ. */
export class TextColumn implements Column {
  private codes = new Int32Array(0);
  private words: (string | null)[] = [null];
  private codeOf: Map<string, number> | undefined = new Map();
  private plain: (string | null)[] = [];
  private readonly before = new Before<string | null>();

  text(row: number): string | null {
    if (this.codeOf === undefined) return this.plain[row] ?? null;
    return this.words[this.codes[row] ?? 0] ?? null;
  }
  number(row: number): number {
    const text = this.text(row);
    return text === null || text === "" ? Number.NaN : Number(text);
  }
  set(row: number, value: string | number | null): void {
    this.before.keep(row, () => this.text(row));
    this.put(row, value === null || value === "" ? null : String(value));
  }
  mark(rows: number): void {
    this.before.mark(rows);
  }
  rewind(from: number): void {
    if (this.codeOf === undefined) this.plain.length = Math.min(this.plain.length, from);
    else this.codes.fill(0, from);
    for (const [row, value] of this.before.take()) this.put(row, value);
  }
  private put(row: number, text: string | null): void {
    if (this.codeOf === undefined) {
      while (this.plain.length < row) this.plain.push(null);
      this.plain[row] = text;
      return;
    }
    if (row >= this.codes.length) {
      if (text === null) return;
      const next = new Int32Array(grown(this.codes.length, row));
      next.set(this.codes);
      this.codes = next;
    }
    this.codes[row] = text === null ? 0 : this.codeFor(text);
    if (this.words.length > DICTIONARY_LIMIT && this.words.length * 4 > row) this.spread(row + 1);
  }
  private codeFor(text: string): number {
    const known = this.codeOf?.get(text);
    if (known !== undefined) return known;
    const code = this.words.push(text) - 1;
    this.codeOf?.set(text, code);
    return code;
  }
  private spread(rows: number): void {
    const length = Math.max(rows, this.codes.length);
    this.plain = Array.from({ length }, (_, row) => this.words[this.codes[row] ?? 0] ?? null);
    this.codeOf = undefined;
    this.words = [null];
    this.codes = new Int32Array(0);
  }
}
