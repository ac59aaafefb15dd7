import type { FieldValues, Org } from "../org.ts";
import { type CompanyObject, idSequence } from "./record-ids.ts";

/** Parents before children, so that a loader that resolves references as it goes finds them. */
const LOAD_ORDER = [
  "Account",
  "Contact",
  "Opportunity",
  "Lead",
  "OpportunityContactRole",
  "OpportunityHistory",
  "CampaignMember",
  "LeadHistory",
  "Task",
  "Event",
  "EmailMessage",
  "EmailMessageRelation",
] as const satisfies readonly CompanyObject[];

export type BufferedObject = (typeof LOAD_ORDER)[number];

/** Rows of many objects on their way into the org, handed over and forgotten at every {@link RowBuffer.flush}. */
export interface RowBuffer {
  /** Gives the row the object's next id, puts it in line and returns the id. */
  add(object: BufferedObject, row: FieldValues): string;
  /** An id to be used later with {@link RowBuffer.addWithId}, for records that point at each other. */
  reserve(object: BufferedObject): string;
  addWithId(object: BufferedObject, id: string, row: FieldValues): void;
  /** Rows added so far, flushed ones included. */
  count(object: BufferedObject): number;
  flush(): void;
}

/** What a start company uses of an org. */
export type SeedableOrg = Pick<Org, "adminUser" | "describe" | "dump" | "load">;

/** The part of it that takes records in. */
export type Loader = Pick<Org, "load">;

export function rowBuffer(org: Loader): RowBuffer {
  const ids = new Map(LOAD_ORDER.map((object) => [object, idSequence(object)]));
  const lines = new Map(LOAD_ORDER.map((object): [BufferedObject, FieldValues[]] => [object, []]));
  const counts = new Map<BufferedObject, number>();
  const reserve = (object: BufferedObject): string => ids.get(object)?.() ?? "";
  const addWithId = (object: BufferedObject, id: string, row: FieldValues): void => {
    lines.get(object)?.push({ Id: id, ...row });
    counts.set(object, (counts.get(object) ?? 0) + 1);
  };
  return {
    reserve,
    addWithId,
    add: (object, row) => {
      const id = reserve(object);
      addWithId(object, id, row);
      return id;
    },
    count: (object) => counts.get(object) ?? 0,
    flush: () => {
      for (const object of LOAD_ORDER) {
        const rows = lines.get(object) ?? [];
        if (rows.length > 0) {
          org.load(object, rows);
          lines.set(object, []);
        }
      }
    },
  };
}
