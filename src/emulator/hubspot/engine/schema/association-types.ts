import {
  CALL,
  CAMPAIGN,
  COMMUNICATION,
  COMPANY,
  CONTACT,
  DEAL,
  EMAIL,
  LEAD,
  MEETING,
  NOTE,
  TASK,
} from "../object-types.ts";
import type { LinkType } from "../store/association-store.ts";

/** A kind of link from one type to another. */
export interface AssociationType extends LinkType {
  readonly from: string;
  readonly to: string;
  readonly label: string | null;
  /** Machine name of a label that somebody made. */
  readonly name?: string;
  /** Unlabelled and given when nothing else is said. */
  readonly isDefault: boolean;
  /** The other way's type id. */
  readonly inverse: number;
}

type Line = readonly [from: string, to: string, typeId: number, inverse: number, label?: string];

/** Default types first; those of leads with other things than contacts and the campaign ones are not confirmed. */
const LINES: readonly Line[] = [
  [CONTACT, CONTACT, 449, 449],
  [COMPANY, COMPANY, 450, 450],
  [DEAL, DEAL, 451, 451],
  [CONTACT, COMPANY, 279, 280],
  [CONTACT, COMPANY, 1, 2, "Primary"],
  [DEAL, CONTACT, 3, 4],
  [DEAL, COMPANY, 341, 342],
  [DEAL, COMPANY, 5, 6, "Primary"],
  [LEAD, CONTACT, 578, 579, "Primary"],
  [LEAD, CONTACT, 608, 609],
  [LEAD, COMPANY, 610, 611, "Primary"],
  [LEAD, DEAL, 583, 584],
  [CALL, CONTACT, 194, 193],
  [CALL, COMPANY, 182, 181],
  [CALL, DEAL, 206, 205],
  [CALL, LEAD, 596, 595],
  [EMAIL, CONTACT, 198, 197],
  [EMAIL, COMPANY, 186, 185],
  [EMAIL, DEAL, 210, 209],
  [EMAIL, LEAD, 598, 597],
  [MEETING, CONTACT, 200, 199],
  [MEETING, COMPANY, 188, 187],
  [MEETING, DEAL, 212, 211],
  [MEETING, LEAD, 600, 599],
  [NOTE, CONTACT, 202, 201],
  [NOTE, COMPANY, 190, 189],
  [NOTE, DEAL, 214, 213],
  [NOTE, LEAD, 855, 854],
  [TASK, CONTACT, 204, 203],
  [TASK, COMPANY, 192, 191],
  [TASK, DEAL, 216, 215],
  [TASK, LEAD, 646, 645],
  [COMMUNICATION, CONTACT, 81, 82],
  [COMMUNICATION, COMPANY, 87, 88],
  [COMMUNICATION, DEAL, 85, 86],
  [COMMUNICATION, LEAD, 602, 601],
  [CAMPAIGN, CONTACT, 938, 939],
];

export const standardAssociationTypes: readonly AssociationType[] = LINES.flatMap(
  ([from, to, typeId, inverse, label]) => {
    const base = { category: "HUBSPOT_DEFINED", label: label ?? null } as const;
    const forward = { ...base, from, to, typeId, inverse, isDefault: label === undefined };
    if (from === to) return [forward];
    return [forward, { ...forward, from: to, to: from, typeId: inverse, inverse: typeId }];
  },
);
