import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { StreamField } from "../../src/core/ports.ts";

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const QueryAnswer = z.looseObject({
  totalSize: z.int().nonnegative(),
  done: z.boolean(),
  nextRecordsUrl: z.string().startsWith("/services/data/").optional(),
  records: z.array(z.record(z.string(), z.unknown())),
});

export type QueryAnswer = z.infer<typeof QueryAnswer>;

/** @throws WireShapeError when the body is not a query's answer, or says it goes on without saying where */
export function readQueryAnswer(body: unknown, step: string): QueryAnswer {
  const parsed = QueryAnswer.safeParse(body);
  if (!parsed.success) throw new WireShapeError("salesforce", `${step}: the answer is no query result.`);
  if (!parsed.data.done && parsed.data.nextRecordsUrl === undefined) {
    throw new WireShapeError("salesforce", `${step}: the result goes on, but the answer does not say where.`);
  }
  return parsed.data;
}

/**
 * REST records as CSV with a header row; null becomes an empty cell.
 * @throws WireShapeError when a record lacks a field we asked for
 */
export function recordsToCsv(
  records: readonly Readonly<Record<string, unknown>>[],
  fields: readonly StreamField[],
  step: string,
): Uint8Array {
  const rows = records.map((record) =>
    fields.map((field) => {
      const cell = Cell.safeParse(record[field.name]);
      if (!cell.success) {
        throw new WireShapeError(
          "salesforce",
          `${step}: a record has no value for ${field.name}, which was asked for. Run \`ripeline doctor\`.`,
        );
      }
      return cell.data;
    }),
  );
  const text = stringify([fields.map((field) => field.name), ...rows], {
    record_delimiter: "\n",
    // Postgres refuses a bare carriage return outside quotes.
    quoted_match: /\r/,
    cast: { boolean: (value) => (value ? "true" : "false") },
  });
  return new TextEncoder().encode(text);
}
