import { EMAIL, type ObjectType } from "../../engine/object-types.ts";
import type { Portal } from "../../engine/portal.ts";
import { type HistoryOut, historyOf, historyOut, readerOf } from "../../engine/read-property.ts";
import { instantText } from "../../engine/store/columns.ts";
import { type Call, type HubSpotContext, hasScope } from "../call.ts";
import { assertThat } from "../read-body.ts";

/** Which properties a caller wants, and which with their histories. */
export interface Wanted {
  readonly properties: readonly string[];
  readonly histories: readonly string[];
  /** Of these the app gets no value. */
  readonly withheld?: ReadonlySet<string>;
}

/**
 * What the content of an e-mail is: without the scope sales-email-read its values do not come. The older engagements API
 * kept the kind of e-mail visible and hid the rest; how the objects API words it is not confirmed, here it says null.
 */
const EMAIL_CONTENT: ReadonlySet<string> = new Set([
  "hs_email_subject",
  "hs_email_text",
  "hs_email_html",
  "hs_email_headers",
  "hs_email_status",
  "hs_email_from_email",
  "hs_email_to_email",
]);

/**
 * Names as the properties are defined. HubSpot leaves an unknown one out without a word; here it is refused until the
 * setting assertions is false.
 * @throws HubSpotRefusal assertion
 */
export function knownNames(context: HubSpotContext, type: ObjectType, names: readonly string[]) {
  const set = context.portal.properties(type.typeId);
  return names.flatMap((name) => {
    const property = set.find(name);
    assertThat(context, property !== undefined, () => `${type.plural} have no property ${name}`);
    return property === undefined ? [] : [property.name];
  });
}

/** What to return: the names asked for, or the type's usual ones, and always the id and the stamps. */
export function wantedOf(
  context: HubSpotContext,
  call: Call,
  type: ObjectType,
  properties: readonly string[],
  histories: readonly string[] = [],
): Wanted {
  const chosen = properties.length === 0 ? type.defaultProperties : knownNames(context, type, properties);
  const always = [type.createdProperty, type.modifiedProperty, "hs_object_id"];
  const isWithheld = type.typeId === EMAIL && !hasScope(call, ["sales-email-read"]);
  return {
    properties: [...new Set([...chosen, ...always])].toSorted(),
    histories: knownNames(context, type, histories),
    ...(isWithheld ? { withheld: EMAIL_CONTENT } : {}),
  };
}

/** What HubSpot returns from a write: what was written, the usual properties, and what it works out itself. */
export function writtenOf(portal: Portal, type: ObjectType, names: Iterable<string>): Wanted {
  const set = portal.properties(type.typeId);
  const own = [...set.all()].filter((one) => one.calculated && !one.archived).map((one) => one.name);
  const always = [type.createdProperty, type.modifiedProperty, "hs_object_id", "hs_object_source"];
  return {
    properties: [...new Set([...names, ...type.defaultProperties, ...own, ...always])].toSorted(),
    histories: [],
  };
}

function propertiesOf(
  portal: Portal,
  type: ObjectType,
  row: number,
  wanted: Wanted,
  stale?: ReadonlyMap<string, string>,
): Record<string, string | null> {
  const properties: Record<string, string | null> = {};
  for (const name of wanted.properties) {
    const reader = readerOf(portal, type, name);
    if (reader === undefined) continue;
    const value = stale === undefined ? reader.text(row) : (stale.get(name) ?? null);
    properties[name] = wanted.withheld?.has(name) === true ? null : value;
  }
  return properties;
}

/** A record as every call returns it. @param stale values as a lagging index has them */
export function recordBody(
  portal: Portal,
  type: ObjectType,
  row: number,
  wanted: Wanted,
  stale?: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const table = portal.table(type.typeId);
  const id = String(table.id(row));
  const histories: Record<string, readonly HistoryOut[]> = {};
  for (const name of wanted.histories) {
    const entries = wanted.withheld?.has(name) === true ? [] : historyOf(portal, type, row, name);
    histories[name] = historyOut(entries);
  }
  const archivedAt = table.archivedAt.text(row);
  return {
    id,
    properties: propertiesOf(portal, type, row, wanted, stale),
    ...(wanted.histories.length === 0 ? {} : { propertiesWithHistory: histories }),
    createdAt: instantText(table.createdAt.number(row)),
    updatedAt: stale?.get(type.modifiedProperty) ?? instantText(table.updatedAt.number(row)),
    archived: table.isArchived(row),
    ...(archivedAt === null ? {} : { archivedAt }),
    url: `https://app.hubspot.com/contacts/${portal.portalId}/record/${type.typeId}/${id}`,
  };
}

/** `associations` of a record, by the other type's plural; types without links are left out. */
export function associationsBody(
  portal: Portal,
  type: ObjectType,
  row: number,
  others: readonly ObjectType[],
): Record<string, unknown> {
  const id = portal.table(type.typeId).id(row);
  const body: Record<string, unknown> = {};
  for (const other of others) {
    const table = portal.table(other.typeId);
    const targets = portal.associations
      .targets(type.typeId, other.typeId, id)
      .filter((target) => table.isLive(table.rowOf(target)));
    if (targets.length === 0) continue;
    const kind = `${type.singular}_to_${other.singular}`;
    const results = targets.flatMap((target) => {
      const labels = portal.associations.labels(type.typeId, other.typeId, id, target);
      const plain = [{ id: String(target), type: labels.length === 0 ? kind : `${kind}_unlabeled` }];
      return labels.length === 0 ? plain : [{ id: String(target), type: kind }, ...plain];
    });
    body[other.plural] = { results };
  }
  return Object.keys(body).length === 0 ? {} : { associations: body };
}
