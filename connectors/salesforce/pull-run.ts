import type { PullOutcome, PullRequest } from "../../src/core/ports.ts";
import { fromCheckpoint, type Position } from "./checkpoint.ts";
import type { Keyset } from "./soql.ts";

/** What a stream's pull does next. */
export type Step =
  | { readonly kind: "open"; readonly after?: Keyset }
  | { readonly kind: "more"; readonly locator: string }
  | { readonly kind: "bulk" }
  | { readonly kind: "bulk-resume"; readonly position: Extract<Position, { route: "bulk" }> };

/** A stream's pull under way. Mutable: one per request, owned by `pull`. */
export interface PullRun {
  readonly request: PullRequest;
  step: Step;
  /** Rows delivered in this pull, those of an interrupted one included. */
  rows: number;
  /** Of those, rows delivered before the present query was opened. */
  base: number;
  /** Rows that this call delivered. */
  delivered: number;
  total: number | null;
  queriedAt: Date | null;
  last: Keyset | null;
  calls: number;
  route: PullOutcome["route"];
  /** Times the present step failed in a way that may pass. */
  failures: number;
  /** Times the query was opened anew. */
  reopened: number;
  hasStartedOver: boolean;
  /** The Bulk job under way. */
  job: string | null;
}

export function startRun(request: PullRequest): PullRun {
  const run: PullRun = {
    request,
    step: { kind: "open" },
    rows: 0,
    base: 0,
    delivered: 0,
    total: null,
    queriedAt: null,
    last: null,
    calls: 0,
    route: "composite",
    failures: 0,
    reopened: 0,
    hasStartedOver: false,
    job: null,
  };
  if (request.resume === null) return run;
  const position = fromCheckpoint(request.resume, request.stream.name);
  run.rows = position.rows;
  run.base = position.base;
  run.total = position.total;
  run.queriedAt = position.queriedAt;
  if (position.route === "bulk") {
    return { ...run, step: { kind: "bulk-resume", position }, job: position.job, route: "bulk" };
  }
  const last =
    position.cursor === null || position.id === null ? null : { cursor: position.cursor, id: position.id };
  return { ...run, step: { kind: "more", locator: position.locator }, last, route: "rest" };
}

/** With an order each opening brings rows that were not read before; without one it starts over. */
const MAX_REOPENED_IN_ORDER = 5;

/** True while opening the query anew is worth a call. */
export function mayReopen(run: PullRun): boolean {
  return run.reopened < (run.last === null ? 1 : MAX_REOPENED_IN_ORDER);
}

/** Opens the query anew, after the last delivered row where the stream has an order, else from its start. */
export function reopen(run: PullRun): void {
  run.reopened += 1;
  run.step = run.last === null ? { kind: "open" } : { kind: "open", after: run.last };
  // Rows already delivered stay delivered; the new query counts on from them. The first query's instant stays the
  // watermark where we go on from a position, as rows before it are not read again.
  run.base = run.rows;
  run.total = null;
  if (run.last === null) run.queriedAt = null;
}

/** Once: who counts wrong twice is not asked again. */
export function mayStartOver(run: PullRun): boolean {
  return !run.hasStartedOver;
}

/**
 * Opens the query anew from its start: its rows do not add up, and which of them is missing nobody knows. What was
 * delivered is delivered again, which changes nothing.
 */
export function startOver(run: PullRun): void {
  run.hasStartedOver = true;
  run.last = null;
  reopen(run);
}

export function outcomeOf(run: PullRun): PullOutcome {
  return { stream: run.request.stream.name, rows: run.delivered, calls: run.calls, route: run.route };
}
