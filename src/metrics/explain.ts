import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { EvidenceList, RowType } from "../core/report-data.ts";
import type { Settings } from "../core/settings.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { catalog } from "./catalog.ts";
import { readEvidence } from "./evidence.ts";

const ValueRow = z.object({
  label: z.string().nullable(),
  period_type: z.string(),
  period_start: z.string().nullable(),
  basis: z.string(),
  model: z.string(),
  age_days: z.number().nullable(),
  value: z.string().nullable(),
  text_value: z.string().nullable(),
  numerator: z.string().nullable(),
  denominator: z.string().nullable(),
  reason: z.string().nullable(),
});

/** One number of the metric for the member, in one period on one basis. Decimals as text: nothing is rounded. */
export interface ExplainedValue {
  readonly periodType: string;
  readonly periodStart: string | null;
  readonly basis: string;
  readonly model: string;
  readonly ageDays: number | null;
  readonly value: string | null;
  readonly numerator: string | null;
  readonly denominator: string | null;
  readonly reason: string | null;
}

export interface Explanation {
  readonly metric: string;
  readonly label: string;
  readonly formula: string;
  readonly unit: string;
  readonly definition: string;
  readonly version: number;
  readonly inputs: readonly string[];
  readonly rowType: RowType;
  readonly member: string | null;
  readonly memberLabel: string;
  readonly asOf: string;
  readonly values: readonly ExplainedValue[];
  /** The records behind the numbers, all of them. */
  readonly evidence: readonly EvidenceList[];
}

/** Metrics of what reps hold open: their records are listed by rep. */
const OPEN_OPPORTUNITIES = /^(stalled|open_opportunities)/;

const evidenceKinds: readonly (readonly [RegExp, readonly EvidenceList["kind"][]])[] = [
  [/^undelivered/, ["undelivered"]],
  [/^(rot|gone_cold|disposed|unlogged|lead_first|open_leads|handoff)/, ["handoffs"]],
  [/^(in_process|load|headroom)/, ["handoffs", "opportunities"]],
  [/^(investment|cost_|orphan)/, ["costs", "responses"]],
  [OPEN_OPPORTUNITIES, ["opportunities"]],
  [/^(inquir|leads)/, ["responses"]],
  [/^(pipeline|trap|opportunit|won|win|sales|converted)/, ["opportunities", "costs"]],
];

/**
 * A metric's formula, its numbers for one member and the records behind them.
 * @param row `workspace`, or a row type and a member: `rep:005...`, `source:Web`, `campaign:701...`; `source:` is none
 * @throws ConfigError for a metric or row that there is not, naming those there are
 */
export async function explain(
  db: Queries,
  settings: Settings,
  metric: string,
  row: string,
): Promise<Explanation> {
  const entry = catalog.find((candidate) => candidate.name === metric);
  if (entry === undefined) {
    throw new ConfigError(
      `There is no metric "${metric}". Known: ${catalog.map((candidate) => candidate.name).join(", ")}`,
    );
  }
  const { rowType, member } = parseRow(row);
  const workspaceId = settings.workspace.id;
  const run = await db.maybeOne(
    z.object({ as_of: z.date() }),
    sql`select as_of from metrics.run where workspace_id = ${workspaceId}`,
  );
  if (run === undefined) throw new ConfigError("Nothing was computed yet; run `ripeline sync` first.");
  const values = await db.any(
    ValueRow,
    sql`
      select label, period_type, period_start::text as period_start, basis, model, age_days, value, text_value,
        numerator, denominator, reason
      from metrics.metric_value
      where workspace_id = ${workspaceId} and metric = ${metric} and row_type = ${rowType}
        and member is not distinct from ${member}
      order by period_type, period_start desc, basis, age_days nulls first`,
  );
  if (values.length === 0) throw await unknownRow(db, workspaceId, metric, row);
  const kinds = new Set(evidenceKinds.find(([pattern]) => pattern.test(metric))?.[1] ?? []);
  const only = rowType === "workspace" || rowType === "team" ? undefined : { rowType, member };
  const evidence = await readEvidence(db, {
    workspaceId,
    limit: 1_000_000,
    ...(only === undefined ? {} : { only }),
  });
  return {
    metric,
    label: entry.label,
    formula: entry.formula,
    unit: entry.unit,
    definition: entry.source,
    version: entry.version,
    inputs: entry.inputs,
    rowType,
    member,
    memberLabel: values[0]?.label ?? member ?? "none",
    asOf: run.as_of.toISOString(),
    values: values.map((value) => ({
      periodType: value.period_type,
      periodStart: value.period_start,
      basis: value.basis,
      model: value.model,
      ageDays: value.age_days,
      value: value.value ?? value.text_value,
      numerator: value.numerator,
      denominator: value.denominator,
      reason: value.reason,
    })),
    evidence: evidence.filter((list) => kinds.has(list.kind) && isOnce(list, rowType, metric)),
  };
}

/** The whole workspace's records are those of its reps, or of its campaigns; sources would list them again. */
function isOnce(list: EvidenceList, rowType: RowType, metric: string): boolean {
  if (rowType !== "workspace" && rowType !== "team") return true;
  if (list.kind === "undelivered") return list.rowType === "workspace";
  if (list.kind === "handoffs" || OPEN_OPPORTUNITIES.test(metric)) return list.rowType === "rep";
  return list.rowType === "campaign";
}

const rowTypes: readonly RowType[] = ["workspace", "campaign", "source", "rep", "team", "load_quartile"];

function parseRow(row: string): { readonly rowType: RowType; readonly member: string | null } {
  const [head = "", ...rest] = row.split(":");
  const rowType = rowTypes.find((type) => type === head);
  if (rowType === undefined || (rowType !== "workspace" && rest.length === 0)) {
    throw new ConfigError(
      `"${row}" names no row; give workspace, rep:<user id>, source:<exact text>, campaign:<id>, team:<role id> or load_quartile:<1 to 4>`,
    );
  }
  const member = rest.join(":");
  return { rowType, member: rowType === "workspace" || member === "" ? null : member };
}

async function unknownRow(
  db: Queries,
  workspaceId: string,
  metric: string,
  row: string,
): Promise<ConfigError> {
  const known = await db.any(
    z.object({ row: z.string() }),
    sql`
      select distinct case when row_type = 'workspace' then row_type
        else row_type || ':' || coalesce(member, '') end as row
      from metrics.metric_value
      where workspace_id = ${workspaceId} and metric = ${metric} order by 1 limit 12`,
  );
  const rows = known.map((each) => each.row).join(", ");
  return new ConfigError(
    rows === ""
      ? `${metric} has no rows in the last compute; run \`ripeline sync\` first`
      : `${metric} has no row "${row}"; it has for example ${rows}`,
  );
}
