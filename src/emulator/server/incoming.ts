import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** A request as handlers see it, whether it came over a socket or inside a Composite. */
export interface Incoming {
  readonly method: string;
  /** Raw path without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: IncomingBody;
}

export interface IncomingBody {
  /** Decoded bytes (gzip undone), once. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The whole decoded body; read once, remembered. */
  bytes(): Promise<Buffer>;
}

/** A body that grew past what the emulator takes in memory. */
export class BodyTooLargeError extends Error {
  constructor(limit: number) {
    super(`request body is larger than ${limit} bytes; send less in one request`);
    this.name = "BodyTooLargeError";
  }
}

/** A body that says it is packed with gzip and cannot be unpacked. */
export class BrokenBodyError extends Error {
  readonly status = 400;
  constructor(reason: string) {
    super(
      `request body is not the gzip its Content-Encoding promises (${reason}); send it whole, or unpacked`,
    );
    this.name = "BrokenBodyError";
  }
}

/** 150 MB is the vendor's largest upload (Bulk API 2.0, after base64). */
const BODY_LIMIT = 150 * 1024 * 1024;

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new BodyTooLargeError(BODY_LIMIT);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

async function* once(bytes: Promise<Buffer>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}

async function* unpacked(gunzip: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzip;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw code.startsWith("Z_") ? new BrokenBodyError(code) : error;
  }
}

function socketBody(request: IncomingMessage): IncomingBody {
  let whole: Promise<Buffer> | undefined;
  const isGzip = /\bgzip\b/i.test(request.headers["content-encoding"] ?? "");
  const source = (): AsyncIterable<Uint8Array> => {
    if (!isGzip) return request;
    const gunzip = createGunzip();
    request.on("error", (error) => gunzip.destroy(error));
    return unpacked(request.pipe(gunzip));
  };
  const bytes = () => {
    whole ??= readAll(source());
    return whole;
  };
  return {
    bytes,
    chunks: () => (whole === undefined ? source() : once(whole)),
  };
}

/** A body that is in memory already, as subrequests have it. */
export function memoryBody(bytes: Buffer): IncomingBody {
  return { bytes: () => Promise.resolve(bytes), chunks: () => Readable.from([bytes]) };
}

/** `address` is a path with an optional query string, which need not be percent-encoded. */
export function splitAddress(address: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = address.indexOf("?");
  return mark < 0
    ? { path: address, query: new URLSearchParams() }
    : { path: address.slice(0, mark), query: new URLSearchParams(address.slice(mark + 1)) };
}

export function incomingOf(request: IncomingMessage): Incoming {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    method: request.method ?? "GET",
    ...splitAddress(request.url ?? "/"),
    headers,
    body: socketBody(request),
  };
}
