/** Rows of one object: columns, the Id index, lazily built equality indexes, and undo for reset and rollback. */
import { HEAD_LENGTH, makeId, tailOf } from "../ids.ts";
import type { FieldDef } from "../schema/definitions.ts";
import {
  BooleanColumn,
  type Column,
  type HeadTable,
  IdColumn,
  NumericColumn,
  type Raw,
  TextColumn,
} from "./columns.ts";
import { IdIndex, TextIndex } from "./row-index.ts";

/** What a table looked like when a transaction, or the life after the start company, began. */
interface Frame {
  readonly version: number;
  readonly rowCount: number;
  readonly sequence: number;
  readonly autoNumber: number;
  readonly purgedCount: number;
  readonly columns: ReadonlyMap<string, Column>;
  /** Values of rows older than the frame before their first change, by column and row. */
  readonly before: Map<Column, Map<number, Raw>>;
  /** Rows older than the frame that were purged since. */
  readonly purged: number[];
}

function columnFor(field: FieldDef, heads: HeadTable): Column {
  switch (field.type) {
    case "id":
    case "reference":
      return field.textKey ? new TextColumn() : new IdColumn(heads);
    case "boolean":
      return new BooleanColumn();
    case "int":
    case "double":
    case "currency":
    case "percent":
    case "date":
    case "datetime":
    case "time":
      return new NumericColumn();
    case "string":
    case "textarea":
    case "picklist":
    case "multipicklist":
    case "email":
    case "phone":
    case "url":
      return new TextColumn();
  }
}

export class Table {
  readonly keyPrefix: string;
  /** Rows ever made, purged ones included; row numbers are stable. */
  rowCount = 0;
  /** Moves with every change: caches derived from this table compare it. */
  version = 0;
  readonly ids: IdColumn;
  readonly heads: HeadTable;
  private columns = new Map<string, Column>();
  private idIndex: IdIndex;
  private readonly indexes = new Map<string, IdIndex | TextIndex>();
  private readonly frames: Frame[] = [];
  private purged = new Uint8Array(64);
  purgedCount = 0;
  private sequence = 0;
  private autoNumber = 0;

  constructor(keyPrefix: string, heads: HeadTable) {
    this.keyPrefix = keyPrefix;
    this.heads = heads;
    this.ids = new IdColumn(heads);
    this.idIndex = new IdIndex(this.ids);
    this.columns.set("id", this.ids);
  }

  column(field: FieldDef): Column {
    const { key } = field;
    const known = this.columns.get(key);
    if (known !== undefined) return known;
    const made = columnFor(field, this.heads);
    this.columns.set(key, made);
    return made;
  }
  /** The data of a deleted field; frames keep it, so a reset brings it back. */
  dropColumn(name: string): void {
    this.columns.delete(name.toLowerCase());
    this.indexes.delete(name.toLowerCase());
    this.version++;
  }

  /** Row of an id, -1 if there is none. */
  rowOfId(id: string): number {
    const row = this.idIndex.rowOf(this.heads.knownCode(id.slice(0, HEAD_LENGTH)), tailOf(id));
    return row >= 0 && this.purged[row] === 1 ? -1 : row;
  }
  rowOfParts(head: number, tail: number): number {
    const row = this.idIndex.rowOf(head, tail);
    return row >= 0 && this.purged[row] === 1 ? -1 : row;
  }
  isPurged(row: number): boolean {
    return this.purged[row] === 1;
  }

  /** Next id of our own making that is free here. */
  freshId(): string {
    for (;;) {
      this.sequence++;
      const id = makeId(this.keyPrefix, this.sequence);
      if (this.idIndex.rowOf(this.heads.knownCode(id.slice(0, HEAD_LENGTH)), tailOf(id)) < 0) return id;
    }
  }
  nextAutoNumber(): number {
    this.autoNumber++;
    return this.autoNumber;
  }

  appendRow(id: string): number {
    const row = this.rowCount++;
    this.ids.setRaw(row, id);
    this.idIndex.add(row);
    if (row >= this.purged.length) {
      const purged = new Uint8Array(this.purged.length * 2);
      purged.set(this.purged);
      this.purged = purged;
    }
    this.version++;
    return row;
  }

  set(row: number, field: FieldDef, raw: Raw): void {
    const { key } = field;
    const column = this.columns.get(key) ?? this.column(field);
    this.version++;
    if (this.frames.length > 0) this.remember(row, column);
    const index = this.indexes.get(key);
    if (index === undefined) {
      column.setRaw(row, raw);
      return;
    }
    index.remove(row);
    column.setRaw(row, raw);
    index.add(row);
  }
  private remember(row: number, column: Column): void {
    for (const frame of this.frames) {
      if (row >= frame.rowCount) continue;
      let values = frame.before.get(column);
      if (values === undefined) {
        values = new Map();
        frame.before.set(column, values);
      }
      if (!values.has(row)) values.set(row, column.raw(row));
    }
  }
  /** Takes a row out for good: not even queryAll shows it. */
  purge(row: number): void {
    if (this.purged[row] === 1) return;
    for (const frame of this.frames) if (row < frame.rowCount) frame.purged.push(row);
    this.purged[row] = 1;
    this.purgedCount++;
    this.version++;
  }

  /** Rows whose reference field holds `id`, in no particular order. */
  rowsByReference(field: FieldDef, id: string): readonly number[] {
    const index = this.index(field);
    return index instanceof IdIndex ? index.rowsOf(id) : index.rowsOf(id);
  }
  /** Rows whose text field equals `text` the way the field compares. */
  rowsByText(field: FieldDef, text: string | number): readonly number[] {
    const index = this.index(field);
    return index instanceof TextIndex ? index.rowsOf(text) : [];
  }
  private index(field: FieldDef): IdIndex | TextIndex {
    const { key } = field;
    const known = this.indexes.get(key);
    if (known !== undefined) return known;
    const column = this.column(field);
    const index =
      column.kind === "id"
        ? new IdIndex(column)
        : new TextIndex(column, { isCaseSensitive: field.isCaseSensitive });
    for (let row = 0; row < this.rowCount; row++) if (this.purged[row] !== 1) index.add(row);
    this.indexes.set(key, index);
    return index;
  }

  begin(): void {
    this.frames.push({
      version: this.version,
      rowCount: this.rowCount,
      sequence: this.sequence,
      autoNumber: this.autoNumber,
      purgedCount: this.purgedCount,
      columns: new Map(this.columns),
      before: new Map(),
      purged: [],
    });
  }
  /** Keeps what happened since the last `begin`. Outer frames have recorded it too. */
  commit(): void {
    this.frames.pop();
  }
  /** Takes back everything since the last `begin`, row ids and numbers included. */
  rollback(): void {
    const frame = this.frames.pop();
    // Most tables are untouched by most transactions; theirs keep their indexes.
    if (frame === undefined || frame.version === this.version) return;
    this.indexes.clear();
    const added = this.rowCount - frame.rowCount;
    if (added > 10_000) this.idIndex = new IdIndex(this.ids);
    else for (let row = frame.rowCount; row < this.rowCount; row++) this.idIndex.remove(row);
    this.columns = new Map(frame.columns);
    for (const column of this.columns.values()) column.clear(frame.rowCount);
    for (const [column, values] of frame.before) {
      for (const [row, raw] of values) column.setRaw(row, raw);
    }
    for (const row of frame.purged) this.purged[row] = 0;
    this.purged.fill(0, frame.rowCount);
    this.rowCount = frame.rowCount;
    this.sequence = frame.sequence;
    this.autoNumber = frame.autoNumber;
    this.purgedCount = frame.purgedCount;
    if (added > 10_000) for (let row = 0; row < this.rowCount; row++) this.idIndex.add(row);
    this.version++;
  }
}
