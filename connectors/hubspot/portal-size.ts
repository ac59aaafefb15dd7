import { z } from "zod";
import { ConnectorError } from "../../src/core/errors.ts";
import type { OrgSize, SizeRequest, UserFound } from "../../src/core/ports.ts";
import type { SearchFilter } from "./api-requests.ts";
import type { Definitions } from "./definitions.ts";
import { readAs } from "./portal-definitions.ts";
import { readSearch } from "./record-page.ts";
import { concernsWholeConnection, type Session } from "./session.ts";

const Owner = z.looseObject({
  id: z.union([z.string(), z.number().transform(String)]),
  archived: z.boolean().default(false),
  teams: z.array(z.looseObject({ id: z.union([z.string(), z.number().transform(String)]) })).nullish(),
});
const Owners = z.looseObject({
  results: z.array(Owner),
  paging: z.looseObject({ next: z.looseObject({ after: z.string() }).optional() }).nullish(),
});
const Total = z.looseObject({ total: z.number() });
const Options = z.looseObject({ options: z.array(z.unknown()) });

/** What a search says of "nobody counted". */
async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ConnectorError && !concernsWholeConnection(error)) return null;
    throw error;
  }
}

/** Stages in which a contact counts as qualified: see the definitions. */
const QUALIFIED = ["marketingqualifiedlead", "salesqualifiedlead"];

/**
 * How large the portal is, by totals of searches: about eight calls. Owner changes are kept in histories that no search
 * reaches, so that they are not counted; nor are the months in which campaigns were at work.
 */
export async function readSize(
  session: Session,
  definitions: Definitions,
  { flaggedSince, handoffsSince }: SizeRequest,
): Promise<OrgSize> {
  const unit = (await definitions.isVisible(session, "leads")) ? "leads" : "contacts";
  const created = unit === "leads" ? "hs_createdate" : "createdate";
  const since = (at: Date): SearchFilter => ({
    propertyName: created,
    operator: "GTE",
    value: String(at.getTime()),
  });
  const nobody: SearchFilter = { propertyName: "hubspot_owner_id", operator: "NOT_HAS_PROPERTY" };
  const qualified: SearchFilter = { propertyName: "lifecyclestage", operator: "IN", values: QUALIFIED };
  const open: SearchFilter = { propertyName: "hs_is_closed", operator: "EQ", value: "false" };
  const total = (type: string, filters: readonly SearchFilter[]) =>
    orNull(() => readTotal(session, type, filters));
  const owners = await orNull(() => readOwners(session));
  return {
    openLeads: await total(unit, [since(flaggedSince)]),
    queueLeads: await total(unit, unit === "leads" ? [nobody] : [nobody, qualified]),
    openOpportunities: await total("deals", [open]),
    newLeads: await total(unit, [since(handoffsSince)]),
    ownerChanges: null,
    users: owners?.length ?? null,
    roles:
      owners === null ? null : new Set(owners.flatMap(({ teams }) => (teams ?? []).map(({ id }) => id))).size,
    sources: await orNull(() => readSourceCount(session)),
    campaigns: await orNull(() => readCampaignCount(session)),
    campaignMonths: null,
  };
}

async function readTotal(session: Session, type: string, filters: readonly SearchFilter[]): Promise<number> {
  const step = `The count of ${type}`;
  const request = await session.requests.search(type, {
    filterGroups: [filters],
    properties: ["hs_object_id"],
    limit: 1,
  });
  return readSearch((await session.call({ request, step, bucket: "search" })).body, step).total;
}

async function readOwners(session: Session): Promise<readonly z.infer<typeof Owner>[]> {
  const owners: z.infer<typeof Owner>[] = [];
  let after: string | null = null;
  do {
    const request = await session.requests.owners(after, "active");
    const { body } = await session.call({ request, step: "The list of owners", bucket: "plain" });
    const page: z.infer<typeof Owners> = readAs(Owners, body, "The list of owners");
    owners.push(...page.results);
    after = page.paging?.next?.after ?? null;
  } while (after !== null);
  return owners;
}

async function readSourceCount(session: Session): Promise<number> {
  const request = session.requests.property("contacts", "hs_analytics_source");
  const { body } = await session.call({ request, step: "The list of sources", bucket: "plain" });
  return readAs(Options, body, "The list of sources").options.length;
}

async function readCampaignCount(session: Session): Promise<number> {
  const request = session.requests.campaigns(null, ["hs_name"]);
  const { body } = await session.call({ request, step: "The count of campaigns", bucket: "plain" });
  return readAs(Total, body, "The count of campaigns").total;
}

/** An owner by e-mail address. */
export async function findOwner(session: Session, email: string): Promise<UserFound | null> {
  const request = session.requests.ownersByEmail(email);
  const { body } = await session.call({ request, step: "The look for an owner", bucket: "plain" });
  const [owner] = readAs(Owners, body, "The look for an owner").results;
  return owner === undefined ? null : { id: owner.id, isActive: !owner.archived };
}
