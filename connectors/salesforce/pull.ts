import { ConnectorError } from "../../src/core/errors.ts";
import type { PageSink, PullOutcome, PullRequest } from "../../src/core/ports.ts";
import { type BulkPullContext, openBulkJobs, pullBulk } from "./pull-bulk.ts";
import { pullComposite, RUNS_PER_CALL } from "./pull-rest.ts";
import { outcomeOf, type PullRun, startRun } from "./pull-run.ts";
import { concernsWholeConnection } from "./session.ts";

export interface PullContext extends Omit<BulkPullContext, "sink"> {
  readonly bulkAboveRows: number;
}

/**
 * Reads the requested streams into the sink, page by page.
 *
 * Route: every stream opens in a Composite with up to four others; the vendor's row count then decides whether it goes
 * on by REST pages or by a Bulk job. Streams that fail do not stop the others: what could be read is delivered first,
 * then the first failure is thrown, and its message names the other failed streams.
 * @throws AuthError, QuotaExhaustedError and the sink's own errors at once, since no other stream would fare better
 */
export async function pull(
  context: PullContext,
  requests: readonly PullRequest[],
  sink: PageSink,
): Promise<readonly PullOutcome[]> {
  const runs = requests.map(startRun);
  const failures: { readonly run: PullRun; readonly error: Error }[] = [];
  const bulk: PullRun[] = runs.filter((run) => run.step.kind === "bulk-resume");
  const queue: PullRun[] = runs.filter((run) => run.step.kind !== "bulk-resume");
  const fail = (run: PullRun, error: Error): void => {
    // The store's own trouble, or a connection that is of no more use: other streams would not fare better.
    if (!(error instanceof ConnectorError) || concernsWholeConnection(error)) throw error;
    failures.push({ run, error });
  };

  while (queue.length > 0) {
    const turns = await pullComposite({ ...context, sink }, queue.splice(0, RUNS_PER_CALL));
    for (const { run, turn } of turns) {
      if (turn instanceof Error) fail(run, turn);
      else if (turn === "again") queue.push(run);
      else if (turn === "absent") run.route = "absent";
      else if (turn === "bulk") {
        run.step = { kind: "bulk" };
        run.route = "bulk";
        bulk.push(run);
      }
    }
    for (const run of turns.map((each) => each.run)) {
      if (run.route === "composite" && run.step.kind === "more") run.route = "rest";
    }
  }

  // All jobs are created before the first is read: the org works on them side by side.
  for (const { run, error } of await openBulkJobs({ ...context, sink }, bulk)) fail(run, error);
  for (const run of bulk) {
    if (failures.some((failure) => failure.run === run)) continue;
    try {
      await pullBulk({ ...context, sink }, run);
    } catch (error) {
      fail(run, error instanceof Error ? error : new Error("The page was refused", { cause: error }));
    }
  }

  if (failures.length > 0) throw firstFailure(failures);
  return runs.map(outcomeOf);
}

/** The failure to act on: one that will not pass by itself, if there is any. */
function firstFailure(failures: readonly { readonly run: PullRun; readonly error: Error }[]): Error {
  const lasting = failures.find(({ error }) => "retryable" in error && error.retryable === false);
  const chosen = lasting ?? failures[0];
  if (chosen === undefined) return new Error("no failure");
  const names = failures.map(({ run }) => run.request.stream.name);
  const others = names.filter((name) => name !== chosen.run.request.stream.name);
  const { error } = chosen;
  error.message = `${chosen.run.request.stream.name}: ${error.message}`;
  if (others.length > 0) {
    error.message += ` Failed too: ${others.join(", ")}.`;
    error.cause ??= new AggregateError(failures.map((failure) => failure.error));
  }
  return error;
}
