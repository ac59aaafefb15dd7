import { type Column, NumberColumn, TextColumn } from "./columns.ts";
import { type Rewindable, RewindableMap } from "./rewindable.ts";

/** One value that a property had. */
export interface HistoryEntry {
  readonly value: string;
  readonly timestamp: number;
  readonly sourceType: string;
  readonly sourceId?: string;
  readonly sourceLabel?: string;
  readonly updatedByUserId?: number;
}

const LIVE = 0;
const ARCHIVED = 1;
/** Merged into another record, or purged: no list shows it. */
const GONE = 2;

/** The records of one object type. Rows are stable; a reset forgets those made since the mark. */
export class RecordTable implements Rewindable {
  rowCount = 0;
  readonly createdAt = new NumberColumn();
  readonly updatedAt = new NumberColumn();
  readonly archivedAt = new NumberColumn();
  private ids = new Float64Array(64);
  private readonly states = new NumberColumn();
  private readonly rowById = new Map<number, number>();
  private readonly columns = new Map<string, Column>();
  private readonly histories = new Map<string, RewindableMap<number, readonly HistoryEntry[]>>();
  /** Survivor's id of a record that was merged into another. */
  private readonly survivors = new RewindableMap<number, number>();
  private readonly uniques = new Map<string, Map<string, number>>();
  private isAscending = true;
  private order: number[] | undefined;
  private startRows: number | undefined;

  id(row: number): number {
    return this.ids[row] ?? 0;
  }
  /** Row of an id in whatever state, -1 if there never was one. */
  rowOf(id: number): number {
    return this.rowById.get(id) ?? -1;
  }
  append(id: number, createdAt: number): number {
    const row = this.rowCount++;
    if (row >= this.ids.length) {
      const next = new Float64Array(Math.ceil(this.ids.length * 1.5) + 1);
      next.set(this.ids);
      this.ids = next;
    }
    if (row > 0 && id < this.id(row - 1)) this.isAscending = false;
    this.ids[row] = id;
    this.rowById.set(id, row);
    this.order = undefined;
    this.createdAt.set(row, createdAt);
    this.updatedAt.set(row, createdAt);
    this.states.set(row, LIVE);
    return row;
  }
  /** Rows in the order of their ids. */
  *rowsById(): Generator<number> {
    if (this.isAscending) {
      for (let row = 0; row < this.rowCount; row++) yield row;
      return;
    }
    this.order ??= Array.from({ length: this.rowCount }, (_, row) => row).toSorted(
      (left, right) => this.id(left) - this.id(right),
    );
    yield* this.order;
  }

  isLive(row: number): boolean {
    return this.states.number(row) === LIVE;
  }
  isArchived(row: number): boolean {
    return this.states.number(row) === ARCHIVED;
  }
  archive(row: number, at: number): void {
    this.states.set(row, ARCHIVED);
    this.archivedAt.set(row, at);
  }
  restore(row: number): void {
    this.states.set(row, LIVE);
    this.archivedAt.set(row, null);
  }
  /** @param survivor id of the record it was merged into; none where it is purged */
  remove(row: number, survivor?: number): void {
    this.states.set(row, GONE);
    if (survivor !== undefined) this.survivors.set(this.id(row), survivor);
  }
  /** Id that a record answers to now, through every merge. */
  survivorOf(id: number): number {
    let now = id;
    for (let next = this.survivors.get(now); next !== undefined; next = this.survivors.get(now)) now = next;
    return now;
  }

  column(name: string, isInstant: boolean): Column {
    const known = this.columns.get(name);
    if (known !== undefined) return known;
    const made = isInstant ? new NumberColumn() : new TextColumn();
    if (this.startRows !== undefined) made.mark(this.startRows);
    this.columns.set(name, made);
    return made;
  }
  history(name: string): RewindableMap<number, readonly HistoryEntry[]> {
    const known = this.histories.get(name);
    if (known !== undefined) return known;
    const made = new RewindableMap<number, readonly HistoryEntry[]>();
    if (this.startRows !== undefined) made.markStart();
    this.histories.set(name, made);
    return made;
  }

  /** Live or archived row whose property has this value, without regard to case; -1 if none. */
  rowOfUnique(name: string, value: string): number {
    return this.unique(name).get(value.toLowerCase()) ?? -1;
  }
  /** Keeps the index of a unique property true, where there is one yet. */
  moveUnique(name: string, row: number, old: string | null, value: string | null): void {
    const index = this.uniques.get(name);
    if (index === undefined) return;
    if (old !== null && index.get(old.toLowerCase()) === row) index.delete(old.toLowerCase());
    if (value !== null) index.set(value.toLowerCase(), row);
  }
  private unique(name: string): Map<string, number> {
    const known = this.uniques.get(name);
    if (known !== undefined) return known;
    const made = new Map<string, number>();
    const column = this.column(name, false);
    for (let row = 0; row < this.rowCount; row++) {
      const value = this.states.number(row) === GONE ? null : column.text(row);
      if (value !== null) made.set(value.toLowerCase(), row);
    }
    this.uniques.set(name, made);
    return made;
  }
  /** Unique indexes are made anew when asked for next: rows have gone or come back. */
  forgetUniques(): void {
    this.uniques.clear();
  }

  private allColumns(): readonly Column[] {
    return [this.createdAt, this.updatedAt, this.archivedAt, this.states, ...this.columns.values()];
  }
  markStart(): void {
    this.startRows = this.rowCount;
    for (const column of this.allColumns()) column.mark(this.rowCount);
    for (const part of [this.survivors, ...this.histories.values()]) part.markStart();
  }
  rewind(): void {
    const { startRows } = this;
    if (startRows === undefined) return;
    for (let row = startRows; row < this.rowCount; row++) this.rowById.delete(this.id(row));
    for (const column of this.allColumns()) column.rewind(startRows);
    for (const part of [this.survivors, ...this.histories.values()]) part.rewind();
    this.rowCount = startRows;
    this.order = undefined;
    this.uniques.clear();
  }
}
