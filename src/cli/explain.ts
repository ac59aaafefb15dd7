import { z } from "zod";
import type { Explanation } from "../app.ts";
import { toJson } from "../core/json.ts";
import type { EvidenceList } from "../core/report-data.ts";
import { refuseUnknownMetric } from "./known-metric.ts";
import { operation } from "./operation.ts";
import { table } from "./text-table.ts";

const explainArgs = z.object({ metric: z.string(), row: z.string() });

/** `ripeline explain METRIC ROW`: formula, numbers and every record behind them. */
export const explainOperation = operation(explainArgs, async ({ app }, { metric, row }) => {
  refuseUnknownMetric(app, metric);
  const explanation = await app.explain(metric, row);
  return { json: toJson(explanation), text: describe(explanation) };
});

function describe(explanation: Explanation): string {
  const member =
    explanation.member === null
      ? explanation.memberLabel
      : `${explanation.memberLabel} (${explanation.member})`;
  const values = explanation.values.map((value) => [
    value.periodStart === null ? value.periodType : `${value.periodType} ${value.periodStart}`,
    value.basis,
    value.ageDays === null ? "" : `${value.ageDays} days`,
    value.value ?? "unknown",
    value.numerator === null ? "" : `${value.numerator} / ${value.denominator ?? "unknown"}`,
    value.reason ?? "",
  ]);
  return [
    `${explanation.label} (${explanation.metric}), version ${explanation.version}`,
    `Formula: ${explanation.formula}`,
    `Definition: ${explanation.definition}`,
    `Inputs: ${explanation.inputs.join(", ")}`,
    `Row: ${explanation.rowType} ${member}, as of ${explanation.asOf}`,
    "",
    table(["period", "basis", "age", "value", "parts", "reason"], values),
    ...explanation.evidence.flatMap((list) => ["", listText(list)]),
  ].join("\n");
}

function listText(list: EvidenceList): string {
  const of = list.member === null ? "" : ` of ${list.rowType} ${list.member}`;
  const head = `${list.total} ${list.kind}${of}`;
  switch (list.kind) {
    case "handoffs":
      return `${head}\n${table(
        ["lead", "state", "handed off", "deadline", "first touch", "evidence"],
        list.rows.map((row) => [
          row.leadId,
          row.state,
          instantText(row.handedOffAt),
          instantText(row.rotsAt),
          instantText(row.firstTouchAt),
          row.evidence,
        ]),
      )}`;
    case "undelivered":
      return `${head}\n${table(
        ["lead", "held by", "since"],
        list.rows.map((row) => [row.leadId, row.holder ?? "nobody", row.since.toISOString()]),
      )}`;
    case "opportunities":
      return `${head}\n${table(
        ["opportunity", "outcome", "type", "amount", "in the pipeline", "created", "stalled from"],
        list.rows.map((row) => [
          row.opportunityId,
          row.outcome,
          row.type,
          row.amount ?? "unknown",
          row.pipelineAmount ?? (row.countsInPipeline ? "unknown" : "not counted"),
          row.createdAt.toISOString(),
          instantText(row.stalledSince),
        ]),
      )}`;
    case "responses":
      return `${head}\n${table(
        ["record", "responded"],
        list.rows.map((row) => [row.recordId, row.respondedOn]),
      )}`;
    case "costs":
      return `${head}\n${table(
        ["campaign", "cost", "basis", "from", "to"],
        list.rows.map((row) => [
          row.campaignId,
          row.cost ?? "unknown",
          row.basis ?? "",
          row.startOn ?? "",
          row.endOn ?? "",
        ]),
      )}`;
  }
}

function instantText(instant: Date | null): string {
  return instant === null ? "" : instant.toISOString();
}
