import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

/** The demo of each set-up, as a whole process: the same company, the same report, written back to each CRM. */
const run = promisify(execFile);
const containing = (text: string): unknown => expect.stringContaining(text);
const main = join(import.meta.dirname, "../../src/cli/main.ts");
const TIMEOUT_MS = 240_000;

const Row = z.looseObject({ row_type: z.string(), member: z.string().nullable(), period_type: z.string() });
const Shown = z.object({
  sync: z.object({
    pulled: z.record(z.string(), z.object({ rows: z.number() })),
    pushed: z.record(z.string(), z.object({ written: z.number(), rejected: z.number() })),
    apiCalls: z.object({ salesforce: z.number(), hubspot: z.number() }),
  }),
  report: z.record(z.string(), z.array(Row)),
  html: z.string(),
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ripeline-demo-by-crm-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function demo(crm: string) {
  const html = join(folder, `${crm}.html`);
  const { stdout } = await run(
    process.execPath,
    [main, "demo", "--crm", crm, "--leads", "200", "--html", html, "--json"],
    { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
  );
  return { shown: Shown.parse(JSON.parse(stdout)), page: await readFile(html, "utf8") };
}

/** The workspace's value over its whole life or, of a rate at a point in time, of today. */
function value({ report }: z.infer<typeof Shown>, metric: string): unknown {
  const rows = (report[metric] ?? []).filter(
    ({ row_type, period_type }) =>
      row_type === "workspace" && (period_type === "lifetime" || period_type === "day"),
  );
  return rows[0]?.[metric];
}

const rejected = ({ sync }: z.infer<typeof Shown>): number =>
  Object.values(sync.pushed).reduce((sum, each) => sum + each.rejected, 0);

describe("the demo by CRM", { shuffle: false }, () => {
  let alone: Awaited<ReturnType<typeof demo>>;

  test(
    "HubSpot alone: leads, deals and campaigns are measured, and written back without a refusal",
    async () => {
      alone = await demo("hubspot");
      const { shown, page } = alone;
      expect(shown.sync.apiCalls.salesforce).toBe(0);
      expect(shown.sync.pulled["hubspot.leads"]?.rows).toBeGreaterThan(180);
      expect(Object.keys(shown.sync.pushed).every((object) => object.startsWith("hubspot."))).toBe(true);
      expect(shown.sync.pushed["hubspot.ripeline_metric"]?.written).toBeGreaterThan(100);
      expect(rejected(shown)).toBe(0);
      expect(value(shown, "pipeline_per_dollar")).toBeGreaterThan(0);
      expect(value(shown, "investment")).toBeGreaterThan(0);
      expect(value(shown, "in_process")).toBeGreaterThan(0);
      expect(page).toContain("HubSpot portal 24700001");
      expect(page).toContain("HubSpot names no primary campaign");
      expect(page).not.toContain("Salesforce org");
    },
    TIMEOUT_MS,
  );

  test(
    "both: one report, each CRM's calls and rows, twins paid for once, and what they contradict each other about",
    async () => {
      const { shown, page } = await demo("hubspot,salesforce");
      expect(shown.sync.apiCalls.salesforce).toBeGreaterThan(0);
      expect(shown.sync.apiCalls.hubspot).toBeGreaterThan(0);
      expect(shown.sync.pulled["salesforce.Lead"]?.rows).toBe(200);
      // 99 in both and 132 readers, two of them with a contact more: see the seed's test.
      expect(shown.sync.pulled["hubspot.contacts"]?.rows).toBeGreaterThan(230);
      expect(rejected(shown)).toBe(0);
      expect(value(shown, "pipeline_per_dollar")).toBeGreaterThan(0);
      const inOne = value(alone.shown, "in_process");
      // Nobody is a lead twice: the same open work as in one CRM, whichever holds it.
      expect(value(shown, "in_process")).toBeLessThan(2 * Number(inOne));
      for (const words of [
        "Salesforce org 00D",
        "HubSpot portal 24700001",
        "Is activity logged in Salesforce?",
        "Campaign Executive dinners (",
        "which holds the money: same name, overlapping dates",
      ]) {
        expect(page).toContain(words);
      }
    },
    TIMEOUT_MS,
  );

  test("files of an org are no portal's, and a CRM that is none is refused", async () => {
    const refused = (args: readonly string[]) => run(process.execPath, [main, "demo", ...args]);
    await expect(refused(["--crm", "hubspot", "--data", folder])).rejects.toMatchObject({
      code: 2,
      stderr: containing("the files are those of a Salesforce org"),
    });
    await expect(refused(["--crm", "sugar"])).rejects.toMatchObject({
      code: 2,
      stderr: containing("give salesforce, hubspot, or both"),
    });
  });
});
