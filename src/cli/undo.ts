import { z } from "zod";
import type { UndoneObject, UndoOutcome } from "../app.ts";
import { toJson } from "../core/json.ts";
import { operation } from "./operation.ts";
import { table } from "./text-table.ts";

const undoArgs = z.object({ runId: z.string(), isDryRun: z.boolean() });

/** `ripeline undo RUN`: takes back what the run wrote, where the CRM still holds it. Exit 1 while something is undone. */
export const undoOperation = operation(undoArgs, async ({ app, onProgress }, { runId, isDryRun }) => {
  const outcome = await app.undo(runId, { isDryRun }, onProgress);
  return {
    json: toJson({ ...outcome, isDryRun }),
    text: describe(outcome, isDryRun),
    isFailure: !outcome.isFinished,
  };
});

const REASONS = {
  changed: "somebody changed it since",
  later_run: "a later run of ours wrote it: undo that first",
  gone: "the record is deleted, converted or closed",
  restored: "somebody took it out of the recycle bin",
  unknown: "not known what stood there",
} as const;

function describe(outcome: UndoOutcome, isDryRun: boolean): string {
  const { runId, objects, skipped, refused, isFinished } = outcome;
  const entries = Object.entries(objects);
  if (entries.length === 0) return `Run ${runId} wrote nothing, so there is nothing to undo.`;
  const counts = entries.map(([object, each]) => [
    object,
    each.restored,
    each.removed,
    each.recreated,
    each.unchanged,
    each.skipped,
    each.refused,
    each.deferred,
    each.calls,
  ]);
  const left = skipped.map((each) => [
    each.object,
    each.recordId,
    each.field ?? "whole record",
    REASONS[each.reason],
  ]);
  const unnamed = entries.reduce((sum, [, each]) => sum + each.skipped, 0) - left.length;
  return [
    isDryRun ? `Undoing run ${runId} would do this; nothing was changed.` : `Run ${runId} was undone.`,
    table(
      ["object", "restored", "deleted", "made again", "as it was", "left", "refused", "for later", "calls"],
      counts,
    ),
    ...(left.length === 0 ? [] : ["", "Left as it is:", table(["object", "record", "field", "why"], left)]),
    ...(unnamed > 0 ? [`and ${unnamed} more.`] : []),
    ...(refused.length === 0
      ? []
      : [
          "",
          table(
            ["refused by the CRM", "record or key", "in its words"],
            refused.map((each) => [each.object, each.key, `${each.code}: ${each.message}`]),
          ),
        ]),
    ...(isDryRun ? [] : nextSteps(outcome.undoRunId, runId, Object.values(objects), isFinished)),
  ].join("\n");
}

function nextSteps(
  undoRunId: string | null,
  runId: string,
  objects: readonly UndoneObject[],
  isFinished: boolean,
): readonly string[] {
  const blocked = objects.find((each) => each.blocked !== null)?.blocked;
  const isDeferred = objects.some((each) => each.deferred > 0);
  return [
    "",
    `The undo is run ${undoRunId}; it can be audited and undone like any other.`,
    ...(isFinished
      ? []
      : [
          blocked ??
            (isDeferred ? "The hourly limit (writeback.max_per_hour) is reached." : "The CRM refused some."),
          `Run \`ripeline undo ${runId}\` again to finish it.`,
        ]),
    "Nothing more is written to the CRM until `ripeline sync --resume-writes`: the next push would write the same again.",
  ];
}
