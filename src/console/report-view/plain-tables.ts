import type { ReportData } from "../../core/report-data.ts";
import { type Cell, type Column, type TableView, textCell, unknownCell } from "./cell.ts";
import { allNames, connectionName, hasSeveral, objectName } from "./connections.ts";
import type { Format } from "./format.ts";

const LEFT: Omit<Column, "heading"> = { align: "left", isEssential: true };
const RIGHT: Omit<Column, "heading"> = { align: "right", isEssential: true };

/** What was written into the CRM, a row an object. */
export function writtenTable(data: ReportData, format: Format): TableView {
  const rows = data.written.map((entry) => [
    textCell(objectName(data.run, entry.connectionId, entry.object)),
    textCell(format.count(entry.changed)),
    textCell(format.count(entry.written)),
    textCell(format.count(entry.rejected), { tone: entry.rejected > 0 ? "bad" : "plain" }),
    textCell(format.count(entry.calls)),
  ]);
  return {
    id: "written",
    caption: `Rows written to ${allNames(data.run)}, by object`,
    columns: [
      { heading: "Object", ...LEFT },
      { heading: "To change", ...RIGHT },
      { heading: "Written", ...RIGHT },
      { heading: "Rejected", ...RIGHT },
      { heading: "API calls", ...RIGHT },
    ],
    rows,
    total: rows.length,
    allCommand: null,
    whenEmpty: "Nothing was written: nothing had changed.",
  };
}

/** What the run cost in metered API calls. */
export function callsTable(data: ReportData, format: Format): TableView {
  const rows = data.calls.flatMap((crm) => [
    ...crm.byPurpose.map((entry) => [
      textCell(`${connectionName(data.run, crm.connectionId)}: ${entry.purpose}`),
      textCell(format.count(entry.calls)),
      shareOfDay(entry.calls, crm.dailyLimit, format),
    ]),
    [
      textCell(`${connectionName(data.run, crm.connectionId)}: all`),
      textCell(format.count(crm.total)),
      shareOfDay(crm.total, crm.dailyLimit, format),
    ],
  ]);
  return {
    id: "calls",
    caption: "Metered API calls of this run",
    columns: [
      { heading: "Calls to", ...LEFT },
      { heading: "Calls", ...RIGHT },
      { heading: "Share of a day's allowance", ...RIGHT },
    ],
    rows,
    total: rows.length,
    allCommand: null,
    whenEmpty: "No call was made.",
  };
}

function shareOfDay(calls: number, limit: number | null, format: Format): Cell {
  return limit === null || limit === 0
    ? unknownCell("the CRM did not say how many calls a day it allows")
    : textCell(format.ratio(calls / limit), { detail: `of ${format.count(limit)}` });
}

/** Counts of a run that did not ask the CRM for its own. */
function readTable(data: ReportData, format: Format): TableView {
  const rows = data.trust.counts.map((entry) => [
    textCell(objectName(data.run, entry.connectionId, entry.object)),
    textCell(format.count(entry.mirror)),
  ]);
  return {
    id: "counts",
    caption: `Records read from ${allNames(data.run)}`,
    columns: [
      { heading: "Object", ...LEFT },
      { heading: "Read", ...RIGHT },
    ],
    rows,
    total: rows.length,
    allCommand: null,
    whenEmpty: "No records were read yet.",
  };
}

/** The CRM's own record counts beside ours. */
export function countsTable(data: ReportData, format: Format): TableView {
  if (data.trust.counts.every((entry) => entry.crm === null)) return readTable(data, format);
  const rows = data.trust.counts.map((entry) => [
    textCell(objectName(data.run, entry.connectionId, entry.object)),
    entry.crm === null ? unknownCell("the CRM did not count them") : textCell(format.count(entry.crm)),
    textCell(format.count(entry.mirror)),
    entry.crm === null
      ? unknownCell("the CRM did not count them")
      : textCell(entry.crm === entry.mirror ? "agree" : `${format.count(entry.mirror - entry.crm)} apart`, {
          tone: entry.crm === entry.mirror ? "good" : "bad",
        }),
  ]);
  return {
    id: "counts",
    caption:
      `Records as ${allNames(data.run)} ${hasSeveral(data.run) ? "count" : "counts"} them, and as they were read` +
      (data.trust.countedAt === null ? "" : ` at that moment: ${format.instant(data.trust.countedAt)}`),
    columns: [
      { heading: "Object", ...LEFT },
      { heading: hasSeveral(data.run) ? "In the CRM" : `In ${allNames(data.run)}`, ...RIGHT },
      { heading: "Read", ...RIGHT },
      { heading: "Result", ...LEFT },
    ],
    rows,
    total: rows.length,
    allCommand: null,
    whenEmpty: "No counts were compared in this run.",
  };
}

/** A few metrics by their labels; `doctor` names them all. */
const NAMED_METRICS = 4;

function leftIncomplete(data: ReportData, metrics: readonly string[]): string {
  if (metrics.length === 0) return "nothing shown here";
  const labels = new Map(data.metrics.map((entry) => [entry.name, entry.label]));
  const named = metrics.slice(0, NAMED_METRICS).map((name) => (labels.get(name) ?? name).toLowerCase());
  const rest = metrics.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}

/** Fields the connected user may not see, and what they leave incomplete. */
export function hiddenFieldsTable(data: ReportData): TableView {
  const rows = data.trust.hiddenFields.map((entry) => [
    textCell(objectName(data.run, entry.connectionId, `${entry.object}.${entry.field}`)),
    textCell(leftIncomplete(data, entry.metrics)),
  ]);
  return {
    id: "hidden-fields",
    caption: "Fields the connected user may not see",
    columns: [
      { heading: "Field", ...LEFT },
      { heading: "Leaves incomplete", ...LEFT },
    ],
    rows,
    total: rows.length,
    allCommand: "ripeline doctor",
    whenEmpty: "Every field that was asked for could be read.",
  };
}
