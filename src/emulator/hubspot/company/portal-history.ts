import type { Owner as Holder } from "../../salesforce/company/story.ts";
import type { PortalOwners } from "./portal-owners.ts";
import { instantText, type PortalRow } from "./portal-rows.ts";

/** A value that a property took, and who set it: a person, or nobody where a workflow did. */
export interface Step {
  readonly value: string;
  readonly at: number;
  readonly by: Holder | null;
}

/** Steps as the vendor prints a property's history; a value that was there already is no step. */
export function historyRows(steps: readonly Step[], owners: PortalOwners): readonly PortalRow[] {
  return steps
    .filter(({ value }, index) => value !== steps[index - 1]?.value)
    .map(({ value, at, by }) => {
      const user = by === null ? null : owners.userOf(by);
      return user === null
        ? { value, timestamp: instantText(at), sourceType: "AUTOMATION_PLATFORM" }
        : {
            value,
            timestamp: instantText(at),
            sourceType: "CRM_UI",
            sourceId: `userId:${user}`,
            updatedByUserId: user,
          };
    });
}

/** Every owner since the record was made; a record that began with nobody begins with the first who got it. */
export function ownerSteps(
  story: {
    readonly created: number;
    readonly createdBy: Holder;
    readonly firstOwner: Holder;
    readonly owners: readonly { readonly at: number; readonly to: Holder; readonly by: Holder }[];
  },
  owners: PortalOwners,
): readonly Step[] {
  const moves = [
    { at: story.created, to: story.firstOwner, by: story.createdBy },
    ...story.owners.map(({ at, to, by }) => ({ at, to, by })),
  ];
  return moves.flatMap(({ at, to, by }) => {
    const value = owners.ownerOf(to);
    return value === null ? [] : [{ value, at, by }];
  });
}
