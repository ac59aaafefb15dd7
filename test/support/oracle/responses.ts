import type { Person } from "./people.ts";
import { type CompanyRows, flag, living, must, mustInstant, text } from "./vendor-rows.ts";

/** A marketing touch (definitions 8): a campaign member who responded, dated in the workspace's zone. */
export interface Response {
  readonly id: string;
  readonly campaignId: string;
  readonly person: Person;
  readonly date: string;
  readonly createdAt: number;
}

/** Earliest first; ties by the member's creation, then id. */
export function responsesOf(rows: CompanyRows, people: ReadonlyMap<string, Person>): readonly Response[] {
  return living(rows, "CampaignMember")
    .flatMap((member): Response[] => {
      const date = text(member, "FirstRespondedDate");
      const person =
        people.get(text(member, "ContactId") ?? "") ?? people.get(text(member, "LeadId") ?? "") ?? null;
      if (!flag(member, "HasResponded") || date === null || person === null) return [];
      return [
        {
          id: must(member, "Id"),
          campaignId: must(member, "CampaignId"),
          person,
          date,
          createdAt: mustInstant(member, "CreatedDate"),
        },
      ];
    })
    .toSorted(
      (a, b) =>
        a.date.localeCompare(b.date) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
    );
}

/** Each person's first response to a group of campaigns (`groupOf`), one entry for each group and person. */
export function firstResponses(
  responses: readonly Response[],
  groupOf: (campaignId: string) => string,
): readonly { readonly group: string; readonly person: Person; readonly date: string }[] {
  const first = new Map<string, { group: string; person: Person; date: string }>();
  for (const { campaignId, person, date } of responses) {
    const group = groupOf(campaignId);
    const key = `${group} ${person.id}`;
    if (!first.has(key)) first.set(key, { group, person, date });
  }
  return [...first.values()];
}
