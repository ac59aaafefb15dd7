import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { seedCompany } from "../../../../src/emulator/salesforce/company/seed-company.ts";
import { repCount } from "../../../../src/emulator/salesforce/company/staff.ts";
import type { FieldValues } from "../../../../src/emulator/salesforce/org.ts";
import { type RecordingOrg, recordingOrg } from "./recording-org.ts";

const NOW = new Date("2026-06-01T08:00:00Z");
const DAY = 86_400_000;

function seeded(leads: number, seed = 1): RecordingOrg {
  const recording = recordingOrg();
  seedCompany(recording.org, { leads, seed, now: NOW });
  return recording;
}

// One company for all tests that only read.
const company = seeded(5_000);
const leads = company.rows("Lead");
const users = new Map(company.rows("User").map((user) => [user["Id"], user]));
const profiles = new Map(company.rows("Profile").map((profile) => [profile["Id"], profile]));
const historyByLead = Map.groupBy(company.rows("LeadHistory"), (row) => row["LeadId"]);

function digest(recording: RecordingOrg): string {
  const hash = createHash("sha256");
  for (const [object, rows] of recording.objects) {
    hash.update(object);
    for (const row of rows) hash.update(JSON.stringify(row));
  }
  return hash.digest("hex");
}

function instant(value: unknown): number {
  return Date.parse(String(value));
}

function isRep(userId: unknown): boolean {
  return profiles.get(users.get(userId)?.["ProfileId"])?.["Name"] === "Sales Rep";
}

/** Owner changes by id, oldest first. */
function ownerRows(leadId: unknown): readonly FieldValues[] {
  return (historyByLead.get(leadId) ?? [])
    .filter((row) => row["Field"] === "Owner" && row["DataType"] === "EntityId")
    .toSorted((a, b) => instant(a["CreatedDate"]) - instant(b["CreatedDate"]));
}

/** Instants of recorded attempts by people, by WhoId; a reading of its own, coarser than the product's. */
function humanTouches(): ReadonlyMap<unknown, readonly number[]> {
  const touches = new Map<unknown, number[]>();
  const add = (who: unknown, at: number): void => {
    const known = touches.get(who);
    if (known === undefined) touches.set(who, [at]);
    else known.push(at);
  };
  for (const task of company.rows("Task")) {
    const dialled = task["CallDurationInSeconds"] !== undefined && task["CallType"] !== "Inbound";
    const byRep = task["CreatedById"] === task["OwnerId"] && isRep(task["OwnerId"]);
    const typed =
      ["Call", "Email", "LinkedIn"].includes(String(task["TaskSubtype"])) && task["CallType"] !== "Inbound";
    if (task["IsClosed"] === true && (dialled || (byRep && typed)))
      add(task["WhoId"], instant(task["CompletedDateTime"]));
  }
  for (const event of company.rows("Event")) {
    const isOver = instant(event["EndDateTime"]) <= NOW.getTime();
    if (isOver && !String(event["Subject"]).startsWith("Canceled"))
      add(event["WhoId"], instant(event["StartDateTime"]));
  }
  return touches;
}
const touches = humanTouches();

const ENDED = new Set(["Closed - Not Converted", "Unqualified", "Nurture", "Closed - Converted"]);
const open = leads.filter((lead) => lead["IsDeleted"] === false && !ENDED.has(String(lead["Status"])));

describe("the seeded company", { timeout: 60_000 }, () => {
  it("comes out the same for the same seed, and another for another", () => {
    const first = digest(seeded(600, 7));
    expect(digest(seeded(600, 7))).toBe(first);
    expect(digest(seeded(600, 8))).not.toBe(first);
  });

  it.each([
    [100, 300, 20],
    [2_000, 6_000, 400],
    [5_000, 15_000, 1_000],
  ])(
    "brings with %i leads three times as many activities and a fifth as many opportunities",
    (n, activities, deals) => {
      const recording = n === 5_000 ? company : seeded(n);
      expect(recording.rows("Lead")).toHaveLength(n);
      expect(recording.rows("Task").length + recording.rows("Event").length).toBe(activities);
      expect(recording.rows("Opportunity")).toHaveLength(deals);
    },
  );

  it("has twelve reps at 5,000 leads and, far larger, still some hundreds of open leads a rep at most", () => {
    expect(repCount(5_000)).toBe(12);
    // 12 x 40^0.75 and 12 x 200^0.75. About a tenth of all leads is open: 20,000 / 191 and 100,000 / 638 a rep.
    expect(repCount(200_000)).toBe(191);
    expect(repCount(1_000_000)).toBe(638);
  });

  it("gives every record an id of its own with the object's prefix and a right checksum", () => {
    for (const [object, prefix] of [
      ["Lead", "00Q"],
      ["Task", "00T"],
      ["Opportunity", "006"],
      ["User", "005"],
    ] as const) {
      const ids = company.rows(object).map((row) => String(row["Id"]));
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.every((id) => id.length === 18 && id.startsWith(prefix))).toBe(true);
    }
    // 0068d | 00000 | 000Fw: only F is a capital, place 3 of block 3, so 8, the letter I.
    expect(company.rows("Opportunity")[15 * 62 + 58 - 1]?.["Id"]).toBe("0068d00000000FwAAI");
  });

  it("points only at records that exist", () => {
    const ids = new Set<unknown>(["0058d0000000zzyAAA"]);
    for (const rows of company.objects.values()) for (const row of rows) ids.add(row["Id"]);
    const dangling: string[] = [];
    for (const [object, rows] of company.objects) {
      for (const row of rows) {
        for (const [field, value] of Object.entries(row)) {
          if (
            field.endsWith("Id") &&
            field !== "Id" &&
            value !== null &&
            value !== undefined &&
            !ids.has(value)
          ) {
            dangling.push(`${object}.${field} ${JSON.stringify(value)}`);
          }
        }
      }
    }
    expect(dangling).toEqual([]);
  });

  it("ends each lead's owner history at its owner and begins it where the lead was born", () => {
    let changed = 0;
    for (const lead of leads) {
      const rows = ownerRows(lead["Id"]);
      if (rows.length === 0) continue;
      changed += 1;
      expect(rows.at(-1)?.["NewValue"]).toBe(lead["OwnerId"]);
      for (const [index, row] of rows.entries()) {
        if (index > 0) expect(row["OldValue"]).toBe(rows[index - 1]?.["NewValue"]);
        expect(instant(row["CreatedDate"])).toBeGreaterThanOrEqual(instant(lead["CreatedDate"]));
      }
    }
    expect(changed).toBeGreaterThan(2_000);
  });

  it("writes an owner change as a row of names and a row of ids", () => {
    const owners = company.rows("LeadHistory").filter((row) => row["Field"] === "Owner");
    const names = owners.filter((row) => row["DataType"] === "Text");
    expect(names.length * 2).toBe(owners.length);
    expect(names.every((row) => !/^00[5G]/.test(String(row["NewValue"])))).toBe(true);
  });

  it("ends each lead's status history at its status", () => {
    for (const lead of leads) {
      const last = (historyByLead.get(lead["Id"]) ?? [])
        .filter((row) => row["Field"] === "Status")
        .toSorted((a, b) => instant(a["CreatedDate"]) - instant(b["CreatedDate"]))
        .at(-1);
      expect(last === undefined ? "Open - Not Contacted" : last["NewValue"]).toBe(lead["Status"]);
    }
  });

  it("converts leads into an account, a contact and an opportunity of the rep's, at one instant", () => {
    const opportunities = new Map(company.rows("Opportunity").map((row) => [row["Id"], row]));
    const converted = leads.filter((lead) => lead["IsConverted"] === true);
    expect(converted.length).toBeGreaterThan(300);
    for (const lead of converted) {
      const opportunity = opportunities.get(lead["ConvertedOpportunityId"]);
      expect(opportunity?.["OwnerId"]).toBe(lead["OwnerId"]);
      expect(opportunity?.["AccountId"]).toBe(lead["ConvertedAccountId"]);
      const row = historyByLead.get(lead["Id"])?.find((entry) => entry["Field"] === "leadConverted");
      expect(row?.["CreatedDate"]).toBe(opportunity?.["CreatedDate"]);
    }
  });

  it("moves a converted lead's activities to its contact", () => {
    const converted = new Set(leads.filter((lead) => lead["IsConverted"] === true).map((lead) => lead["Id"]));
    expect(company.rows("Task").some((task) => converted.has(task["WhoId"]))).toBe(false);
    expect(company.rows("Task").some((task) => String(task["WhoId"]).startsWith("003"))).toBe(true);
  });

  it("keeps an opportunity's last history row at its stage, amount and close date", () => {
    const last = new Map<unknown, FieldValues>();
    for (const row of company.rows("OpportunityHistory")) {
      const known = last.get(row["OpportunityId"]);
      if (known === undefined || instant(known["CreatedDate"]) <= instant(row["CreatedDate"])) {
        last.set(row["OpportunityId"], row);
      }
    }
    for (const opportunity of company.rows("Opportunity")) {
      const { StageName, Amount, CloseDate } = last.get(opportunity["Id"]) ?? {};
      expect({ StageName, Amount, CloseDate }).toEqual({
        StageName: opportunity["StageName"],
        Amount: opportunity["Amount"],
        CloseDate: opportunity["CloseDate"],
      });
    }
  });

  it("records nothing later than now but events to come", () => {
    for (const [object, rows] of company.objects) {
      for (const row of rows) {
        for (const field of ["CreatedDate", "SystemModstamp", "CompletedDateTime", "MessageDate"]) {
          if (typeof row[field] === "string") {
            expect(instant(row[field]), `${object}.${field}`).toBeLessThanOrEqual(NOW.getTime());
          }
        }
      }
    }
    const ahead = company.rows("Event").filter((event) => instant(event["StartDateTime"]) > NOW.getTime());
    expect(ahead.length).toBeGreaterThan(0);
  });

  it("stamps a lead with its last change, and never before its creation", () => {
    for (const lead of leads) {
      const changes = (historyByLead.get(lead["Id"]) ?? []).map((row) => instant(row["CreatedDate"]));
      const stamp = instant(lead["SystemModstamp"]);
      expect(stamp).toBeGreaterThanOrEqual(instant(lead["CreatedDate"]));
      for (const change of changes) expect(stamp).toBeGreaterThanOrEqual(change);
    }
  });

  it("merges leads into living ones of the same e-mail and deletes others outright", () => {
    const byId = new Map(leads.map((lead) => [lead["Id"], lead]));
    const gone = leads.filter((lead) => lead["IsDeleted"] === true);
    const merged = gone.filter((lead) => lead["MasterRecordId"] !== null);
    expect(merged.length).toBeGreaterThan(10);
    expect(gone.length - merged.length).toBeGreaterThan(10);
    for (const lead of merged) {
      const master = byId.get(lead["MasterRecordId"]);
      expect(master?.["IsDeleted"]).toBe(false);
      expect(master?.["Email"]).toBe(lead["Email"]);
    }
  });

  it("has a sync user on a person's licence that made and keeps more than 200 leads in 30 days, and no such rep", () => {
    const recent = leads.filter((lead) => instant(lead["CreatedDate"]) > NOW.getTime() - 30 * DAY);
    const kept = new Map<unknown, number>();
    for (const lead of recent) {
      if (lead["OwnerId"] === lead["CreatedById"])
        kept.set(lead["OwnerId"], (kept.get(lead["OwnerId"]) ?? 0) + 1);
    }
    const heavy = [...kept].filter(([, count]) => count > 200).map(([id]) => users.get(id)?.["LastName"]);
    expect(heavy).toEqual(["Loader"]);
  });

  it("shows one rep in four or five open leads rotting, more with the jammed rep than with any other", () => {
    let rotting = 0;
    let alive = 0;
    const rotByRep = new Map<unknown, number>();
    for (const lead of open) {
      if (!isRep(lead["OwnerId"])) continue;
      const since = instant(ownerRows(lead["Id"]).at(-1)?.["CreatedDate"] ?? lead["CreatedDate"]);
      const own = (touches.get(lead["Id"]) ?? []).filter((at) => at >= since);
      const isCold = own.length > 0 && Math.max(...own) <= NOW.getTime() - 14 * DAY;
      if (isCold) continue;
      alive += 1;
      if (own.length === 0 && since + DAY <= NOW.getTime()) {
        rotting += 1;
        rotByRep.set(lead["OwnerId"], (rotByRep.get(lead["OwnerId"]) ?? 0) + 1);
      }
    }
    expect(rotting / alive).toBeGreaterThan(0.15);
    expect(rotting / alive).toBeLessThan(0.25);
    const worst = [...rotByRep].toSorted((a, b) => b[1] - a[1])[0]?.[0];
    // The jammed style is the fourth rep's.
    const fourth = company.rows("User").filter((user) => isRep(user["Id"]))[3];
    expect(worst).toBe(fourth?.["Id"]);
  });

  it("logs most of its work: of the leads worked in the last 30 days one in twenty to one in ten shows no trace", () => {
    const worked = leads.filter(
      (lead) =>
        lead["IsDeleted"] === false &&
        (historyByLead.get(lead["Id"]) ?? []).some(
          (row) =>
            (row["NewValue"] === "Working - Contacted" || row["Field"] === "leadConverted") &&
            instant(row["CreatedDate"]) > NOW.getTime() - 30 * DAY,
        ),
    );
    expect(worked.length).toBeGreaterThan(10);
    const unlogged = worked.filter((lead) => !touches.has(lead["ConvertedContactId"] ?? lead["Id"]));
    expect(unlogged.length / worked.length).toBeGreaterThan(0.03);
    expect(unlogged.length / worked.length).toBeLessThan(0.1);
  });

  it("holds the trap: syndicated leads are the cheapest and buy least, dinners the dearest and buy most", () => {
    const euros = (amount: unknown, code: unknown): number =>
      Number(amount ?? 0) / (code === "USD" ? 1.08 : 1);
    const people = Map.groupBy(
      company.rows("CampaignMember").filter((member) => member["HasResponded"] === true),
      (member) => member["CampaignId"],
    );
    const rows = company.rows("Campaign").flatMap((campaign) => {
      const cost = euros(campaign["ActualCost"], campaign["CurrencyIsoCode"]);
      const count = people.get(campaign["Id"])?.length ?? 0;
      const won = company.rows("Opportunity").filter((row) => row["CampaignId"] === campaign["Id"]);
      if (cost <= 0 || count < 20 || won.length < 3) return [];
      const pipeline = won.reduce((sum, row) => sum + euros(row["Amount"], row["CurrencyIsoCode"]), 0);
      return [{ name: campaign["Name"], perLead: cost / count, perDollar: pipeline / cost }];
    });
    expect(rows.length).toBeGreaterThan(8);
    const byCost = rows.toSorted((a, b) => a.perLead - b.perLead).map(({ name }) => name);
    const byReturn = rows.toSorted((a, b) => a.perDollar - b.perDollar).map(({ name }) => name);
    expect(byCost.slice(0, 2)).toContain("Content syndication IT Digest");
    expect(byReturn.slice(0, 3)).toContain("Content syndication IT Digest");
    expect(byCost.at(-1)).toBe("Executive dinners");
    expect(byReturn.slice(-2)).toContain("Executive dinners");
  });

  it("has campaigns whose cost is missing, zero, in dollars, or kept on their parent alone", () => {
    const campaigns = company.rows("Campaign");
    expect(campaigns.length).toBeGreaterThanOrEqual(30);
    expect(campaigns.some((campaign) => campaign["ActualCost"] === null)).toBe(true);
    expect(campaigns.some((campaign) => campaign["ActualCost"] === 0)).toBe(true);
    expect(campaigns.some((campaign) => campaign["CurrencyIsoCode"] === "USD")).toBe(true);
    const partner = campaigns.find((campaign) => campaign["Name"] === "Partner programme");
    const children = campaigns.filter((campaign) => campaign["ParentId"] === partner?.["Id"]);
    expect(Number(partner?.["ActualCost"])).toBeGreaterThan(0);
    expect(children.map((campaign) => campaign["ActualCost"])).toEqual([null, null]);
  });

  it("leaves currencies out where the org has one", () => {
    const recording = recordingOrg("one");
    seedCompany(recording.org, { leads: 50, seed: 1, now: NOW });
    expect(recording.objects.has("CurrencyType")).toBe(false);
    expect(recording.rows("Opportunity").some((row) => "CurrencyIsoCode" in row)).toBe(false);
  });

  it("begins its history a year back, at midnight in its own zone, and tells that day", () => {
    const recording = recordingOrg();
    const { firstDay } = seedCompany(recording.org, { leads: 400, seed: 3, now: NOW });
    // 364 days before 2026-06-01 is 2025-06-02; midnight in Berlin is 22:00 UTC of the day before, in summer.
    expect(firstDay.toISOString()).toBe("2025-06-01T22:00:00.000Z");
    const first = Math.min(...recording.rows("Lead").map((lead) => instant(lead["CreatedDate"])));
    expect(first).toBeGreaterThanOrEqual(firstDay.getTime());
    expect(first).toBeLessThan(firstDay.getTime() + 7 * DAY);
  });

  it("uses mail domains that nobody can own", () => {
    const addresses = [...leads, ...company.rows("Contact"), ...company.rows("User")].map((row) =>
      String(row["Email"]),
    );
    expect(addresses.filter((address) => !address.endsWith(".example"))).toEqual([]);
  });
});
