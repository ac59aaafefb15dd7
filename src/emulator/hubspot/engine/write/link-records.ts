import type { Source } from "../changes.ts";
import { LEAD, type ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { HubSpotRefusal } from "../refusal.ts";
import type { AssociationType } from "../schema/association-types.ts";
import type { LinkType } from "../store/association-store.ts";
import { logEngagement } from "./log-engagement.ts";
import { archiveRecord } from "./save-record.ts";

export interface RecordRef {
  readonly type: ObjectType;
  readonly id: number;
}

/** The record's row. @throws HubSpotRefusal association_not_valid */
export function linkableRow(portal: Portal, { type, id }: RecordRef): number {
  const table = portal.table(type.typeId);
  const row = table.rowOf(id);
  if (row < 0 || !table.isLive(row)) {
    throw new HubSpotRefusal("association_not_valid", { object: type.singular.toUpperCase(), id });
  }
  return row;
}

function addLabels(
  portal: Portal,
  from: RecordRef,
  to: RecordRef,
  kinds: readonly AssociationType[],
): boolean {
  const { associations } = portal;
  let isNew = false;
  const add = (left: RecordRef, right: RecordRef, label: LinkType) => {
    const known = associations.labels(left.type.typeId, right.type.typeId, left.id, right.id);
    if (known.some((one) => one.typeId === label.typeId && one.category === label.category)) return;
    associations.label(left.type.typeId, left.id, right.type.typeId, right.id, [...known, label]);
    isNew = true;
  };
  for (const { category, typeId, inverse, isDefault } of kinds) {
    if (isDefault) continue;
    add(from, to, { category, typeId });
    add(to, from, { category, typeId: inverse });
  }
  return isNew;
}

/**
 * Links two records. Neither's lastmodifieddate moves, except for what an engagement leaves behind.
 * @throws HubSpotRefusal association_not_valid for the first end that is not there
 */
export function linkRecords(
  portal: Portal,
  from: RecordRef,
  to: RecordRef,
  kinds: readonly AssociationType[],
  source: Source,
): void {
  const fromRow = linkableRow(portal, from);
  const toRow = linkableRow(portal, to);
  const isNew = portal.associations.link(from.type.typeId, from.id, to.type.typeId, to.id);
  const isLabelled = addLabels(portal, from, to, kinds);
  if (!isNew && !isLabelled) return;
  emitLink(portal, from, to, kinds, source, false);
  if (!isNew) return;
  if (from.type.isEngagement && !to.type.isEngagement) {
    logEngagement(portal, { type: from.type, row: fromRow }, { type: to.type, row: toRow });
  }
  if (to.type.isEngagement && !from.type.isEngagement) {
    logEngagement(portal, { type: to.type, row: toRow }, { type: from.type, row: fromRow });
  }
}

function emitLink(
  portal: Portal,
  from: RecordRef,
  to: RecordRef,
  kinds: readonly AssociationType[],
  source: Source,
  isRemoved: boolean,
): void {
  const kind = kinds[0] ?? portal.associationTypes.defaultOf(from.type.typeId, to.type.typeId);
  portal.emit({
    kind: "associationChange",
    typeId: from.type.typeId,
    id: from.id,
    at: portal.now(),
    source,
    toTypeId: to.type.typeId,
    toId: to.id,
    isRemoved,
    associationTypeId: kind.typeId,
  });
}

/** A lead without any contact or company is deleted by HubSpot itself. */
function dropOrphan(portal: Portal, { type, id }: RecordRef, source: Source): void {
  if (type.typeId !== LEAD) return;
  const isHeld = ["0-1", "0-2"].some((to) => portal.associations.targets(LEAD, to, id).length > 0);
  if (!isHeld) archiveRecord(portal, type, portal.table(LEAD).rowOf(id), source);
}

/** Takes a link away, or only some of its labels. */
export function unlinkRecords(
  portal: Portal,
  from: RecordRef,
  to: RecordRef,
  source: Source,
  kinds?: readonly AssociationType[],
): void {
  const { associations } = portal;
  const [fromType, toType] = [from.type.typeId, to.type.typeId];
  if (kinds !== undefined) {
    const rest = (left: RecordRef, right: RecordRef, gone: readonly number[]) =>
      associations.label(
        left.type.typeId,
        left.id,
        right.type.typeId,
        right.id,
        associations
          .labels(left.type.typeId, right.type.typeId, left.id, right.id)
          .filter((one) => !gone.includes(one.typeId)),
      );
    rest(
      from,
      to,
      kinds.map((one) => one.typeId),
    );
    rest(
      to,
      from,
      kinds.map((one) => one.inverse),
    );
    emitLink(portal, from, to, kinds, source, true);
    return;
  }
  if (!associations.unlink(fromType, from.id, toType, to.id)) return;
  emitLink(portal, from, to, [], source, true);
  dropOrphan(portal, from, source);
  dropOrphan(portal, to, source);
}
