import { describe, expect, it } from "vitest";
import { renderReportTables } from "../../src/cli/report/render-report-tables.ts";
import { renderHtmlReport } from "../../src/console/html-report/render-html-report.ts";
import { recordUrl } from "../../src/console/report-view/connections.ts";
import type { ConnectionFacts, ReportData, RunFacts } from "../../src/core/report-data.ts";
import { demoReport } from "../support/report-fixture.ts";

const portal: ConnectionFacts = {
  id: "portal",
  crm: "hubspot",
  orgId: "24700001",
  instanceUrl: "https://app-eu1.hubspot.com",
  unit: "contacts",
  captureGate: "closed",
  captureReason: null,
  unloggedShare: 0.45,
};

/** The fixture's org, and a portal that adds a lead, a campaign's cost, counts and calls. */
function bothReport(): ReportData {
  const data = demoReport();
  const since = new Date("2026-11-01T09:00:00Z");
  const lead = { connectionId: "portal", leadId: "100001", holder: null, source: "OFFLINE", since };
  return {
    ...data,
    run: { ...data.run, connections: [...data.run.connections, portal] },
    evidence: [
      ...data.evidence.filter(({ kind }) => kind !== "undelivered"),
      { kind: "undelivered", rowType: "workspace", member: null, total: 1, rows: [lead] },
    ],
    trust: {
      ...data.trust,
      counts: [...data.trust.counts, { connectionId: "portal", object: "contacts", crm: 7, mirror: 7 }],
    },
    written: [
      ...data.written,
      { connectionId: "portal", object: "contacts", changed: 3, written: 3, rejected: 0, calls: 1 },
    ],
    calls: [
      ...data.calls,
      {
        connectionId: "portal",
        byPurpose: [{ purpose: "reading", calls: 9 }],
        total: 9,
        dailyLimit: 650_000,
      },
    ],
  };
}

describe("a report over several CRMs", () => {
  const text = renderReportTables(bothReport(), { width: 140, color: "never" });
  const page = renderHtmlReport(bothReport());

  it("names each org and portal, and says of each whether activity is logged", () => {
    expect(text).toContain("Salesforce org 00D000000000001AAA, HubSpot portal 24700001, amounts in USD");
    expect(text).toMatch(/Is activity logged in Salesforce\? +yes/);
    expect(text).toMatch(/Is activity logged in HubSpot\? +no/);
    expect(text).toContain("HubSpot: 45% of the leads that moved on");
    expect(text).not.toContain("Salesforce: 6%");
  });

  it("counts rows, records and calls by CRM", () => {
    expect(text).toMatch(/HubSpot: contacts +3 +3/);
    expect(text).toMatch(/Salesforce: Lead +461 +461/);
    expect(text).toMatch(/HubSpot: all +9/);
    expect(text).toMatch(/HubSpot: contacts +7 +7 +agree/);
  });

  it("says of each record where it is, and links to it there", () => {
    expect(page).toContain('href="https://app-eu1.hubspot.com/contacts/24700001/record/0-1/100001"');
    expect(page).toContain('<th scope="col">CRM</th>');
    expect(page).toContain("an id opens the record in Salesforce and HubSpot");
  });

  it("stays as it was over one CRM", () => {
    const alone = renderReportTables(demoReport(), { width: 140, color: "never" });
    expect(alone).toMatch(/Is activity logged\? +yes/);
    expect(alone).not.toContain("HubSpot");
    expect(renderHtmlReport(demoReport())).not.toContain('<th scope="col">CRM</th>');
  });
});

describe("a record's page", () => {
  const run = (connection: Partial<ConnectionFacts>): RunFacts => ({
    ...demoReport().run,
    connections: [{ ...portal, ...connection }],
  });
  const url = (type: "lead" | "contact" | "opportunity" | "campaign", connection = {}) =>
    recordUrl(run(connection), { connectionId: "portal", id: "7", type });

  it("is HubSpot's by the number of its type", () => {
    const at = "https://app-eu1.hubspot.com/contacts/24700001/record";
    expect(url("lead")).toBe(`${at}/0-1/7`);
    expect(url("lead", { unit: "leads" })).toBe(`${at}/0-136/7`);
    expect(url("contact", { unit: "leads" })).toBe(`${at}/0-1/7`);
    expect(url("opportunity")).toBe(`${at}/0-3/7`);
    expect(url("campaign")).toBeNull();
  });

  it("is Salesforce's by the id alone, and nowhere where no address is known", () => {
    const org = { crm: "salesforce", instanceUrl: "https://bramley.example.my.salesforce.com/x" } as const;
    expect(url("lead", org)).toBe("https://bramley.example.my.salesforce.com/7");
    expect(url("lead", { instanceUrl: null })).toBeNull();
    expect(url("lead", { instanceUrl: "javascript:alert(1)" })).toBeNull();
  });
});
