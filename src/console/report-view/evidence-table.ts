import type {
  CostEvidence,
  EvidenceList,
  HandoffEvidence,
  OpportunityEvidence,
  ResponseEvidence,
  RowType,
  RunFacts,
  UndeliveredEvidence,
} from "../../core/report-data.ts";
import { type Cell, type Tone, textCell, unknownCell } from "./cell.ts";
import { connectionName, hasSeveral, type LinkedRecord, recordUrl } from "./connections.ts";
import type { Format } from "./format.ts";
import { sourceLabel } from "./source-label.ts";

/** A list of records; the first cell's text is the record's id, linked to its page in the CRM where it has one. */
export interface EvidenceTable {
  readonly id: string;
  readonly caption: string;
  readonly headings: readonly string[];
  readonly rows: readonly {
    readonly recordId: string;
    readonly url: string | null;
    readonly cells: readonly Cell[];
  }[];
  readonly total: number;
  readonly allCommand: string;
}

/** The command that lists every row behind a member's number. Source texts are quoted for a shell. */
export function explainCommand(metric: string, rowType: RowType, member: string | null): string {
  if (rowType === "workspace") return `ripeline explain ${metric} workspace`;
  const row = `${rowType}:${member ?? ""}`;
  return `ripeline explain ${metric} ${/^[\w:.-]+$/.test(row) ? row : `'${row.replaceAll("'", `'\\''`)}'`}`;
}

/** What one list looks like, before its records are named and linked. */
interface Listing<Row> {
  readonly caption: string;
  readonly headings: readonly [string, ...string[]];
  readonly metric: string;
  readonly record: (row: Row) => { readonly id: string; readonly type: LinkedRecord["type"] };
  readonly cells: (row: Row, format: Format) => readonly Cell[];
}

const HANDOFFS: Listing<HandoffEvidence> = {
  caption: "Open handoffs",
  headings: ["Lead", "State", "Handed off", "Deadline", "First touch", "Rep", "Source"],
  metric: "rotting_lead_rate",
  record: ({ leadId }) => ({ id: leadId, type: "lead" }),
  cells: handoffCells,
};
const UNDELIVERED: Listing<UndeliveredEvidence> = {
  caption: "Undelivered leads",
  headings: ["Lead", "Held by", "Since", "Source"],
  metric: "undelivered_count",
  record: ({ leadId }) => ({ id: leadId, type: "lead" }),
  cells: undeliveredCells,
};
const OPPORTUNITIES: Listing<OpportunityEvidence> = {
  caption: "Opportunities",
  headings: ["Opportunity", "Stage", "Amount", "In the pipeline", "Created", "Closes", "Owner"],
  metric: "pipeline",
  record: ({ opportunityId }) => ({ id: opportunityId, type: "opportunity" }),
  cells: opportunityCells,
};
const RESPONSES: Listing<ResponseEvidence> = {
  caption: "People by first response",
  headings: ["Person", "Responded"],
  metric: "leads",
  record: ({ recordId, recordType }) => ({ id: recordId, type: recordType }),
  cells: responseCells,
};
const COSTS: Listing<CostEvidence> = {
  caption: "Costs",
  headings: ["Campaign", "Name", "Cost", "Dated by", "From", "To"],
  metric: "investment",
  record: ({ campaignId }) => ({ id: campaignId, type: "campaign" }),
  cells: costCells,
};

/** The first `limit` rows of a list, as cells; beside more than one CRM each says which one it is in. */
export function evidenceTable(
  list: EvidenceList,
  id: string,
  { run, format, limit }: { readonly run: RunFacts; readonly format: Format; readonly limit: number },
): EvidenceTable {
  const print = <Row extends { readonly connectionId: string }>(
    rows: readonly Row[],
    { caption, headings: [first, ...others], metric, record, cells }: Listing<Row>,
  ): EvidenceTable => ({
    id,
    caption,
    total: list.total,
    headings: hasSeveral(run) ? [first, "CRM", ...others] : [first, ...others],
    rows: rows.slice(0, limit).map((row) => {
      const { connectionId } = row;
      const named = record(row);
      const where = hasSeveral(run) ? [textCell(connectionName(run, connectionId), { tone: "quiet" })] : [];
      return {
        recordId: named.id,
        url: recordUrl(run, { connectionId, ...named }),
        cells: [...where, ...cells(row, format)],
      };
    }),
    allCommand: explainCommand(metric, list.rowType, list.member),
  });
  switch (list.kind) {
    case "handoffs":
      return print(list.rows, HANDOFFS);
    case "undelivered":
      return print(list.rows, UNDELIVERED);
    case "opportunities":
      return print(list.rows, OPPORTUNITIES);
    case "responses":
      return print(list.rows, RESPONSES);
    case "costs":
      return print(list.rows, COSTS);
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
  return source === null
    ? textCell("none", { tone: "quiet" })
    : textCell(sourceLabel(source, { besideOthers: false }));
}
