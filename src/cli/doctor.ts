import { z } from "zod";
import type { DoctorReport } from "../app.ts";
import { toJson } from "../core/json.ts";
import { operation } from "./operation.ts";
import { table } from "./text-table.ts";

const doctorArgs = z.object({});

/** `ripeline doctor`: what is missing before a sync can be trusted. Exit 1 when something fails. */
export const doctorOperation = operation(doctorArgs, async ({ app }) => {
  const report = await app.doctor();
  return {
    json: toJson(report),
    text: describe(report),
    isFailure: report.checks.some((check) => check.level === "fail"),
  };
});

const marks = { ok: "ok  ", warn: "warn", fail: "FAIL" } as const;

function describe(report: DoctorReport): string {
  const lines = report.checks.flatMap((check) => [
    `${marks[check.level]}  ${check.connection === undefined ? "" : `${check.connection}, `}${check.name}: ${check.found}`,
    ...(check.next === undefined ? [] : [`        -> ${check.next}`]),
  ]);
  if (report.largestOwners.length > 0) {
    const rows = report.largestOwners.map((owner) => [
      owner.name,
      owner.ownerId,
      owner.leads,
      owner.createdBySelf,
    ]);
    lines.push(
      "",
      "Owners of most leads. Is each a person who sells? If not, add it to reps.ignored_owners.",
      table(["owner", "id", "leads", "created by itself"], rows),
    );
  }
  for (const spellings of report.sourceSpellings) {
    lines.push(
      `warn  sources that differ by case or blanks: ${spellings.map((each) => JSON.stringify(each)).join(", ")}`,
    );
  }
  return lines.join("\n");
}
