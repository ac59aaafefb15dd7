import type { CopyTarget } from "./database.ts";

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The COPY statement for CSV without a header row, from `source` (STDIN, or PGlite's '/dev/blob'). */
export function copyStatement(target: CopyTarget, source: "stdin" | "'/dev/blob'"): string {
  const columns = target.columns.map(quoted).join(", ");
  const nulls = target.quotedEmpty === "empty_text" ? "" : `, force_null (${columns})`;
  return `copy ${quoted(target.schema)}.${quoted(target.table)} (${columns}) from ${source} with (format csv${nulls})`;
}
