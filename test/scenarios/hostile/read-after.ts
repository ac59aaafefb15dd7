import { expect } from "vitest";
import { z } from "zod";
import type { App, StatusReport } from "../../../src/app.ts";
import type { OperationContext } from "../../../src/cli/operation.ts";
import { statusOperation } from "../../../src/cli/status.ts";
import { type CycleResult, cycleJson } from "../../../src/core/cycle.ts";
import type { ReportRow } from "../../../src/core/report-data.ts";
import { readWholeReport } from "../../../src/metrics/report.ts";
import { recordId } from "./read-records.ts";
import type { Write } from "./write-log.ts";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August"] as const;

type LeadRecord = Readonly<Record<string, unknown>>;
type Expected = Readonly<Record<string, unknown>>;

export interface Looked {
  readonly app: App;
  readonly context: OperationContext;
  readonly at: string;
  readonly sync: CycleResult | undefined;
  readonly leads: readonly LeadRecord[];
  readonly writes: readonly Write[];
  readonly newWrites: readonly Write[];
  /** What a symbol of the page stands for, and any other text as it is; hostile.md's unless told. */
  readonly resolve?: (text: string) => string;
}

const Pushed = z.object({
  pulled: z.record(z.string(), z.object({ rows: z.number(), calls: z.number() })),
  pushed: z.record(
    z.string(),
    z.object({ changed: z.number(), written: z.number(), rejected: z.number(), calls: z.number() }),
  ),
  hiddenFields: z.record(z.string(), z.array(z.string())),
});

/** What stands in the org, the report and the status after a step, with hostile.md's ways of saying what must. */
export interface AfterStep {
  /** `sync --json` of this step. */
  readonly sync: z.infer<typeof Pushed> | undefined;
  readonly rows: readonly ReportRow[];
  readonly leads: ReadonlyMap<string, LeadRecord>;
  readonly status: StatusReport;
  /** What `status` and `status --json` print. */
  readonly statusText: string;
  /** Writes of this step. */
  readonly newWrites: readonly Write[];
  /** `source[H01] pit`, `campaign[p] in June`, `workspace in lifetime`, `campaign[c] cohort June`; undefined where there is none. */
  row(spec: string): ReportRow | undefined;
  /** Each metric of the row is as given: numbers to 1e-9 of their size, money to half a cent; texts contain what is given. */
  has(spec: string, metrics: Expected): void;
  /** The row's reasons for a metric contain `text`. */
  reason(spec: string, metric: string, text: string): void;
  noReason(spec: string, metric: string, text: string): void;
  /** Fields of leads by their symbol or id; instants are compared as instants, blank is null, false or "". */
  lead(symbols: string | readonly string[], fields: Expected): void;
  /** Writes to a record since the start. */
  writesTo(object: string, symbol: string): number;
  /** Rows in quarantine, and rows waiting for another try. */
  refused(state: "quarantined" | "retry"): number;
}

export async function readAfter(looked: Looked): Promise<AfterStep> {
  const { app, context, at, leads, writes, newWrites, resolve: idOf = resolved } = looked;
  const { store, settings } = app;
  const rows = (
    await Promise.all(
      (["day", "month", "lifetime"] as const).map((period) =>
        readWholeReport(store, settings.workspace.id, { period }),
      ),
    )
  ).flat();
  const shown = await statusOperation.run(context, {});
  const status = await app.status();
  const statusText = `${shown.text}\n${JSON.stringify(shown.json)}`;
  const byId = new Map(leads.map((lead) => [String(lead["Id"]), lead]));

  const rowsOf = (spec: string): readonly ReportRow[] => {
    const wanted = parseSpec(spec, at, idOf);
    return rows.filter(
      (row) =>
        row.row_type === wanted.rowType &&
        row.member === wanted.member &&
        row.period_type === wanted.periodType &&
        row.period_start === wanted.periodStart &&
        wanted.bases.includes(row.basis) &&
        row.age_days === null,
    );
  };
  /** Chains are counted in the period that made them, whenever they end: rot_cohort metrics stand in its cohort row. */
  const rowWith = (spec: string, metric: string): ReportRow | undefined => {
    const rowsThere = rowsOf(spec);
    const basis = metric.startsWith("rot_cohort") ? "cohort" : "in_period";
    return (
      rowsThere.find((row) => row.basis === basis && metric in row) ?? rowsThere.find((row) => metric in row)
    );
  };

  return {
    sync: looked.sync === undefined ? undefined : Pushed.parse(cycleJson(looked.sync)),
    rows,
    leads: byId,
    status,
    statusText,
    newWrites,
    row: (spec) => rowsOf(spec).findLast(() => true),
    has: (spec, metrics) => {
      for (const [metric, value] of Object.entries(metrics)) {
        const row = rowWith(spec, metric);
        const found = row?.[metric];
        const name = `${spec} ${metric} (reason: ${row?.reasons[metric] ?? "none"})`;
        if (typeof value === "number" && typeof found === "number") {
          expect
            .soft(Math.abs(found - value), `${name}: ${found} instead of ${value}`)
            .toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
        } else if (typeof value === "string" && typeof found === "string") {
          expect.soft(found, name).toContain(value);
        } else expect.soft(found, name).toEqual(value);
      }
    },
    reason: (spec, metric, text) =>
      expect.soft(rowWith(spec, metric)?.reasons[metric], `${spec} ${metric}`).toContain(text),
    noReason: (spec, metric, text) =>
      expect.soft(rowWith(spec, metric)?.reasons[metric] ?? "", `${spec} ${metric}`).not.toContain(text),
    lead: (symbols, fields) => {
      for (const symbol of typeof symbols === "string" ? [symbols] : symbols) {
        const lead = byId.get(idOf(symbol));
        expect.soft(lead, `${symbol} is in the org`).toBeDefined();
        for (const [field, value] of Object.entries(fields)) {
          const found = lead?.[field];
          expect.soft(comparable(found, idOf), `${symbol}.${field}`).toEqual(comparable(value, idOf));
        }
      }
    },
    writesTo: (object, symbol) =>
      writes.filter((write) => write.object === object && write.id === idOf(symbol)).length,
    refused: (state) => status.refusedRows.filter((row) => row.state === state).length,
  };
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;

type Resolve = NonNullable<Looked["resolve"]>;

const resolved: Resolve = (text) => (/^[a-z]+:H\d\d-/.test(text) ? recordId(text) : text);

/** Instants as milliseconds; symbols as ids; blank text as null. */
function comparable(value: unknown, resolve: Resolve): unknown {
  if (typeof value !== "string") return value ?? null;
  if (value === "") return null;
  if (INSTANT.test(value)) return new Date(value.replace(/([+-]\d\d)(\d\d)$/, "$1:$2")).toISOString();
  return resolve(value);
}

interface Wanted {
  readonly rowType: string;
  readonly member: string | null;
  readonly periodType: string;
  readonly periodStart: string | null;
  readonly bases: readonly string[];
}

/** `ROWTYPE[MEMBER] PERIOD`; the member is an exact text or a symbol, and may hold anything but `] ` before the period. */
function parseSpec(spec: string, at: string, resolve: Resolve): Wanted {
  const [, rowType = "", , text, period = ""] =
    /^(\w+)(\[(.*)\])? (pit|(?:in|cohort) \w+)$/su.exec(spec) ?? [];
  if (rowType === "") throw new RangeError(`${spec}: write for example source[H01] pit`);
  const member = text === undefined || text === "" ? null : resolve(text);
  const of = { rowType, member };
  if (period === "pit") {
    return { ...of, periodType: "day", periodStart: at.slice(0, 10), bases: ["point_in_time"] };
  }
  const [basis, month = ""] = period.split(" ");
  const bases = basis === "cohort" ? ["cohort"] : ["in_period", "cohort"];
  if (month === "lifetime") return { ...of, periodType: "lifetime", periodStart: null, bases };
  const number = MONTHS.findIndex((name) => name === month) + 1;
  if (number === 0) throw new RangeError(`${spec}: no month ${month}`);
  const periodStart = `2026-${String(number).padStart(2, "0")}-01`;
  return { ...of, periodType: "month", periodStart, bases };
}
