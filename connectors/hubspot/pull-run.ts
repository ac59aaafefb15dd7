import { WireShapeError } from "../../src/core/errors.ts";
import type { PageSink, PullOutcome, PullRequest } from "../../src/core/ports.ts";
import { fromCheckpoint, type Position, toCheckpoint } from "./checkpoint.ts";
import type { Row } from "./record-page.ts";
import { rowsToCsv } from "./row-csv.ts";
import { type Route, routeOf } from "./streams.ts";

/** A stream's pull under way. Mutable: one per request, owned by `pull`. */
export interface PullRun {
  readonly request: PullRequest;
  readonly route: Route;
  /** Where it goes on; null at its start. */
  readonly start: Position | null;
  /** Rows delivered in this pull, those of an interrupted one included. */
  rows: number;
  /** Rows that this call delivered. */
  delivered: number;
  /** The portal's clock at the first page. */
  queriedAt: Date | null;
  calls: number;
  isAbsent: boolean;
}

/** @throws WireShapeError for a stored position that cannot be read */
export function startRun(request: PullRequest): PullRun {
  const route = routeOf(request.stream);
  const start = request.resume === null ? null : fromCheckpoint(request.resume, request.stream.name);
  const isWalked = ["records", "history", "stage-dates", "associations"].includes(route.kind);
  if (start !== null && (start.route === "search") !== isWalked) {
    throw new WireShapeError(
      "hubspot",
      `The stored position of ${request.stream.name} belongs to another way of reading. Run \`ripeline sync --all\` to read the stream anew.`,
    );
  }
  return {
    request,
    route,
    start,
    rows: start?.rows ?? 0,
    delivered: 0,
    queriedAt: start?.queriedAt ?? null,
    calls: 0,
    isAbsent: false,
  };
}

type Next =
  | { readonly route: "search"; readonly after: string }
  | { readonly route: "list"; readonly part: number; readonly after: string | null };

/** Hands one page over; what the whole pull delivered is told with the last one. */
export async function deliver(
  run: PullRun,
  sink: PageSink,
  page: { readonly rows: readonly Row[]; readonly date: Date; readonly next: Next | null },
): Promise<void> {
  const { stream, fields } = run.request;
  run.queriedAt ??= page.date;
  const queriedAt = run.queriedAt;
  const csv = rowsToCsv(page.rows, fields, stream.name);
  const rows = run.rows + page.rows.length;
  await sink.accept({
    stream,
    fields,
    csv: once(csv),
    expectedRows: page.rows.length,
    expectedTotal: page.next === null ? rows : null,
    next: page.next === null ? null : toCheckpoint({ ...page.next, rows, queriedAt }),
    queriedAt,
  });
  run.rows = rows;
  run.delivered += page.rows.length;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export function outcomeOf(run: PullRun): PullOutcome {
  return {
    stream: run.request.stream.name,
    rows: run.delivered,
    calls: run.calls,
    route: run.isAbsent ? "absent" : "rest",
  };
}
