/** What the org's automation says against a row, or against a whole batch. */
import type { SaveError, WriteOptions } from "../../org.ts";
import { toId18 } from "../ids.ts";
import { type Entity, isDeleted, type OrgState, rawOf } from "../org-state.ts";
import { momentOf } from "../read-field.ts";
import type { FieldDef } from "../schema/definitions.ts";
import type { Raw } from "../store/columns.ts";
import { type Access, hasCustomPermission } from "../visibility.ts";
import * as errors from "../write/save-errors.ts";
import type { DuplicateRule, HeldLock, RecordTrigger, SaveEvent } from "./automation.ts";
import { isTrueFor } from "./record-formula.ts";
import { selectedRows } from "./row-selection.ts";

export interface AutomationContext {
  readonly state: OrgState;
  readonly entity: Entity;
  readonly access: Access;
  readonly userId: string;
  readonly options: WriteOptions;
}

const isAbout = (entity: Entity, rule: { readonly object: string; readonly isActive: boolean }) =>
  rule.isActive && rule.object.toLowerCase() === entity.def.name.toLowerCase();

const LIMITS: Readonly<Record<RecordTrigger["failure"], string>> = {
  soql: "Too many SOQL queries: 101",
  cpu: "Apex CPU time limit exceeded",
};

/** Limits cannot be caught: they fail every row of the transaction, with the same words. */
function limitError({ kind, name, failure }: RecordTrigger): SaveError {
  const reason = `System.LimitException: ${LIMITS[failure]}`;
  return kind === "apex"
    ? errors.saveError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", `${name}: ${reason}`)
    : errors.saveError(
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        `We can't save this record because the “${name}” process failed. Give your Salesforce admin these details. ${reason}`,
      );
}

/** What fails a batch of this size as a whole, if anything. */
export function batchProblem(
  context: AutomationContext,
  events: readonly SaveEvent[],
  rows: number,
): SaveError | undefined {
  const { state, entity, userId } = context;
  const failing = state.automation.triggers.find(
    (trigger) =>
      isAbout(entity, trigger) &&
      trigger.on.some((event) => events.includes(event)) &&
      trigger.failsAbove !== undefined &&
      rows > trigger.failsAbove &&
      !(
        trigger.unlessPermission !== undefined && hasCustomPermission(state, userId, trigger.unlessPermission)
      ),
  );
  return failing === undefined ? undefined : limitError(failing);
}

/** Every validation rule that the row as it would be breaks. `row` is -1 for an insert. */
export function ruleProblems(
  context: AutomationContext,
  changes: ReadonlyMap<FieldDef, Raw>,
  row: number,
): readonly SaveError[] {
  const { state, entity, userId } = context;
  const rules = state.automation.validationRules.filter((rule) => isAbout(entity, rule));
  if (rules.length === 0) return [];
  const mayUse = (name: string) => hasCustomPermission(state, userId, name);
  const record = { moment: momentOf(state), entity, row, changes, userId, mayUse };
  return rules
    .filter((rule) => isTrueFor(record, rule.formula))
    .map(({ message, field }) =>
      errors.saveError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, field === undefined ? [] : [field]),
    );
}

/** Ids of live rows whose fields of the rule equal the row's; none where one of them is empty. */
function duplicatesOf(
  entity: Entity,
  rule: DuplicateRule,
  changes: ReadonlyMap<FieldDef, Raw>,
  row: number,
): readonly string[] {
  const values = rule.fields.map((name) => {
    const field = entity.fields.get(name.toLowerCase());
    const sent = field === undefined ? null : changes.get(field);
    const raw = sent === undefined && row >= 0 ? rawOf(entity, row, name) : (sent ?? null);
    return { field, text: typeof raw === "string" ? raw.toLowerCase() : null };
  });
  const [first, ...rest] = values;
  if (first?.field === undefined || first.text === null) return [];
  const isEqual = (other: number) =>
    rest.every(({ field, text }) => {
      const raw = field === undefined ? null : entity.table.column(field).raw(other);
      return text !== null && typeof raw === "string" && raw.toLowerCase() === text;
    });
  return entity.table
    .rowsByText(first.field, first.text)
    .filter((other) => other !== row && !entity.table.isPurged(other) && !isDeleted(entity, other))
    .filter(isEqual)
    .map((other) => entity.table.ids.text(other) ?? "");
}

/** The first duplicate rule that stops the row, with the records it found. */
export function duplicateProblem(
  context: AutomationContext,
  changes: ReadonlyMap<FieldDef, Raw>,
  row: number,
): SaveError | undefined {
  const { state, entity, options } = context;
  const event: SaveEvent = row < 0 ? "insert" : "update";
  for (const rule of state.automation.duplicateRules) {
    if (!isAbout(entity, rule) || !rule.on.includes(event)) continue;
    if (rule.action === "alert" && options.allowDuplicates) continue;
    const ids = duplicatesOf(entity, rule, changes, row);
    if (ids.length > 0) return errors.duplicatesDetected(entity.def.name, rule, ids);
  }
  return undefined;
}

/** The record is in an approval process, and the caller is not the one who may edit it all the same. */
export function approvalProblem(context: AutomationContext, row: number): SaveError | undefined {
  const { state, entity, access } = context;
  if (access.isAdmin || access.modifiesAll(entity)) return undefined;
  const isHeld = selectedRows(state, entity, state.automation.approvalLocks)?.(row) === true;
  return isHeld ? errors.lockedEntity() : undefined;
}

/** No data storage is left for one more record. */
export function storageProblem({ state, entity }: AutomationContext, used: number): SaveError | undefined {
  const limit = state.storageLimit;
  return limit !== undefined && !entity.def.isSetup && used >= limit ? errors.storageExceeded() : undefined;
}

/** Ids among `wanted` that somebody else holds now; each lock met is noted in `met`, once a call. */
export function heldIds(state: OrgState, wanted: ReadonlySet<Raw>, met: Set<HeldLock>): readonly string[] {
  const now = state.clock.now().getTime();
  const held: string[] = [];
  for (const lock of state.heldLocks) {
    if (lock.attemptsLeft === 0 || (lock.until !== undefined && now >= lock.until)) continue;
    const hit = lock.ids.filter((id) => wanted.has(id));
    if (hit.length > 0) met.add(lock);
    held.push(...hit);
  }
  return held;
}

export function openLocks(state: OrgState): readonly HeldLock[] {
  const now = state.clock.now().getTime();
  return state.automation.rowLocks.map(({ ids, attempts, seconds }) => ({
    ids: ids.map((id) => toId18(id) ?? id),
    until: seconds === undefined ? undefined : now + seconds * 1000,
    attemptsLeft: attempts,
  }));
}

/** Ends a write call: every lock it met has been tried once more. */
export function countAttempts(met: ReadonlySet<HeldLock>): void {
  for (const lock of met) if (lock.attemptsLeft !== undefined) lock.attemptsLeft -= 1;
}
