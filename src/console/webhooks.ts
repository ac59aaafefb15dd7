import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { ConfigError } from "../core/errors.ts";
import { SECOND_MS } from "../core/time.ts";

/** A request for the webhook's path: `body` as it came. */
interface Posted {
  readonly method: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
}

export interface WebhookServerOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string;
  readonly receive: (request: Posted) => Promise<{ readonly status: number; readonly records: number }>;
  /** Called where records were noted: somebody should look at them now. */
  readonly onRecords: () => void;
  readonly log: { warn(facts: Readonly<Record<string, unknown>>, message: string): void };
  /** For tests. @default 800: HubSpot waits for five seconds, and counts slow answers against the app */
  readonly patienceMs?: number;
}

export interface WebhookServer {
  readonly port: number;
  close(): Promise<void>;
}

const WEBHOOK_PATH = "/webhooks/hubspot";
/** A hundred events, each with a property of 65,536 characters in UTF-8. */
const MOST_BYTES = 8_000_000;
const PATIENCE_MS = 800;

/**
 * Serves `POST /webhooks/hubspot` until it is closed, and nothing else. Every answer comes within a second: where the store
 * is busy longer the events are answered for and go on being kept. One that a crash then loses is found by the next pull.
 * @throws ConfigError where the address cannot be listened on
 */
export async function serveWebhooks(options: WebhookServerOptions): Promise<WebhookServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log.warn({ reason: nameOf(error) }, "a webhook was not taken; HubSpot sends it again");
      end(response, 500);
    });
  });
  server.requestTimeout = 10 * SECOND_MS;
  server.headersTimeout = 5 * SECOND_MS;
  const port = await listen(server, options.listen);
  return {
    port,
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeIdleConnections();
      await promise;
    },
  };
}

async function answer(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if ((request.url ?? "").split("?")[0] !== WEBHOOK_PATH) return end(response, 404);
  if (request.method !== "POST") return end(response, 405, { Allow: "POST" });
  const body = await bodyOf(request);
  if (body === null) return end(response, 413, { Connection: "close" });
  const received = options.receive({ method: request.method, headers: request.headers, body });
  const took = received.then(({ status, records }) => {
    if (records > 0) options.onRecords();
    return status;
  });
  const patience = new AbortController();
  const late = wait(options.patienceMs ?? PATIENCE_MS, null, { signal: patience.signal }).catch(() => null);
  const status = await Promise.race([took, late]);
  patience.abort();
  if (status !== null) return end(response, status);
  took.catch((error: unknown) => {
    options.log.warn(
      { reason: nameOf(error) },
      "events of a webhook were lost; the next pull finds what they told of",
    );
  });
  end(response, 204);
}

/** The bytes as they came; null where they are too many. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The connection stays open for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("the body came as text");
    size += chunk.length;
    if (size > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  if (response.headersSent) return;
  response.writeHead(status, { ...headers, "Content-Length": "0" }).end();
}

/** The class of an error: its message could hold what was posted. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}

async function listen(server: Server, address: string): Promise<number> {
  const match = /^(?<host>.+):(?<port>\d{1,5})$/.exec(address);
  const host = match?.groups?.["host"]?.replace(/^\[|\]$/g, "");
  const port = Number(match?.groups?.["port"]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, resolve);
  try {
    await promise;
  } catch (error) {
    throw new ConfigError(
      `RIPELINE_LISTEN: ${address} cannot be listened on. Free the port, or name another one.`,
      { cause: error },
    );
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}
