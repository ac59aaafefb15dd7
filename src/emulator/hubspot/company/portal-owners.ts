import { DAY_MS } from "../../../core/time.ts";
import { type Person, type Staff, TEAMS } from "../../salesforce/company/staff.ts";
import type { Owner as Holder } from "../../salesforce/company/story.ts";
import { instantText, type PortalRow } from "./portal-rows.ts";

const FIRST_OWNER = 70_001;
/** The portal gives an owner's user this much above the owner's own number. */
const USER_ABOVE_OWNER = 1_000_000;
const DESKS = { management: "Sales management", marketing: "Marketing" } as const;

/** Who of the company has a seat in the portal. */
export interface PortalOwners {
  readonly rows: readonly PortalRow[];
  /** Null where nobody has it: the European inbox is no owner in HubSpot, and machines have no seat. */
  ownerOf(holder: Holder): string | null;
  /** User behind an owner, as histories and engagements name the one who did it. */
  userOf(holder: Holder): number | null;
}

/**
 * Reps by team, their managers, the marketer, and two queues; whoever has left is archived. Leads that wait in the
 * European inbox have no owner at all, those for the Americas and from partners belong to a queue.
 * @param since when the portal was opened, in milliseconds
 */
export function portalOwners(staff: Staff, since: number): PortalOwners {
  const ids = new Map<string, string>();
  const rows: PortalRow[] = [];
  const opened = since - 400 * DAY_MS;
  const add = (holder: Holder, row: PortalRow): void => {
    const id = String(FIRST_OWNER + ids.size);
    ids.set(holder.id, id);
    rows.push({ id, createdAt: instantText(opened), updatedAt: instantText(opened), ...row });
  };
  const team = (number: number, name: string) => [{ id: String(number), name, primary: true }];
  const seat = ({ name, email }: Person): PortalRow => {
    const [firstName = "", ...rest] = name.split(" ");
    return { email, firstName, lastName: rest.join(" ") };
  };
  for (const rep of staff.reps) {
    const hasLeft = Number.isFinite(rep.until);
    add(rep, {
      ...seat(rep),
      teams: hasLeft ? [] : team(rep.team + 1, TEAMS[rep.team] ?? TEAMS[0]),
      archived: hasLeft,
      createdAt: instantText(Math.min(rep.from, rep.from > since ? rep.from : opened)),
      ...(hasLeft ? { updatedAt: instantText(rep.until) } : {}),
    });
  }
  for (const manager of staff.managers) add(manager, { ...seat(manager), teams: team(11, DESKS.management) });
  add(staff.marketer, { ...seat(staff.marketer), teams: team(12, DESKS.marketing) });
  for (const queue of staff.queues.slice(1)) {
    add(queue, { email: "", type: "QUEUE", firstName: queue.name, lastName: "" });
  }
  return {
    rows,
    ownerOf: ({ id }) => ids.get(id) ?? null,
    userOf: ({ id }) => {
      const owner = ids.get(id);
      return owner === undefined ? null : Number(owner) + USER_ABOVE_OWNER;
    },
  };
}
