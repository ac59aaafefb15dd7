import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../../src/database/sql.ts";
import { compute } from "../../../src/metrics/compute.ts";
import { metricsSettings } from "../../support/metrics-settings.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type PortalRows, portalRows } from "./portal-rows.ts";

const settings = {
  ...metricsSettings(),
  connections: [{ id: "hubspot", crm: "hubspot" }],
  connectionId: "hubspot",
} as const;
const asOf = new Date("2026-03-31T12:00:00Z");

let store: TestDatabase;
let rows: PortalRows;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(async () => {
  await store.empty();
  rows = portalRows(store.database);
  await rows.connection();
  await rows.row("hubspot_account", { id: "4711", companycurrency: "USD" });
  await rows.owner("10");
  await rows.owner("20");
  await rows.dealStages();
});
afterAll(() => store.close());

const Handoff = z.object({
  lead_id: z.string(),
  owner_id: z.string(),
  evidence: z.string(),
  handed_off_at: z.date().nullable(),
  state: z.string(),
  first_touch_kind: z.string().nullable(),
});

/** Handoffs as text: lead, rep, evidence, day and hour of the handoff, state, first touch. */
async function handoffs(): Promise<readonly string[]> {
  const found = await store.database.any(
    Handoff,
    sql`select lead_id, owner_id, evidence, handed_off_at, state, first_touch_kind
        from metrics.int_handoff order by lead_id, handed_off_at`,
  );
  return found.map((each) =>
    [
      each.lead_id,
      each.owner_id,
      each.evidence,
      each.handed_off_at?.toISOString().slice(5, 13) ?? "-",
      each.state,
      each.first_touch_kind ?? "-",
    ].join(" "),
  );
}

async function value(rowType: string, metric: string, member: string | null = null) {
  const found = await store.database.one(
    z.object({ value: z.coerce.number().nullable(), reason: z.string().nullable() }),
    sql`select value, reason from metrics.metric_value
        where row_type = ${rowType} and metric = ${metric} and member is not distinct from ${member}
          and basis = 'point_in_time'`,
  );
  return found.value ?? found.reason;
}

const owned = (type: "lead" | "contact", id: string, at: string, to: string) =>
  rows.history(type, id, "hubspot_owner_id", at, to);

describe("a portal that works with lead objects", () => {
  /** A lead of a contact of its own: contact 1xx of lead xx. */
  async function lead(id: string, created: string, owner: string | null, more = {}): Promise<void> {
    await rows.contact(`1${id}`, created, { email_hash: `hash ${id}` });
    await rows.lead(id, created, { hubspot_owner_id: owner, ...more });
    await rows.associate("lead", id, "contacts", `1${id}`, { associationtypes: `1${id}:578` });
    if (owner !== null) await owned("lead", id, created, owner);
  }

  test("handoffs and rot states are those of owner history and engagements", async () => {
    await rows.leadStages();
    await rows.owner("30", { type: "QUEUE", userid: null, useridincludinginactive: null });
    // Handed off on the 30th at 9 and untouched: due on the 31st at 9, three hours ago.
    await lead("01", "2026-03-30T09:00:00Z", "10");
    // Handed off on the 31st at 9; a quarter of its day is not gone.
    await lead("02", "2026-03-31T09:00:00Z", "10");
    // 20 of its 24 hours are gone.
    await lead("03", "2026-03-30T16:00:00Z", "10");
    // Called on its contact after two hours.
    await lead("04", "2026-03-30T09:00:00Z", "10");
    await rows.engagement("call", "c4", "2026-03-30T11:00:00Z", "10");
    await rows.associate("call", "c4", "contacts", "104");
    // Mailed on the lead itself, a day and an hour after: late.
    await lead("05", "2026-03-28T09:00:00Z", "10");
    await rows.engagement("email", "m5", "2026-03-29T10:00:00Z", "10");
    await rows.associate("email", "m5", "leads", "05");
    // A call on the contact before there was a lead is none of the lead's.
    await lead("06", "2026-03-30T09:00:00Z", "10");
    await rows.engagement("call", "c6", "2026-03-29T09:00:00Z", "10");
    await rows.associate("call", "c6", "contacts", "106");
    // In a queue for a day, then to 20.
    await lead("07", "2026-03-30T08:00:00Z", "20");
    await owned("lead", "07", "2026-03-30T08:00:00.100Z", "30");
    await owned("lead", "07", "2026-03-31T08:00:00Z", "20");
    // Disqualified without a touch, two hours after the handoff.
    await lead("08", "2026-03-30T09:00:00Z", "10", { hs_pipeline_stage: "disqualified" });
    await rows.history("lead", "08", "hs_pipeline_stage", "2026-03-30T09:00:00Z", "new");
    await rows.history("lead", "08", "hs_pipeline_stage", "2026-03-30T11:00:00Z", "disqualified");
    // Still in the queue.
    await lead("09", "2026-03-30T09:00:00Z", "30");
    await compute({ db: store.database }, settings, { asOf });
    expect(await handoffs()).toEqual([
      "01 10 history 03-30T09 rotting -",
      "02 10 history 03-31T09 waiting -",
      "03 10 history 03-30T16 at_risk -",
      "04 10 history 03-30T09 worked call",
      "05 10 history 03-28T09 worked_late email",
      "06 10 history 03-30T09 rotting -",
      "07 20 history 03-31T08 waiting -",
      "08 10 history 03-30T09 disqualified -",
    ]);
    // Open and untouched past the deadline: 01, 06. Open in all: 01 to 07.
    expect(await value("workspace", "rotting_lead_rate")).toBeCloseTo(2 / 7, 9);
    expect(await value("workspace", "undelivered_count")).toBe(1);
  });
});

describe("a portal that works with contacts", () => {
  const contact = async (id: string, created: string, owner: string | null, more = {}) => {
    await rows.contact(id, created, {
      lifecyclestage: "lead",
      email_hash: `hash ${id}`,
      hubspot_owner_id: owner,
      ...more,
    });
    await rows.history("contact", id, "lifecyclestage", created, "lead");
    if (owner !== null) await owned("contact", id, created, owner);
  };

  test("a reassignment restarts the clock, a deal converts, a subscriber is nobody's lead", async () => {
    // From 10 to 20 on the 31st, untouched: 20 has until the 1st.
    await contact("1", "2026-03-29T09:00:00Z", "10", { hubspot_owner_id: "20" });
    await owned("contact", "1", "2026-03-31T09:00:00Z", "20");
    await contact("2", "2026-03-29T09:00:00Z", "10");
    await rows.deal("7", "2026-03-30T09:00:00Z");
    await rows.associate("deal", "7", "contacts", "2");
    await rows.contact("3", "2026-03-29T09:00:00Z", { lifecyclestage: "subscriber" });
    await contact("4", "2026-03-29T09:00:00Z", null);
    await compute({ db: store.database }, settings, { asOf });
    expect(await handoffs()).toEqual([
      "1 10 history 03-29T09 reassigned -",
      "1 20 history 03-31T09 waiting -",
      "2 10 history 03-29T09 converted -",
    ]);
    expect(await value("workspace", "undelivered_count")).toBe(1);
  });

  test("a subscriber of two years who becomes a lead waits since then, not since the subscription", async () => {
    const subscribed = "2024-03-01T00:00:00Z";
    // Nobody's: 1 since yesterday noon, a lead; 2 handed to 10 at nine today, still a subscriber.
    for (const id of ["1", "2"]) {
      await rows.contact(id, subscribed, { lifecyclestage: id === "1" ? "lead" : "subscriber" });
      await rows.history("contact", id, "lifecyclestage", subscribed, "subscriber");
    }
    await rows.history("contact", "1", "lifecyclestage", "2026-03-30T12:00:00Z", "lead");
    await rows.history("contact", "2", "hs_lead_status", "2025-01-01T00:00:00Z", "NEW");
    await owned("contact", "2", "2026-03-31T09:00:00Z", "10");
    await compute({ db: store.database }, settings, { asOf });
    const undelivered = await store.database.any(
      z.object({ lead_id: z.string(), since: z.date() }),
      sql`select lead_id, undelivered_since as since from metrics.int_lead where is_undelivered`,
    );
    expect(undelivered).toEqual([{ lead_id: "1", since: new Date("2026-03-30T12:00:00Z") }]);
    expect(await handoffs()).toEqual(["2 10 history 03-31T09 waiting -"]);
  });

  test("withheld e-mail closes the gate: rates of rot are unknown, and the reason names the scope", async () => {
    await contact("1", "2026-03-29T09:00:00Z", "10");
    await rows.engagement("email", "m", "2026-03-29T10:00:00Z", "10", {
      redacted: true,
      hs_email_direction: null,
      hs_email_status: null,
    });
    await rows.associate("email", "m", "contacts", "1");
    await compute({ db: store.database }, settings, { asOf });
    expect(await value("workspace", "rotting_lead_rate")).toBe(
      "e-mail is withheld by the CRM (scope sales-email-read is missing)",
    );
    const { capture_reason } = await store.database.one(
      z.object({ capture_reason: z.string() }),
      sql`select capture_reason from metrics.run_connection`,
    );
    expect(capture_reason).toMatch(
      /^whether 1 of 1 e-mails of the last 30 days are touches is withheld from us/,
    );
    // A seventh of all is not more than a fifth.
    for (const id of ["1", "2", "3", "4", "5", "6"]) {
      await rows.engagement("email", `m${id}`, "2026-03-29T11:00:00Z", "10");
      await rows.associate("email", `m${id}`, "contacts", "1");
    }
    await compute({ db: store.database }, settings, { asOf });
    expect(await value("workspace", "rotting_lead_rate")).toBe(0);
  });

  test("leads that moved on without a recorded touch close the gate, with what is likely in a portal", async () => {
    // Ten that moved from New to In Progress within 30 days, seven of them called: 3 of 10 is more than a fifth.
    for (let number = 1; number <= 10; number += 1) {
      const id = String(number);
      await contact(id, "2026-03-20T00:00:00Z", "10", { hs_lead_status: "IN_PROGRESS" });
      await rows.history("contact", id, "hs_lead_status", "2026-03-20T00:00:00Z", "NEW");
      await rows.history("contact", id, "hs_lead_status", "2026-03-21T00:00:00Z", "IN_PROGRESS");
      if (number > 7) continue;
      await rows.engagement("call", id, "2026-03-20T12:00:00Z", "10");
      await rows.associate("call", id, "contacts", id);
    }
    await compute({ db: store.database }, settings, { asOf });
    expect(await value("workspace", "unlogged_work_share")).toBeCloseTo(0.3, 9);
    expect(await value("workspace", "rotting_lead_rate")).toBe("activity is not logged in the CRM");
    const { capture_reason } = await store.database.one(
      z.object({ capture_reason: z.string() }),
      sql`select capture_reason from metrics.run_connection`,
    );
    expect(capture_reason).toBe(
      "activity is not logged in the CRM: 3 of 10 leads worked in the last 30 days have no recorded touch; " +
        "no e-mail is logged (inboxes of reps not connected, or their mail not logged?)",
    );
  });

  test("pipeline per dollar of two campaigns, by first touch and in both currencies", async () => {
    // Spring: 1,000 dollars, first touch of contacts 1 and 2; fair: 2,000 dollars, of contact 3.
    await rows.campaign("spring", {
      hs_start_date: "2026-01-01",
      hs_end_date: "2026-01-31",
      hs_spend_items_sum_amount: "1000",
      hs_currency_code: "USD",
      createdat: "2026-01-01T00:00:00Z",
    });
    await rows.campaign("fair", {
      hs_start_date: "2026-02-01",
      hs_end_date: "2026-02-28",
      hs_spend_items_sum_amount: "2000",
      hs_currency_code: "USD",
      createdat: "2026-01-01T00:00:00Z",
    });
    for (const [id, campaign] of [
      ["1", "spring"],
      ["2", "spring"],
      ["3", "fair"],
    ] as const) {
      await contact(id, "2026-02-10T09:00:00Z", "10");
      await rows.campaignContact(campaign, "contactFirstTouch", id, { seenAt: "2026-02-11T00:00:00Z" });
    }
    // 2,000 euros that HubSpot converts to 2,500 dollars, and 1,500 dollars: of spring. 3,000 dollars: of fair.
    await rows.deal("7", "2026-02-20T00:00:00Z", {
      amount: "2000",
      amount_in_home_currency: "2500",
      deal_currency_code: "EUR",
      closedate: "2026-06-30T00:00:00Z",
    });
    await rows.deal("8", "2026-02-20T00:00:00Z", { amount: "1500", deal_currency_code: "USD" });
    await rows.deal("9", "2026-02-20T00:00:00Z", { amount: "3000" });
    await rows.associate("deal", "7", "contacts", "1");
    await rows.associate("deal", "8", "contacts", "2");
    await rows.associate("deal", "9", "contacts", "3");
    await compute({ db: store.database }, settings, { asOf });
    const found = await store.database.any(
      z.object({ name: z.string(), basis: z.string(), metric: z.string(), value: z.coerce.number() }),
      sql`select coalesce(member, '-') as name, basis, metric, value from metrics.metric_value
          where row_type = 'campaign' and period_type = 'lifetime' and age_days is null and value is not null
            and metric in ('investment', 'cost_per_lead', 'pipeline_per_dollar')
          order by member, basis, metric`,
    );
    // Spring: 1,000 over two people; 2,500 + 1,500 of pipeline. Fair: 2,000 over one; 3,000.
    expect(found.map(({ name, basis, metric, value: number }) => [name, basis, metric, number])).toEqual([
      ["fair", "cohort", "investment", 2000],
      ["fair", "cohort", "pipeline_per_dollar", 1.5],
      ["fair", "in_period", "cost_per_lead", 2000],
      ["fair", "in_period", "investment", 2000],
      ["fair", "in_period", "pipeline_per_dollar", 1.5],
      ["spring", "cohort", "investment", 1000],
      ["spring", "cohort", "pipeline_per_dollar", 4],
      ["spring", "in_period", "cost_per_lead", 500],
      ["spring", "in_period", "investment", 1000],
      ["spring", "in_period", "pipeline_per_dollar", 4],
    ]);
  });
});
