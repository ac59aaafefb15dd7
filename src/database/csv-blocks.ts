import { CsvHeaderError } from "./errors.ts";

const quote = 0x22;
const lineFeed = 0x0a;

/** A CSV without its header row, in blocks that each end where a record ends (the last one where the bytes end). */
export interface CsvBody {
  /** undefined when there were no bytes at all. */
  readonly header: readonly string[] | undefined;
  readonly blocks: AsyncGenerator<Uint8Array, void, undefined>;
}

/** Follows quotes through a stream, so that a line break inside a field is not taken for the end of a record. */
function createScanner(): { lastEnd(bytes: Uint8Array): number; firstEnd(bytes: Uint8Array): number } {
  let insideQuotes = false;
  return {
    /** Just after the last record end in `bytes`; 0 when there is none. */
    lastEnd(bytes) {
      let end = 0;
      for (let index = 0; index < bytes.length; index += 1) {
        const byte = bytes[index];
        if (byte === quote) insideQuotes = !insideQuotes;
        else if (byte === lineFeed && !insideQuotes) end = index + 1;
      }
      return end;
    },
    /** Just after the first record end in `bytes`, with the state left as it is there; 0 when there is none. */
    firstEnd(bytes) {
      for (let index = 0; index < bytes.length; index += 1) {
        const byte = bytes[index];
        if (byte === quote) insideQuotes = !insideQuotes;
        else if (byte === lineFeed && !insideQuotes) return index + 1;
      }
      return 0;
    },
  };
}

function headerNames(record: Uint8Array): readonly string[] {
  const text = Buffer.from(record)
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .replace(/\r?\n$/, "");
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) =>
    (match[1]?.replaceAll('""', '"') ?? match[2] ?? "").trim(),
  );
}

/**
 * Takes the header off a CSV and cuts the rest into blocks of at least `blockBytes` (but the last), each ending at a
 * record end. A record longer than that makes its block longer.
 */
export async function readCsv(bytes: AsyncIterable<Uint8Array>, blockBytes: number): Promise<CsvBody> {
  const source = bytes[Symbol.asyncIterator]();
  const scanner = createScanner();
  const headerParts: Uint8Array[] = [];
  let rest: Uint8Array | undefined;
  while (rest === undefined) {
    const next = await source.next();
    if (next.done === true) break;
    const end = scanner.firstEnd(next.value);
    headerParts.push(end === 0 ? next.value : next.value.subarray(0, end));
    if (end > 0) rest = next.value.subarray(end);
  }
  const headerRecord = Buffer.concat(headerParts);
  return {
    header: headerRecord.length === 0 ? undefined : headerNames(headerRecord),
    blocks: blocksOf(rest ?? new Uint8Array(0), source, scanner, blockBytes),
  };
}

async function* blocksOf(
  first: Uint8Array,
  source: AsyncIterator<Uint8Array>,
  scanner: { lastEnd(bytes: Uint8Array): number },
  blockBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let finished = false;
  try {
    let piece: Uint8Array | undefined = first;
    while (piece !== undefined) {
      const end = scanner.lastEnd(piece);
      if (end > 0 && size + end >= blockBytes) {
        yield Buffer.concat([...parts, piece.subarray(0, end)]);
        parts = end < piece.length ? [piece.subarray(end)] : [];
        size = piece.length - end;
      } else if (piece.length > 0) {
        parts.push(piece);
        size += piece.length;
      }
      const next: IteratorResult<Uint8Array, unknown> = await source.next();
      piece = next.done === true ? undefined : next.value;
    }
    finished = true;
    if (size > 0) yield Buffer.concat(parts);
  } finally {
    // The reader stopped early (the store refused a block): tell the source, so that a download is not left open.
    if (!finished) await source.return?.();
  }
}

/** @throws CsvHeaderError unless the header has the expected names in the expected order. */
export function checkHeader(
  header: readonly string[] | undefined,
  expected: readonly string[] | undefined,
): void {
  if (header === undefined || expected === undefined) return;
  const wrong = expected.findIndex((name, index) => header[index] !== name);
  if (wrong === -1 && header.length === expected.length) return;
  const at = wrong === -1 ? expected.length : wrong;
  throw new CsvHeaderError(
    `The CSV's columns are not the expected ones: column ${at + 1} is ${header[at] ?? "missing"}, ` +
      `expected ${expected[at] ?? "no more columns"} (${header.length} columns, expected ${expected.length}).`,
  );
}
