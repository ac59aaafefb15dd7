import { describe, expect, it } from "vitest";
import { fitTable, wrap } from "../../../src/cli/report/fit-table.ts";
import { renderReportTables } from "../../../src/cli/report/render-report-tables.ts";
import { type TableView, textCell, unknownCell } from "../../../src/console/report-view/cell.ts";
import { demoReport, unknownReport } from "../../support/report-fixture.ts";

const ESCAPE = "\u001b";

describe("the report in a terminal", () => {
  it("shows the three headline numbers with their parts", () => {
    const text = renderReportTables(demoReport(), { width: 120, color: "never" });
    expect(text).toMatch(/^Rotting lead rate +35% {2}\(138 of 400\)$/m);
    expect(text).toMatch(/^Pipeline per \$1 invested +\$5\.27 {2}\(\$1,611,500 from \$305,600\)$/m);
    expect(text).toMatch(/^In process per rep +44\.4 /m);
  });

  it("shows rot by source and rep, campaigns with the trap, load, writes and calls", () => {
    const text = renderReportTables(demoReport(), { width: 140, color: "never" });
    expect(text).toMatch(/^Content syndication +45% \(21 of 47\)/m);
    expect(text).toMatch(/^Ben Castellano +74% \(39 of 53\)/m);
    expect(text).toMatch(/^Retargeting .*cheap but poor$/m);
    expect(text).toMatch(/^Ben Castellano +70 +61 +9 +140% +-20$/m);
    expect(text).toMatch(/^Ripeline_Handoff__c +512 +512 +0 +3$/m);
    expect(text).toMatch(/^Salesforce: all +39 +under 0\.1% \(of 150,000\)$/m);
  });

  it("says unknown with the reason instead of 0", () => {
    const text = renderReportTables(unknownReport(), { width: 120, color: "never" });
    expect(text).toContain("unknown  (activity is not logged in the CRM)");
    expect(text).toMatch(/^organic_search +unknown \[a\]/m);
    expect(text).toContain("[a] activity is not logged in the CRM");
  });

  it("stays within the terminal's width", () => {
    for (const width of [80, 100, 120]) {
      const lines = renderReportTables(demoReport(), { width, color: "never" }).split("\n");
      expect(lines.filter((line) => line.length > width && !line.startsWith("As of"))).toEqual([]);
    }
  });

  it("writes no control characters without colour, and colours rot red with it", () => {
    expect(renderReportTables(demoReport(), { width: 120, color: "never" })).not.toContain(ESCAPE);
    expect(renderReportTables(demoReport(), { width: 120, color: "always" })).toContain(
      `${ESCAPE}[31mcheap but poor`,
    );
  });

  it("lets no name from the CRM steer the terminal", () => {
    const data = demoReport();
    const text = renderReportTables(
      {
        ...data,
        rows: data.rows.map((row) => ({ ...row, label: `${ESCAPE}[2J${ESCAPE}]0;owned\u0007${row.label}` })),
      },
      { width: 120, color: "never" },
    );
    expect(text).not.toContain(ESCAPE);
    expect(text).not.toContain("\u0007");
  });
});

describe("a table that does not fit", () => {
  const table: TableView = {
    id: "t",
    caption: "t",
    columns: [
      { heading: "Name", align: "left", isEssential: true },
      { heading: "Wanted", align: "right", isEssential: true },
      { heading: "Spare", align: "right", isEssential: false },
    ],
    rows: [
      [textCell("A name of quite some length"), textCell("12"), unknownCell("nobody asked")],
      [textCell("Short"), unknownCell("cost missing"), textCell("3")],
    ],
    total: 40,
    allCommand: "ripeline report x",
    whenEmpty: "Nothing.",
  };

  it("drops the spare column with its notes, then cuts the name", () => {
    const text = fitTable(table, { width: 30, color: "never" });
    expect(text).not.toContain("Spare");
    expect(text).not.toContain("nobody asked");
    expect(text).toContain("[a] cost missing");
    expect(text).toMatch(/^A name of qu.*… +12$/m);
  });

  it("tells how many rows there are and what lists them", () => {
    expect(fitTable(table, { width: 80, color: "never" })).toContain(
      "First 2 of 40; ripeline report x lists all.",
    );
  });

  it("says what it means when there are no rows", () => {
    expect(fitTable({ ...table, rows: [], total: 0 }, { width: 80, color: "never" })).toBe("Nothing.");
  });

  it("breaks running text at words", () => {
    expect(wrap("one two three four", 9)).toBe("one two\nthree\nfour");
  });
});
