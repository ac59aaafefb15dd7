import { operations } from "../src/emulator/operations.ts";
import { catalog } from "../src/metrics/catalog.ts";

type Row = readonly string[];

function markdownTable(head: Row, rows: readonly Row[]): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (row: Row): string => `| ${row.map(cell).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Name, unit, what it is and where it stands, in the dictionary's order. */
function metricTable(): string {
  return markdownTable(
    ["metric", "unit", "formula", "rows", "definition"],
    catalog.map((entry) => [
      `\`${entry.name}\``,
      entry.unit,
      entry.formula,
      entry.grain.join(", "),
      entry.source,
    ]),
  );
}

function operationTable(): string {
  return markdownTable(
    ["operation", "method and path", "how sure", "notes", "documentation"],
    operations.map((operation) => [
      `\`${operation.name}\``,
      `${operation.method} \`${operation.path}\``,
      operation.confidence,
      operation.notes,
      `[page](${operation.documentation})`,
    ]),
  );
}

const tables = { metrics: metricTable, operations: operationTable } as const;

/**
 * The text with every table between its markers made anew.
 * @throws Error when a marker is missing
 */
export function fillTables(text: string): string {
  return Object.entries(tables).reduce((filled, [name, make]) => {
    const begin = `<!-- ${name}: begin -->`;
    const end = `<!-- ${name}: end -->`;
    const from = filled.indexOf(begin);
    const to = filled.indexOf(end);
    if (from < 0 || to < from) throw new Error(`README.md lacks the markers of the table of ${name}`);
    return `${filled.slice(0, from + begin.length)}\n\n${make()}\n\n${filled.slice(to)}`;
  }, text);
}
