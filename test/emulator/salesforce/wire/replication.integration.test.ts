import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type RealWire, startRealWire } from "./real-wire.ts";
import { containing } from "./wire-client.ts";

// The clock stands at 2026-06-01T08:00:00Z.
let wire: RealWire;
const open: RealWire[] = [];
beforeEach(async () => {
  wire = await startRealWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const changes = (kind: "updated" | "deleted", start: string, end: string, object = "Lead") =>
  wire.user(
    "GET",
    `/sobjects/${object}/${kind}/?start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`,
  );
const lead = (SystemModstamp: string) => ({ LastName: "A", Company: "B", SystemModstamp });
const remove = (id: string) => wire.admin("DELETE", `/sobjects/Lead/${id}`);

describe("getUpdated", () => {
  it("lists ids by SystemModstamp, from the start's minute up to the end's, and what it covers", async () => {
    const [, inside, , gone = ""] = await wire.load("Lead", [
      lead("2026-05-31T23:59:59Z"),
      lead("2026-06-01T00:00:00Z"),
      lead("2026-06-01T06:00:00Z"),
      lead("2026-06-01T01:00:00Z"),
    ]);
    await remove(gone);
    // Seconds are cut off: 00:00:59 is 00:00:00, 06:00:59 is 06:00:00 and not part of it.
    const reply = await changes("updated", "2026-06-01T00:00:59+00:00", "2026-06-01T06:00:59+00:00");
    expect([reply.status, reply.json]).toEqual([
      200,
      { ids: [inside], latestDateCovered: "2026-06-01T06:00:00.000+0000" },
    ]);
    expect(Object.keys(Object(reply.json))).toEqual(["ids", "latestDateCovered"]);
  });

  it("never covers the future, and takes a plus sign that was not encoded", async () => {
    await wire.load("Lead", [lead("2026-06-01T07:59:30Z")]);
    const reply = await wire.user(
      "GET",
      "/sobjects/Lead/updated?start=2026-06-01T07:00:00+00:00&end=2026-06-01T20:00:00+00:00",
    );
    expect(reply.at("latestDateCovered")).toBe("2026-06-01T08:00:00.000+0000");
    expect(reply.at("ids.0")).toBeDefined();
  });

  it("refuses a window that is empty, too old or not there", async () => {
    const code = async (start: string, end: string) => {
      const reply = await changes("updated", start, end);
      return [reply.status, reply.at("0.errorCode"), reply.at("0.message")];
    };
    expect(await code("2026-06-01T07:00:10Z", "2026-06-01T07:00:50Z")).toEqual([
      400,
      "INVALID_REPLICATION_DATE",
      "startDate must precede endDate by more than one minute",
    ]);
    expect(await code("2026-05-02T07:00:00Z", "2026-06-01T07:00:00Z")).toEqual([
      400,
      "INVALID_REPLICATION_DATE",
      "startDate cannot be more than 30 days ago",
    ]);
    expect(await code("yesterday", "2026-06-01T07:00:00Z")).toEqual([
      400,
      "INVALID_REPLICATION_DATE",
      containing("yesterday"),
    ]);
    expect((await wire.user("GET", "/sobjects/Lead/updated/")).status).toBe(400);
    expect((await changes("updated", "2026-06-01T00:00:00Z", "2026-06-01T07:00:00Z", "Nope")).status).toBe(
      404,
    );
    const setup = await changes("updated", "2026-06-01T00:00:00Z", "2026-06-01T07:00:00Z", "UserLicense");
    expect(setup.at("0.message")).toBe("sObject type UserLicense is not replicable");
  });
});

describe("getDeleted", () => {
  it("lists deleted records with their time, purged ones too, and none that came back", async () => {
    const [kept, a = "", b = "", back = ""] = await wire.load("Lead", [
      lead("2026-06-01T00:00:00Z"),
      lead("2026-06-01T00:00:00Z"),
      lead("2026-06-01T00:00:00Z"),
      lead("2026-06-01T00:00:00Z"),
    ]);
    expect(kept).toBeDefined();
    await remove(b);
    wire.clock.advance(60_000);
    await remove(a);
    await remove(back);
    await wire.control("POST", "recycle-bin", { salesforce: { purge: { ids: [b] }, undelete: [back] } });
    wire.clock.advance(60_000);
    const reply = await changes("deleted", "2026-06-01T07:00:00Z", "2026-06-01T08:02:00Z");
    expect(reply.json).toEqual({
      deletedRecords: [
        { id: b, deletedDate: "2026-06-01T08:00:00.000+0000" },
        { id: a, deletedDate: "2026-06-01T08:01:00.000+0000" },
      ],
      earliestDateAvailable: "2026-05-02T08:02:00.000+0000",
      latestDateCovered: "2026-06-01T08:02:00.000+0000",
    });
    // 08:01 is not before 08:01.
    const earlier = await changes("deleted", "2026-06-01T07:00:00Z", "2026-06-01T08:01:00Z");
    expect(earlier.at("deletedRecords.0.id")).toBe(b);
    expect(earlier.at("deletedRecords.1")).toBeUndefined();
  });
});

describe("record counts", () => {
  it("count live records, leave out unknown and empty objects, and are metered", async () => {
    const [a = ""] = await wire.load("Lead", [lead("2026-06-01T00:00:00Z"), lead("2026-06-01T00:00:00Z")]);
    await wire.load("Task", [
      { Subject: "old", Status: "Completed", ActivityDate: "2024-01-01" },
      { Subject: "new", Status: "Completed", ActivityDate: "2026-05-01" },
    ]);
    await remove(a);
    // A lead is deleted, and a task closed more than a year ago is archived: one of each is left.
    expect((await wire.user("GET", "/limits/recordCount?sObjects=Task,Lead,Contact,Nope__c")).json).toEqual({
      sObjects: [
        { count: 1, name: "Lead" },
        { count: 1, name: "Task" },
      ],
    });
    const all = (await wire.user("GET", "/limits/recordCount")).at("sObjects");
    expect(all).toEqual(expect.arrayContaining([{ count: 2, name: "User" }]));
    expect(JSON.stringify(all)).not.toContain("History");
    const { json } = await wire.control("GET", "requests");
    expect(json).toMatchObject({ salesforce: { operations: { "limits/recordCount": 2 } } });
  });
});
