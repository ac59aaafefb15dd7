import { z } from "zod";
import { type CycleResult, cycleJson } from "../core/cycle.ts";
import { operation } from "./operation.ts";
import { table } from "./text-table.ts";

const syncArgs = z.object({ all: z.boolean() });

/** `ripeline sync`: one cycle of the streams that are due, or of all; every publishing class is written. */
export const syncOperation = operation(syncArgs, async ({ runCycle, onProgress }, { all }) => {
  const result = await runCycle({ streams: all ? "all" : "due", classes: "all" }, onProgress);
  return { json: cycleJson(result), text: describe(result) };
});

function describe(result: CycleResult): string {
  const { pull, compute, push } = result;
  const pulled = Object.entries(pull.streams).map(([stream, { rows, calls }]) => [stream, rows, calls]);
  const pushed = Object.entries(push.objects).map(([object, each]) => [
    object,
    each.changed,
    each.written,
    each.rejected,
    each.calls,
  ]);
  const hidden = Object.entries(pull.hiddenFields).flatMap(([object, fields]) =>
    fields.map((field) => `${object}.${field}`),
  );
  return [
    `As of ${pull.asOf}`,
    pulled.length === 0 ? "No stream was due." : table(["read", "rows", "calls"], pulled),
    pushed.length === 0
      ? "Nothing is written before `ripeline apply` has added ripeline's fields."
      : table(["wrote", "changed", "written", "rejected", "calls"], pushed),
    ...(hidden.length === 0 ? [] : [`Hidden from ripeline: ${hidden.join(", ")}`]),
    `${pull.apiCalls + push.apiCalls} API calls; pull ${pull.seconds.toFixed(1)} s, ` +
      `compute ${compute.seconds.toFixed(1)} s, push ${push.seconds.toFixed(1)} s`,
  ].join("\n");
}
