import { COMPANY, CONTACT, DEAL, type ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { LIFECYCLE_STAGES } from "../schema/standard-properties.ts";
import type { Stored } from "../values.ts";

/** What a write entails, by property: dates of stages, of the owner, of lifecycle stages. */
type Derived = Map<string, Stored>;

interface Move {
  readonly portal: Portal;
  readonly type: ObjectType;
  readonly row: number;
  /** The text that the property had before; null where it had none, or the record is new. */
  readonly old: string | null;
  readonly next: string | null;
  readonly at: number;
}

const instant = ({ portal, type, row }: Move, name: string): number =>
  portal.table(type.typeId).column(name, true).number(row);

const amount = ({ portal, type, row }: Move, name: string): number =>
  portal.table(type.typeId).column(name, false).number(row);

/** Entering and leaving a stage. `date_entered` is the last entry; times are milliseconds. */
function moveStage(move: Move, derived: Derived): void {
  const { old, next, at } = move;
  if (next !== null) derived.set(`hs_v2_date_entered_${next}`, at);
  if (next !== null) derived.set(`hs_v2_date_exited_${next}`, null);
  if (old === null) return;
  const entered = instant(move, `hs_v2_date_entered_${old}`);
  derived.set(`hs_v2_date_exited_${old}`, at);
  if (Number.isNaN(entered)) return;
  const spent = at - entered;
  const sum = amount(move, `hs_v2_cumulative_time_in_${old}`);
  derived.set(`hs_v2_latest_time_in_${old}`, String(spent));
  derived.set(`hs_v2_cumulative_time_in_${old}`, String((Number.isNaN(sum) ? 0 : sum) + spent));
}

function moveDealStage(move: Move, derived: Derived, isDateGiven: boolean): void {
  const { portal, row, at, next } = move;
  moveStage(move, derived);
  const pipeline = portal.table(DEAL).column("pipeline", false).text(row);
  const isClosing = portal.pipelines.stage(DEAL, pipeline, next)?.metadata["isClosed"] === "true";
  // A deal that is closed is closed now, unless the writer says when.
  if (isClosing && !isDateGiven) derived.set("closedate", at);
}

function moveLifecycle(move: Move, derived: Derived): void {
  const { next, at } = move;
  moveStage(move, derived);
  if (next === null) return;
  const name = `hs_lifecyclestage_${next}_date`;
  if (Number.isNaN(instant(move, name))) derived.set(name, at);
}

/** Lifecycle stages go forward only: an earlier one is passed over without a word. */
export function isBackward(type: ObjectType, name: string, old: string | null, next: Stored): boolean {
  if (name !== "lifecyclestage" || (type.typeId !== CONTACT && type.typeId !== COMPANY)) return false;
  const order: readonly string[] = LIFECYCLE_STAGES;
  const from = order.indexOf(old ?? "");
  const to = order.indexOf(String(next ?? ""));
  return from >= 0 && to >= 0 && to < from;
}

/** What follows from one property's new value, already set. @param given names that the writer sent */
export function deriveFrom(name: string, move: Move, given: ReadonlySet<string>): Derived {
  const derived: Derived = new Map();
  if (name === "hubspot_owner_id")
    derived.set("hubspot_owner_assigneddate", move.next === null ? null : move.at);
  if (name === "lifecyclestage") moveLifecycle(move, derived);
  if (name === "dealstage") moveDealStage(move, derived, given.has("closedate"));
  if (name === "hs_pipeline_stage") moveStage(move, derived);
  if (name === "hs_task_status")
    derived.set("hs_task_completion_date", move.next === "COMPLETED" ? move.at : null);
  return derived;
}
