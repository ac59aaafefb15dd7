import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { ReportRow } from "../../src/core/report-data.ts";
import { sql } from "../../src/database/sql.ts";
import { type Book, keyOf, WORKSPACE } from "../support/oracle/book.ts";
import { captureGate } from "../support/oracle/capture.ts";
import { type CompanyFacts, companyFacts } from "../support/oracle/company-facts.ts";
import { type EdgeCompany, edgeCompany } from "../support/oracle/edge-cases.ts";
import type { OverheadEntry } from "../support/oracle/loaded-metrics.ts";
import type { CompanyRows, VendorRow } from "../support/oracle/vendor-rows.ts";
import { workBook } from "../support/oracle/work-book.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

/**
 * Every headline number twice: once by the app's SQL, once by plain code that was written from the definitions alone.
 * The company is the seeded one, read in one pull, with each boundary of the definitions put beside it.
 */

const AS_OF = "2026-06-01T08:30:00.000Z";

const OBJECTS = [
  "Lead",
  "LeadHistory",
  "LeadStatus",
  "Contact",
  "User",
  "Profile",
  "UserLicense",
  "UserRole",
  "Group",
  "Campaign",
  "CampaignMember",
  "Opportunity",
  "OpportunityHistory",
  "OpportunityStage",
  "OpportunityContactRole",
  "Task",
  "Event",
  "EmailMessage",
  "EmailMessageRelation",
  "CurrencyType",
  "BusinessHours",
  "Holiday",
] as const;

interface Difference {
  readonly key: string;
  readonly app: unknown;
  readonly oracle: unknown;
}

/** Where the app departs from the definitions as they are read here; each is to be settled, none to be added lightly. */
const knownDifferences: readonly {
  readonly reason: string;
  readonly covers: (difference: Difference, facts: CompanyFacts) => boolean;
  /** A case of the edge company that would move every rate. */
  readonly leavesOut?: string;
}[] = [
  {
    reason:
      "chains of unknown start are in no period's leads by definitions 2; the app counts them in lifetime rows",
    covers: ({ key, app, oracle }, { handoffs }) =>
      /^(rep|team) .* lifetime .* leads$/.test(key) &&
      Number(app) > Number(oracle) &&
      Number(app) - Number(oracle) <= handoffs.filter(({ startsAt }) => startsAt === null).length,
  },
];

const handoffRow = z.object({
  lead_id: z.string(),
  owner_id: z.string(),
  state: z.string(),
  evidence: z.string(),
  handed_off_at: z.date().nullable(),
  clock_started_at: z.date().nullable(),
  at_risk_at: z.date().nullable(),
  rots_at: z.date().nullable(),
  first_touch_at: z.date().nullable(),
  last_touch_at: z.date().nullable(),
  ended_at: z.date().nullable(),
});

describe("the numbers agree with a second working of the definitions", () => {
  let company: RunningCompany;
  let edge: EdgeCompany;
  let facts: CompanyFacts;
  let book: Book;
  let appRows: readonly ReportRow[];
  let appHandoffs: readonly z.infer<typeof handoffRow>[];
  let leadsAfter: readonly VendorRow[];

  beforeAll(async () => {
    company = await runCompany({
      leads: 2_500,
      months: 24,
      seed: 7,
      adjust: (settings) => ({
        ...settings,
        // Days and months are cut far from UTC, where the company's own office is neither.
        workspace: { ...settings.workspace, timeZone: "America/New_York" },
        rot: {
          ...settings.rot,
          policies: [
            { name: "web", match: { sources: ["Web"] }, expiryHours: 4, calendar: "org_default" },
            { name: "events", match: { sources: ["Event"] }, expiryHours: 2, calendar: "wall_clock" },
            ...settings.rot.policies,
          ],
        },
        // One team by its load, the others by what they have in process.
        reps: { ...settings.reps, capacityByRole: { "Team North Reps": 30 } },
      }),
    });
    await company.clock({ now: AS_OF, stopped: true });
    await company.app.apply({ checkOnly: false });
    edge = edgeCompany(
      await companyRows(["User", "Group"]),
      Date.parse(AS_OF),
      knownDifferences.flatMap(({ leavesOut }) => leavesOut ?? []),
    );
    for (const [object, rows] of edge.rows) {
      const body = rows.map((row) => JSON.stringify(row)).join("\n");
      const response = await company.control(`load/salesforce/${object}`, { method: "POST", body });
      if (!response.ok) throw new Error(`the org refused ${object}: ${await response.text()}`);
    }
    const rows = await companyRows(OBJECTS);
    const { pull } = await company.sync();
    const overhead = overheadOf(rows);
    await company.app.importCosts({
      file: "costs.csv",
      text: [
        "date,kind,campaign,amount",
        ...overhead.map(
          ({ date, kind, campaignId, amount }) => `${date},${kind},${campaignId ?? ""},${amount}`,
        ),
      ].join("\n"),
    });
    await company.app.compute(new Date(pull.asOf), () => undefined);
    facts = companyFacts(rows, company.app.settings, Date.parse(pull.asOf));
    book = workBook(facts, overhead);
    leadsAfter = (await companyRows(["Lead"]))["Lead"] ?? [];
    appHandoffs = await company.app.store.any(
      handoffRow,
      sql`
        select lead_id, owner_id, state, evidence, handed_off_at, clock_started_at, at_risk_at, rots_at,
          first_touch_at, last_touch_at, ended_at
        from metrics.int_handoff
        where is_in_scope`,
    );
    const reports: ReportRow[] = [];
    for (const by of ["workspace", "campaign", "source", "rep", "team", "load_quartile"] as const) {
      for (const period of ["day", "month", "lifetime"] as const) {
        reports.push(...(await company.app.report({ by, period })));
      }
    }
    appRows = reports;
  }, 600_000);
  afterAll(() => company.close());

  /** Agencies every month of half a year, one of the future, and work on one campaign. */
  function overheadOf(rows: CompanyRows): readonly OverheadEntry[] {
    const months = ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05"];
    const campaign = z.string().parse(rows["Campaign"]?.find((row) => row["ActualCost"] !== null)?.["Id"]);
    return [
      ...months.map((month, index) => ({
        date: `${month}-28`,
        kind: "operations" as const,
        amount: 1_000 + 37 * index,
        campaignId: null,
      })),
      { date: "2026-06-30", kind: "operations", amount: 9_999, campaignId: null },
      { date: "2026-05-31", kind: "labour", amount: 640.5, campaignId: campaign },
    ];
  }

  async function companyRows(objects: readonly string[]): Promise<CompanyRows> {
    const found: Record<string, readonly VendorRow[]> = {};
    for (const object of objects) {
      const response = await company.control(`records/salesforce/${object}`);
      if (!response.ok) throw new Error(`no records of ${object}: ${await response.text()}`);
      const lines = (await response.text()).split("\n").filter((line) => line !== "");
      found[object] = lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
    }
    return found;
  }

  const iso = (at: number | Date | null): string => (at === null ? "-" : new Date(at).toISOString());

  test("everything was read at the instant the definitions are worked for", () => {
    expect(new Date(facts.asOf).toISOString()).toBe(AS_OF);
  });

  test("each boundary of the definitions comes out as worked by hand, here and in the app", () => {
    const last = new Map(facts.handoffs.map((handoff) => [handoff.lead.id, handoff.state]));
    const appLast = new Map<string, string>();
    for (const row of appHandoffs.toSorted((a, b) => Number(a.handed_off_at) - Number(b.handed_off_at))) {
      appLast.set(row.lead_id, row.state);
    }
    const expected = edge.cases.map(({ why, state }) => `${why}: ${state}`);
    expect(edge.cases.map(({ why, leadId }) => `${why}: ${last.get(leadId) ?? null}`)).toEqual(expected);
    expect(edge.cases.map(({ why, leadId }) => `${why}: ${appLast.get(leadId) ?? null}`)).toEqual(expected);
  });

  test("more than 200 moves by one person in ten minutes leave the clocks alone", () => {
    const moved = new Set(edge.realignedLeadIds);
    // Handed over 30 hours ago with 24 to go: rotting, though each got its rep two hours ago.
    const states = appHandoffs
      .filter(({ lead_id, ended_at }) => moved.has(lead_id) && ended_at === null)
      .map(({ state }) => state);
    expect(states).toEqual(edge.realignedLeadIds.map(() => "rotting"));
  });

  test("every handoff has the same rep, clock, touches, end and state", () => {
    const describeAll = (lines: readonly string[]): readonly string[] => lines.toSorted();
    const oracle = facts.handoffs.map((handoff) =>
      [
        handoff.lead.id,
        handoff.ownerId,
        handoff.evidence,
        iso(handoff.startsAt),
        iso(handoff.atRiskAt),
        iso(handoff.rotsAt),
        iso(handoff.firstTouchAt),
        iso(handoff.lastTouchAt),
        iso(handoff.endedAt),
        handoff.state,
        handoff.startsAt === null ? "-" : iso(handoff.madeAt),
      ].join(" "),
    );
    const app = appHandoffs.map((row) =>
      [
        row.lead_id,
        row.owner_id,
        row.evidence,
        iso(row.clock_started_at),
        iso(row.at_risk_at),
        iso(row.rots_at),
        iso(row.first_touch_at),
        iso(row.last_touch_at),
        iso(row.ended_at),
        row.state,
        row.clock_started_at === null ? "-" : iso(row.handed_off_at),
      ].join(" "),
    );
    expect(app.length).toBeGreaterThan(2_000);
    expect(describeAll(app)).toEqual(describeAll(oracle));
  });

  test("the org's own formula fields show the same state of every open handoff", () => {
    const byId = new Map(leadsAfter.map((row) => [row["Id"], row]));
    const open = facts.handoffs.filter(({ endedAt, startsAt }) => endedAt === null && startsAt !== null);
    expect(open.length).toBeGreaterThan(100);
    const shown = open.map(({ lead }) => {
      const row = byId.get(lead.id) ?? {};
      return `${lead.id} ${String(row["Ripeline_Rot_Status__c"])} ${String(row["Ripeline_Rotting__c"])}`;
    });
    expect(shown).toEqual(open.map(({ lead, state }) => `${lead.id} ${state} ${state === "rotting"}`));
  });

  test("no lead without an open handoff is shown as rotting", () => {
    const open = new Set(facts.handoffs.filter(({ endedAt }) => endedAt === null).map(({ lead }) => lead.id));
    const flagged = leadsAfter.filter((row) => row["Ripeline_Rotting__c"] === true).map((row) => row["Id"]);
    expect(flagged.length).toBeGreaterThan(0);
    expect(flagged.filter((id) => typeof id !== "string" || !open.has(id))).toEqual([]);
  });

  test("the capture gate comes to the same verdict on the same share", async () => {
    const { gate, share } = captureGate(facts);
    const stored = await company.app.storedReport();
    const [connection] = stored?.run.connections ?? [];
    expect([connection?.captureGate, connection?.unloggedShare]).toEqual([gate, share]);
  });

  test("every value of every report row agrees", () => {
    const metrics = new Set([...book.keys()].map((key) => key.split(" | ").at(-1) ?? ""));
    const seen = new Set<string>();
    const differences: Difference[] = [];
    let compared = 0;
    for (const row of appRows) {
      for (const metric of metrics) {
        const app = row[metric];
        if (app === undefined) continue;
        const key = keyOf(
          {
            rowType: row.row_type,
            member: row.row_type === "workspace" ? WORKSPACE : row.member,
            periodType: row.period_type,
            periodStart: row.period_start,
            basis: row.basis,
            ageDays: row.age_days,
          },
          metric,
        );
        seen.add(key);
        const oracle = book.get(key)?.value;
        if (typeof app === "number" && app !== 0) compared += 1;
        // Nothing found is nothing to count or nothing to divide.
        const agrees = oracle === undefined ? app === 0 || app === null : isNear(app, oracle);
        if (!agrees) differences.push({ key, app, oracle });
      }
    }
    for (const [key, { value }] of book) {
      if (!seen.has(key) && value !== null && value !== 0) {
        differences.push({ key, app: undefined, oracle: value });
      }
    }
    expect(compared).toBeGreaterThan(5_000);
    expect(
      differences.filter((difference) => !knownDifferences.some(({ covers }) => covers(difference, facts))),
    ).toEqual([]);
  });
});

/** Sums of doubles come out differently in their last digits when they are added in another order. */
function isNear(app: unknown, oracle: unknown): boolean {
  if (typeof app !== "number" || typeof oracle !== "number") return app === oracle;
  return Math.abs(app - oracle) <= 1e-9 * Math.max(1, Math.abs(oracle));
}
