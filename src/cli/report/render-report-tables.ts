import { styleText } from "node:util";
import type { Headline } from "../../console/report-view/headlines.ts";
import { buildReportView, type ReportView } from "../../console/report-view/report-view.ts";
import type { Fact } from "../../console/report-view/rot-section.ts";
import type { ReportData } from "../../core/report-data.ts";
import { fitTable, plainText, styled, type TextOptions, wrap } from "./fit-table.ts";

type Section = readonly [title: string, parts: readonly string[]];

/**
 * The report as text for a terminal or a log: the numbers of the HTML page without its pictures and rows.
 *
 * @param options.width columns of the terminal; tables drop what does not fit
 * @param options.color `never` writes no control characters at all
 */
export function renderReportTables(data: ReportData, options: TextOptions): string {
  const view = buildReportView(data);
  const sections: readonly Section[] = [
    [
      "Rotting leads",
      [
        fitTable(view.rot.sourceTable, options),
        "",
        fitTable(view.rot.repTable, options),
        ...history(view, options),
      ],
    ],
    ["Leads on the floor: qualified, but owned by no rep", factLines(view.rot.undelivered, options)],
    [
      `What an invested ${view.oneUnit} brings`,
      [
        wrap(view.pipeline.finding, options.width),
        "",
        fitTable(view.pipeline.table, options),
        "",
        ...factLines(view.pipeline.facts, options),
      ],
    ],
    ["The reps' line", [fitTable(view.line.repTable, options), "", fitTable(view.line.teamTable, options)]],
    ...runSections(view, options),
    [
      "How far to trust it",
      [
        ...factLines(view.trust.facts, options),
        ...view.trust.notes.map((note) => wrap(note, options.width)),
        ...(view.trust.counts.rows.length === 0 ? [] : ["", fitTable(view.trust.counts, options)]),
        ...(view.trust.hiddenFields.rows.length === 0
          ? []
          : ["", fitTable(view.trust.hiddenFields, options)]),
      ],
    ],
  ];
  return [
    heading(plainText(view.title), options),
    `As of ${view.asOf}, ${plainText(view.origin)}`,
    ...(view.warning === null ? [] : ["", styled("bad", wrap(view.warning, options.width), options)]),
    "",
    ...view.headlines.map((headline) => headlineLine(headline, options)),
    ...sections.flatMap(([title, parts]) => ["", heading(title, options), ...parts]),
    "",
  ].join("\n");
}

function heading(text: string, options: TextOptions): string {
  return options.color === "never" ? text : styleText("bold", text, { validateStream: false });
}

/** Wide enough for the longest of the three labels, "Pipeline per R$1 invested". */
const HEADLINE_LABEL = 27;

function headlineLine({ label, cell }: Headline, options: TextOptions): string {
  const detail = [cell.detail, cell.note].filter((text) => text !== undefined).join("; ");
  const value = styled(cell.tone, plainText(cell.text), options);
  return `${label.padEnd(HEADLINE_LABEL)}${value}${detail === "" ? "" : `  (${plainText(detail)})`}`;
}

function factLines(facts: readonly Fact[], options: TextOptions): readonly string[] {
  const width = Math.max(0, ...facts.map(({ label }) => label.length)) + 2;
  return facts.map(({ label, cell }) => {
    const why = cell.note === undefined ? "" : `  (${plainText(cell.note)})`;
    const value = plainText(cell.text);
    const isOneLine = width + value.length + why.length <= options.width;
    if (isOneLine) return `${label.padEnd(width)}${styled(cell.tone, value, options)}${why}`;
    return `${label}\n${INDENT}${wrap(`${value}${why}`, options.width - INDENT.length).replaceAll("\n", `\n${INDENT}`)}`;
  });
}

function history(view: ReportView, options: TextOptions): readonly string[] {
  const lines = factLines(view.rot.history, options);
  return lines.length === 0 ? [] : ["", ...lines];
}

function runSections(view: ReportView, options: TextOptions): readonly Section[] {
  if (view.run === null) return [];
  const { written, calls, timing } = view.run;
  return [
    [
      `What it wrote to ${view.crms}, and what that cost`,
      [
        fitTable(written, options),
        "",
        fitTable(calls, options),
        ...(timing === "" ? [] : [wrap(`Time: ${timing}.`, options.width)]),
      ],
    ],
  ];
}

const INDENT = "    ";
