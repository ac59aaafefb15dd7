import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Bytes that have all arrived, to be read once. `discard` removes the file, if there is one. */
export interface Spool {
  readonly bytes: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

async function* fromArray(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** Waits for all bytes: in memory up to `memoryBytes`, beyond that in a file only this user can read. */
export async function spool(source: AsyncIterable<Uint8Array>, memoryBytes: number): Promise<Spool> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const iterator = source[Symbol.asyncIterator]();
  while (size <= memoryBytes) {
    const next = await iterator.next();
    if (next.done === true) return { bytes: fromArray(parts), discard: async () => undefined };
    parts.push(next.value);
    size += next.value.length;
  }
  const folder = await mkdtemp(join(tmpdir(), "ripeline-"));
  const discard = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, "page.csv");
  async function* everything(): AsyncGenerator<Uint8Array> {
    yield* parts.splice(0);
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  try {
    await pipeline(everything(), createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    await discard();
    throw error;
  }
  return { bytes: createReadStream(file), discard };
}
