import { stripVTControlCharacters, styleText } from "node:util";
import Table from "cli-table3";
import {
  type Cell,
  noteMark,
  type TableView,
  type Tone,
  tableNotes,
} from "../../console/report-view/cell.ts";

export interface TextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly color: "never" | "always";
}

/** Most rows of a table in a terminal; the command below it lists all. */
const TEXT_ROWS = 15;
const GAP = "  ";
const NARROWEST_NAME = 12;

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0] | null>> = {
  plain: null,
  bad: "red",
  warning: "yellow",
  good: "green",
  quiet: "dim",
};

/**
 * A table as text, never wider than the terminal as far as its essential columns allow: columns that are not essential
 * go first, then names are cut. Notes and the command that lists everything follow it.
 */
export function fitTable(table: TableView, options: TextOptions): string {
  if (table.rows.length === 0) return table.whenEmpty;
  const rows = table.rows.slice(0, TEXT_ROWS);
  const kept = keptColumns(table, columnWidths(table, rows, tableNotes(table)), options.width);
  const notes = tableNotes({ rows: rows.map((row) => kept.flatMap((index) => row[index] ?? [])) });
  const texts = rows.map((row) => row.map((cell) => cellText(cell, notes)));
  const widths = columnWidths(table, rows, notes);
  const others = kept.slice(1).reduce((sum, index) => sum + (widths[index] ?? 0) + GAP.length, 0);
  const nameWidth = Math.min(widths[0] ?? 0, Math.max(NARROWEST_NAME, options.width - others));
  const drawn = new Table({
    head: kept.map((index) => styled("quiet", table.columns[index]?.heading ?? "", options)),
    colAligns: kept.map((index) => table.columns[index]?.align ?? "left"),
    colWidths: kept.map((index) => (index === 0 ? nameWidth : (widths[index] ?? null))),
    chars: BARE,
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(
    ...texts.map((row, number) =>
      kept.map((index) => styled(rows[number]?.[index]?.tone ?? "plain", row[index] ?? "", options)),
    ),
  );
  return [
    drawn.toString().replaceAll(/ +$/gm, ""),
    ...notes.map((note, index) => styled("quiet", `[${noteMark(index)}] ${plainText(note)}`, options)),
    ...cutLine(rows.length, table),
  ].join("\n");
}

const BARE = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: GAP,
} as const;

/** A value with its parts and the letter of its note. */
function cellText(cell: Cell, notes: readonly string[]): string {
  const detail = cell.detail === undefined ? "" : ` (${cell.detail})`;
  const mark = cell.note === undefined ? "" : ` [${noteMark(notes.indexOf(cell.note))}]`;
  return plainText(`${cell.text}${detail}${mark}`);
}

/** What a CRM said may hold control characters that steer a terminal: they are dropped. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, " ");
}

export function styled(tone: Tone, text: string, options: Pick<TextOptions, "color">): string {
  const style = STYLES[tone];
  // The caller decides about colour; Node's own look at the stream would overrule it.
  return style === null || options.color === "never"
    ? text
    : styleText(style, text, { validateStream: false });
}

function keptColumns(table: TableView, widths: readonly number[], width: number): readonly number[] {
  const all = table.columns.map((_column, index) => index);
  const total = (columns: readonly number[]) =>
    columns.reduce((sum, index) => sum + (widths[index] ?? 0) + GAP.length, -GAP.length);
  return all
    .toReversed()
    .filter((index) => table.columns[index]?.isEssential === false)
    .reduce((kept, index) => (total(kept) > width ? kept.filter((other) => other !== index) : kept), all);
}

function columnWidths(
  table: TableView,
  rows: TableView["rows"],
  notes: readonly string[],
): readonly number[] {
  return table.columns.map((column, index) =>
    Math.max(
      textWidth(column.heading),
      ...rows.map((row) => {
        const cell = row[index];
        return cell === undefined ? 0 : textWidth(cellText(cell, notes));
      }),
    ),
  );
}

function cutLine(shown: number, table: TableView): readonly string[] {
  if (shown >= table.total) return [];
  const how = table.allCommand === null ? "" : `; ${table.allCommand} lists all`;
  return [`First ${shown.toLocaleString("en")} of ${table.total.toLocaleString("en")}${how}.`];
}

/** Running text in lines no wider than the terminal. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of plainText(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

/** East Asian characters take two columns; close enough to decide what fits. */
function textWidth(text: string): number {
  const wide =
    text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g)?.length ?? 0;
  return text.length + wide;
}
