import { describe, expect, it } from "vitest";
import { manualClock } from "../../../src/core/time.ts";
import { seedPortal } from "../../../src/emulator/hubspot/company/seed-portal.ts";
import { dumpRecords } from "../../../src/emulator/hubspot/engine/load/dump-records.ts";
import { Portal } from "../../../src/emulator/hubspot/engine/portal.ts";
import { mergeRecords } from "../../../src/emulator/hubspot/engine/write/merge-records.ts";
import { createRecord } from "../../../src/emulator/hubspot/engine/write/save-record.ts";
import { valueAt } from "../salesforce/wire/wire-client.ts";

const now = new Date("2026-06-01T08:00:00Z");

function seeded(leads: number, seed = 1): Portal {
  const portal = new Portal({ clock: manualClock(now) });
  seedPortal(portal, { leads, seed, now });
  portal.markStart();
  return portal;
}

const dump = (portal: Portal, type: string) => JSON.stringify([...dumpRecords(portal, type)]);
const TYPES = ["owners", "contacts", "companies", "leads", "deals", "calls", "campaigns"];

describe("the seeded portal", () => {
  it("is the same for the same seed, and another for another", () => {
    const [one, same, other] = [seeded(60), seeded(60), seeded(60, 2)];
    for (const type of TYPES) expect([type, dump(same, type) === dump(one, type)]).toEqual([type, true]);
    expect(dump(other, "contacts")).not.toBe(dump(one, "contacts"));
  });

  it("matches its size, and nothing in it lies ahead", () => {
    const portal = seeded(300);
    const count = (type: string) => portal.table(portal.typeNamed(type).typeId).rowCount;
    // A third are leads, a fifth have deals; five in six have 1 to 6 engagements: 300 x 5/6 x 3.5 = 875 at most.
    expect([count("contacts"), count("leads"), count("deals"), count("campaigns")]).toEqual([
      300, 100, 60, 8,
    ]);
    const engagements = ["calls", "emails", "meetings", "notes", "tasks", "communications"];
    const sum = engagements.reduce((total, type) => total + count(type), 0);
    expect(sum).toBeGreaterThan(500);
    expect(sum).toBeLessThan(1_000);
    for (const type of ["contacts", "deals", ...engagements]) {
      const table = portal.table(portal.typeNamed(type).typeId);
      for (const row of table.rowsById()) expect(table.createdAt.number(row)).toBeLessThan(now.getTime());
    }
    const [first] = [...dumpRecords(portal, "campaigns")];
    expect(Number(valueAt(first, "properties.hs_spend_items_sum_amount"))).toBeGreaterThan(0);
  });

  it("comes back after a reset, whatever happened to it", () => {
    const portal = seeded(60);
    const before = TYPES.map((type) => dump(portal, type));
    const contacts = portal.typeNamed("contacts");
    createRecord(portal, contacts, new Map([["email", "new@example.com"]]), { sourceType: "INTEGRATION" });
    mergeRecords(portal, contacts, 100_001, 100_002, { sourceType: "MERGE_OBJECTS" });
    portal.companyCurrency = "EUR";
    portal.settings.assertions = false;
    expect(dump(portal, "contacts")).not.toBe(before[TYPES.indexOf("contacts")]);
    portal.reset();
    expect(TYPES.map((type) => dump(portal, type))).toEqual(before);
    expect([portal.companyCurrency, portal.settings.assertions, portal.writes]).toEqual(["USD", true, []]);
  });
});
