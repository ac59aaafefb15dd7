import { CAMPAIGN } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { readProperty } from "../read-property.ts";
import { instantText } from "../store/columns.ts";

/** Every record of a type, archived ones too, with all that is not empty. */
export function* dumpRecords(portal: Portal, what: string): Generator<Record<string, unknown>> {
  if (what === "owners") {
    for (const owner of portal.owners.all()) {
      yield { ...owner, createdAt: instantText(owner.createdAt), updatedAt: instantText(owner.updatedAt) };
    }
    return;
  }
  const type = portal.typeNamed(what);
  const table = portal.table(type.typeId);
  const others = [...portal.allTypes()];
  for (const row of table.rowsById()) {
    if (!table.isLive(row) && !table.isArchived(row)) continue;
    const properties: Record<string, string> = {};
    for (const { name } of portal.properties(type.typeId).all()) {
      const value = readProperty(portal, type, row, name);
      if (value !== null) properties[name] = value;
    }
    const associations: Record<string, readonly string[]> = {};
    for (const other of others) {
      const targets = portal.associations.targets(type.typeId, other.typeId, table.id(row));
      if (targets.length > 0) associations[other.plural] = targets.map(String);
    }
    const guid = portal.campaigns.guidOf.get(table.id(row));
    const parts =
      type.typeId === CAMPAIGN && guid !== undefined ? portal.campaigns.parts.get(guid) : undefined;
    yield {
      id: String(table.id(row)),
      ...(parts === undefined
        ? {}
        : { guid, budgetItems: parts.budget, spendItems: parts.spend, assets: parts.assets }),
      properties,
      createdAt: instantText(table.createdAt.number(row)),
      updatedAt: instantText(table.updatedAt.number(row)),
      archived: table.isArchived(row),
      ...(Object.keys(associations).length === 0 ? {} : { associations }),
    };
  }
}
