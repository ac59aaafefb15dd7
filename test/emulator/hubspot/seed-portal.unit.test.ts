import { describe, expect, it } from "vitest";
import { manualClock } from "../../../src/core/time.ts";
import { seedPortal } from "../../../src/emulator/hubspot/company/seed-portal.ts";
import { dumpRecords } from "../../../src/emulator/hubspot/engine/load/dump-records.ts";
import { Portal } from "../../../src/emulator/hubspot/engine/portal.ts";
import { mergeRecords } from "../../../src/emulator/hubspot/engine/write/merge-records.ts";
import { createRecord } from "../../../src/emulator/hubspot/engine/write/save-record.ts";
import { type PortalRecord, recordsOf } from "./portal-records.ts";

const now = new Date("2026-06-01T08:00:00Z");

function seeded(leads: number, seed = 1): Portal {
  const portal = new Portal({ clock: manualClock(now), companyCurrency: "EUR" });
  seedPortal(portal, { leads, seed, now });
  portal.markStart();
  return portal;
}

const dump = (portal: Portal, type: string) => JSON.stringify([...dumpRecords(portal, type)]);
const TYPES = ["owners", "contacts", "companies", "leads", "deals", "calls", "campaigns"];
const ENGAGEMENTS = ["calls", "emails", "meetings", "notes", "tasks", "communications"];
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

describe("the seeded portal", () => {
  it("is the same for the same seed, and another for another", () => {
    const [one, same, other] = [seeded(60), seeded(60), seeded(60, 2)];
    for (const type of TYPES) expect([type, dump(same, type) === dump(one, type)]).toEqual([type, true]);
    expect(dump(other, "contacts")).not.toBe(dump(one, "contacts"));
  });

  it("matches its size, and nothing in it was made later than now", () => {
    const portal = seeded(300);
    const count = (type: string) => recordsOf(portal, type).length;
    // Of 300 leads one in a hundred is merged away with its contact; one in five is a deal, three in one engagements.
    const leads = count("leads");
    expect([leads <= 300, leads >= 290, count("deals"), count("campaigns")]).toEqual([true, true, 60, 36]);
    const engagements = sum(ENGAGEMENTS.map(count));
    expect(engagements).toBeGreaterThanOrEqual(900);
    expect(engagements).toBeLessThan(1_000);
    for (const type of ["contacts", "leads", "deals", ...ENGAGEMENTS]) {
      for (const record of recordsOf(portal, type)) {
        expect(Date.parse(record.createdAt), `${type} ${record.id}`).toBeLessThan(now.getTime());
      }
    }
  });

  it("comes back after a reset, whatever happened to it", () => {
    const portal = seeded(60);
    const before = TYPES.map((type) => dump(portal, type));
    const contacts = portal.typeNamed("contacts");
    createRecord(portal, contacts, new Map([["email", "new@example.com"]]), { sourceType: "INTEGRATION" });
    mergeRecords(portal, contacts, 100_001, 100_002, { sourceType: "MERGE_OBJECTS" });
    portal.companyCurrency = "USD";
    portal.settings.assertions = false;
    expect(dump(portal, "contacts")).not.toBe(before[TYPES.indexOf("contacts")]);
    portal.reset();
    expect(TYPES.map((type) => dump(portal, type))).toEqual(before);
    expect([portal.companyCurrency, portal.settings.assertions, portal.writes]).toEqual(["EUR", true, []]);
  });
});

describe("its story", () => {
  const portal = seeded(600);
  const leads = recordsOf(portal, "leads");
  const of = (record: PortalRecord, name: string) => record.properties[name];

  it("has people who left, queues, and leads that wait with a queue or with nobody", () => {
    const owners = [...dumpRecords(portal, "owners")];
    const where = (test: (owner: Record<string, unknown>) => boolean) => owners.filter(test).length;
    expect(where((owner) => owner["archived"] === true)).toBe(2);
    expect(where((owner) => owner["type"] === "QUEUE")).toBe(2);
    const queues = owners.filter((owner) => owner["type"] === "QUEUE").map((owner) => owner["id"]);
    const fresh = leads.filter((lead) => !lead.archived && of(lead, "hs_pipeline_stage") === "new-stage-id");
    expect(fresh.some((lead) => of(lead, "hubspot_owner_id") === undefined)).toBe(true);
    expect(leads.some((lead) => queues.includes(of(lead, "hubspot_owner_id")))).toBe(true);
  });

  it("hangs every lead on one contact, and some people have two", () => {
    const contacts = leads.map((lead) => lead.associations["contacts"] ?? []);
    expect(contacts.every((ids) => ids.length === 1)).toBe(true);
    expect(new Set(contacts.flat()).size).toBeLessThan(leads.length);
  });

  it("keeps merged contacts on the one that lives", () => {
    const contacts = recordsOf(portal, "contacts");
    const losers = contacts.flatMap((contact) => (of(contact, "hs_merged_object_ids") ?? "").split(";"));
    const known = new Set(contacts.map((contact) => contact.id));
    expect(losers.filter((id) => id !== "").length).toBeGreaterThan(0);
    expect(losers.some((id) => known.has(id))).toBe(false);
  });

  it("has calls and mails both ways, mail that came back, and meetings that were called off", () => {
    const values = (type: string, name: string) =>
      new Set(recordsOf(portal, type).map((one) => of(one, name)));
    expect(values("calls", "hs_call_direction")).toEqual(new Set(["OUTBOUND", "INBOUND"]));
    expect(values("emails", "hs_email_direction")).toEqual(
      new Set(["EMAIL", "INCOMING_EMAIL", "DRAFT_EMAIL"]),
    );
    expect(values("emails", "hs_email_status")).toEqual(new Set(["SENT", "BOUNCED", undefined]));
    expect([...values("meetings", "hs_meeting_outcome")]).toContain("CANCELED");
  });

  it("has campaigns whose spend is missing, nothing, or the sum of their monthly bills", () => {
    const spend = new Map(
      recordsOf(portal, "campaigns").map((one) => [of(one, "hs_name"), of(one, "hs_spend_items_sum_amount")]),
    );
    expect(spend.get("Website contact form")).toBeUndefined();
    expect(Number(spend.get("Newsletter sign-up"))).toBe(0);
    // A flat sum is told by the plan itself: 6,500 of print advertising, over the three months it ran in.
    expect(spend.get("Print advert Foundry Review")).toBe("6500");
  });
});
