import { ConnectorError, PermissionError, RequestRefusedError } from "../../src/core/errors.ts";
import type { PageSink, PullOutcome, PullRequest } from "../../src/core/ports.ts";
import { readCampaignContacts } from "./campaign-contacts.ts";
import type { Definitions } from "./definitions.ts";
import { readLists } from "./list-pages.ts";
import { outcomeOf, type PullRun, startRun } from "./pull-run.ts";
import { type WalkContext, walkRecords, walksOf } from "./record-walk.ts";
import { concernsWholeConnection, type Session } from "./session.ts";

export interface PullContext {
  readonly session: Session;
  readonly definitions: Definitions;
  now(): Date;
}

interface Failure {
  readonly run: PullRun;
  readonly error: ConnectorError;
}

/**
 * Reads the requested streams into the sink, page by page, one page at a time.
 *
 * Streams of one type that stand at the same place share their searches, so that an idle cycle costs one search a type.
 * Streams that fail do not stop the others: what could be read is delivered first, then the first failure is thrown, and
 * its message names the other failed streams.
 * @throws AuthError, QuotaExhaustedError and the sink's own errors at once, since no other stream would fare better
 */
export async function pull(
  context: PullContext,
  requests: readonly PullRequest[],
  sink: PageSink,
): Promise<readonly PullOutcome[]> {
  const runs = requests.map(startRun);
  const walkContext: WalkContext = { ...context, sink };
  const failures: Failure[] = [];
  const walks = walksOf(runs);
  for (const walk of walks) failures.push(...(await walkRecords(walkContext, walk)));
  const walked = new Set(walks.flatMap((walk) => walk.runs));
  for (const run of runs.filter((each) => !walked.has(each))) {
    try {
      await (run.route.kind === "campaign-contacts" ? readCampaignContacts : readLists)(
        context.session,
        sink,
        run,
      );
    } catch (error) {
      if (!(error instanceof ConnectorError) || concernsWholeConnection(error)) throw error;
      failures.push({ run, error });
    }
  }
  const lasting = failures.filter(({ run, error }) => !isTakenForAbsent(run, error));
  if (lasting.length > 0) throw firstFailure(lasting);
  return runs.map(outcomeOf);
}

/**
 * A list that not every portal has, or that the token may not see. What is walked is known to be visible beforehand: there
 * a refusal is one.
 */
function isTakenForAbsent(run: PullRun, error: ConnectorError): boolean {
  const isRefused =
    error instanceof PermissionError || (error instanceof RequestRefusedError && error.status === 404);
  const isAbsent =
    isRefused && run.request.stream.optional === true && run.delivered === 0 && !("type" in run.route);
  run.isAbsent = isAbsent;
  return isAbsent;
}

/** The failure to act on: one that will not pass by itself, if there is any. */
function firstFailure(failures: readonly Failure[]): Error {
  const chosen = failures.find(({ error }) => !error.retryable) ?? failures[0];
  if (chosen === undefined) return new Error("no failure");
  const own = chosen.run.request.stream.name;
  const others = failures.map(({ run }) => run.request.stream.name).filter((name) => name !== own);
  const { error } = chosen;
  error.message =
    `${own}: ${error.message}` + (others.length > 0 ? ` Failed too: ${others.join(", ")}.` : "");
  if (others.length > 0) error.cause ??= new AggregateError(failures.map((failure) => failure.error));
  return error;
}
