/** Rows that the platform writes when a tracked field changes, and the stage history of opportunities. */
import { DAY_MS } from "../../../../core/time.ts";
import {
  type Entity,
  entityOf,
  findEntity,
  nowSeconds,
  type OrgState,
  put,
  rawOf,
  textOf,
} from "../org-state.ts";
import { userName } from "../read-field.ts";
import type { Raw } from "../store/columns.ts";
import { formatValue } from "../values.ts";

const HISTORY_OF: Readonly<Record<string, { readonly object: string; readonly parent: string }>> = {
  Lead: { object: "LeadHistory", parent: "LeadId" },
  Opportunity: { object: "OpportunityFieldHistory", parent: "OpportunityId" },
};

export function trackedFields(state: OrgState, object: string): readonly string[] {
  return state.settings.trackedFields[object] ?? [];
}

/** Values of the tracked fields before a write, to be compared after it. */
export type Before = ReadonlyMap<string, Raw>;

function columnName(field: string): string {
  return field === "Owner" ? "OwnerId" : field;
}

export function readTracked(state: OrgState, entity: Entity, row: number): Before {
  const names =
    entity.def.name === "Opportunity"
      ? [...trackedFields(state, "Opportunity"), ...STAGE_FIELDS]
      : trackedFields(state, entity.def.name);
  return new Map(names.map((name) => [name, rawOf(entity, row, columnName(name))]));
}

export interface HistoryCause {
  readonly userId: string;
  /** The owner was moved by the assignment rule: the row says ownerAssignment. */
  readonly isAssignment: boolean;
}

function addHistory(
  state: OrgState,
  entity: Entity,
  row: number,
  entry: {
    readonly field: string;
    readonly type: string;
    readonly old: string | null;
    readonly new: string | null;
  },
  cause: HistoryCause,
): void {
  const place = HISTORY_OF[entity.def.name];
  if (place === undefined) return;
  const history = entityOf(state, place.object);
  const at = history.table.appendRow(history.table.freshId());
  put(history, at, place.parent, entity.table.ids.text(row));
  put(history, at, "Field", entry.field);
  put(history, at, "DataType", entry.type);
  put(history, at, "OldValue", entry.old);
  put(history, at, "NewValue", entry.new);
  stampNew(state, history, at, cause.userId);
}

export function stampNew(state: OrgState, entity: Entity, row: number, userId: string): void {
  const now = nowSeconds(state);
  put(entity, row, "CreatedDate", now);
  put(entity, row, "CreatedById", userId);
  put(entity, row, "LastModifiedDate", now);
  put(entity, row, "LastModifiedById", userId);
  put(entity, row, "SystemModstamp", now);
}

/** An owner change writes two rows: the names, then the ids. */
function addOwnerRows(
  state: OrgState,
  entity: Entity,
  row: number,
  old: string | null,
  next: string | null,
  cause: HistoryCause,
): void {
  const field = cause.isAssignment ? "ownerAssignment" : "Owner";
  const names = { field, type: "Text", old: userName(state, old), new: userName(state, next) };
  addHistory(state, entity, row, names, cause);
  addHistory(state, entity, row, { field, type: "EntityId", old, new: next }, cause);
}

export function recordCreation(state: OrgState, entity: Entity, row: number, cause: HistoryCause): void {
  if (trackedFields(state, entity.def.name).length > 0) {
    addHistory(state, entity, row, { field: "created", type: "Text", old: null, new: null }, cause);
    if (cause.isAssignment)
      addOwnerRows(state, entity, row, cause.userId, textOf(entity, row, "OwnerId"), cause);
  }
  if (entity.def.name === "Opportunity") addStageHistory(state, entity, row, undefined, cause);
}

/** Compares with `before` and writes a row for each tracked field that changed. */
export function recordChanges(
  state: OrgState,
  entity: Entity,
  row: number,
  before: Before,
  cause: HistoryCause,
): void {
  for (const name of trackedFields(state, entity.def.name)) {
    const old = before.get(name) ?? null;
    const next = rawOf(entity, row, columnName(name));
    if (old === next) continue;
    if (columnName(name) === "OwnerId") {
      addOwnerRows(state, entity, row, textOrNull(old), textOrNull(next), cause);
      continue;
    }
    const field = entity.fields.get(columnName(name).toLowerCase());
    if (field === undefined) continue;
    const print = (raw: Raw) => {
      const cell = formatValue(field.type, raw);
      return cell === null ? null : String(cell).slice(0, 255);
    };
    addHistory(
      state,
      entity,
      row,
      { field: field.name, type: "Text", old: print(old), new: print(next) },
      cause,
    );
  }
  const isStageChange = STAGE_FIELDS.some((name) => (before.get(name) ?? null) !== rawOf(entity, row, name));
  if (entity.def.name === "Opportunity" && isStageChange) addStageHistory(state, entity, row, before, cause);
}

function textOrNull(raw: Raw): string | null {
  return typeof raw === "string" ? raw : null;
}

const STAGE_FIELDS = ["StageName", "Amount", "CloseDate", "Probability", "ForecastCategory"];

function addStageHistory(
  state: OrgState,
  entity: Entity,
  row: number,
  before: Before | undefined,
  cause: HistoryCause,
): void {
  const history = findEntity(state, "OpportunityHistory");
  if (history === undefined) return;
  const at = history.table.appendRow(history.table.freshId());
  put(history, at, "OpportunityId", entity.table.ids.text(row));
  for (const name of [...STAGE_FIELDS, "CurrencyIsoCode"]) put(history, at, name, rawOf(entity, row, name));
  const amount = rawOf(entity, row, "Amount");
  const probability = rawOf(entity, row, "Probability");
  if (typeof amount === "number" && typeof probability === "number") {
    put(history, at, "ExpectedRevenue", Math.round(amount * probability) / 100);
  }
  if (before !== undefined) {
    put(history, at, "PrevAmount", before.get("Amount") ?? null);
    put(history, at, "PrevCloseDate", before.get("CloseDate") ?? null);
    const now = nowSeconds(state);
    if (before.get("StageName") !== rawOf(entity, row, "StageName"))
      put(entity, row, "LastStageChangeDate", now);
  }
  stampNew(state, history, at, cause.userId);
}

/** Date of an instant in UTC, as derived date fields are set. */
export function dayOf(instant: number): number {
  return Math.floor(instant / DAY_MS);
}
