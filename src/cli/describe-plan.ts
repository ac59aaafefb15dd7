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
  const rows =
    plan.rows === null
      ? ["Rows are predicted after the first sync."]
      : [
          table(
            ["object", "rows in the first write", "rows a day", "megabytes"],
            plan.rows.map((row) => [
              row.object,
              row.rowsFirst,
              row.rowsPerDay,
              Number(row.megabytes.toFixed(1)),
            ]),
          ),
        ];
  const { megabytes, megabytesFree, shareOfFree } = plan.storage;
  return [
    `Org ${plan.orgId}. Nothing is changed by this command.`,
    "",
    ...objects,
    ...plan.permissionSets.map(
      (name) =>
        `+ permission set ${name}, ` +
        (name.endsWith("Reader")
          ? "for you to assign to reps and managers"
          : "assigned to the connected user"),
    ),
    "+ custom permission Ripeline_Bypass, group Ripeline Readers with sharing rules, tabs and list views of our objects",
    `No lead rots in these statuses: ${plan.statusesWithoutRot.join(", ")}`,
    "",
    ...rows,
    plan.rows === null
      ? "Data storage: not checked before the first sync."
      : `Data storage: ${megabytes.toFixed(1)} MB` +
        (megabytesFree === null || shareOfFree === null
          ? ""
          : ` of ${megabytesFree.toLocaleString("en")} MB free (${(shareOfFree * 100).toFixed(1)}%)`),
    "",
    describeCalls(plan),
    ...plan.refusals.map((refusal) => `REFUSED: ${refusal}`),
    ...(plan.refusals.length === 0 ? ["Next: `ripeline apply`."] : []),
  ].join("\n");
}

/** The calls of a day as arithmetic. */
export function describeCalls({ calls }: Plan): string {
  return [
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
