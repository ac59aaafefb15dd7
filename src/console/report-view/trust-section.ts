import type { ReportData } from "../../core/report-data.ts";
import { type Cell, type TableView, textCell, unknownCell } from "./cell.ts";
import { ROWS_ID } from "./evidence-groups.ts";
import type { Format } from "./format.ts";
import { countsTable, hiddenFieldsTable } from "./plain-tables.ts";
import type { Fact } from "./rot-section.ts";

export interface TrustSection {
  readonly facts: readonly Fact[];
  readonly notes: readonly string[];
  readonly counts: TableView;
  readonly hiddenFields: TableView;
}

/** How far the numbers can be trusted, in the reader's words. */
export function trustSection(data: ReportData, format: Format): TrustSection {
  const { run, trust } = data;
  return {
    facts: [
      { label: "Data as of", cell: textCell(`${format.instant(run.asOf)}, ${run.timeZone}`) },
      { label: "Is activity logged?", cell: gateCell(data) },
      {
        label: "Leads that moved on without a recorded touch, 30 days",
        cell: share(run.unloggedShare, format, "no lead moved on in the last 30 days"),
      },
      {
        label: "Leads without a source",
        cell: share(trust.leadsWithoutSource, format, "there are no leads"),
      },
      {
        label: "Campaigns without a cost",
        cell: share(trust.campaignsWithoutCost, format, "there are no campaigns"),
      },
      {
        label: "Handoffs whose start nobody recorded",
        cell: count(trust.handoffsUnknown, format),
      },
      { label: "Opportunities without an amount", cell: count(trust.opportunitiesWithoutAmount, format) },
      {
        label: "Rows the CRM refused, kept for another try",
        cell: textCell(format.count(trust.quarantined), { tone: trust.quarantined > 0 ? "bad" : "plain" }),
      },
    ],
    notes: trust.notes,
    counts: countsTable(data, format),
    hiddenFields: hiddenFieldsTable(data),
  };
}

/** What the capture gate decided, as a sentence for the top of the page; null where there is nothing to warn of. */
export function gateWarning(data: ReportData, format: Format): string | null {
  const { captureGate, captureReason, unloggedShare } = data.run;
  const because = captureReason === null ? "" : ` ${sentence(captureReason)}`;
  switch (captureGate) {
    case "passed":
      return null;
    case "not_proven":
      return `Too few leads moved on in the last 30 days to prove that activity is logged in ${data.run.crmLabel}. Touch numbers are shown; read them with that in mind.${because}`;
    case "closed": {
      const finding =
        because === ""
          ? `${unloggedShare === null ? "Leads that moved on" : `${format.ratio(unloggedShare)} of the leads that moved on in the last 30 days`} did so without a recorded touch: activity is not logged in ${data.run.crmLabel}.`
          : because.trim();
      return `${finding} Everything that needs a touch is therefore unknown, not zero.`;
    }
  }
}

function gateCell(data: ReportData): Cell {
  switch (data.run.captureGate) {
    case "passed":
      return textCell("yes", { tone: "good" });
    case "not_proven":
      return textCell("not proven", {
        tone: "warning",
        note: data.run.captureReason ?? "Fewer than 10 leads moved on in the last 30 days.",
      });
    case "closed":
      return textCell("no", {
        tone: "bad",
        ...(data.run.captureReason === null ? {} : { note: sentence(data.run.captureReason) }),
      });
  }
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function share(value: number | null, format: Format, reason: string): Cell {
  return value === null ? unknownCell(reason) : textCell(format.ratio(value), { target: ROWS_ID });
}

function count(value: number | null, format: Format): Cell {
  return value === null
    ? unknownCell("not counted in this run")
    : textCell(format.count(value), { target: ROWS_ID });
}
