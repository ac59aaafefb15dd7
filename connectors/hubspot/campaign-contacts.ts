import { z } from "zod";
import { RequestRefusedError, WireShapeError } from "../../src/core/errors.ts";
import type { PageSink } from "../../src/core/ports.ts";
import { isDue } from "./campaign-money.ts";
import { ListAnswer } from "./list-pages.ts";
import { Campaign, parsed, TextId } from "./list-shapes.ts";
import { deliver, type PullRun } from "./pull-run.ts";
import type { Row } from "./record-page.ts";
import type { Session } from "./session.ts";

/** The reports that are read: whom a campaign brought, and whom it touched at all. */
const REPORTS = ["contactFirstTouch", "influencedContacts"] as const;

interface Report {
  readonly campaign: string;
  /** Of `REPORTS`. */
  readonly place: number;
  readonly type: (typeof REPORTS)[number];
}

/** Campaign, place of the report, and the vendor's own mark in it. */
const Mark = z.tuple([z.string(), z.int().nonnegative(), z.string().nullable()]);

const Contact = z.looseObject({ id: TextId });

/**
 * Reads the contact reports of all campaigns that changed since the last time or are running: a report has no cursor, so
 * each is read whole. It goes on behind the last page that was delivered: campaigns come in the order of their ids, and
 * one that is made meanwhile has changed by the next time.
 * @throws the session's errors; WireShapeError where a mark leads back to itself
 * @see facts: `/marketing/campaigns/{version}/{guid}/reports/contacts/{contactType}`, 100 a page
 */
export async function readCampaignContacts(session: Session, sink: PageSink, run: PullRun): Promise<void> {
  const { start } = run;
  const mark = start?.route === "list" && start.after !== null ? readMark(start.after, run) : null;
  const { reports, date } = await dueReports(session, run);
  const rest = reports.filter(
    ({ campaign, place }) =>
      mark === null || campaign > mark.campaign || (campaign === mark.campaign && place >= mark.place),
  );
  if (rest.length === 0) await deliver(run, sink, { rows: [], date, next: null });
  for (const [index, report] of rest.entries()) {
    let after = report.campaign === mark?.campaign && report.place === mark.place ? mark.after : null;
    const following = rest[index + 1];
    for (;;) {
      const page = await readPage(session, report, after);
      run.calls += page.calls;
      if (page.next !== null && page.next === after) {
        throw new WireShapeError("hubspot", `${stepOf(report)}: a page names itself as the next one.`);
      }
      const position =
        page.next === null ? following && { report: following, after: null } : { report, after: page.next };
      await deliver(run, sink, {
        rows: page.rows,
        date: page.date ?? date,
        next:
          position === undefined
            ? null
            : {
                route: "list",
                part: 0,
                after: JSON.stringify([position.report.campaign, position.report.place, position.after]),
              },
      });
      if (page.next === null) break;
      after = page.next;
    }
  }
}

const stepOf = ({ type }: Report): string => `The read of a campaign's report ${type}`;

/** @throws WireShapeError for a mark that is not ours: starting over silently would hide the fault */
function readMark(text: string, run: PullRun) {
  const mark = Mark.safeParse(safeJson(text));
  if (mark.success) {
    const [campaign, place, after] = mark.data;
    return { campaign, place, after };
  }
  throw new WireShapeError(
    "hubspot",
    `The stored position of ${run.request.stream.name} cannot be read. Run \`ripeline sync --all\` to read the stream anew.`,
  );
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reports to read, in the order of campaign ids. */
async function dueReports(
  session: Session,
  run: PullRun,
): Promise<{ readonly reports: readonly Report[]; readonly date: Date }> {
  const step = "The list of campaigns for their contacts";
  const ids = new Set<string>();
  let after: string | null = null;
  for (;;) {
    const answer = await session.call({
      request: session.requests.campaigns(after, ["hs_campaign_status"]),
      step,
      bucket: "plain",
    });
    run.calls += answer.calls;
    const list = listOf(answer.body, step);
    for (const campaign of parsed(Campaign, list.results, step)) {
      if (isDue(campaign, run.request.since)) ids.add(campaign.id);
    }
    const next: string | null = list.paging?.next?.after ?? null;
    if (next === null) {
      const reports = [...ids]
        .toSorted()
        .flatMap((campaign) => REPORTS.map((type, place): Report => ({ campaign, place, type })));
      return { reports, date: answer.date };
    }
    if (next === after) throw new WireShapeError("hubspot", `${step}: a page names itself as the next one.`);
    after = next;
  }
}

function listOf(body: unknown, step: string): z.infer<typeof ListAnswer> {
  const list = ListAnswer.safeParse(body);
  if (!list.success) throw new WireShapeError("hubspot", `${step}: the answer is no list.`);
  return list.data;
}

interface ReportPage {
  readonly rows: readonly Row[];
  readonly next: string | null;
  readonly date: Date | null;
  readonly calls: number;
}

/** Nothing of a campaign that was deleted since the list. */
async function readPage(session: Session, report: Report, after: string | null): Promise<ReportPage> {
  const step = stepOf(report);
  try {
    const request = session.requests.campaignContacts(report.campaign, report.type, after);
    const answer = await session.call({ request, step, bucket: "plain" });
    const list = listOf(answer.body, step);
    const rows = parsed(Contact, list.results, step).map(({ id }) => ({
      id: `${report.campaign}:${report.type}:${id}`,
      campaignId: report.campaign,
      contactType: report.type,
      contactId: id,
    }));
    return { rows, next: list.paging?.next?.after ?? null, date: answer.date, calls: answer.calls };
  } catch (error) {
    if (error instanceof RequestRefusedError && error.status === 404) {
      return { rows: [], next: null, date: null, calls: 1 };
    }
    throw error;
  }
}
