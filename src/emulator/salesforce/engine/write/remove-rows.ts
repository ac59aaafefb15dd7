/** Deletes: rows stay, marked, for queryAll; what hangs on them by ownership goes with them. */
import type { SaveError, SaveResult, Session, WriteOptions } from "../../org.ts";
import type { HeldLock } from "../automation/automation.ts";
import { approvalProblem, countAttempts, heldIds } from "../automation/check-automation.ts";
import { toId18 } from "../ids.ts";
import {
  type BinEntry,
  type Entity,
  entityOfId,
  isDeleted,
  type OrgState,
  put,
  touchMetadata,
} from "../org-state.ts";
import type { FieldDef } from "../schema/definitions.ts";
import { type Access, accessOf } from "../visibility.ts";
import { purgeIds, stampChange } from "./recycle-bin.ts";
import * as errors from "./save-errors.ts";
import { allOrNone } from "./transaction.ts";

interface Remover {
  readonly state: OrgState;
  readonly session: Session;
  readonly access: Access;
  readonly options: WriteOptions;
  readonly metLocks: Set<HeldLock>;
}

/** @param isPermanent past the recycle bin, as Bulk's hardDelete does */
export function removeRows(
  state: OrgState,
  session: Session,
  ids: readonly string[],
  options: WriteOptions,
  isPermanent = false,
): SaveResult[] {
  const access = accessOf(state, session);
  const remover: Remover = { state, session, access, options, metLocks: new Set() };
  const run = () => {
    const binned: BinEntry[] = [];
    // One id may stand in the list twice, or go with another: the second finds the record gone.
    const results = ids.map((id) => removeOne(remover, id, binned));
    state.bin = [...state.bin, ...binned];
    if (isPermanent)
      purgeIds(
        state,
        binned.map((entry) => entry.id),
      );
    countAttempts(remover.metLocks);
    return results;
  };
  return options.allOrNone ? allOrNone(state, run) : run();
}

function removeOne(remover: Remover, given: string, binned: BinEntry[]): SaveResult {
  const target = findTarget(remover, given);
  if ("statusCode" in target) return { success: false, errors: [target] };
  const { state, session, options } = remover;
  const { id, entity, row } = target;
  const entry = { id, object: entity.def.name, with: [], cleared: [] };
  removeRow(state, session, entity, row, entry);
  if (entity.fields.has("IsDeleted")) binned.push(entry);
  state.writes.push({
    at: state.clock.now().toISOString(),
    crm: "salesforce",
    operation: options.operation,
    object: entity.def.name,
    id,
    fields: [],
  });
  return { id, success: true, errors: [] };
}

interface Target {
  readonly id: string;
  readonly entity: Entity;
  readonly row: number;
}

function findTarget(remover: Remover, given: string): Target | SaveError {
  const { state, session, access, options } = remover;
  const id = toId18(given);
  if (id === undefined) return errors.saveError("MALFORMED_ID", `malformed id ${given}`);
  const entity = entityOfId(state, id);
  const row = entity?.table.rowOfId(id) ?? -1;
  if (entity === undefined || row < 0 || !access.canRead(entity)) return errors.unknownReference([]);
  if (!entity.def.isDeletable) return errors.unsupported(entity.def.name, "delete");
  if (!access.can(entity, "delete")) return errors.noAccess();
  if (isDeleted(entity, row)) return errors.deletedEntity();
  if (access.hides(entity)?.(row) === true) return errors.noAccessToReference(id);
  const context = { state, entity, access, userId: session.userId, options };
  const approval = approvalProblem(context, row);
  if (approval !== undefined) return approval;
  const isLocked = state.settings.lockedIds.some((locked) => toId18(locked) === id);
  if (isLocked || heldIds(state, new Set([id]), remover.metLocks).length > 0) return errors.lockedRow([id]);
  const holder = restrictingChild(state, entity, id);
  return holder === undefined ? { id, entity, row } : errors.deleteRestricted(id, holder);
}

function* childrenOf(state: OrgState, parent: Entity, id: string, wanted: (field: FieldDef) => boolean) {
  for (const child of state.entities.values()) {
    for (const field of child.def.fields) {
      if (!field.referenceTo.includes(parent.def.name) || !wanted(field)) continue;
      for (const row of child.table.rowsByReference(field, id)) {
        if (!child.table.isPurged(row) && !isDeleted(child, row)) yield { child, field, row };
      }
    }
  }
}

/** A record whose lookup says "don't allow deletion of the lookup record". */
function restrictingChild(state: OrgState, parent: Entity, id: string): string | undefined {
  const [first] = childrenOf(state, parent, id, (field) => field.isRestricting === true);
  return first === undefined ? undefined : (first.child.table.ids.text(first.row) ?? undefined);
}

interface OpenEntry extends BinEntry {
  readonly with: { object: string; id: string }[];
  readonly cleared: { object: string; id: string; field: string; target: string }[];
}

function removeRow(state: OrgState, session: Session, entity: Entity, row: number, entry: OpenEntry): void {
  const id = entity.table.ids.text(row);
  // Taking an assignment away hides fields: the metadata stamp moves.
  if (entity.def.name === "PermissionSetAssignment") touchMetadata(state);
  if (entity.fields.has("IsDeleted")) {
    put(entity, row, "IsDeleted", 1);
    stampChange(state, session.userId, entity, row);
  } else entity.table.purge(row);
  if (id === null) return;
  if (id !== entry.id) entry.with.push({ object: entity.def.name, id });
  // Details go with their master, custom lookups are cleared; standard lookups keep pointing at the deleted row.
  const details = [...childrenOf(state, entity, id, (field) => field.isCascade)];
  const lookups = [...childrenOf(state, entity, id, (field) => field.isCustom && !field.isCascade)];
  for (const { child, row: childRow } of details) {
    if (!isDeleted(child, childRow) && !child.table.isPurged(childRow))
      removeRow(state, session, child, childRow, entry);
  }
  for (const { child, field, row: childRow } of lookups) {
    if (isDeleted(child, childRow) || child.table.isPurged(childRow)) continue;
    child.table.set(childRow, field, null);
    stampChange(state, session.userId, child, childRow);
    const childId = child.table.ids.text(childRow);
    if (childId !== null)
      entry.cleared.push({ object: child.def.name, id: childId, field: field.name, target: id });
  }
}
