import { z } from "zod";
import type { ApplyOutcome } from "../app.ts";
import { toJson } from "../core/json.ts";
import { describeEach } from "./each-connection.ts";
import { operation } from "./operation.ts";

const applyArgs = z.object({ checkOnly: z.boolean(), assignTo: z.string().nullable().default(null) });

/** `ripeline apply`: deploys what `plan` shows and gives the integration user the permission set, or whom it is told. */
export const applyOperation = operation(applyArgs, async ({ app }, options) => {
  const outcome = await app.apply(options);
  return {
    json: toJson(outcome),
    text: describeEach(outcome, (each) => describe(each, options.checkOnly)),
  };
});

function describe(
  { deploy, leftOut, permissionSet, assignedTo, appliedAt }: ApplyOutcome,
  isCheckOnly: boolean,
): string {
  const verb = isCheckOnly ? "would be" : "were";
  const lines = [
    `${deploy.created.length} components ${verb} created, ${deploy.changed.length} changed, ` +
      `${deploy.unchanged.length} left as they are.`,
    ...deploy.created.map((name) => `  + ${name}`),
    ...deploy.changed.map((name) => `  ~ ${name}`),
    ...deploy.problems.map(({ component, problem }) => `  ! ${component}: ${problem}`),
    ...leftOut.map(({ component, reason }) => `  - ${component} is left out: ${reason}`),
  ];
  if (isCheckOnly) return [...lines, "The org accepts the package. Nothing was changed."].join("\n");
  return [
    ...lines,
    ...(permissionSet === "not needed"
      ? [
          "Put the properties on the record pages that reps look at; the active list Rotting leads is theirs to open.",
        ]
      : [
          `Permission set: ${permissionSet} to ${assignedTo ?? "nobody"}.`,
          "Nobody else sees the new fields yet: assign the permission set Ripeline Reader to reps and managers, and put who " +
            "reads the reports into the group Ripeline Readers.",
        ]),
    ...(appliedAt === null
      ? []
      : [`Handoffs from ${appliedAt.toISOString()} on are flagged, unless rot.start_from says otherwise.`]),
    "Next: `ripeline sync`.",
  ].join("\n");
}
