/** The control API's changes to the org's automation, checked before any of them is taken. */
import { VendorError } from "../../org.ts";
import {
  type Entity,
  findEntity,
  findField,
  noSuchColumn,
  type OrgState,
  touchMetadata,
} from "../org-state.ts";
import { type AutomationChanges, NO_AUTOMATION } from "./automation.ts";
import { openLocks } from "./check-automation.ts";
import { compileRecordFormula } from "./record-formula.ts";
import { listAutomation } from "./tooling-rows.ts";

const TEXTUAL: ReadonlySet<string> = new Set(["string", "email", "phone", "url", "picklist"]);

function objectOf(state: OrgState, name: string): Entity {
  const entity = findEntity(state, name);
  if (entity === undefined) {
    throw new VendorError(400, "INVALID_TYPE", `sObject type '${name}' is not supported.`);
  }
  return entity;
}

/** @throws VendorError 400 naming the object, field or formula that cannot be */
function check(state: OrgState, changes: AutomationChanges): void {
  for (const { object, formula, field } of changes.validationRules ?? []) {
    const entity = objectOf(state, object);
    compileRecordFormula(entity, formula);
    if (field !== undefined) fieldOf(entity, field);
  }
  for (const { object } of changes.triggers ?? []) objectOf(state, object);
  for (const { object, fields } of changes.duplicateRules ?? []) {
    const entity = objectOf(state, object);
    for (const name of fields) {
      if (!TEXTUAL.has(fieldOf(entity, name).type)) {
        throw new VendorError(
          400,
          "INVALID_FIELD",
          `${object}.${name} holds no text; rules here compare texts`,
        );
      }
    }
  }
  for (const { object, where } of [...(changes.approvalLocks ?? []), ...(changes.hiddenRecords ?? [])]) {
    const entity = objectOf(state, object);
    if (where !== undefined) compileRecordFormula(entity, where);
  }
  for (const [object, fields] of Object.entries(changes.fieldHistory ?? {})) {
    const entity = objectOf(state, object);
    for (const name of fields) fieldOf(entity, name === "Owner" ? "OwnerId" : name);
  }
}

function fieldOf(entity: Entity, name: string) {
  const field = findField(entity, name);
  if (field === undefined) throw new VendorError(400, "INVALID_FIELD", noSuchColumn(name, entity.def.name));
  return field;
}

/**
 * Takes the changes, all or none.
 * @param used records that take data storage now
 * @throws VendorError 400 naming the object, field or formula that cannot be
 */
export function changeAutomation(state: OrgState, changes: AutomationChanges, used: number): void {
  check(state, changes);
  const { fieldHistory, storage, ...parts } = changes;
  const { storage: _before, ...kept } = state.automation;
  const left = storage === undefined ? state.automation.storage : (storage ?? undefined);
  state.automation = { ...kept, ...parts, ...(left === undefined ? {} : { storage: left }) };
  if (changes.rowLocks !== undefined) state.heldLocks = openLocks(state);
  if (storage !== undefined) {
    state.storageLimit = storage === null ? undefined : used + storage.freeRecords;
  }
  if (fieldHistory !== undefined) {
    const trackedFields = { ...state.settings.trackedFields };
    for (const [object, fields] of Object.entries(fieldHistory)) {
      trackedFields[objectOf(state, object).def.name] = fields;
    }
    state.settings = { ...state.settings, trackedFields };
  }
  listAutomation(state);
  touchMetadata(state);
}

/** Back to an org without automation; what was hidden or held is free again. */
export function clearAutomation(state: OrgState): void {
  state.automation = NO_AUTOMATION;
  state.heldLocks = [];
  state.storageLimit = undefined;
  listAutomation(state);
  touchMetadata(state);
}
