import type { EvidenceList, ReportData, RowType } from "../../core/report-data.ts";

/** Most rows of one list that a page prints. */
const EVIDENCE_ROWS = 200;
/** About 4 MB of markup: a page with hundreds of long lists prints fewer rows of each, and says so. */
const PAGE_ROWS = 12_000;
const FEWER_ROWS = [EVIDENCE_ROWS, 150, 100, 70, 50, 30, 20] as const;

/** Rows that a page prints of each list, given how long its lists are. */
export function rowsPerList(lengths: readonly number[]): number {
  const printed = (limit: number) => lengths.reduce((sum, length) => sum + Math.min(length, limit), 0);
  return FEWER_ROWS.find((limit) => printed(limit) <= PAGE_ROWS) ?? 20;
}

export type EvidenceKind = EvidenceList["kind"];

/** All lists behind one grain member's numbers. */
export interface EvidenceGroup {
  /** Id on the page. */
  readonly id: string;
  readonly rowType: RowType;
  readonly member: string | null;
  readonly label: string;
  readonly lists: readonly { readonly id: string; readonly list: EvidenceList }[];
}

export interface EvidenceIndex {
  readonly groups: readonly EvidenceGroup[];
  /**
   * Where on the page the rows behind a number are: the member's list of that kind, else the member's lists, else the
   * lists of members of that type, else the whole part. Always a place that exists.
   */
  target(rowType: RowType, member: string | null, kind: EvidenceKind | "all"): string;
}

/** Id of the part of the page that holds all lists, and of its chapters. */
export const ROWS_ID = "rows";
const CHAPTER_ORDER: readonly RowType[] = ["workspace", "rep", "source", "campaign", "team"];

export function chapterId(rowType: RowType): string {
  return `${ROWS_ID}-${rowType}`;
}

/** Which chapter holds the rows of a number that has no list of its own: the workspace's are its members'. */
const CHAPTER_OF_KIND: Readonly<Record<EvidenceKind | "all", readonly RowType[]>> = {
  handoffs: ["rep", "source"],
  undelivered: ["workspace", "source"],
  opportunities: ["campaign", "rep"],
  responses: ["campaign", "source"],
  costs: ["campaign"],
  all: ["rep", "campaign"],
};

/** Gathers the lists by member and gives each a place. Labels come from the report rows; ids stand in where there is none. */
export function indexEvidence(data: Pick<ReportData, "evidence" | "rows">): EvidenceIndex {
  const labels = new Map(data.rows.map((row) => [memberKey(row.row_type, row.member), row.label]));
  const byMember = new Map<string, EvidenceList[]>();
  for (const list of data.evidence) {
    if (list.total === 0) continue;
    const key = memberKey(list.rowType, list.member);
    byMember.set(key, [...(byMember.get(key) ?? []), list]);
  }
  const counters = new Map<RowType, number>();
  const groups = [...byMember]
    .flatMap(([key, lists]): EvidenceGroup[] => {
      const first = lists[0];
      if (first === undefined) return [];
      const number = (counters.get(first.rowType) ?? 0) + 1;
      counters.set(first.rowType, number);
      const id = `${first.rowType}-${number}`;
      return [
        {
          id,
          rowType: first.rowType,
          member: first.member,
          label: labels.get(key) ?? first.member ?? "none",
          lists: lists.map((list) => ({ id: `${id}-${list.kind}`, list })),
        },
      ];
    })
    .toSorted(
      (a, b) =>
        CHAPTER_ORDER.indexOf(a.rowType) - CHAPTER_ORDER.indexOf(b.rowType) ||
        a.label.localeCompare(b.label, "en"),
    );
  const groupOf = new Map(groups.map((group) => [memberKey(group.rowType, group.member), group]));
  const chapters = new Set(groups.map((group) => group.rowType));
  return {
    groups,
    target: (rowType, member, kind) => {
      const group = groupOf.get(memberKey(rowType, member));
      const list = group?.lists.find((entry) => entry.list.kind === kind);
      if (list !== undefined) return list.id;
      if (group !== undefined && kind === "all") return group.id;
      const isWhole = rowType === "workspace" || rowType === "team";
      const chapter = isWhole ? CHAPTER_OF_KIND[kind].find((type) => chapters.has(type)) : undefined;
      if (chapter !== undefined) return chapterId(chapter);
      return group?.id ?? ROWS_ID;
    },
  };
}

function memberKey(rowType: RowType, member: string | null): string {
  return JSON.stringify([rowType, member]);
}
