import { WireShapeError } from "../../src/core/errors.ts";
import { RowCountError } from "./row-count-error.ts";

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Passes CSV bytes on as they come and checks them on the way: the header must name `columns` in this order, and the
 * body must hold `expectedRows` whole records. Nothing is held back but the header, so a page of any size flows through.
 * @throws WireShapeError for another header; RowCountError for missing, surplus or cut records
 */
export async function* checkedCsv(
  bytes: AsyncIterable<Uint8Array>,
  expected: { readonly columns: readonly string[]; readonly rows: number; readonly step: string },
): AsyncGenerator<Uint8Array> {
  const { columns, rows, step } = expected;
  let header: Uint8Array | null = new Uint8Array();
  let allQuoted = false;
  let inQuotes = false;
  let records = 0;
  let atLineStart = true;
  let last = NEWLINE;
  for await (const chunk of bytes) {
    let rest = chunk;
    if (header !== null) {
      const joined: Uint8Array = Buffer.concat([header, chunk]);
      const end = joined.indexOf(NEWLINE);
      if (end < 0) {
        header = joined;
        continue;
      }
      allQuoted = joined[0] === QUOTE;
      checkHeader(joined.subarray(0, end), columns, step);
      yield joined.subarray(0, end + 1);
      header = null;
      rest = joined.subarray(end + 1);
    }
    if (rest.byteLength === 0) continue;
    // By index: an iterator over bytes is several times slower, and every byte of a load passes here.
    for (let index = 0; index < rest.byteLength; index += 1) {
      const byte = rest[index] ?? 0;
      if (byte === QUOTE) inQuotes = !inQuotes;
      if (byte === NEWLINE && !inQuotes) {
        records += 1;
        atLineStart = true;
      } else if (byte !== RETURN || inQuotes) {
        atLineStart = false;
        last = byte;
      }
    }
    yield rest;
  }
  if (header !== null && header.byteLength > 0) {
    checkHeader(header, columns, step);
    yield Buffer.concat([header, Uint8Array.of(NEWLINE)]);
  } else if (header !== null && rows === 0) {
    yield new TextEncoder().encode(`${columns.join(",")}\n`);
  }
  if (!atLineStart) records += 1;
  // Where every cell is quoted a last record that does not end in a quote was cut, even if the count is right.
  const isCut = inQuotes || (!atLineStart && allQuoted && last !== QUOTE);
  if (records !== rows || isCut) {
    throw new RowCountError(
      `${step}: the page should hold ${rows} records, but ${isCut ? "its last record is cut" : `${records} came`}. It was not kept; it is read again.`,
    );
  }
}

function checkHeader(line: Uint8Array, columns: readonly string[], step: string): void {
  const text = new TextDecoder().decode(line);
  const found = text.split(",").map((name) => name.trim().replace(/^"|"$/g, ""));
  if (found.length === columns.length && columns.every((column, index) => column === found[index])) return;
  const missing = columns.find((column) => !found.includes(column));
  throw new WireShapeError(
    "salesforce",
    `${step}: the page's columns are not those asked for${missing === undefined ? ", in their order" : ` (${missing} is missing)`}. Run \`ripeline doctor\`.`,
  );
}
