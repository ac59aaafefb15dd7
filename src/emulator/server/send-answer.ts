import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { createGzip, gzip, constants as zlib } from "node:zlib";
import type { Answer } from "./answer.ts";

const gzipBytes = promisify(gzip);

/** Below this the vendor's answers, too, are not worth packing. */
const GZIP_FLOOR = 860;

/** How a fault spoils the body on the wire; bytes are counted after compression. */
export interface Spoiling {
  readonly truncateAfterBytes?: number | undefined;
  readonly stallAfterBytes?: number | undefined;
  /** The whole body goes out, no faster than this. */
  readonly bytesPerSecond?: number | undefined;
}

/** How often a slow body goes on. */
const SLOW_STEP_MS = 50;

function bodyText(body: Answer["body"]): { readonly text: string; readonly contentType: string } | undefined {
  if (body.kind === "json") {
    return { text: JSON.stringify(body.value), contentType: "application/json;charset=UTF-8" };
  }
  return body.kind === "text" ? body : undefined;
}

/** Only what fits the budget goes out, so that no byte past it can slip through a buffer. */
async function sendSpoiled(response: ServerResponse, bytes: AsyncIterable<Uint8Array>, spoiling: Spoiling) {
  const limit = spoiling.truncateAfterBytes ?? spoiling.stallAfterBytes;
  let budget = limit ?? Number.POSITIVE_INFINITY;
  response.flushHeaders();
  for await (const chunk of bytes) {
    const part = chunk.subarray(0, Math.min(chunk.length, budget));
    budget -= part.length;
    await sendPart(response, part, spoiling.bytesPerSecond);
    if (budget === 0 || response.destroyed) break;
  }
  if (limit === undefined) return void response.end();
  if (spoiling.truncateAfterBytes !== undefined) {
    response.socket?.destroy();
    return;
  }
  if (!response.destroyed) await once(response, "close");
}

async function sendPart(response: ServerResponse, part: Uint8Array, bytesPerSecond: number | undefined) {
  const step =
    bytesPerSecond === undefined
      ? part.length
      : Math.max(1, Math.round((bytesPerSecond * SLOW_STEP_MS) / 1000));
  for (let at = 0; at < part.length && !response.destroyed; at += step) {
    await new Promise((resolve) => response.write(part.subarray(at, at + step), resolve));
    if (bytesPerSecond !== undefined) await delay(SLOW_STEP_MS);
  }
}

async function sendStream(
  response: ServerResponse,
  chunks: Iterable<string>,
  options: { readonly packed: boolean; readonly spoiling: Spoiling | undefined },
) {
  const source = Readable.from(encode(chunks), { objectMode: false });
  const bytes = options.packed ? source.pipe(createGzip({ level: zlib.Z_BEST_SPEED })) : source;
  if (options.spoiling !== undefined) return sendSpoiled(response, bytes, options.spoiling);
  source.on("error", () => response.socket?.destroy());
  response.on("close", () => source.destroy());
  bytes.pipe(response);
  if (!response.closed) await once(response, "close");
}

function* encode(chunks: Iterable<string>): Generator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk, "utf8");
}

/**
 * Writes an answer: status, the emulated clock's `Date`, the body packed with gzip where the client takes it.
 * Resolves when everything is out or the connection is gone.
 */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  options: {
    readonly now: Date;
    readonly acceptsGzip: boolean;
    readonly isHead: boolean;
    readonly spoiling?: Spoiling | undefined;
  },
): Promise<void> {
  if (response.destroyed) return;
  response.sendDate = false;
  response.statusCode = answer.status;
  response.setHeader("Date", options.now.toUTCString());
  response.setHeader("Vary", "Accept-Encoding");
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  if (answer.body.kind === "stream") {
    response.setHeader("Content-Type", answer.body.contentType);
    if (options.acceptsGzip) response.setHeader("Content-Encoding", "gzip");
    if (options.isHead) return void response.end();
    return sendStream(response, answer.body.chunks, {
      packed: options.acceptsGzip,
      spoiling: options.spoiling,
    });
  }
  const body = bodyText(answer.body);
  if (body === undefined) return void response.end();
  let bytes = Buffer.from(body.text, "utf8");
  if (options.acceptsGzip && bytes.length >= GZIP_FLOOR) {
    bytes = await gzipBytes(bytes, { level: zlib.Z_BEST_SPEED });
    response.setHeader("Content-Encoding", "gzip");
  }
  if (response.destroyed) return;
  response.setHeader("Content-Type", body.contentType);
  response.setHeader("Content-Length", bytes.length);
  if (options.isHead) return void response.end();
  if (options.spoiling !== undefined) {
    return sendSpoiled(response, Readable.from([bytes]), options.spoiling);
  }
  response.end(bytes);
}
