/** Deletes: rows stay, marked, for queryAll; what hangs on them by ownership goes with them. */
import type { SaveResult, Session, WriteOptions } from "../../org.ts";
import { toId18 } from "../ids.ts";
import {
  type Entity,
  entityOfId,
  isDeleted,
  nowSeconds,
  type OrgState,
  put,
  touchMetadata,
} from "../org-state.ts";
import { type Access, accessOf } from "../visibility.ts";
import * as errors from "./save-errors.ts";

export function removeRows(
  state: OrgState,
  session: Session,
  ids: readonly string[],
  options: WriteOptions,
): SaveResult[] {
  const access = accessOf(state, session);
  const plans = ids.map((id) => plan(state, access, id));
  const isWhole = options.allOrNone && plans.some((step) => "error" in step);
  return plans.map((step): SaveResult => {
    if ("error" in step) return { success: false, errors: [step.error] };
    if (isWhole) return { success: false, errors: [errors.rolledBack()] };
    // One id may stand in the list twice: the second finds the record gone.
    if (isDeleted(step.entity, step.row)) return { success: false, errors: [errors.deletedEntity()] };
    removeRow(state, session, step.entity, step.row);
    state.writes.push({
      at: state.clock.now().toISOString(),
      crm: "salesforce",
      operation: options.operation,
      object: step.entity.def.name,
      id: step.id,
      fields: [],
    });
    return { id: step.id, success: true, errors: [] };
  });
}

type Step =
  | { readonly id: string; readonly entity: Entity; readonly row: number }
  | { readonly error: ReturnType<typeof errors.deletedEntity> };

function plan(state: OrgState, access: Access, given: string): Step {
  const id = toId18(given);
  if (id === undefined) return { error: errors.saveError("MALFORMED_ID", `malformed id ${given}`) };
  const entity = entityOfId(state, id);
  const row = entity?.table.rowOfId(id) ?? -1;
  if (entity === undefined || row < 0 || !access.canRead(entity))
    return { error: errors.unknownReference([]) };
  if (!entity.def.isDeletable) return { error: errors.unsupported(entity.def.name, "delete") };
  if (!access.can(entity, "delete")) return { error: errors.noAccess() };
  if (isDeleted(entity, row)) return { error: errors.deletedEntity() };
  if (state.settings.lockedIds.some((locked) => toId18(locked) === id))
    return { error: errors.lockedRow([id]) };
  return { id, entity, row };
}

function removeRow(state: OrgState, session: Session, entity: Entity, row: number): void {
  const id = entity.table.ids.text(row);
  // Taking an assignment away hides fields: the metadata stamp moves.
  if (entity.def.name === "PermissionSetAssignment") touchMetadata(state);
  if (entity.fields.has("IsDeleted")) {
    put(entity, row, "IsDeleted", 1);
    stampChange(state, session, entity, row);
  } else entity.table.purge(row);
  if (id === null) return;
  for (const child of state.entities.values()) {
    for (const field of child.def.fields) {
      if (!field.referenceTo.includes(entity.def.name)) continue;
      // Custom lookups are cleared, details go with their master; standard lookups keep pointing at the deleted row.
      const isLookup = field.isCustom && !field.isCascade;
      if (!isLookup && !field.isCascade) continue;
      for (const childRow of child.table.rowsByReference(field, id)) {
        if (child.table.isPurged(childRow) || isDeleted(child, childRow)) continue;
        if (isLookup) {
          child.table.set(childRow, field, null);
          stampChange(state, session, child, childRow);
        } else removeRow(state, session, child, childRow);
      }
    }
  }
}

function stampChange(state: OrgState, session: Session, entity: Entity, row: number): void {
  const now = nowSeconds(state);
  put(entity, row, "LastModifiedDate", now);
  put(entity, row, "LastModifiedById", session.userId);
  put(entity, row, "SystemModstamp", now);
}
