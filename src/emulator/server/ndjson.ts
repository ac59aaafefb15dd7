/** A line that is not a JSON object, with its number (1 is the first). */
class NdjsonError extends Error {
  constructor(line: number, reason: string) {
    super(`line ${line} of the body is not a JSON object (${reason}); send one object a line`);
    this.name = "NdjsonError";
  }
}

type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseLine(text: string, line: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NdjsonError(line, error instanceof Error ? error.message : "no JSON");
  }
  if (!isRow(value)) throw new NdjsonError(line, `found ${Array.isArray(value) ? "an array" : typeof value}`);
  return value;
}

export interface RowGroup {
  readonly rows: readonly Row[];
  /** Line of each row in the body; 1 is the first. */
  readonly lines: readonly number[];
}

/** Rows of an NDJSON body in groups of at most `size`, blank lines skipped; the body is never held whole. */
export async function* readNdjson(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<RowGroup> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: false });
  let rest = "";
  let line = 0;
  let rows: Row[] = [];
  let lines: number[] = [];
  const take = (text: string) => {
    line += 1;
    if (text.trim() === "") return;
    rows.push(parseLine(text, line));
    lines.push(line);
  };
  for await (const chunk of chunks) {
    const texts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = texts.pop() ?? "";
    for (const text of texts) {
      take(text);
      if (rows.length >= size) {
        yield { rows, lines };
        rows = [];
        lines = [];
      }
    }
  }
  take(rest + decoder.decode());
  if (rows.length > 0) yield { rows, lines };
}

/** One JSON object a line, in pieces of about 64 KB. */
export function* writeNdjson(rows: Iterable<Record<string, unknown>>): Generator<string> {
  let text = "";
  for (const row of rows) {
    text += `${JSON.stringify(row)}\n`;
    if (text.length > 65_536) {
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}
