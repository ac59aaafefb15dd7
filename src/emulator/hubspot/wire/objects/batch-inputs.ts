import { type Answer, jsonAnswer } from "../../../server/answer.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantText } from "../../engine/store/columns.ts";
import type { HubSpotContext } from "../call.ts";
import { refusalBody } from "../vendor-answer.ts";

const MOST_INPUTS = 100;

/** @throws HubSpotRefusal too_many_inputs, or invalid_json where there is none */
export function checkCount(inputs: readonly unknown[], limit = MOST_INPUTS): void {
  if (inputs.length === 0) throw new HubSpotRefusal("invalid_json", { reason: "inputs must not be empty" });
  if (inputs.length > limit) throw new HubSpotRefusal("too_many_inputs", { limit, count: inputs.length });
}

/** @throws HubSpotRefusal duplicate_inputs */
export function checkDistinct(ids: readonly string[]): void {
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) throw new HubSpotRefusal("duplicate_inputs", { ids: [...new Set(twice)].join(", ") });
}

/** What a batch answers: 207 where something failed beside what went well. */
export function batchAnswer(
  context: HubSpotContext,
  startedAt: number,
  results: readonly unknown[],
  errors: readonly HubSpotRefusal[],
  success = 200,
): Answer {
  return jsonAnswer(errors.length > 0 ? 207 : success, {
    status: "COMPLETE",
    results,
    ...(errors.length > 0 ? { numErrors: errors.length, errors: errors.map(refusalBody) } : {}),
    startedAt: instantText(startedAt),
    completedAt: instantText(context.portal.now()),
  });
}
