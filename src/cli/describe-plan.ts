import type { Plan } from "../app.ts";
import { table } from "./text-table.ts";

/** `plan` for a reader: what would be added, what our writes wake, and what all of it costs. */
export function describePlan(plan: Plan): string {
  const objects = plan.objects.flatMap((object) => [
    `${object.action === "create" ? "+ object" : "  object"} ${object.object}: ` +
      (object.fieldsToCreate.length === 0
        ? `all ${object.fieldsPresent} fields are there`
        : `${object.fieldsToCreate.length} fields to add, ${object.fieldsPresent} are there`),
    ...object.fieldsToCreate.map((field) => `    + ${object.object}.${field}`),
    ...object.automation.map((found) => `    wakes ${found.kind} ${found.name}`),
    `    ${object.batchSize} rows a call to begin with`,
  ]);
  const rows = [
    table(
      ["object", "rows in the first write", "rows a day", "rows kept", "megabytes"],
      plan.rows.map((row) => [
        row.object,
        row.rowsFirst,
        row.rowsPerDay,
        row.rowsSteady,
        Number(row.megabytes.toFixed(1)),
      ]),
    ),
    plan.rowsFrom === "org"
      ? "Estimated from the org's own counts, for the time when every retention is full; exact after the first sync."
      : "From the last compute, for the time when every retention is full.",
    ...(plan.notCounted.length === 0 ? [] : [`The org did not count: ${plan.notCounted.join(", ")}.`]),
  ];
  const { megabytes, megabytesFree, shareOfFree } = plan.storage;
  return [
    `Org ${plan.orgId}. Nothing is changed by this command.`,
    "",
    ...objects,
    ...plan.leftOut.map(({ component, reason }) => `- ${component} is left out: ${reason}`),
    ...plan.permissionSets.map(
      (name) =>
        `+ permission set ${name}, ` +
        (name.endsWith("Reader")
          ? "for you to assign to reps and managers"
          : "assigned to the connected user"),
    ),
    ...(plan.permissionSets.length === 0
      ? [
          '+ property group "ripeline" on each object, active lists "Rotting leads" and "At risk today" of contacts',
        ]
      : [
          "+ custom permission Ripeline_Bypass, group Ripeline Readers with sharing rules, tabs and list views of our objects",
        ]),
    `No lead rots in these statuses: ${plan.statusesWithoutRot.join(", ")}`,
    "",
    ...rows,
    `Data storage: ${megabytes.toFixed(1)} MB` +
      (megabytesFree === null || shareOfFree === null
        ? ", and the org does not show how much is free"
        : ` of ${megabytesFree.toLocaleString("en")} MB free (${(shareOfFree * 100).toFixed(1)}%)`),
    "",
    describeCalls(plan),
    ...plan.refusals.map((refusal) => `REFUSED: ${refusal}`),
    ...(plan.refusals.length === 0 ? ["Next: `ripeline apply`."] : []),
  ].join("\n");
}

/** Cadence, the calls of the first sync's writes and of a day, as arithmetic. */
export function describeCalls({ calls }: Plan): string {
  const { minutes, share, isWithinShare } = calls.cadence;
  const percent = `${(share * 100).toFixed(0)}% of the org's calls`;
  return [
    `Cadence: fast streams every ${minutes.fast} minutes, money every ${minutes.money}, the rest every ${minutes.slow}; ` +
      (isWithinShare
        ? `under ${percent}`
        : `more than ${percent}: name slower ones under cadence in ripeline.yaml`),
    ...(calls.firstWrites.length === 0
      ? []
      : [
          table(
            ["the first sync writes", "rows", "calls", "hours until all are written"],
            calls.firstWrites.map((write) => [write.object, write.rows, write.calls, write.hours]),
          ),
        ]),
    table(
      ["API calls a day", "calls", "how"],
      calls.lines.map((line) => [line.purpose, line.callsPerDay, line.how]),
    ),
    `${calls.callsPerDay.toLocaleString("en")} calls a day` +
      (calls.dailyLimit === null || calls.shareOfLimit === null
        ? ""
        : `, ${(calls.shareOfLimit * 100).toFixed(1)}% of the org's ${calls.dailyLimit.toLocaleString("en")}`),
  ].join("\n");
}
