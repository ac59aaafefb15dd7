import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { renderCsv } from "../../../src/cli/report/render-csv.ts";
import type { ReportRow } from "../../../src/core/report-data.ts";

const row: ReportRow = {
  row_type: "source",
  member: "Web",
  label: "Web",
  period_type: "day",
  period_start: "2026-11-20",
  basis: "point_in_time",
  model: "",
  age_days: null,
  currency: "USD",
  reasons: {},
  headroom: -12,
  rotting_lead_rate: 1 / 3,
};

function read(text: string): Record<string, string>[] {
  return parse(text, { columns: true, cast: false });
}

describe("report rows as CSV", () => {
  it("has the key columns, then the metrics in the dictionary's order, then the reasons", () => {
    const [header] = renderCsv([row], ["rotting_lead_rate", "headroom", "not_in_any_row"]).split("\r\n");
    expect(header).toBe(
      "row_type,member,label,period_type,period_start,basis,model,age_days,currency,rotting_lead_rate,headroom,reasons",
    );
  });

  it("keeps full precision and negative numbers as numbers", () => {
    expect(read(renderCsv([row], []))[0]).toMatchObject({
      rotting_lead_rate: "0.3333333333333333",
      headroom: "-12",
    });
  });

  it("leaves an unknown value empty and gives its reason", () => {
    const unknown = {
      ...row,
      rotting_lead_rate: null,
      reasons: { rotting_lead_rate: "activity is not logged in the CRM" },
    };
    expect(read(renderCsv([unknown], []))[0]).toMatchObject({
      rotting_lead_rate: "",
      reasons: "rotting_lead_rate: activity is not logged in the CRM",
    });
  });

  it.each(["=HYPERLINK(1)", "+1", "-2+3", "@SUM(1)", "\t=1", " =1", "＝1"])(
    "never hands a spreadsheet the formula %s",
    (label) => {
      expect(read(renderCsv([{ ...row, label }], []))[0]?.["label"]).toBe(`'${label}`);
    },
  );

  it("brings quotes, commas and line breaks through unchanged", () => {
    const label = 'He said "ripe",\nthen left';
    expect(read(renderCsv([{ ...row, label }], []))[0]?.["label"]).toBe(label);
  });
});
