import { describe, expect, it } from "vitest";
import { axisRange, share } from "../../src/console/html-report/axis-range.ts";
import { escapeHtml, html, trusted } from "../../src/console/html-report/html.ts";
import { placeLabels } from "../../src/console/html-report/place-labels.ts";
import { renderHtmlReport } from "../../src/console/html-report/render-html-report.ts";
import type { ReportData } from "../../src/core/report-data.ts";
import { demoReport, unknownReport } from "../support/report-fixture.ts";

const HOSTILE = `"><img src=x onerror=alert(1)><script>alert('x')</script>&`;

function hostileReport(): ReportData {
  const data = demoReport();
  return {
    ...data,
    run: {
      ...data.run,
      workspaceName: HOSTILE,
      connections: data.run.connections.map((connection) => ({
        ...connection,
        orgId: HOSTILE,
        instanceUrl: "javascript:alert(1)",
        captureGate: "closed",
        captureReason: HOSTILE,
      })),
    },
    rows: data.rows.map((row) => ({ ...row, label: HOSTILE, reasons: { ...row.reasons, load: HOSTILE } })),
    evidence: data.evidence.map((list) =>
      list.kind === "handoffs"
        ? {
            ...list,
            rows: list.rows.map((row) => ({
              ...row,
              leadId: HOSTILE,
              ownerName: HOSTILE,
              source: HOSTILE,
              state: HOSTILE,
            })),
          }
        : list,
    ),
    trust: { ...data.trust, notes: [HOSTILE] },
  };
}

describe("markup", () => {
  it("escapes what stands in a template and keeps markup that is vouched for", () => {
    expect(html`<p title="${'a"b'}">${"<b>"}${trusted("<i>x</i>")}${["&", null]}</p>`.markup).toBe(
      `<p title="a&quot;b">&lt;b&gt;<i>x</i>&amp;</p>`,
    );
  });

  it("drops control characters that no page may hold", () => {
    expect(escapeHtml("a\u0000b\u001b[31mc\nd")).toBe("ab[31mc d");
  });
});

describe("the HTML report", () => {
  it("lets nothing a CRM said become markup", () => {
    const page = renderHtmlReport(hostileReport());
    expect(page.includes("<img")).toBe(false);
    // The page's own script is the only one.
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.includes("javascript:")).toBe(false);
  });

  it("asks nobody for anything: no address outside of the links to records", () => {
    const page = renderHtmlReport(demoReport());
    const addresses = new Set([...page.matchAll(/https?:\/\/[^\s"'<>)/]+/g)].map(([address]) => address));
    // The two w3.org names are XML namespaces of the drawings, never fetched.
    expect([...addresses].toSorted()).toEqual([
      "http://www.w3.org",
      "https://bramley.example.my.salesforce.com",
    ]);
    expect(page.includes("default-src &#39;none&#39;")).toBe(true);
  });

  it("prints ids without links when the org cannot be reached any more", () => {
    const page = renderHtmlReport(unknownReport());
    expect(/href="https?:/.test(page)).toBe(false);
    expect(page.includes("00Q000000000000AAA")).toBe(true);
  });

  it("draws the charts as inline SVG in the page's own colours", () => {
    const page = renderHtmlReport(demoReport());
    // Rate by source, rate by rep, undelivered, campaigns, load: each for a desk and for a phone.
    expect(page.match(/<svg width=/g)).toHaveLength(10);
    expect(page.includes('fill="var(--bad)"')).toBe(true);
  });

  it("says in words what each chart shows", () => {
    const labels = [...renderHtmlReport(demoReport()).matchAll(/role="img" aria-label="([^"]*)"/g)].map(
      ([, label]) => label,
    );
    expect(labels).toHaveLength(5);
    expect(labels[0]).toContain("Rotting lead rate by source, highest first: Outbound list 54%");
  });

  it("draws no chart of values nobody knows, and says so", () => {
    const page = renderHtmlReport(unknownReport());
    expect(page.includes("Nothing to draw: the rate is unknown in every row; the table says why.")).toBe(
      true,
    );
    expect(
      page.includes("Nothing to draw: no campaign has both a cost per lead and a pipeline per R$1."),
    ).toBe(true);
  });

  it("says honestly that a list is cut, and which command lists all", () => {
    expect(
      renderHtmlReport(unknownReport()).includes(
        "First 200 of 7,335; <code>ripeline explain undelivered_count workspace</code> lists all.",
      ),
    ).toBe(true);
  });

  it("gives every place on the page an id of its own", () => {
    const ids = [...renderHtmlReport(demoReport()).matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(50);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("leads every number to a place that exists", () => {
    for (const page of [renderHtmlReport(demoReport()), renderHtmlReport(unknownReport())]) {
      const ids = new Set([...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id));
      const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
      expect(links.length).toBeGreaterThan(50);
      expect(links.filter((link) => !ids.has(link))).toEqual([]);
    }
  });

  it("stays readable for a company without anything", () => {
    const data: ReportData = {
      ...demoReport(),
      rows: [],
      fractions: [],
      evidence: [],
      written: [],
      calls: [],
      phases: [],
    };
    const page = renderHtmlReport(data);
    expect(page.includes("nothing to report on yet")).toBe(true);
    expect(page.includes("No campaign can be judged yet")).toBe(true);
  });
});

describe("axes", () => {
  it("begin at 0 while the values are within an order of magnitude", () => {
    expect(axisRange([40, 100])).toMatchObject({ type: "value", min: 0, max: 120 });
  });

  it("double from step to step when the values span more", () => {
    const range = axisRange([0.66, 26.75]);
    // 0.66 x 0.9 = 0.594 lies above 0.5; 26.75 x 1.1 = 29.4 lies below 32.
    expect(range).toMatchObject({ type: "log", min: 0.5, max: 32 });
    // 4 is half way between 0.5 and 32: three doublings of six.
    expect(share(range, 4)).toBe(0.5);
  });

  it("hold a campaign that returned nothing", () => {
    expect(axisRange([0, 30])).toMatchObject({ type: "value", min: 0 });
    expect(axisRange([0])).toMatchObject({ type: "value", min: 0, max: 1 });
  });
});

describe("names beside dots", () => {
  const bounds = { width: 400, height: 200 };
  const dot = { x: 100, y: 100, radius: 5, text: "A campaign", isWanted: false };

  it("stand to the right where there is room, else to the left", () => {
    expect(placeLabels([dot], bounds, 190)).toEqual(["right"]);
    expect(placeLabels([{ ...dot, x: 380 }], bounds, 190)).toEqual(["left"]);
  });

  it("cover neither another dot nor another name", () => {
    // The second dot lies in the first one's text; the first name goes left, the second has the right for itself.
    expect(placeLabels([dot, { ...dot, x: 130 }], bounds, 190)).toEqual(["left", "right"]);
  });

  it("are left to the table where there is no room, unless they are wanted", () => {
    const tiny = { width: 30, height: 200 };
    expect(placeLabels([{ ...dot, x: 15 }], tiny, 190)).toEqual([null]);
    expect(placeLabels([{ ...dot, x: 15, isWanted: true }], tiny, 190)).toEqual(["right"]);
  });

  it("let the wanted ones choose first", () => {
    const crowd = [dot, { ...dot, y: 108, isWanted: true }];
    expect(placeLabels(crowd, bounds, 190)[1]).toBe("right");
    expect(placeLabels(crowd, bounds, 190)[0]).not.toBe("right");
  });
});
