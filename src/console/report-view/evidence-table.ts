import type {
  CostEvidence,
  EvidenceList,
  HandoffEvidence,
  OpportunityEvidence,
  ResponseEvidence,
  RowType,
  UndeliveredEvidence,
} from "../../core/report-data.ts";
import { type Cell, type Tone, textCell, unknownCell } from "./cell.ts";
import type { Format } from "./format.ts";

/** A list of records; the first cell's text is the record's id and is linked to its page in the CRM. */
export interface EvidenceTable {
  readonly id: string;
  readonly caption: string;
  readonly headings: readonly string[];
  readonly rows: readonly { readonly recordId: string; readonly cells: readonly Cell[] }[];
  readonly total: number;
  readonly allCommand: string;
}

/** The command that lists every row behind a member's number. Source texts are quoted for a shell. */
export function explainCommand(metric: string, rowType: RowType, member: string | null): string {
  if (rowType === "workspace") return `ripeline explain ${metric} workspace`;
  const row = `${rowType}:${member ?? ""}`;
  return `ripeline explain ${metric} ${/^[\w:.-]+$/.test(row) ? row : `'${row.replaceAll("'", `'\\''`)}'`}`;
}

/** The first `limit` rows of a list, as cells. */
export function evidenceTable(list: EvidenceList, id: string, format: Format, limit: number): EvidenceTable {
  const command = (metric: string) => explainCommand(metric, list.rowType, list.member);
  const base = { id, total: list.total };
  switch (list.kind) {
    case "handoffs":
      return {
        ...base,
        caption: "Open handoffs",
        headings: ["Lead", "State", "Handed off", "Deadline", "First touch", "Rep", "Source"],
        rows: list.rows
          .slice(0, limit)
          .map((row) => ({ recordId: row.leadId, cells: handoffCells(row, format) })),
        allCommand: command("rotting_lead_rate"),
      };
    case "undelivered":
      return {
        ...base,
        caption: "Undelivered leads",
        headings: ["Lead", "Held by", "Since", "Source"],
        rows: list.rows
          .slice(0, limit)
          .map((row) => ({ recordId: row.leadId, cells: undeliveredCells(row, format) })),
        allCommand: command("undelivered_count"),
      };
    case "opportunities":
      return {
        ...base,
        caption: "Opportunities",
        headings: ["Opportunity", "Stage", "Amount", "In the pipeline", "Created", "Closes", "Owner"],
        rows: list.rows.slice(0, limit).map((row) => ({
          recordId: row.opportunityId,
          cells: opportunityCells(row, format),
        })),
        allCommand: command("pipeline"),
      };
    case "responses":
      return {
        ...base,
        caption: "People by first response",
        headings: ["Person", "Responded"],
        rows: list.rows
          .slice(0, limit)
          .map((row) => ({ recordId: row.recordId, cells: responseCells(row, format) })),
        allCommand: command("leads"),
      };
    case "costs":
      return {
        ...base,
        caption: "Costs",
        headings: ["Campaign", "Name", "Cost", "Dated by", "From", "To"],
        rows: list.rows
          .slice(0, limit)
          .map((row) => ({ recordId: row.campaignId, cells: costCells(row, format) })),
        allCommand: command("investment"),
      };
  }
}

const STATE_TONES: Readonly<Record<string, Tone>> = {
  rotting: "bad",
  at_risk: "warning",
  gone_cold: "warning",
  worked: "good",
};

function handoffCells(row: HandoffEvidence, format: Format): readonly Cell[] {
  const kind = row.firstTouchKind === null ? "" : ` (${row.firstTouchKind})`;
  return [
    textCell(row.state.replaceAll("_", " "), { tone: STATE_TONES[row.state] ?? "plain" }),
    row.handedOffAt === null
      ? unknownCell("no record says when the rep got it")
      : textCell(format.instant(row.handedOffAt)),
    row.rotsAt === null
      ? unknownCell("no deadline without a known handoff")
      : textCell(format.instant(row.rotsAt)),
    row.firstTouchAt === null
      ? textCell("none recorded", { tone: "quiet" })
      : textCell(`${format.instant(row.firstTouchAt)}${kind}`),
    textCell(row.ownerName),
    sourceCell(row.source),
  ];
}

function undeliveredCells(row: UndeliveredEvidence, format: Format): readonly Cell[] {
  return [textCell(row.holder ?? "nobody"), textCell(format.instant(row.since)), sourceCell(row.source)];
}

function opportunityCells(row: OpportunityEvidence, format: Format): readonly Cell[] {
  return [
    textCell(row.stage, { tone: row.outcome === "won" ? "good" : "plain" }),
    row.amount === null ? unknownCell("no amount on the record") : textCell(format.money(row.amount)),
    pipelineCell(row, format),
    textCell(format.instant(row.createdAt)),
    row.closeOn === null ? unknownCell("no close date") : textCell(format.day(row.closeOn)),
    textCell(row.ownerName),
  ];
}

function pipelineCell(row: OpportunityEvidence, format: Format): Cell {
  if (!row.countsInPipeline)
    return textCell(row.type === "renewal" ? "no: renewal" : "no", { tone: "quiet" });
  return row.pipelineAmount === null
    ? unknownCell("no amount on the record")
    : textCell(format.money(row.pipelineAmount));
}

function responseCells(row: ResponseEvidence, format: Format): readonly Cell[] {
  return [textCell(format.day(row.respondedOn))];
}

function costCells(row: CostEvidence, format: Format): readonly Cell[] {
  return [
    textCell(row.campaignName),
    row.cost === null ? unknownCell("cost missing") : textCell(format.money(row.cost)),
    textCell(row.basis ?? "nothing", { tone: "quiet" }),
    row.startOn === null ? textCell("no start date", { tone: "quiet" }) : textCell(format.day(row.startOn)),
    row.endOn === null ? textCell("no end date", { tone: "quiet" }) : textCell(format.day(row.endOn)),
  ];
}

function sourceCell(source: string | null): Cell {
  return source === null ? textCell("none", { tone: "quiet" }) : textCell(source);
}
