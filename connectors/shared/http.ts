import { ConnectorError, type CrmName, TransientHttpError } from "../../src/core/errors.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | FormData | ReadableStream<Uint8Array>;
  /** What is being done, in words for error messages: "the token request". */
  readonly step: string;
  /** Ends the request, or the reading of its answer; its reason is thrown. */
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Decoded bytes (gzip undone), to be read once. Throws {@link TransientHttpError} when they stop coming. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up; for a body that will not be read to its end. */
  discard(): void;
}

export interface Http {
  /** @throws TransientHttpError when no answer comes; the `cause` has the system's code (ECONNREFUSED, ...). */
  open(request: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpLimits {
  /** From sending to the answer's headers. */
  readonly answerMs: number;
  /** Between two chunks of a body while somebody waits for one. */
  readonly idleMs: number;
}

/** Salesforce cuts a query at 120 s, other calls at 10 minutes; Node's own limits are 300 s. */
const defaultHttpLimits: HttpLimits = { answerMs: 240_000, idleMs: 60_000 };

/** The system's code behind a failed fetch, for example ECONNRESET; "unknown" where there is none. */
function networkCode(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    // Our own errors carry a code of their own kind; the system's is further down.
    if (!(at instanceof ConnectorError) && "code" in at && typeof at.code === "string") return at.code;
  }
  return error instanceof Error && error.name === "AbortError" ? "timeout" : "unknown";
}

/** True where the request cannot have reached the server, so that nothing was counted and nothing was done. */
export function neverConnected(error: unknown): boolean {
  return [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
  ].includes(networkCode(error));
}

/**
 * A thin layer over `fetch`: time-outs for the answer and for a body that stalls, and every failure of the network as
 * one typed error that names host and step. Status codes are the caller's business; nothing is retried here. Node's
 * fetch uses a proxy only when NODE_USE_ENV_PROXY is set, and then honours NO_PROXY.
 */
export function createHttp(crm: CrmName, limits: HttpLimits = defaultHttpLimits): Http {
  return {
    async open(request) {
      const { signal } = request;
      signal?.throwIfAborted();
      const host = new URL(request.url).host;
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), limits.answerMs);
      try {
        const response = await fetch(request.url, {
          method: request.method,
          headers: { ...request.headers },
          redirect: "manual",
          signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
          ...(request.body === undefined ? {} : { body: request.body, duplex: "half" }),
        });
        return {
          status: response.status,
          headers: response.headers,
          body: readBody(crm, response, {
            controller,
            idleMs: limits.idleMs,
            where: `${request.step} at ${host}`,
            signal,
          }),
          discard: () => controller.abort(),
        };
      } catch (error) {
        signal?.throwIfAborted();
        const why = controller.signal.aborted
          ? `no answer within ${limits.answerMs / 1000} s`
          : networkCode(error);
        throw new TransientHttpError(
          crm,
          `${request.step} failed: cannot reach ${host} (${why}). Check the address and the network; it is tried again.`,
          undefined,
          { cause: error },
        );
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

interface Reading {
  readonly controller: AbortController;
  readonly idleMs: number;
  /** Step and host, for error messages. */
  readonly where: string;
  readonly signal: AbortSignal | undefined;
}

async function* readBody(
  crm: CrmName,
  response: Response,
  { controller, idleMs, where, signal }: Reading,
): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const stream: ReadableStream<Uint8Array> = response.body;
  const reader = stream.getReader();
  let received = 0;
  let isComplete = false;
  let hasStalled = false;
  try {
    while (true) {
      // The timer runs only while we wait for the network: a slow database must not look like a stalled server.
      const timer = setTimeout(() => {
        hasStalled = true;
        controller.abort();
      }, idleMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) {
        isComplete = true;
        return;
      }
      received += value.byteLength;
      yield value;
    }
  } catch (error) {
    signal?.throwIfAborted();
    const why = hasStalled
      ? `nothing more came for ${idleMs / 1000} s`
      : `the connection broke (${networkCode(error)})`;
    throw new TransientHttpError(
      crm,
      `${where} ended early: ${why} after ${received} bytes. Nothing of it was kept; it is tried again.`,
      response.status,
      { cause: error },
    );
  } finally {
    if (!isComplete) controller.abort();
  }
}

/** The same layer for work that `signal` may end. */
export function httpDuring(http: Http, signal: AbortSignal): Http {
  return { open: (request) => http.open({ ...request, signal }) };
}

/** The whole body as UTF-8 text; only for answers of bounded size. */
export async function readText(answer: HttpAnswer): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of answer.body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
