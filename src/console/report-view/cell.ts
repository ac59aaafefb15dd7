/** What a colour would say, in words; renderers choose the colour, and never say it by colour alone. */
export type Tone = "plain" | "bad" | "warning" | "good" | "quiet";

/** One value as a reader sees it. */
export interface Cell {
  /** "unknown" where the value is; never empty. */
  readonly text: string;
  /** Smaller, beside the value: "12 of 40". */
  readonly detail?: string;
  /** Why the value is unknown, or a caution beside it. */
  readonly note?: string;
  /** Id of the place on the page that lists the rows behind the value. */
  readonly target?: string;
  readonly tone: Tone;
}

export interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
  /** Narrow terminals leave out the columns that are not. */
  readonly isEssential: boolean;
}

export interface TableView {
  readonly id: string;
  /** Says what the table shows; read aloud before it. */
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Every row has a cell for each column; the first one names the row. */
  readonly rows: readonly (readonly Cell[])[];
  /** Rows there are; more than `rows.length` where the list is cut. */
  readonly total: number;
  /** Command that lists all; shown where the list is cut. */
  readonly allCommand: string | null;
  /** Sentence for a table without rows. */
  readonly whenEmpty: string;
}

export const UNKNOWN = "unknown";

/** A cell of plain text. */
export function textCell(text: string, extra: Omit<Partial<Cell>, "text"> = {}): Cell {
  return { text, tone: "plain", ...extra };
}

/** A value that cannot be known, and why. */
export function unknownCell(reason: string): Cell {
  return { text: UNKNOWN, note: reason, tone: "quiet" };
}

/** Notes of a table's cells, each once, in the order of first use: the reader finds them by letter below the table. */
export function tableNotes(table: Pick<TableView, "rows">): readonly string[] {
  const notes = new Set<string>();
  for (const cell of table.rows.flat()) if (cell.note !== undefined) notes.add(cell.note);
  return [...notes];
}

/** a, b, … z, aa, ab … */
export function noteMark(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : noteMark(Math.floor(index / 26) - 1) + letter;
}
