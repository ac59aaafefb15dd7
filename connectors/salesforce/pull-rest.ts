import { RequestRefusedError, TransientHttpError } from "../../src/core/errors.ts";
import type { PageSink } from "../../src/core/ports.ts";
import { toCheckpoint } from "./checkpoint.ts";
import { COMPOSITE_QUERIES, type PartAnswer, sendComposite } from "./composite.ts";
import { mayReopen, mayStartOver, type PullRun, reopen, startOver } from "./pull-run.ts";
import { readQueryAnswer, recordsToCsv } from "./record-page.ts";
import { RowCountError } from "./row-count-error.ts";
import type { Session } from "./session.ts";
import { restQuery } from "./soql.ts";
import { refusal, vendorProblem } from "./vendor-error.ts";

export interface RestPullContext {
  readonly session: Session;
  readonly sink: PageSink;
  /** A query that says it has more rows than this is handed to Bulk, before any of its rows is delivered. */
  readonly bulkAboveRows: number;
}

/** What became of a run's part: it has another page, is through, goes to Bulk, or the org lacks the object. */
type Turn = "again" | "done" | "bulk" | "absent";

/** Repetitions of one part within this pull; the whole Composite's own retries are the session's. */
const PART_TRIES = 3;

/**
 * Takes up to five runs one page further in one metered call.
 *
 * The opening queries and the following pages of different streams share calls, so that an idle cycle costs
 * ceil(streams / 5). A part that fails is reported for its own run alone.
 * @throws TransientHttpError, AuthError, QuotaExhaustedError for the call as a whole
 */
export async function pullComposite(
  context: RestPullContext,
  runs: readonly PullRun[],
): Promise<readonly { readonly run: PullRun; readonly turn: Turn | Error }[]> {
  const { session } = context;
  const names = runs.map((run) => run.request.stream.object).join(", ");
  const answer = await sendComposite(
    session,
    runs.map((run) => ({ method: "GET", url: urlOf(run, session.version) })),
    { step: `The query on ${names}`, purpose: "read" },
  );
  const first = runs[0];
  if (first !== undefined) first.calls += answer.calls;
  const turns: { run: PullRun; turn: Turn | Error }[] = [];
  for (const [index, run] of runs.entries()) {
    const part = answer.parts[index];
    if (part === undefined) continue;
    try {
      turns.push({ run, turn: await takePart(context, run, part, answer.date) });
    } catch (error) {
      turns.push({
        run,
        turn: error instanceof Error ? error : new Error("The page was refused", { cause: error }),
      });
    }
  }
  return turns;
}

export const RUNS_PER_CALL = COMPOSITE_QUERIES;

function urlOf(run: PullRun, version: string): string {
  const { step, request } = run;
  if (step.kind === "more") return step.locator;
  const { stream, fields, since } = request;
  const after = step.kind === "open" && step.after !== undefined ? { after: step.after } : {};
  const only = request.ids === undefined ? {} : { ids: request.ids };
  return `/services/data/v${version}/queryAll?q=${encodeURIComponent(restQuery({ stream, fields, since, ...after, ...only }))}`;
}

async function takePart(context: RestPullContext, run: PullRun, part: PartAnswer, date: Date): Promise<Turn> {
  const { stream, fields } = run.request;
  const step = `The query on ${stream.object}`;
  const isOpening = run.step.kind === "open" && run.step.after === undefined;
  if (part.status >= 300) return await takeRefusal(context, run, part);
  const answer = readQueryAnswer(part.body, step);
  run.failures = 0;
  run.queriedAt ??= date;
  if (isOpening && !answer.done && answer.totalSize > context.bulkAboveRows) {
    run.queriedAt = null;
    return "bulk";
  }
  run.total = answer.totalSize;
  const count = answer.records.length;
  const rows = run.rows + count;
  const expectedTotal = run.base + answer.totalSize;
  if (answer.done ? rows !== expectedTotal : count === 0) {
    // Rows purged since the query was opened are still counted by it: a fresh query counts right.
    if (mayStartOver(run)) {
      startOver(run);
      return "again";
    }
    throw new RowCountError(
      `${step}: the answer says ${answer.totalSize} rows, but ${rows - run.base} came, twice. This page was not kept; the next run reads it again.`,
    );
  }
  const last = answer.records.at(-1);
  if (last !== undefined && stream.cursor !== "none") {
    const cursor = last[stream.cursor];
    const id = last["Id"];
    if (typeof cursor === "string" && typeof id === "string") run.last = { cursor, id };
  }
  const locator = answer.done ? null : (answer.nextRecordsUrl ?? null);
  const csv = recordsToCsv(answer.records, fields, step);
  const queriedAt = run.queriedAt;
  await context.sink.accept({
    stream,
    fields,
    csv: once(csv),
    expectedRows: count,
    expectedTotal: locator === null ? expectedTotal : null,
    next:
      locator === null
        ? null
        : toCheckpoint({
            route: "rest",
            locator,
            cursor: run.last?.cursor ?? null,
            id: run.last?.id ?? null,
            rows,
            base: run.base,
            total: answer.totalSize,
            queriedAt,
          }),
    queriedAt,
  });
  run.rows = rows;
  run.delivered += count;
  if (locator === null) return "done";
  run.step = { kind: "more", locator };
  return "again";
}

async function takeRefusal(context: RestPullContext, run: PullRun, part: PartAnswer): Promise<Turn> {
  const { stream } = run.request;
  const code = vendorProblem(part.body)?.code;
  if (code === "INVALID_TYPE" && stream.optional === true) return "absent";
  const { session } = context;
  const error = refusal(part.status, part.body, {
    step: `The query on ${stream.object}`,
    host: new URL(session.instanceUrl).host,
  });
  if (run.step.kind === "more" && error instanceof RequestRefusedError && mayReopen(run)) {
    // Locators live two days: after a longer pause the position is taken up by cursor and Id instead.
    reopen(run);
    return "again";
  }
  run.failures += 1;
  if (!(error instanceof TransientHttpError) || run.failures >= PART_TRIES) throw error;
  await session.pacing.sleep(500 * 2 ** run.failures * (0.5 + session.pacing.random() / 2));
  return "again";
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
