import type { ReportData, RunFacts } from "../../core/report-data.ts";
import type { TableView } from "./cell.ts";
import { allNames, connectionName, hasSeveral, origins } from "./connections.ts";
import { chapterId, rowsPerList } from "./evidence-groups.ts";
import { type EvidenceTable, evidenceTable } from "./evidence-table.ts";
import type { Format } from "./format.ts";
import { type Headline, headlines } from "./headlines.ts";
import { type LineSection, lineSection } from "./line-section.ts";
import { createReader } from "./metric-cells.ts";
import { type PipelineSection, pipelineSection } from "./pipeline-section.ts";
import { callsTable, writtenTable } from "./plain-tables.ts";
import { type RotSection, rotSection } from "./rot-section.ts";
import { sourceLabel } from "./source-label.ts";
import { gateWarning, type TrustSection, trustSection } from "./trust-section.ts";

export interface EvidenceChapter {
  readonly id: string;
  readonly title: string;
  readonly groups: readonly {
    readonly id: string;
    readonly label: string;
    /** "12 open handoffs, 3 opportunities". */
    readonly summary: string;
    readonly tables: readonly EvidenceTable[];
  }[];
}

/** What a cycle wrote and what that cost. */
export interface RunSection {
  readonly written: TableView;
  readonly calls: TableView;
  /** "pull 4.2 s, compute 2.6 s"; empty where no time was taken. */
  readonly timing: string;
}

/** A report in words, texts and numbers ready to print: the HTML page and the terminal show the same one. */
export interface ReportView {
  readonly title: string;
  readonly asOf: string;
  /** Each org and portal, and the currency. */
  readonly origin: string;
  /** "Salesforce and HubSpot". */
  readonly crms: string;
  /** Whether any id leads to a page in its CRM. */
  readonly hasLinks: boolean;
  readonly warning: string | null;
  readonly oneUnit: string;
  readonly headlines: readonly Headline[];
  readonly rot: RotSection;
  readonly pipeline: PipelineSection;
  readonly line: LineSection;
  /** Null in a report that belongs to no run of its own. */
  readonly run: RunSection | null;
  readonly trust: TrustSection;
  readonly chapters: readonly EvidenceChapter[];
}

const CHAPTER_TITLES = {
  workspace: "Undelivered leads",
  rep: "By rep",
  source: "By source",
  campaign: "By campaign",
  team: "By team",
  load_quartile: "By load",
} as const;

export function buildReportView(given: ReportData): ReportView {
  const data = withLabels(given);
  const reader = createReader(data);
  const { format } = reader;
  return {
    title: data.run.workspaceName,
    asOf: `${format.instant(data.run.asOf)}, ${data.run.timeZone}`,
    origin: `${origins(data.run)}${data.run.currency === null ? "" : `, amounts in ${data.run.currency}`}`,
    crms: allNames(data.run),
    hasLinks: data.run.connections.some(({ instanceUrl }) => instanceUrl !== null),
    warning: gateWarning(data, format),
    oneUnit: format.oneUnit,
    headlines: headlines(reader),
    rot: rotSection(reader),
    pipeline: pipelineSection(reader),
    line: lineSection(reader),
    run: runSection(data, format),
    trust: trustSection(data, format),
    chapters: chapters(reader, data.run),
  };
}

/** Rows under the words that people use: HubSpot's sources, and which CRM a campaign is in whose name both know. */
function withLabels(data: ReportData): ReportData {
  const besideOthers = hasSeveral(data.run);
  const nameOf = campaignNames(data);
  const rows = data.rows.map((row) => {
    if (row.row_type === "source") return { ...row, label: sourceLabel(row.label, { besideOthers }) };
    return row.row_type === "campaign" && row.member !== null
      ? { ...row, label: nameOf(row.member, row.label) }
      : row;
  });
  return { ...data, rows };
}

/** A campaign's name, with its CRM's behind it where a campaign of another CRM has the same. */
function campaignNames({ run, evidence }: ReportData): (id: string, name: string) => string {
  const costs = evidence.flatMap((list) => (list.kind === "costs" ? list.rows : []));
  const places = Map.groupBy(costs, ({ campaignName }) => campaignName);
  const connections = new Map(costs.map(({ campaignId, connectionId }) => [campaignId, connectionId]));
  return (id, name) => {
    const isTwice = new Set(places.get(name)?.map(({ connectionId }) => connectionId)).size > 1;
    const connectionId = connections.get(id);
    return isTwice && connectionId !== undefined ? `${name} (${connectionName(run, connectionId)})` : name;
  };
}

function runSection(data: ReportData, format: Format): RunSection | null {
  if (data.calls.length === 0 && data.phases.length === 0 && data.written.length === 0) return null;
  return {
    written: writtenTable(data, format),
    calls: callsTable(data, format),
    timing: data.phases.map(({ phase, seconds }) => `${phase} ${seconds.toFixed(1)} s`).join(", "),
  };
}

function chapters(reader: ReturnType<typeof createReader>, run: RunFacts): readonly EvidenceChapter[] {
  const limit = rowsPerList(
    reader.evidence.groups.flatMap((group) => group.lists.map(({ list }) => list.rows.length)),
  );
  const byType = Map.groupBy(reader.evidence.groups, (group) => group.rowType);
  return [...byType].map(([rowType, groups]) => ({
    id: chapterId(rowType),
    title: CHAPTER_TITLES[rowType],
    groups: groups.map((group) => {
      const tables = group.lists.map(({ id, list }) =>
        evidenceTable(list, id, { run, format: reader.format, limit }),
      );
      return {
        id: group.id,
        label: group.label,
        summary: tables
          .map((table) => `${reader.format.count(table.total)} ${table.caption.toLowerCase()}`)
          .join(", "),
        tables,
      };
    }),
  }));
}
