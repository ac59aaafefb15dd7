/** Tasks and events: closed, completed, dated, and what they tell about the person they hang on. */
import { MINUTE_MS } from "../../../../core/time.ts";
import {
  type Entity,
  entityOf,
  findEntity,
  isTrue,
  nowSeconds,
  type OrgState,
  put,
  rawOf,
  textOf,
} from "../org-state.ts";
import { dayOf } from "./field-history.ts";
import { fill, type Saved, setupRow } from "./saved-row.ts";

export function deriveTask(saved: Saved): void {
  const { state, entity, row, isNew } = saved;
  const statusRow = setupRow(state, "TaskStatus", textOf(entity, row, "Status"));
  const statuses = entityOf(state, "TaskStatus");
  const wasClosed = isTrue(entity, row, "IsClosed");
  fill(saved, "IsClosed", statusRow >= 0 && isTrue(statuses, statusRow, "IsClosed") ? 1 : 0);
  const isClosed = isTrue(entity, row, "IsClosed");
  if (isClosed && (isNew || !wasClosed)) {
    // A task that is born closed was completed when it was created.
    fill(saved, "CompletedDateTime", isNew ? rawOf(entity, row, "CreatedDate") : nowSeconds(state));
  } else if (!isClosed) fill(saved, "CompletedDateTime", null);
  fill(saved, "IsHighPriority", textOf(entity, row, "Priority") === "High" ? 1 : 0);
  deriveActivity(saved, isClosed ? rawOf(entity, row, "ActivityDate") : null);
}

export function deriveEvent(saved: Saved): void {
  const { entity, row, given } = saved;
  const start = rawOf(entity, row, given.has("startdatetime") ? "StartDateTime" : "ActivityDateTime");
  const known = start ?? rawOf(entity, row, "StartDateTime");
  if (typeof known === "number") {
    fill(saved, "StartDateTime", known);
    fill(saved, "ActivityDateTime", known);
    fill(saved, "ActivityDate", dayOf(known));
    const end = rawOf(entity, row, "EndDateTime");
    const minutes = rawOf(entity, row, "DurationInMinutes");
    if (given.has("enddatetime") && typeof end === "number")
      fill(saved, "DurationInMinutes", (end - known) / MINUTE_MS);
    else if (typeof minutes === "number") fill(saved, "EndDateTime", known + minutes * MINUTE_MS);
    const until = rawOf(entity, row, "EndDateTime");
    if (typeof until === "number") fill(saved, "EndDate", dayOf(until));
  }
  deriveActivity(saved, rawOf(entity, row, "ActivityDate"));
}

/** Account of the activity, and the person's last activity date; neither moves the person's SystemModstamp. */
function deriveActivity(saved: Saved, day: number | string | null): void {
  const { state, entity, row } = saved;
  const who = textOf(entity, row, "WhoId");
  const what = textOf(entity, row, "WhatId");
  if (saved.isNew) {
    fill(saved, "WhoCount", who === null ? 0 : 1);
    fill(saved, "WhatCount", what === null ? 0 : 1);
  }
  fill(saved, "AccountId", accountOf(state, what) ?? accountOf(state, who));
  if (typeof day !== "number") return;
  for (const id of [who, what]) {
    const parent = id === null ? undefined : parentOf(state, id);
    if (parent === undefined) continue;
    const last = rawOf(parent.entity, parent.row, "LastActivityDate");
    if (typeof last === "number" && last >= day) continue;
    put(parent.entity, parent.row, "LastActivityDate", day);
  }
}

const PARENTS: Readonly<Record<string, string>> = {
  "00Q": "Lead",
  "003": "Contact",
  "001": "Account",
  "006": "Opportunity",
  "701": "Campaign",
};

function parentOf(
  state: OrgState,
  id: string,
): { readonly entity: Entity; readonly row: number } | undefined {
  const name = PARENTS[id.slice(0, 3)];
  const entity = name === undefined ? undefined : findEntity(state, name);
  const row = entity === undefined ? -1 : entity.table.rowOfId(id);
  return entity === undefined || row < 0 ? undefined : { entity, row };
}

function accountOf(state: OrgState, id: string | null): string | null {
  if (id === null) return null;
  if (id.startsWith("001")) return id;
  const parent = id.startsWith("003") || id.startsWith("006") ? parentOf(state, id) : undefined;
  return parent === undefined ? null : textOf(parent.entity, parent.row, "AccountId");
}
