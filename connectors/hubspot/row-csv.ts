import { stringify } from "csv-stringify/sync";
import { WireShapeError } from "../../src/core/errors.ts";
import type { ColumnType, StreamField } from "../../src/core/ports.ts";
import type { Cell, Row } from "./record-page.ts";

/**
 * Rows as CSV with a header row; null and an empty property become an empty cell. Values come as text whatever a property's
 * type is, instants here and there as epoch milliseconds: what the store's column cannot hold is refused here, by name,
 * before it is refused there.
 * @throws WireShapeError naming stream and field, never the value
 */
export function rowsToCsv(rows: readonly Row[], fields: readonly StreamField[], stream: string): Uint8Array {
  const table = rows.map((row) =>
    fields.map(({ name, type }) => {
      const cell = cellOf(row[name] ?? null, type);
      if (cell !== undefined) return cell;
      throw new WireShapeError(
        "hubspot",
        `${stream}: a value of ${name} is no ${WORDS[type]}. Check the property's type in HubSpot; nothing of the page was kept.`,
      );
    }),
  );
  const text = stringify([fields.map((field) => field.name), ...table], {
    record_delimiter: "\n",
    // Postgres refuses a bare carriage return outside quotes.
    quoted_match: /\r/,
    cast: { boolean: (value) => (value ? "true" : "false") },
  });
  return new TextEncoder().encode(text);
}

const WORDS = {
  text: "text",
  boolean: "true or false",
  numeric: "number",
  integer: "number",
  date: "date",
  timestamptz: "instant",
} as const satisfies Record<ColumnType, string>;

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const EPOCH_MS = /^-?\d{10,}$/;
const DATE = /^\d{4}-\d{2}-\d{2}/;

/** The value as the column takes it; undefined where it cannot. */
function cellOf(value: Cell, type: ColumnType): Cell | undefined {
  if (value === null || value === "") return null;
  const text = String(value);
  switch (type) {
    case "text":
      // Postgres knows no such character.
      return text.replaceAll("\0", "");
    case "boolean":
      return text === "true" || text === "false" ? text : undefined;
    case "numeric":
    case "integer":
      return NUMBER.test(text) ? text : undefined;
    case "date":
      return instantOf(text)?.slice(0, 10);
    case "timestamptz":
      return instantOf(text);
  }
}

function instantOf(text: string): string | undefined {
  const at = EPOCH_MS.test(text) ? Number(text) : DATE.test(text) ? Date.parse(text) : Number.NaN;
  const instant = new Date(at);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}
