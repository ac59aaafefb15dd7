import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { AuthError, ConfigError, type CrmName, TimedOutError } from "../../src/core/errors.ts";
import { redact } from "./redact.ts";

/** Where the browser comes back to after a sign-in. */
export interface CallbackServer {
  /** The address that the vendor's app must know as its callback. */
  readonly redirectUri: string;
  /**
   * The code that the browser brings; one with another state is turned away and does not end the wait.
   * @throws AuthError where the vendor or the user said no; TimedOutError; the reason of `signal`
   */
  code(expected: { readonly state: string; readonly signal?: AbortSignal }): Promise<string>;
  /** Ends it whatever happens: also with a browser that keeps its connection. */
  close(): Promise<void>;
}

export interface CallbackOptions {
  readonly crm: CrmName;
  /** 0 picks a free one, which a vendor that compares callbacks to the letter does not take. */
  readonly port: number;
  readonly timeoutMs: number;
}

const PATH = "/callback";
const LAST_WORDS_MS = 1000;

/** @throws ConfigError where the port is taken */
export async function openCallback({ crm, port, timeoutMs }: CallbackOptions): Promise<CallbackServer> {
  let hear: ((query: URLSearchParams) => boolean) | null = null;
  let hosts: readonly string[] = [];
  const server = createServer((request, response) => {
    // Another name that leads here (DNS rebinding) is not ours.
    const isOurs = hosts.includes(request.headers.host ?? "");
    const query = isOurs ? callbackQuery(request) : null;
    if (query === null) return answer(response, 404, "There is nothing here.");
    if (hear === null || !hear(query)) {
      return answer(
        response,
        400,
        "This is not the sign-in that ripeline waits for. Start it again from the terminal.",
      );
    }
    answer(
      response,
      200,
      "ripeline has its answer. You can close this window; the terminal tells how it went.",
    );
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host: "127.0.0.1" }, resolve);
  try {
    await listening;
  } catch (error) {
    throw new ConfigError(
      `Port ${port} of this machine cannot be listened on, so the browser could not come back. Free it, or take another with --port and add its address to the app's callbacks.`,
      { cause: error },
    );
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  hosts = [`localhost:${bound}`, `127.0.0.1:${bound}`];
  return {
    redirectUri: `http://localhost:${bound}${PATH}`,
    code: ({ state, signal }) => {
      const { promise, resolve: give, reject: fail } = Promise.withResolvers<string>();
      const timer = setTimeout(() => fail(tooLate(timeoutMs)), timeoutMs);
      const stop = (): void => fail(signal?.reason);
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted === true) stop();
      hear = (query) => {
        if (!isSame(query.get("state") ?? "", state)) return false;
        const code = query.get("code") ?? "";
        if (code === "") fail(refusedBy(crm, query));
        else give(code);
        return true;
      };
      return promise.finally(() => {
        hear = null;
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      });
    },
    close: async () => {
      const { promise: closed, resolve: isClosed } = Promise.withResolvers<void>();
      server.close(() => isClosed());
      // The browser may still be reading its answer; one that reads no more is left.
      const timer = setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS);
      server.closeIdleConnections();
      await closed;
      clearTimeout(timer);
    },
  };
}

function callbackQuery(request: IncomingMessage): URLSearchParams | null {
  const url = URL.parse(request.url ?? "", "http://localhost");
  return request.method === "GET" && url?.pathname === PATH ? url.searchParams : null;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given, "utf8"), Buffer.from(expected, "utf8")];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The page takes nothing from the request, loads nothing, and leaves the code out of what the browser passes on. */
function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    Connection: "close",
  });
  response.end(`${text}\n`);
}

function refusedBy(crm: CrmName, query: URLSearchParams): AuthError {
  const error = redact(query.get("error") ?? "no code and no error");
  const description = redact(query.get("error_description") ?? "");
  return new AuthError(
    crm,
    `The sign-in was refused: ${error}${description === "" ? "" : `: ${description}`}. Nothing was stored. Check the app's settings and who signed in, and run \`ripeline connect ${crm}\` again.`,
  );
}

function tooLate(timeoutMs: number): TimedOutError {
  return new TimedOutError(
    `Nobody came back from the browser within ${Math.round(timeoutMs / 60_000)} minutes. Nothing was stored; run it again.`,
  );
}
