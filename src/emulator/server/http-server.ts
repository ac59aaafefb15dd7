import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../core/time.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import { type FaultSpec, type FaultTable, faultAnswer, faultEffect } from "./faults.ts";
import type { Found, Half } from "./half.ts";
import { BrokenBodyError, type Incoming, incomingOf } from "./incoming.ts";
import type { RequestLedger } from "./request-ledger.ts";
import { type Spoiling, sendAnswer } from "./send-answer.ts";

/** The vendor's limit for address and headers together, in bytes. */
const ADDRESS_AND_HEADERS_LIMIT = 16_384;

export interface ListenerParts {
  readonly clock: Clock;
  readonly halves: readonly Half[];
  readonly faults: FaultTable;
  readonly ledger: RequestLedger;
  /** Answers below `/control`; neither counted nor met by faults. */
  control(incoming: Incoming): Promise<Answer>;
  /** Told of every mistake of the emulator itself. */
  onMishap(error: unknown): void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

const isMatch = (found: Found): found is Exclude<Found, readonly string[] | undefined> =>
  found !== undefined && "operation" in found;

/** The part of `_HttpMethod`, fields and so on that an operation does not list is noted, then ignored. */
function noteParameters(parts: ListenerParts, half: Half, incoming: Incoming, found: Found) {
  const name = isMatch(found) ? found.operation.name : "unknown";
  parts.ledger.count(half.crm, name);
  if (!isMatch(found)) return name;
  for (const parameter of new Set(incoming.query.keys())) {
    const known = found.operation.parameters.includes(parameter) || parameter === "_HttpMethod";
    if (!known) parts.ledger.noteUnknownParameter(half.crm, name, parameter);
  }
  return name;
}

/** The first characters of a text that comes in pieces. */
function* firstCharacters(pieces: Iterable<string>, count: number): Generator<string> {
  let left = count;
  for (const piece of pieces) {
    if (left <= 0) return;
    yield piece.slice(0, left);
    left -= piece.length;
  }
}

/** A body that ends early and looks whole: its length and its packing are those of what is left. */
function endedEarly(body: Answer["body"], count: number): Answer["body"] {
  switch (body.kind) {
    case "none":
      return body;
    case "stream":
      return { ...body, chunks: firstCharacters(body.chunks, count) };
    case "text":
      return { ...body, text: body.text.slice(0, count) };
    case "json":
      return {
        kind: "text",
        text: JSON.stringify(body.value).slice(0, count),
        contentType: "application/json;charset=UTF-8",
      };
  }
}

function spoil(answer: Answer, fault: FaultSpec): Answer {
  const headers: Record<string, string> = { ...answer.headers };
  for (const unwanted of fault.removeHeaders ?? []) {
    for (const name of Object.keys(headers)) {
      if (name.toLowerCase() === unwanted.toLowerCase()) delete headers[name];
    }
  }
  const { endAfterCharacters } = fault;
  const body = endAfterCharacters === undefined ? answer.body : endedEarly(answer.body, endAfterCharacters);
  return { ...answer, body, headers: { ...headers, ...fault.setHeaders } };
}

/** The answer to one request with its fault applied, or undefined where the connection is to be reset. */
async function answerOf(
  half: Half,
  incoming: Incoming,
  found: Found,
  fault: FaultSpec | undefined,
  operation: string,
): Promise<Answer | undefined> {
  if (fault === undefined) return half.handle(incoming, found);
  if (fault.delayMs > 0) await delay(fault.delayMs);
  const effect = faultEffect(fault, operation);
  const replacement = faultAnswer(fault, operation, half.crm);
  if (fault.when === "before") {
    if (effect !== undefined) half.strike(effect, incoming);
    if (fault.reset) return undefined;
    if (replacement !== undefined) return spoil(replacement, fault);
  }
  const answer = await half.handle(incoming, found);
  if (effect !== undefined) half.strike(effect, incoming);
  if (fault.reset) return undefined;
  return spoil(replacement ?? answer, fault);
}

/** What a fault does to the bytes on their way. */
function spoilingOf(fault: FaultSpec | undefined): Spoiling | undefined {
  if (fault === undefined) return undefined;
  const { truncateAfterBytes, stallAfterBytes, bytesPerSecond } = fault;
  const isSpoiled = [truncateAfterBytes, stallAfterBytes, bytesPerSecond].some((one) => one !== undefined);
  return isSpoiled ? { truncateAfterBytes, stallAfterBytes, bytesPerSecond } : undefined;
}

async function serve(parts: ListenerParts, request: IncomingMessage, response: ServerResponse) {
  const incoming = incomingOf(request);
  const send = (answer: Answer, fault?: FaultSpec, skewMs = 0) =>
    sendAnswer(response, answer, {
      now: new Date(parts.clock.now().getTime() + skewMs),
      acceptsGzip: /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(
        incoming.headers["accept-encoding"] ?? "",
      ),
      isHead: request.method === "HEAD",
      spoiling: spoilingOf(fault),
    });
  if (incoming.path === "/control" || incoming.path.startsWith("/control/")) {
    await send(await parts.control(incoming));
    return;
  }
  const half = parts.halves.find((candidate) => candidate.owns(incoming.path));
  if (half === undefined) {
    await send(jsonAnswer(404, { error: `no emulated CRM answers ${incoming.path}` }));
    return;
  }
  const addressBytes = Buffer.byteLength(request.url ?? "");
  const headerBytes = request.rawHeaders.reduce((sum, part) => sum + Buffer.byteLength(part) + 2, 0);
  if (addressBytes + headerBytes > ADDRESS_AND_HEADERS_LIMIT) {
    await send(half.tooLong(addressBytes > headerBytes ? 414 : 431));
    return;
  }
  const found = half.find(incoming);
  const operation = noteParameters(parts, half, incoming, found);
  const fault = await parts.faults.take({
    crm: half.crm,
    operation,
    method: incoming.method,
    address: request.url ?? "",
    objects: () => half.objects(incoming, found),
  });
  const answer = await answerOf(half, incoming, found, fault, operation);
  if (answer === undefined) {
    request.socket.resetAndDestroy();
    return;
  }
  await send(answer, fault, half.dateSkewMs());
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function refuseOversizedHeaders(parts: ListenerParts, error: NodeJS.ErrnoException, socket: Socket) {
  if (!socket.writable) return;
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(
    `HTTP/1.1 ${status}\r\nDate: ${parts.clock.now().toUTCString()}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

/**
 * Listens on 127.0.0.1. `port` 0 picks a free one. `connect` is called once the port is known and before the first
 * request is answered.
 *
 * @throws Error EADDRINUSE where the port is taken.
 */
export async function startListener(
  port: number,
  connect: (port: number) => Promise<ListenerParts>,
): Promise<Listener> {
  let resolveParts: (parts: ListenerParts) => void = () => undefined;
  const ready = new Promise<ListenerParts>((resolve) => {
    resolveParts = resolve;
  });
  // The parser's own limit is set above the vendor's, so that the refusal is the vendor's and not Node's.
  const server = createServer({ maxHeaderSize: 256 * 1024, keepAliveTimeout: 120_000, requestTimeout: 0 });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void ready.then(async (parts) => {
      try {
        await serve(parts, request, response);
      } catch (error) {
        if (!(error instanceof BrokenBodyError)) parts.onMishap(error);
        if (response.headersSent) {
          request.socket.destroy();
          return;
        }
        const half = parts.halves.find((candidate) => candidate.owns(request.url ?? "/")) ?? parts.halves[0];
        const answer = half?.mishap(error) ?? jsonAnswer(500, { error: String(error) });
        await sendAnswer(response, answer, { now: parts.clock.now(), acceptsGzip: false, isHead: false });
      } finally {
        // What a handler did not read must not hold up the next request on the connection.
        request.resume();
      }
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    void ready.then((parts) => refuseOversizedHeaders(parts, error, socket));
  });
  const bound = await listen(server, port);
  resolveParts(await connect(bound));
  return {
    port: bound,
    close: async () => {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
