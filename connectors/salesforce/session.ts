import { Connection as JsforceConnection } from "jsforce";
import {
  AuthError,
  QuotaExhaustedError,
  RateLimitedError,
  TransientHttpError,
  WireShapeError,
} from "../../src/core/errors.ts";
import type { ConnectorLog } from "../shared/connector-log.ts";
import { type Http, type HttpAnswer, type HttpMethod, neverConnected, readText } from "../shared/http.ts";
import type { CallPurpose, RateGovernor } from "../shared/rate-governor.ts";
import { type Pacing, withRetries } from "../shared/retry.ts";
import type { TokenSource } from "../shared/token-source.ts";
import { type JsforceRequest, type JsforceResponse, jsforceTransport } from "./jsforce-transport.ts";
import { refusal } from "./vendor-error.ts";
import { assertHarmlessWrite } from "./write-guard.ts";

export interface Call {
  readonly method: HttpMethod;
  /** `/services/...`, or relative to the version's root: `/composite`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, instead of `json`; text needs its Content-Type among the headers. */
  readonly body?: FormData | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For error messages: "The query on Lead". */
  readonly step: string;
  readonly purpose: CallPurpose;
  /**
   * `repeatable`: sending it twice does no harm (reads, updates to given values, upserts by external id), so that it is
   * retried after network trouble. `once`: retried only when it cannot have reached the server.
   */
  readonly effect: "repeatable" | "once";
}

export interface CallAnswer {
  readonly status: number;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
  /** The server's clock when it answered, UTC. */
  readonly date: Date;
  /** Metered requests this took, retries included. */
  readonly calls: number;
}

/** Authenticated requests to one org, in one API version. */
export interface Session {
  readonly instanceUrl: string;
  readonly version: string;
  readonly pacing: Pacing;
  /** Every non-2xx answer is thrown as a typed error. */
  call(call: Call): Promise<CallAnswer>;
  /** The raw body of a GET, for results that must not be held in memory. Retried only until the headers are here. */
  stream(
    call: Pick<Call, "path" | "step" | "purpose">,
  ): Promise<{ readonly answer: HttpAnswer; readonly calls: number }>;
  /** The org refused a part of a call since it has no calls left; a call refused as a whole is noted here already. */
  noteQuotaRefused(): void;
}

export interface SessionOptions {
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly governor: RateGovernor;
  readonly pacing: Pacing;
  readonly instanceUrl: string;
  readonly version: string;
  readonly log: ConnectorLog;
  /** Reads, too, may take the calls that are kept for flags. */
  readonly mayReadFromReserve?: boolean;
}

const TRIES = 3;
const FIRST_DELAY_MS = 500;

/**
 * jsforce makes addresses and bodies, we send them: one place counts what Salesforce meters, renews a token once per
 * 401, and turns every failure into a typed error. `/services/data` and the OAuth addresses are not metered, nor are
 * 401 answers.
 * @see https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
 */
export function createSession(options: SessionOptions): Session {
  const { http, tokens, governor, pacing, instanceUrl, version, log } = options;
  const { host, origin } = new URL(instanceUrl);
  // The token is put on by `send`, so that a renewed one is used at once.
  const jsforce = new JsforceConnection({ instanceUrl, version });

  function isMetered(path: string): boolean {
    return !/^\/services\/(data\/?$|oauth2\/)/.test(path);
  }

  async function send(
    call: Call,
    url: string,
    text: string | undefined,
    counter: { calls: number },
  ): Promise<HttpAnswer> {
    const metered = isMetered(call.path);
    if (metered) {
      const isFlag = call.purpose === "read" && options.mayReadFromReserve === true;
      const pause = await governor.admit(isFlag ? "flag" : call.purpose);
      if (pause > 0) await pacing.sleep(pause);
    }
    assertHarmlessWrite({
      method: call.method,
      path: call.path,
      headers: call.headers ?? {},
      json: call.json,
    });
    let token = await tokens.current();
    for (let attempt = 1; ; attempt += 1) {
      const answer = await open(call, url, text, token, counter);
      const date = new Date(answer.headers.get("date") ?? "");
      if (!Number.isNaN(date.getTime())) governor.hear(date);
      if (!isTokenRefused(call.path, answer.status)) {
        const usage = /api-usage=(\d+)\/(\d+)/.exec(answer.headers.get("sforce-limit-info") ?? "");
        if (usage !== null) governor.observe(Number(usage[1]), Number(usage[2]));
        return answer;
      }
      await readText(answer);
      // One renewal per request: a server that refuses a fresh token too will refuse the next one.
      if (attempt > 1) {
        throw new AuthError(
          "salesforce",
          `${call.step} was refused by ${host} with a token it had just issued (HTTP ${answer.status}). Check that the integration user is active, may use the API, and is not barred by IP ranges or session policies.`,
        );
      }
      token = await tokens.renew(token);
    }
  }

  async function open(
    call: Call,
    url: string,
    text: string | undefined,
    token: string,
    counter: { calls: number },
  ): Promise<HttpAnswer> {
    // A path from an answer may be a whole address; the token goes nowhere but to the org.
    if (URL.parse(url)?.origin !== origin) {
      throw new WireShapeError(
        "salesforce",
        `${call.step}: ${host} led to another host. Nothing was sent there; if a proxy stands before the org, check what it changes in answers.`,
      );
    }
    const metered = isMetered(call.path);
    const count = (): void => {
      if (!metered) return;
      counter.calls += 1;
      governor.count();
    };
    const body = call.body ?? text;
    const headers = {
      Accept: "application/json",
      ...(text === undefined ? {} : { "Content-Type": "application/json; charset=UTF-8" }),
      ...call.headers,
      Authorization: `Bearer ${token}`,
    };
    try {
      const answer = await http.open({
        method: call.method,
        url,
        headers,
        step: call.step,
        ...(body === undefined ? {} : { body }),
      });
      if (answer.status !== 401) count();
      return answer;
    } catch (error) {
      // A request that broke on the way may have been counted by the server: count it, rather too many than too few.
      if (!neverConnected(error)) count();
      throw error;
    }
  }

  function retry<T>(call: Call, work: () => Promise<T>): Promise<T> {
    return withRetries(work, {
      onRetry: (error, delayMs) => {
        const reason = error instanceof Error ? error.message : "unknown";
        log.warn({ step: call.step, delayMs, reason }, "salesforce call is tried again");
      },
      tries: TRIES,
      firstDelayMs: FIRST_DELAY_MS,
      pacing,
      isWorthRetrying: (error) =>
        error instanceof RateLimitedError ||
        (error instanceof TransientHttpError && (call.effect === "repeatable" || neverConnected(error))),
    });
  }

  async function throwRefusal(call: Call, answer: HttpAnswer): Promise<never> {
    const text = await readText(answer);
    const error = refusal(answer.status, parseJson(text), {
      step: call.step,
      host,
      retryAfter: answer.headers.get("retry-after"),
    });
    if (error instanceof QuotaExhaustedError) governor.refused();
    throw error;
  }

  return {
    instanceUrl,
    version,
    pacing,
    async call(call) {
      const counter = { calls: 0 };
      const { response, body } = await retry(call, async () => {
        let response: HttpAnswer | undefined;
        const transport = jsforceTransport(async (request: JsforceRequest): Promise<JsforceResponse> => {
          const answer = await send(call, request.url, textOf(request.body), counter);
          if (answer.status >= 300) await throwRefusal(call, answer);
          response = answer;
          return {
            statusCode: answer.status,
            headers: Object.fromEntries(answer.headers),
            body: await readText(answer),
          };
        });
        // As text: jsforce would hand out a body that is not JSON as a string, without a word.
        const text = await jsforce.request<unknown>(
          {
            method: call.method,
            url: call.path,
            ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
          },
          { transport, responseType: "text/plain" },
        );
        if (response === undefined) throw new WireShapeError("salesforce", `${call.step} brought no answer.`);
        const received = typeof text === "string" ? text : "";
        const body = received === "" ? undefined : parseJson(received);
        if (received !== "" && body === undefined) {
          throw new TransientHttpError(
            "salesforce",
            `${call.step} failed: the body from ${host} is not whole JSON (${received.length} characters). Nothing of it was used; it is tried again.`,
            response.status,
          );
        }
        return { response, body };
      });
      return {
        status: response.status,
        body,
        date: serverDate(response, call.step),
        calls: counter.calls,
      };
    },
    async stream({ path, step, purpose }) {
      const call: Call = {
        method: "GET",
        path,
        step,
        purpose,
        effect: "repeatable",
        headers: { Accept: "text/csv" },
      };
      const counter = { calls: 0 };
      const answer = await retry(call, async () => {
        const url = path.startsWith("/services/") ? instanceUrl + path : `${jsforce._baseUrl()}${path}`;
        const opened = await send(call, url, undefined, counter);
        if (opened.status >= 300) await throwRefusal(call, opened);
        return opened;
      });
      return { answer, calls: counter.calls };
    },
    noteQuotaRefused: () => governor.refused(),
  };
}

/** 401 says it as a rule; the OAuth addresses answer an expired token with 403 Bad_OAuth_Token. */
function isTokenRefused(path: string, status: number): boolean {
  return status === 401 || (status === 403 && path.startsWith("/services/oauth2/"));
}

/** True for errors after which no other request of this connection will do better. */
export function concernsWholeConnection(error: unknown): boolean {
  return error instanceof AuthError || error instanceof QuotaExhaustedError;
}

function textOf(body: unknown): string | undefined {
  return typeof body === "string" ? body : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function serverDate(answer: HttpAnswer, step: string): Date {
  const date = new Date(answer.headers.get("date") ?? "");
  if (Number.isNaN(date.getTime())) {
    throw new WireShapeError(
      "salesforce",
      `${step}: the answer has no Date header, which watermarks are taken from.`,
    );
  }
  return date;
}
