import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderHtmlReport } from "../../src/console/html-report/render-html-report.ts";
import type { EvidenceList, ReportData } from "../../src/core/report-data.ts";
import { demoReport, unknownReport } from "../support/report-fixture.ts";

/** Fifty sources with a list each: more than a page shows unfolded. */
function reportOfManySources(): ReportData {
  const data = unknownReport();
  const row = {
    connectionId: "salesforce",
    leadId: "00Q000000000001AAA",
    holder: null,
    source: null,
    since: new Date(0),
  };
  const lists = Array.from({ length: 50 }, (_unused, index): EvidenceList => {
    return { kind: "undelivered", rowType: "source", member: `source ${index}`, total: 1, rows: [row] };
  });
  return { ...data, evidence: lists };
}

/** Browser code; kept out of TypeScript, which knows no DOM here. */
const measures = readFileSync(new URL("../support/measure-page.js", import.meta.url), "utf8");

interface Contrast {
  readonly count: number;
  readonly failures: readonly string[];
}

async function measure<Answer>(page: Page, name: string): Promise<Answer> {
  // Without its last semicolon the file is one expression.
  return await page.evaluate<Answer>(`(${measures.trim().replace(/;$/, "")}).${name}()`);
}

const browserPath = [process.env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
const reason =
  browserPath === undefined ? " (skipped: no Chromium here; install one or set CHROMIUM_PATH)" : "";

describe.skipIf(browserPath === undefined)(`the HTML report in a browser${reason}`, () => {
  let browser: Browser;
  let folder: string;
  const addresses: Record<string, string> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ripeline-report-"));
    for (const [name, data] of Object.entries({
      demo: demoReport(),
      unknown: unknownReport(),
      many: reportOfManySources(),
    })) {
      const file = join(folder, `${name}.html`);
      await writeFile(file, renderHtmlReport(data));
      addresses[name] = pathToFileURL(file).href;
    }
    browser = await chromium.launch({
      ...(browserPath === undefined ? {} : { executablePath: browserPath }),
      args: ["--no-sandbox", "--disable-background-networking"],
    });
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(name: string, options: Parameters<Browser["newPage"]>[0]): Promise<Page> {
    const page = await browser.newPage(options);
    await page.goto(addresses[name] ?? "about:blank");
    return page;
  }

  for (const name of ["demo", "unknown"]) {
    it(`opens without an error and without asking anybody for anything (${name})`, async () => {
      const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
      const problems: string[] = [];
      const requests: string[] = [];
      page.on("console", (message) => problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(addresses[name] ?? "about:blank");
      expect(problems).toEqual([]);
      expect(requests.filter((url) => !url.startsWith("data:"))).toEqual([addresses[name]]);
      await page.close();
    });

    it(`fits a phone of 360 pixels without scrolling sideways (${name})`, async () => {
      const page = await open(name, { viewport: { width: 360, height: 800 } });
      const width = await measure<number>(page, "pageWidth");
      expect(width).toBe(360);
      const wide = await measure<string[]>(page, "sticksOut");
      expect(wide).toEqual([]);
      await page.close();
    });

    for (const colorScheme of ["light", "dark"] as const) {
      it(`keeps every text readable against its ground in ${colorScheme} (${name})`, async () => {
        const page = await open(name, { viewport: { width: 1200, height: 900 }, colorScheme });
        const worst = await measure<Contrast>(page, "contrast");
        expect(worst.count).toBeGreaterThan(100);
        // WCAG 2.2 AA for text: 4.5 to 1.
        expect(worst.failures).toEqual([]);
        await page.close();
      });
    }
  }

  it("opens the list that a number leads to", async () => {
    const page = await open("demo", { viewport: { width: 1200, height: 900 } });
    const link = page.locator("#rot-by-rep tbody tr").first().locator("td a").first();
    const target = (await link.getAttribute("href")) ?? "";
    await link.click();
    await page.locator(`${target} td`).first().waitFor({ state: "visible" });
    expect(await page.locator(target).isVisible()).toBe(true);
    expect(await page.locator("details[open]").count()).toBe(1);
    await page.close();
  });

  it("opens the list inside a folded chapter of many names", async () => {
    const page = await open("many", { viewport: { width: 1200, height: 900 } });
    expect(await page.locator("details.chapter[open]").count()).toBe(0);
    await page.evaluate('location.hash = "#source-45-undelivered"');
    await page.locator("#source-45-undelivered td").first().waitFor({ state: "visible" });
    expect(await page.locator("details.chapter[open]").count()).toBe(1);
    await page.close();
  });

  it("prints dark ink on white paper, whatever the reader's theme", async () => {
    const page = await open("demo", { viewport: { width: 1200, height: 900 }, colorScheme: "dark" });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const colours = await measure<{ paper: string; ink: string }>(page, "bodyColours");
    expect(colours).toEqual({ paper: "rgb(255, 255, 255)", ink: "rgb(31, 35, 28)" });
    expect(await page.locator("nav").isVisible()).toBe(false);
    await page.close();
  });

  it("shows the phone's drawing on a phone and the desk's on a desk", async () => {
    const phone = await open("demo", { viewport: { width: 360, height: 800 } });
    expect(await phone.locator("#rot .chart .narrow svg").first().isVisible()).toBe(true);
    expect(await phone.locator("#rot .chart .wide svg").first().isVisible()).toBe(false);
    await phone.close();
    const desk = await open("demo", { viewport: { width: 1200, height: 900 } });
    expect(await desk.locator("#rot .chart .wide svg").first().isVisible()).toBe(true);
    await desk.close();
  });
});
