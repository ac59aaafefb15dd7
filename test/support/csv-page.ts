import { stringify } from "csv-stringify/sync";
import type { Checkpoint, Page, StreamField, StreamSpec, WireValue } from "../../src/core/ports.ts";

/** A page as a connector hands it over: rows by field name, what is not given is empty. */
export function csvPage(
  stream: StreamSpec,
  rows: readonly Readonly<Record<string, WireValue>>[],
  options: {
    readonly queriedAt: Date;
    readonly next?: Checkpoint | null;
    readonly expectedRows?: number;
    readonly expectedTotal?: number | null;
    readonly fields?: readonly StreamField[];
  },
): Page {
  const fields = options.fields ?? stream.fields;
  const table = rows.map((row) => fields.map((field) => row[field.name] ?? ""));
  const text = stringify([fields.map((field) => field.name), ...table], {
    cast: { boolean: (value) => String(value) },
  });
  const next = options.next ?? null;
  return {
    stream,
    fields,
    csv: (async function* () {
      yield Buffer.from(text, "utf8");
    })(),
    expectedRows: options.expectedRows ?? rows.length,
    expectedTotal:
      options.expectedTotal === undefined ? (next === null ? rows.length : null) : options.expectedTotal,
    next,
    queriedAt: options.queriedAt,
  };
}
