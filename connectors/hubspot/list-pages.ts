import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { PageSink } from "../../src/core/ports.ts";
import { isAbsence } from "./absence.ts";
import { type Part, partsOf } from "./list-parts.ts";
import { deliver, type PullRun } from "./pull-run.ts";
import { issue } from "./record-page.ts";
import type { Session } from "./session.ts";

export const ListAnswer = z.looseObject({
  results: z.array(z.unknown()),
  paging: z.looseObject({ next: z.looseObject({ after: z.string() }).optional() }).nullish(),
});

/**
 * Reads a stream that the vendor lists whole, page by page. The vendor counts nothing here: a list is whole when its last
 * page names no other.
 * @throws the session's errors; WireShapeError where a mark leads back to itself
 */
export async function readLists(session: Session, sink: PageSink, run: PullRun): Promise<void> {
  const parts = partsOf(session, run);
  const { start } = run;
  let part = start?.route === "list" ? start.part : 0;
  let after = start?.route === "list" ? start.after : null;
  while (part < parts.length) {
    const current = parts[part];
    if (current === undefined) return;
    const { step } = current;
    const answer = await readPart(session, current, after);
    run.calls += answer?.calls ?? 1;
    const rows = answer === null ? [] : await current.rows(answer.results);
    const next = answer?.next ?? null;
    if (next !== null && next === after) {
      throw new WireShapeError("hubspot", `${step}: a page names itself as the next one.`);
    }
    const isLast = next === null && part + 1 >= parts.length;
    const position =
      next === null
        ? ({ route: "list", part: part + 1, after: null } as const)
        : ({ route: "list", part, after: next } as const);
    await deliver(run, sink, {
      rows,
      date: answer?.date ?? run.queriedAt ?? session.lastHeard()?.date ?? new Date(0),
      next: isLast ? null : position,
    });
    ({ part, after } = position);
  }
}

async function readPart(session: Session, { step, mayBeAbsent, isOne, request }: Part, after: string | null) {
  try {
    const answer = await session.call({ request: await request(after), step, bucket: "plain" });
    const parsed = ListAnswer.safeParse(isOne === true ? { results: [answer.body] } : answer.body);
    if (!parsed.success) {
      throw new WireShapeError("hubspot", `${step}: the answer is no list (${issue(parsed.error)}).`);
    }
    return {
      results: parsed.data.results,
      next: parsed.data.paging?.next?.after ?? null,
      date: answer.date,
      calls: answer.calls,
    };
  } catch (error) {
    if (mayBeAbsent === true && isAbsence(error)) return null;
    throw error;
  }
}
