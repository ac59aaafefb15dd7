import { z } from "zod";
import type { AuditLine } from "../app.ts";
import { toJson } from "../core/json.ts";
import { operation } from "./operation.ts";
import { table } from "./text-table.ts";

const auditArgs = z.object({
  runId: z.string().nullable(),
  record: z.string().nullable(),
  object: z.string().nullable(),
  limit: z.int(),
});

/** `ripeline audit`: every write to the CRM, one line a field, newest first. JSON: array of lines. */
export const auditOperation = operation(auditArgs, async ({ app }, query) => {
  const { lines, writes, more } = await app.audit(query);
  if (lines.length === 0) {
    const isNarrowed = query.runId !== null || query.record !== null || query.object !== null;
    return { json: [], text: isNarrowed ? "No write fits." : "Nothing was written to the CRM yet." };
  }
  const rest = `and ${more.toLocaleString("en")} more; --limit ${writes + more} shows all`;
  return {
    json: toJson(lines),
    text: [
      table(["at", "run", "object", "record", "", "field", "old", "new"], lines.map(cells)),
      `${writes.toLocaleString("en")} ${writes === 1 ? "write" : "writes"}${more === 0 ? "" : `, ${rest}`}.`,
    ].join("\n"),
  };
});

function cells(line: AuditLine): readonly string[] {
  const { at, runId, object, recordId, action, field } = line;
  return [at, runId, object, recordId, action, field ?? "", shown(line.old), shown(line.new)];
}

function shown(value: AuditLine["old"]): string {
  return value === null ? "" : String(value);
}
