import type { Portal } from "../portal.ts";
import { loadOwner, loadProperty } from "./load-definitions.ts";
import { loadRecord } from "./load-record.ts";

/**
 * Control load: records of a type, `owners` or `properties`, upserted by id. Stamps, histories, read-only properties
 * and associations may be given; what is not is derived. No event, no entry in the write log.
 * @throws LoadError naming the row
 */
export function loadRows(
  portal: Portal,
  what: string,
  rows: readonly unknown[],
): { readonly loaded: number } {
  if (what === "owners") rows.forEach((row, index) => loadOwner(portal, row, index));
  else if (what === "properties") rows.forEach((row, index) => loadProperty(portal, row, index));
  else {
    const type = portal.typeNamed(what);
    rows.forEach((row, index) => loadRecord(portal, type, row, index));
  }
  return { loaded: rows.length };
}
