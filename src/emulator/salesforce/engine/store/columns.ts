/**
 * Typed columns. A million leads with three million activities do not fit into plain objects; here a row costs
 * eight bytes a number, ten a reference, four a repeated text, and nothing for a field that nobody fills, since a
 * column allocates at its first value.
 */
import { completeId, HEAD_LENGTH, tailOf, tailText } from "../ids.ts";

/** A stored value: numbers, days since 1970, milliseconds, 0/1, 18-character ids, texts. Null is "no value". */
export type Raw = number | string | null;

const FIRST_CAPACITY = 64;

function grownLength(current: number, row: number): number {
  return Math.max(FIRST_CAPACITY, row + 1, Math.ceil(current * 1.6));
}

/** Numbers, dates (days), times and instants (milliseconds); NaN is null. */
export class NumericColumn {
  readonly kind = "numeric";
  values = new Float64Array(0);

  number(row: number): number {
    const value = this.values[row];
    return value === undefined ? Number.NaN : value;
  }
  raw(row: number): Raw {
    const value = this.number(row);
    return Number.isNaN(value) ? null : value;
  }
  setRaw(row: number, raw: Raw): void {
    if (row >= this.values.length) {
      if (raw === null) return;
      const grown = new Float64Array(grownLength(this.values.length, row)).fill(
        Number.NaN,
        this.values.length,
      );
      grown.set(this.values);
      this.values = grown;
    }
    this.values[row] = typeof raw === "number" ? raw : Number.NaN;
  }
  clear(from: number): void {
    this.values.fill(Number.NaN, from);
  }
}

/** 0 unset (reads as false, but a derived field may fill it), 1 false, 2 true. */
export class BooleanColumn {
  readonly kind = "boolean";
  values = new Uint8Array(0);

  number(row: number): number {
    return this.values[row] === 2 ? 1 : 0;
  }
  raw(row: number): Raw {
    const value = this.values[row];
    return value === undefined || value === 0 ? null : value - 1;
  }
  setRaw(row: number, raw: Raw): void {
    if (row >= this.values.length) {
      if (raw === null) return;
      const grown = new Uint8Array(grownLength(this.values.length, row));
      grown.set(this.values);
      this.values = grown;
    }
    this.values[row] = raw === null ? 0 : raw === 1 ? 2 : 1;
  }
  clear(from: number): void {
    this.values.fill(0, from);
  }
}

/** First seven characters of ids, shared by every id column of an org; code 0 means "no id". */
export class HeadTable {
  private readonly heads: string[] = [""];
  private readonly codes = new Map<string, number>();

  codeOf(head: string): number {
    const known = this.codes.get(head);
    if (known !== undefined) return known;
    const code = this.heads.push(head) - 1;
    this.codes.set(head, code);
    return code;
  }
  /** Code of a head seen before, 0 for one that no stored id has. */
  knownCode(head: string): number {
    return this.codes.get(head) ?? 0;
  }
  headOf(code: number): string {
    return this.heads[code] ?? "";
  }
}

const CACHE_SIZE = 1024;

/** Ids as (head, tail) number pairs, printed with 18 characters. */
export class IdColumn {
  readonly kind = "id";
  readonly headTable: HeadTable;
  heads = new Uint16Array(0);
  tails = new Float64Array(0);
  // Owners and campaigns repeat; printing an id costs more than this direct-mapped cache.
  private readonly cachedTails = new Float64Array(CACHE_SIZE).fill(-1);
  private readonly cachedHeads = new Uint16Array(CACHE_SIZE);
  private readonly cachedTexts: string[] = [];

  constructor(headTable: HeadTable) {
    this.headTable = headTable;
  }
  head(row: number): number {
    return this.heads[row] ?? 0;
  }
  tail(row: number): number {
    return this.tails[row] ?? 0;
  }
  text(row: number): string | null {
    const head = this.heads[row] ?? 0;
    if (head === 0) return null;
    const tail = this.tails[row] ?? 0;
    const slot = tail % CACHE_SIZE;
    if (this.cachedTails[slot] === tail && this.cachedHeads[slot] === head)
      return this.cachedTexts[slot] ?? null;
    const text = completeId(this.headTable.headOf(head) + tailText(tail));
    this.cachedTails[slot] = tail;
    this.cachedHeads[slot] = head;
    this.cachedTexts[slot] = text;
    return text;
  }
  raw(row: number): Raw {
    return this.text(row);
  }
  setRaw(row: number, raw: Raw): void {
    if (row >= this.heads.length) {
      if (raw === null) return;
      const length = grownLength(this.heads.length, row);
      const heads = new Uint16Array(length);
      heads.set(this.heads);
      this.heads = heads;
      const tails = new Float64Array(length);
      tails.set(this.tails);
      this.tails = tails;
    }
    if (typeof raw === "string") {
      this.heads[row] = this.headTable.codeOf(raw.slice(0, HEAD_LENGTH));
      this.tails[row] = tailOf(raw);
    } else {
      this.heads[row] = 0;
    }
  }
  clear(from: number): void {
    this.heads.fill(0, from);
  }
}

/** Past this many different texts, and a quarter of the rows, a dictionary costs more than it saves. */
const DICTIONARY_LIMIT = 16_384;

/** Texts: a dictionary while they repeat, a plain array once they turn out to be mostly different. */
export class TextColumn {
  readonly kind = "text";
  codes = new Int32Array(0);
  /** Entry 0 stands for null. */
  dictionary: (string | null)[] = [null];
  private codeByText: Map<string, number> | undefined = new Map();
  private plain: (string | null)[] = [];

  isDictionary(): boolean {
    return this.codeByText !== undefined;
  }
  text(row: number): string | null {
    if (this.codeByText === undefined) return this.plain[row] ?? null;
    return this.dictionary[this.codes[row] ?? 0] ?? null;
  }
  raw(row: number): Raw {
    return this.text(row);
  }
  setRaw(row: number, raw: Raw): void {
    const text = typeof raw === "string" && raw !== "" ? raw : null;
    if (this.codeByText === undefined) {
      while (this.plain.length < row) this.plain.push(null);
      this.plain[row] = text;
      return;
    }
    if (row >= this.codes.length) {
      if (text === null) return;
      const codes = new Int32Array(grownLength(this.codes.length, row));
      codes.set(this.codes);
      this.codes = codes;
    }
    if (text === null) {
      this.codes[row] = 0;
      return;
    }
    let code = this.codeByText.get(text);
    if (code === undefined) {
      code = this.dictionary.push(text) - 1;
      this.codeByText.set(text, code);
    }
    this.codes[row] = code;
    if (code > DICTIONARY_LIMIT && code * 4 > row) this.spread(row + 1);
  }
  clear(from: number): void {
    if (this.codeByText === undefined) this.plain.length = Math.min(this.plain.length, from);
    else this.codes.fill(0, from);
  }

  private spread(rows: number): void {
    const plain: (string | null)[] = [];
    const last = Math.max(rows, this.codes.length);
    for (let row = 0; row < last; row++) plain.push(this.dictionary[this.codes[row] ?? 0] ?? null);
    this.plain = plain;
    this.codeByText = undefined;
    this.dictionary = [null];
    this.codes = new Int32Array(0);
  }
}

export type Column = NumericColumn | BooleanColumn | IdColumn | TextColumn;
