import type { ConnectionFacts, ReportData, RunFacts } from "../../core/report-data.ts";
import { type Cell, type TableView, textCell, unknownCell } from "./cell.ts";
import { connectionName, hasSeveral } from "./connections.ts";
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
      ...run.connections.flatMap((connection) => gateFacts(connection, run, format)),
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

/** Whether what people do can be seen, a pair of facts a connection. */
function gateFacts(connection: ConnectionFacts, run: RunFacts, format: Format): readonly Fact[] {
  const where = hasSeveral(run) ? ` in ${connectionName(run, connection.id)}` : "";
  return [
    { label: `Is activity logged${where}?`, cell: gateCell(connection) },
    {
      label: `Leads that moved on${where} without a recorded touch, 30 days`,
      cell: share(connection.unloggedShare, format, "no lead moved on in the last 30 days"),
    },
  ];
}

/**
 * What the capture gates decided, for the top of the page; null where there is nothing to warn of. Where people work in one
 * CRM and few leads in another, the one that passed speaks for them; the other's verdict stands among the facts.
 */
export function gateWarning({ run }: ReportData, format: Format): string | null {
  const isProven = run.connections.some(({ captureGate }) => captureGate === "passed");
  const told = run.connections.filter(({ captureGate }) => captureGate === "closed" || !isProven);
  const warnings = told.flatMap((connection) => {
    const warning = warningOf(connection, connectionName(run, connection.id), format);
    return warning === null ? [] : [hasSeveral(run) ? warning.several : warning.alone];
  });
  return warnings.length === 0 ? null : warnings.join(" ");
}

function warningOf(
  { captureGate, captureReason, unloggedShare }: ConnectionFacts,
  name: string,
  format: Format,
): { readonly alone: string; readonly several: string } | null {
  const because = captureReason === null ? "" : ` ${sentence(captureReason)}`;
  switch (captureGate) {
    case "passed":
      return null;
    case "not_proven": {
      const text = `Too few leads moved on in the last 30 days to prove that activity is logged in ${name}. Touch numbers are shown; read them with that in mind.${because}`;
      return { alone: text, several: text };
    }
    case "closed": {
      const finding =
        because === ""
          ? `${unloggedShare === null ? "Leads that moved on" : `${format.ratio(unloggedShare)} of the leads that moved on in the last 30 days`} did so without a recorded touch: activity is not logged in ${name}.`
          : because.trim();
      return {
        alone: `${finding} Everything that needs a touch is therefore unknown, not zero.`,
        several: `${name}: ${finding} Everything about its leads that needs a touch is therefore unknown, not zero.`,
      };
    }
  }
}

function gateCell({ captureGate, captureReason }: ConnectionFacts): Cell {
  switch (captureGate) {
    case "passed":
      return textCell("yes", { tone: "good" });
    case "not_proven":
      return textCell("not proven", {
        tone: "warning",
        note: captureReason ?? "Fewer than 10 leads moved on in the last 30 days.",
      });
    case "closed":
      return textCell("no", {
        tone: "bad",
        ...(captureReason === null ? {} : { note: sentence(captureReason) }),
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
