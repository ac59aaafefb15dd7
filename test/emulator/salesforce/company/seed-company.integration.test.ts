import { describe, expect, it } from "vitest";
import { manualClock } from "../../../../src/core/time.ts";
import { DEFAULT_NOW, seedCompany } from "../../../../src/emulator/salesforce/company/seed-company.ts";
import { createOrg, type EngineOrg } from "../../../../src/emulator/salesforce/engine/create-org.ts";
import { parseInstant } from "../../../../src/emulator/salesforce/formula/temporal.ts";

function count(org: EngineOrg, soql: string): number {
  const admin = { userId: org.adminUser.id, username: org.adminUser.username, isAdmin: true };
  return org.query(admin, soql, { all: false }).totalSize;
}

describe("the seeded company in the emulated org", () => {
  it.each([
    ["one currency", false],
    ["two currencies", true],
  ] as const)("is taken whole by an org of %s", (_, multiCurrency) => {
    const org = createOrg({ clock: manualClock(DEFAULT_NOW), multiCurrency });
    const company = seedCompany(org, { leads: 500, seed: 5 });
    expect([...org.dump("Lead")]).toHaveLength(500);
    expect(count(org, "SELECT COUNT() FROM Task") + count(org, "SELECT COUNT() FROM Event")).toBe(1_500);
    expect(count(org, "SELECT COUNT() FROM Opportunity")).toBe(100);
    expect(company.activities).toBe(1_500);
  });

  it("answers questions across its records: owners, licences, stages, what ended", () => {
    const org = createOrg({ clock: manualClock(DEFAULT_NOW) });
    seedCompany(org, { leads: 500, seed: 5 });
    expect(count(org, "SELECT COUNT() FROM Lead WHERE Owner.Name = 'Inbound Europe'")).toBeGreaterThan(0);
    expect(
      count(org, "SELECT COUNT() FROM User WHERE Profile.UserLicense.Name = 'Salesforce Integration'"),
    ).toBe(2);
    expect(count(org, "SELECT COUNT() FROM Opportunity WHERE IsClosed = true AND IsWon = true")).toBe(
      count(org, "SELECT COUNT() FROM Opportunity WHERE StageName = 'Closed Won'"),
    );
    expect(count(org, "SELECT COUNT() FROM OpportunityStage WHERE IsActive = true")).toBe(6);
  });

  it("keeps the stamps it was given", () => {
    const org = createOrg({ clock: manualClock(DEFAULT_NOW) });
    const { firstDay } = seedCompany(org, { leads: 200, seed: 5 });
    const created = [...org.dump("Lead")].map((lead) => parseInstant(String(lead["CreatedDate"])) ?? 0);
    expect(Math.min(...created)).toBeLessThan(firstDay.getTime() + 14 * 86_400_000);
    expect(Math.max(...created)).toBeLessThanOrEqual(DEFAULT_NOW.getTime());
  });
});
