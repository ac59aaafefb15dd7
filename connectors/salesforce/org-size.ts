import { z } from "zod";
import type { OrgSize, SizeRequest } from "../../src/core/ports.ts";
import { COMPOSITE_QUERIES, sendComposite } from "./composite.ts";
import { readQueryAnswer } from "./record-page.ts";
import type { Session } from "./session.ts";
import { instantLiteral, textLiteral } from "./soql.ts";

/** The rows of a counting query as one number. */
type Reading = (answer: { readonly totalSize: number; readonly records: readonly unknown[] }) => number;

interface CountQuery {
  readonly soql: string;
  readonly read: Reading;
}

const Counted = z.looseObject({ n: z.number() });

const rows: Reading = ({ totalSize }) => totalSize;
const sum: Reading = ({ records }) =>
  records.reduce<number>((total, record) => total + (Counted.safeParse(record).data?.n ?? 0), 0);

/**
 * Counts what our rows will come from, so that storage and calls can be predicted before anything was read. Ten
 * queries, two metered calls. What the org does not answer (hidden object, time-out on a large one) is null.
 */
export async function readSize(session: Session, request: SizeRequest): Promise<OrgSize> {
  const users = "FROM User WHERE IsActive = true AND UserType = 'Standard'";
  const months = "CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate)";
  const handoffsSince = instantLiteral(request.handoffsSince);
  const queries = {
    openLeads: {
      soql: `SELECT COUNT() FROM Lead WHERE IsConverted = false AND CreatedDate >= ${instantLiteral(request.flaggedSince)}`,
      read: rows,
    },
    queueLeads: {
      soql: "SELECT COUNT() FROM Lead WHERE IsConverted = false AND Owner.Type = 'Queue'",
      read: rows,
    },
    openOpportunities: { soql: "SELECT COUNT() FROM Opportunity WHERE IsClosed = false", read: rows },
    newLeads: { soql: `SELECT COUNT() FROM Lead WHERE CreatedDate >= ${handoffsSince}`, read: rows },
    // A change of owner leaves two rows: names, then ids.
    ownerChanges: {
      soql: `SELECT COUNT() FROM LeadHistory WHERE Field IN ('Owner', 'ownerAssignment') AND CreatedDate >= ${handoffsSince}`,
      read: ({ totalSize }) => Math.ceil(totalSize / 2),
    },
    users: { soql: `SELECT COUNT() ${users}`, read: rows },
    roles: { soql: `SELECT COUNT_DISTINCT(UserRoleId) n ${users}`, read: sum },
    sources: { soql: "SELECT COUNT_DISTINCT(LeadSource) n FROM Lead", read: sum },
    campaigns: { soql: "SELECT COUNT() FROM Campaign", read: rows },
    campaignMonths: {
      soql: `SELECT ${months}, COUNT_DISTINCT(CampaignId) n FROM CampaignMember WHERE CreatedDate >= ${instantLiteral(request.monthsSince)} GROUP BY ${months}`,
      read: sum,
    },
  } as const satisfies Record<keyof OrgSize, CountQuery>;
  const counts = await countTogether(session, Object.values(queries));
  const names = Object.keys(queries);
  const count = (name: keyof OrgSize): number | null => counts[names.indexOf(name)] ?? null;
  return {
    openLeads: count("openLeads"),
    queueLeads: count("queueLeads"),
    openOpportunities: count("openOpportunities"),
    newLeads: count("newLeads"),
    ownerChanges: count("ownerChanges"),
    users: count("users"),
    roles: count("roles"),
    sources: count("sources"),
    campaigns: count("campaigns"),
    campaignMonths: count("campaignMonths"),
  };
}

async function countTogether(
  session: Session,
  queries: readonly CountQuery[],
): Promise<readonly (number | null)[]> {
  const step = "The count of the org's records";
  const counts: (number | null)[] = [];
  for (let start = 0; start < queries.length; start += COMPOSITE_QUERIES) {
    const some = queries.slice(start, start + COMPOSITE_QUERIES);
    const answer = await sendComposite(
      session,
      some.map(({ soql }) => ({
        method: "GET",
        url: `/services/data/v${session.version}/query?q=${encodeURIComponent(soql)}`,
      })),
      { step, purpose: "read" },
    );
    if (answer.spent !== null) throw answer.spent;
    for (const [index, query] of some.entries()) {
      const part = answer.parts[index];
      counts.push(
        part === undefined || part.status >= 300 ? null : query.read(readQueryAnswer(part.body, step)),
      );
    }
  }
  return counts;
}

const Moved = z.looseObject({ LeadId: z.string() });

/**
 * Ids of leads whose owner this user changed since then, each once; 2,000 at most, which is more than anybody looks at.
 * One metered call.
 */
export async function readMovedOwners(
  session: Session,
  userId: string,
  since: Date,
): Promise<readonly string[]> {
  const step = "The query on owner changes of our own user";
  const answer = await session.call({
    method: "GET",
    path: `/query?q=${encodeURIComponent(
      `SELECT LeadId FROM LeadHistory WHERE Field IN ('Owner', 'ownerAssignment') AND CreatedById = ${textLiteral(userId)} AND CreatedDate >= ${instantLiteral(since)}`,
    )}`,
    step,
    purpose: "flag",
    effect: "repeatable",
  });
  const { records } = readQueryAnswer(answer.body, step);
  return [...new Set(records.flatMap((record) => Moved.safeParse(record).data?.LeadId ?? []))];
}
