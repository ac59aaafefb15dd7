import { CALL, COMMUNICATION, EMAIL, LEAD, MEETING, type ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { readerOf } from "../read-property.ts";
import type { Stored } from "../values.ts";
import { updateDerived } from "./save-record.ts";

/** Engagements that count as contact; notes and tasks are activity only. */
const CONTACTING: readonly string[] = [CALL, EMAIL, MEETING, COMMUNICATION];

interface Row {
  readonly type: ObjectType;
  readonly row: number;
}

/**
 * What an engagement leaves on a record it is linked to: last contact, last activity, counts, the owner's first
 * engagement. Nothing for one that lies ahead.
 */
export function traceOf(portal: Portal, engagement: Row, target: Row): ReadonlyMap<string, Stored> {
  const source = portal.table(engagement.type.typeId);
  const at = source.column("hs_timestamp", true).number(engagement.row);
  if (Number.isNaN(at) || at > portal.now()) return new Map();
  const read = (name: string) => readerOf(portal, target.type, name)?.number(target.row) ?? Number.NaN;
  const later = (name: string) => Math.max(at, read(name) || 0);
  const more = (name: string) => String((read(name) || 0) + 1);
  const values = new Map<string, Stored>([
    ["notes_last_updated", later("notes_last_updated")],
    ["num_notes", more("num_notes")],
  ]);
  if (target.type.typeId === LEAD) values.set("hs_last_activity_date", later("hs_last_activity_date"));
  if (CONTACTING.includes(engagement.type.typeId)) {
    values.set("notes_last_contacted", later("notes_last_contacted"));
    values.set("num_contacted_notes", more("num_contacted_notes"));
    const owner = source.column("hubspot_owner_id", false).text(engagement.row);
    const table = portal.table(target.type.typeId);
    const first = read("hs_sa_first_engagement_date");
    if (
      owner !== null &&
      owner === table.column("hubspot_owner_id", false).text(target.row) &&
      !(first <= at)
    ) {
      values.set("hs_sa_first_engagement_date", at);
      const assigned = read("hubspot_owner_assigneddate");
      const since = Number.isNaN(assigned) ? table.createdAt.number(target.row) : assigned;
      values.set("hs_time_to_first_engagement", String(Math.max(0, at - since)));
    }
  }
  return values;
}

/** Leaves it there. Whether HubSpot moves lastmodifieddate for it is not confirmed; here it does. */
export function logEngagement(portal: Portal, engagement: Row, target: Row): void {
  updateDerived(portal, target.type, target.row, traceOf(portal, engagement, target));
}
