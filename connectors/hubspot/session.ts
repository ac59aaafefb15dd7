import {
  AuthError,
  ConnectorError,
  QuotaExhaustedError,
  RateLimitedError,
  TransientHttpError,
  WireShapeError,
} from "../../src/core/errors.ts";
import type { Clock } from "../../src/core/time.ts";
import type { ConnectorLog } from "../shared/connector-log.ts";
import { type Http, type HttpAnswer, neverConnected, readText } from "../shared/http.ts";
import type { CallPurpose, RateGovernor } from "../shared/rate-governor.ts";
import { type Pacing, withRetries } from "../shared/retry.ts";
import type { TokenSource } from "../shared/token-source.ts";
import type { ApiRequest, ApiRequests } from "./api-requests.ts";
import type { Bucket, RateBuckets } from "./rate-buckets.ts";
import { refusal } from "./vendor-error.ts";
import { assertHarmlessWrite } from "./write-guard.ts";

export interface Call {
  readonly request: ApiRequest;
  /** For error messages: "The search for contacts". */
  readonly step: string;
  readonly bucket: Bucket;
  /** The caller looks at the errors of a 207; without it one is refused, since part of the answer is missing. */
  readonly mayBePartial?: true;
  /** Which part of the day's calls it may use. @default read */
  readonly purpose?: CallPurpose;
  /** The caller looks at a body that HubSpot would not take (400 or 409); without it such an answer is an error. */
  readonly mayBeRefused?: true;
}

export interface CallAnswer {
  readonly status: number;
  /** Parsed JSON; null where the answer has no content. */
  readonly body: unknown;
  /** The server's clock when it answered, UTC. */
  readonly date: Date;
  /** Requests this took, retries included; HubSpot counts all of them. */
  readonly calls: number;
}

/** Authenticated requests to one portal. */
export interface Session {
  readonly requests: ApiRequests;
  readonly baseUrl: string;
  readonly log: ConnectorLog;
  /** Every answer that is not 2xx is thrown as a typed error, but for `mayBeRefused`. */
  call(call: Call): Promise<CallAnswer>;
  /** The server's clock at the last answer, and how long ago that was by ours; null before the first. */
  lastHeard(): { readonly date: Date; readonly agoMs: number } | null;
}

export interface SessionOptions {
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly governor: RateGovernor;
  readonly buckets: RateBuckets;
  readonly gate: <T>(work: () => Promise<T>) => Promise<T>;
  readonly pacing: Pacing;
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly requests: ApiRequests;
  readonly log: ConnectorLog;
  /** Reads, too, may take the calls that are kept for flags. */
  readonly mayReadFromReserve?: boolean;
}

/** A search shares its five calls a second with every other app of the portal, so it may be refused several times. */
const TRIES = 5;
const FIRST_DELAY_MS = 500;

/**
 * One place sends: it asks the governor for the day's calls and the buckets for a place, bounds how many requests are
 * under way, puts the token on, and turns everything but a whole JSON answer into a typed error. Our calls read, or say
 * what a thing shall be (never: make one more), so that each may be sent again where nobody knows what became of it.
 */
export function createSession(options: SessionOptions): Session {
  const { http, tokens, governor, buckets, gate, pacing, clock, baseUrl, log } = options;
  const host = new URL(baseUrl).host;
  let heard: { readonly date: Date; readonly at: number } | null = null;

  async function send(call: Call, counter: { calls: number }): Promise<HttpAnswer> {
    const { request, step, bucket, purpose = "read" } = call;
    assertHarmlessWrite(request);
    const isFlag = purpose === "read" && options.mayReadFromReserve === true;
    const pause = await governor.admit(isFlag ? "flag" : purpose);
    if (pause > 0) await pacing.sleep(pause);
    await buckets.take(bucket, pacing);
    const count = (): void => {
      counter.calls += 1;
      governor.count();
    };
    let token = await tokens.current();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await http.open({
          method: request.method,
          url: baseUrl + request.path,
          headers: {
            Accept: "application/json",
            ...(request.body === undefined ? {} : { "Content-Type": "application/json" }),
            Authorization: `Bearer ${token}`,
          },
          step,
          ...(request.body === undefined ? {} : { body: request.body }),
        });
        count();
        hear(answer);
        // Tokens are renewed before they end; a refused one was revoked, or our clock is wrong.
        if (answer.status !== 401 || attempt > 1) return answer;
        const text = await readText(answer);
        const fresh = await tokens.renew(token).catch((error: unknown) => {
          if (!(error instanceof AuthError)) throw error;
          throw refusal({ status: 401, text, headers: answer.headers, step, host });
        });
        token = fresh;
      } catch (error) {
        // A request that broke on the way may have been counted by the server: count it, rather too many than too few.
        if (error instanceof TransientHttpError && !neverConnected(error)) count();
        throw error;
      }
    }
  }

  function hear(answer: HttpAnswer): void {
    const date = dateOf(answer);
    if (date !== null) {
      governor.hear(date);
      heard = { date, at: clock.now().getTime() };
    }
    buckets.observe(answer.headers);
    const limit = Number(answer.headers.get("x-hubspot-ratelimit-daily") ?? "");
    const remaining = answer.headers.get("x-hubspot-ratelimit-daily-remaining");
    if (limit > 0 && remaining !== null) governor.observe(limit - Number(remaining), limit);
  }

  async function read(call: Call, counter: { calls: number }) {
    const answer = await send(call, counter);
    const text = await readText(answer);
    const { status, headers } = answer;
    const { step, bucket } = call;
    const isRefused = call.mayBeRefused === true && (status === 400 || status === 409);
    if ((status < 200 || status >= 300) && !isRefused) {
      const error = refusal({ status, text, headers, step, host });
      if (error instanceof QuotaExhaustedError) governor.refused();
      if (error instanceof RateLimitedError) buckets.hold(bucket, error.retryAfterMs);
      throw error;
    }
    const body = status === 204 ? null : parseJson(text);
    if (body === undefined) {
      throw new TransientHttpError(
        "hubspot",
        `${step} failed: ${host} answered HTTP ${status} with a body that is not whole JSON (${text.length} characters). ` +
          "Nothing of it was used; it is tried again.",
        status,
      );
    }
    if (status === 207 && call.mayBePartial === undefined) {
      throw new TransientHttpError(
        "hubspot",
        `${step} failed: ${host} answered in part only (HTTP 207). Nothing of it was used; it is tried again.`,
        status,
      );
    }
    const date = dateOf(answer);
    if (date === null) {
      throw new WireShapeError(
        "hubspot",
        `${step}: the answer has no Date header, which watermarks are taken from.`,
      );
    }
    return { status, body, date };
  }

  return {
    requests: options.requests,
    baseUrl,
    log,
    async call(call) {
      const counter = { calls: 0 };
      const answer = await withRetries(() => gate(() => read(call, counter)), {
        tries: TRIES,
        firstDelayMs: FIRST_DELAY_MS,
        pacing,
        isWorthRetrying: (error) => error instanceof ConnectorError && error.retryable,
        onRetry: (error, delayMs) => {
          const reason = error instanceof Error ? error.message : "unknown";
          log.warn({ step: call.step, delayMs, reason }, "hubspot call is tried again");
        },
      });
      return { ...answer, calls: counter.calls };
    },
    lastHeard: () => (heard === null ? null : { date: heard.date, agoMs: clock.now().getTime() - heard.at }),
  };
}

/** True for errors after which no other request of this connection will do better. */
export function concernsWholeConnection(error: unknown): boolean {
  return error instanceof AuthError || error instanceof QuotaExhaustedError;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function dateOf(answer: HttpAnswer): Date | null {
  const date = new Date(answer.headers.get("date") ?? "");
  return Number.isNaN(date.getTime()) ? null : date;
}
