import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import { importCosts } from "../../src/metrics/cost-ledger.ts";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { metricsSettings, type SettingsPatch } from "../support/metrics-settings.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const db = bench.store.database;
const ann = recordId("user", "Ann");
const asOf = "2026-03-20T12:00:00Z";
let fair = "";
let web = "";

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann");
  fair = await rows.campaign("Fair", {
    actualcost: 9_999,
    startdate: "2026-01-01",
    enddate: "2026-01-31",
  });
  web = await rows.campaign("Web", { startdate: "2026-02-01", enddate: "2026-02-28", actualcost: 2_800 });
});

const load = (lines: readonly string[], patch: SettingsPatch = {}) =>
  importCosts(db, metricsSettings(patch), { file: "costs.csv", text: `${lines.join("\n")}\n` });

const ledger = () =>
  db.any(
    z.object({ id: z.string(), on: z.string(), amount: z.string(), campaign: z.string().nullable() }),
    sql`select entry_id as id, entry_on::text as on, amount::text as amount, campaign_id as campaign
        from ripeline.cost_ledger order by entry_on, entry_id`,
  );

const at = (member: string | null, period?: string) =>
  ({ row: "campaign", member, ...(period === undefined ? {} : { period }) }) as const;

async function respond(campaign: string, count: number, on: string) {
  for (let index = 0; index < count; index += 1) {
    const lead = await rows.lead(`${campaign.slice(-4)}${index}`, {
      owner: ann,
      created: `${on}T08:00:00Z`,
      leadsource: "Web",
    });
    await rows.response(campaign, lead, on);
  }
}

describe("costs import", () => {
  test("reads campaigns by id and by name, and the same file twice changes nothing", async () => {
    // Fifteen characters, as a browser's address shows them; the last three of eighteen follow from them.
    const expo = "701000000000001AAA";
    await rows.campaign("Expo", { id: expo });
    const lines = [
      "id,date,kind,campaign,amount",
      "a,2026-01-15,program,701000000000001,100.50",
      "b,2026-02-15,program,  web ,20",
    ];
    expect(await load(lines)).toEqual({
      entries: 2,
      added: 2,
      replaced: 0,
      unchanged: 0,
      firstDate: "2026-01-15",
      lastDate: "2026-02-15",
    });
    expect(await load(lines)).toMatchObject({ added: 0, replaced: 0, unchanged: 2 });
    expect(await ledger()).toEqual([
      { id: "a", on: "2026-01-15", amount: "100.50", campaign: expo },
      { id: "b", on: "2026-02-15", amount: "20", campaign: web },
    ]);
  });

  test("a line with a known id replaces that entry, and leaves the others", async () => {
    await load([
      "id,date,kind,campaign,amount",
      "a,2026-01-15,program,Fair,100",
      "b,2026-01-16,program,Fair,1",
    ]);
    expect(
      await load([
        "id,date,kind,campaign,amount",
        "a,2026-01-17,program,Web,120",
        "c,2026-01-18,program,Web,3",
      ]),
    ).toMatchObject({ added: 1, replaced: 1, unchanged: 0 });
    expect((await ledger()).map(({ id, amount }) => `${id} ${amount}`)).toEqual(["b 1", "a 120", "c 3"]);
  });

  test("without ids a line is known by its content, and two equal lines are two costs", async () => {
    const lines = [
      "date,kind,program,amount",
      "2026-01-15,program,Podcast,50",
      "2026-01-15,program,Podcast,50",
    ];
    expect(await load(lines)).toMatchObject({ added: 2 });
    expect(await load(lines)).toMatchObject({ added: 0, unchanged: 2 });
    expect(await ledger()).toHaveLength(2);
  });

  test("labour is hours times rate, to the last digit", async () => {
    await load(["date,kind,hours,rate,note-id", "2026-01-15,Labor,7.25,80.1,INV 7"]);
    // 7.25 x 80.1 = 580.725.
    expect((await ledger()).map(({ amount }) => Number(amount))).toEqual([580.725]);
  });

  test("semicolons, a byte order mark and quoted names are read as spreadsheets write them", async () => {
    await rows.campaign('Say "hi", all');
    await load(["\uFEFFDate;Kind;Campaign;Amount", '2026-01-15;program;"Say ""hi"", all";1.5']);
    expect((await ledger())[0]?.amount).toBe("1.5");
  });

  test.each([
    [
      "a date that is none",
      "x,31.01.2026,program,Fair,,1,,,",
      /:2: date "31.01.2026" is no date; write it like/,
    ],
    ["an impossible date", "x,2026-02-30,program,Fair,,1,,,", /:2: date "2026-02-30" is no date/],
    [
      "an unknown kind",
      "x,2026-01-15,media,Fair,,1,,,",
      /:2: kind "media" is none; write program, operations or/,
    ],
    ["a comma in a number", 'x,2026-01-15,program,Fair,,"1,200.50",,,', /:2: amount "1,200.50" is no number/],
    ["no amount", "x,2026-01-15,program,Fair,,,,,", /:2: no amount/],
    [
      "an amount and hours",
      "x,2026-01-15,labour,,,5,,1,2",
      /:2: give an amount, or hours and rate, not both/,
    ],
    ["hours without a rate", "x,2026-01-15,labour,,,,,1,", /:2: hours need a rate/],
    ["hours of a program", "x,2026-01-15,program,Fair,,,,1,2", /:2: hours and rate belong to labour/],
    [
      "a currency nobody knows",
      "x,2026-01-15,program,Fair,,1,XAU,,",
      /:2: currency "XAU" cannot be converted; known are USD/,
    ],
    [
      "a campaign nobody knows",
      "x,2026-01-15,program,Fare,,1,,,",
      /:2: there is no campaign "Fare"; give its id or/,
    ],
    ["a program cost of nothing", "x,2026-01-15,program,,,1,,,", /:2: a program's cost needs a campaign/],
    [
      "a campaign and a program",
      "x,2026-01-15,program,Fair,Pod,1,,,",
      /:2: give a campaign of the CRM or a program/,
    ],
  ])("%s is refused with its line, and nothing is imported", async (_name, line, message) => {
    const lines = ["id,date,kind,campaign,program,amount,currency,hours,rate", line];
    await expect(load([...lines, "good,2026-01-15,program,Fair,,1,,,"])).rejects.toThrow(message);
    await expect(load(lines)).rejects.toThrow(/Nothing was imported; correct the lines/);
    expect(await ledger()).toEqual([]);
  });

  test("every wrong line is named, twenty of them, and the same id twice is one", async () => {
    const wrong = Array.from({ length: 25 }, () => "2026-13-01,program,1,a");
    await expect(load(["date,kind,amount,program", ...wrong])).rejects.toThrow(
      /:21: date .*\nand 5 more lines/,
    );
    await expect(
      load(["id,date,kind,amount,program", "a,2026-01-01,program,1,P", "a,2026-01-01,program,2,P"]),
    ).rejects.toThrow(/costs\.csv:3: id "a" stands in line 2 already/);
  });

  test("a campaign's name that two have must be given as an id", async () => {
    const twin = recordId("campaign", "Twin");
    await rows.campaign("Twin", { name: "fair" });
    await expect(load(["date,kind,campaign,amount", "2026-01-15,program,FAIR,1"])).rejects.toThrow(
      new RegExp(`2 campaigns are called "FAIR"; give the id: .*${twin}`),
    );
  });

  test("a header with another column, and a line with too few cells, are named", async () => {
    await expect(load(["date,kind,amuont", "2026-01-15,program,1"])).rejects.toThrow(
      /costs\.csv:1: unknown column "amuont"; the first line names columns out of id, date/,
    );
    await expect(load(["amount,program", "1,P"])).rejects.toThrow(/:1: no column date, kind/);
    await expect(load(["date,kind,amount", "2026-01-15,program"])).rejects.toThrow(
      /costs\.csv:2: not a CSV file/,
    );
  });
});

describe("a campaign with entries in the ledger", () => {
  test("has those as its cost, each on its date, in place of what the CRM says", async () => {
    await load([
      "date,kind,campaign,amount",
      "2026-01-15,program,Fair,600",
      "2026-02-01,program,Fair,300",
      "2026-03-20,program,Fair,100",
      "2026-03-21,program,Fair,5000",
    ]);
    await respond(fair, 4, "2026-01-20");
    const computed = await bench.compute(asOf);
    const months = ["2026-01-01", "2026-02-01", "2026-03-01"].map((month) =>
      computed.value("investment", at(fair, month)),
    );
    // 20 March is today; what is dated tomorrow does not count yet.
    expect(months).toEqual([600, 300, 100]);
    expect(computed.value("investment", at(fair))).toBe(1_000);
    expect(computed.value("investment_basis", at(fair))).toBe("ledger");
    expect(computed.value("cost_per_lead", at(fair))).toBe(250);
    // Beside it Web's 2,800 of the CRM, spread: 1,000 of 3,800 and 2,800 of 3,800.
    expect(computed.value("investment_basis")).toBe("ledger 26.3%, spread 73.7%");
  });

  test("that all lie ahead has not started; one whose CRM cost is blank gets a cost", async () => {
    const blank = await rows.campaign("Blank");
    await load(["date,kind,campaign,amount", "2026-04-01,program,Fair,600", "2026-03-01,program,Blank,40"]);
    await respond(fair, 1, "2026-01-20");
    const computed = await bench.compute(asOf);
    expect(computed.value("investment", at(blank))).toBe(40);
    // Fair's lies ahead, Blank's is in the ledger and Web's in the CRM: none of the three is without.
    expect(computed.value("campaigns_without_cost_share", now())).toBe(0);
    expect([computed.value("investment", at(fair)), computed.reason("investment", at(fair))]).toEqual([
      null,
      "not started",
    ]);
  });

  test("in another currency is converted by the static rate", async () => {
    const currency = (isocode: string, conversionrate: number) =>
      rows.row("salesforce_currency_type", {
        id: `01L${isocode}`,
        isocode,
        conversionrate,
        isactive: true,
        iscorporate: isocode === "USD",
      });
    await currency("USD", 1);
    await currency("EUR", 0.8);
    await load(["date,kind,campaign,amount,currency", "2026-01-15,program,Fair,800,eur"]);
    // 800 EUR / 0.8 = 1,000 USD.
    expect((await bench.compute(asOf)).value("investment", at(fair))).toBe(1_000);
  });
});

describe("loaded cost", () => {
  test("without operations and labour is unknown, not the plain one", async () => {
    await load(["date,kind,campaign,amount", "2026-01-15,program,Fair,600"]);
    const computed = await bench.compute(asOf);
    expect(computed.value("investment")).toBe(3_400);
    expect([computed.value("investment_loaded"), computed.reason("investment_loaded")]).toEqual([
      null,
      "no operations or labour in the cost ledger",
    ]);
    expect(computed.value("pipeline_per_dollar_loaded", { basis: "cohort" })).toBeNull();
  });

  test("spreads a month's operations over its programs by their own cost in that month", async () => {
    await load([
      "date,kind,campaign,program,amount",
      // February: Fair 700, Web 2,800 (spread over February), Podcast 500: together 4,000.
      "2026-01-05,program,Fair,,90",
      "2026-02-10,program,Fair,,700",
      "2026-02-11,program,,Podcast,500",
      "2026-02-28,operations,,,400",
    ]);
    await respond(fair, 7, "2026-02-12");
    await rows.opportunity("o", { created: "2026-02-20T00:00:00Z", campaignid: fair, amount: 1_540 });
    const computed = await bench.compute(asOf);
    // Fair bears 400 x 700 / 4,000 = 70 (its 90 of January bear none); Web 280; Podcast 50, which no campaign's row shows.
    expect(computed.value("investment_loaded", at(fair))).toBe(860);
    expect(computed.value("investment_loaded", at(web))).toBe(3_080);
    expect(computed.value("investment_loaded")).toBe(4_490);
    expect(computed.value("investment")).toBe(4_090);
    // 770 / 7 people = 110 beside 100; 1,540 / 770 = 2 beside 2.2.
    expect(computed.value("cost_per_lead", at(fair, "2026-02-01"))).toBe(100);
    expect(computed.value("cost_per_lead_loaded", at(fair, "2026-02-01"))).toBe(110);
    expect(computed.value("pipeline_per_dollar", at(fair, "2026-02-01"))).toBe(2.2);
    expect(computed.value("pipeline_per_dollar_loaded", at(fair, "2026-02-01"))).toBe(2);
    // The source of Fair's people: 860; the rest has no leads: 3,080 + 550.
    const source = (member: string) => ({ row: "source", member }) as const;
    expect(computed.value("investment_loaded", source("Web"))).toBe(860);
    expect(computed.value("investment_loaded", source("investment without leads"))).toBe(3_630);
    expect(computed.value("investment", source("investment without leads"))).toBe(3_300);
  });

  test("evenly, where the configuration says so", async () => {
    await load(["date,kind,campaign,amount", "2026-02-10,program,Fair,700", "2026-02-28,operations,,400"]);
    const computed = await bench.compute(asOf, { investment: { loadBy: "evenly" } });
    // Two programs spent in February: 200 each.
    expect(computed.value("investment_loaded", at(fair, "2026-02-01"))).toBe(900);
    expect(computed.value("investment_loaded", at(web, "2026-02-01"))).toBe(3_000);
  });

  test("labour of a campaign is borne by it alone, on its date; a month without programs keeps its operations", async () => {
    await load([
      "date,kind,campaign,hours,rate,amount",
      "2026-01-10,labour,Web,10,50,",
      "2026-03-05,operations,,,,90",
    ]);
    const computed = await bench.compute(asOf);
    // Web spent nothing of its own in January: 10 x 50 of labour alone.
    expect(computed.value("investment", at(web, "2026-01-01"))).toBe(0);
    expect(computed.value("investment_loaded", at(web, "2026-01-01"))).toBe(500);
    expect(computed.value("investment_loaded", at(web))).toBe(3_300);
    // Nobody spent anything in March: the 90 are the workspace's.
    expect(computed.value("investment_loaded", { period: "2026-03-01" })).toBe(90);
    // 9,999 + 2,800 + 500 + 90.
    expect(computed.value("investment_loaded")).toBe(13_389);
  });

  test("where no program's cost is known, neither is the investment", async () => {
    await db.execute(sql`update mirror.salesforce_campaign set actualcost = null`);
    await load(["date,kind,amount", "2026-03-05,operations,90"]);
    const computed = await bench.compute(asOf);
    expect([computed.value("investment"), computed.reason("investment")]).toEqual([null, "cost missing"]);
    expect(computed.value("investment_loaded")).toBeNull();
  });
});

describe("investment's share of revenue", () => {
  const win = (name: string, amount: number | null, closedate: string) =>
    rows.opportunity(name, {
      created: "2026-01-01T00:00:00Z",
      stagename: "Closed Won",
      isclosed: true,
      iswon: true,
      amount,
      closedate,
    });

  test("is investment over what was won in the period", async () => {
    await win("a", 10_000, "2026-02-10");
    await win("b", 4_000, "2026-02-20");
    await win("c", 15_597, "2026-03-01");
    const computed = await bench.compute(asOf);
    // February: 2,800 / 14,000. Together: 12,799 / 29,597.
    expect(computed.value("investment_share_of_revenue", { period: "2026-02-01" })).toBe(0.2);
    expect(computed.value("investment_share_of_revenue")).toBeCloseTo(12_799 / 29_597, 12);
    // March saw no investment, and that is 0 of what was won.
    expect(computed.value("investment_share_of_revenue", { period: "2026-03-01" })).toBe(0);
  });

  test("is unknown where nothing was won, or where what was won has no amount", async () => {
    await win("a", null, "2026-02-10");
    const computed = await bench.compute(asOf);
    expect(computed.reason("investment_share_of_revenue", { period: "2026-01-01" })).toBe("nothing won");
    expect(computed.reason("investment_share_of_revenue", { period: "2026-02-01" })).toBe(
      "no won opportunity has an amount",
    );
  });

  test("is unknown where no cost is known", async () => {
    await db.execute(sql`update mirror.salesforce_campaign set actualcost = null`);
    await win("a", 10_000, "2026-02-10");
    expect((await bench.compute(asOf)).reason("investment_share_of_revenue")).toBe("cost missing");
  });
});
