import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import { PermissionError, QuotaExhaustedError, RequestRefusedError } from "../../../src/core/errors.ts";
import type { OpenConnection, WireValue, WriteOutcome, WriteRow } from "../../../src/core/ports.ts";
import { type HubSpotClient, startHubSpot } from "../../emulator/hubspot/hubspot-client.ts";

const anyText: unknown = expect.any(String);
const containing = (text: string): unknown => expect.stringContaining(text);

/** The writing half against the emulated portal, which was written apart from it. */
let hub: HubSpotClient;
let connection: OpenConnection;
let slept: number[];

const UPDATE = "objects/batch/update";
const PROPERTIES = "/crm/properties/2026-09/contacts";
const BOOL = [
  { label: "Yes", value: "true" },
  { label: "No", value: "false" },
];

beforeAll(async () => {
  hub = await startHubSpot();
});
afterAll(() => hub.emulator.close());

beforeEach(async () => {
  await hub.control("POST", "reset");
  // The clock stands, so that a window of ten seconds would never pass.
  await hub.set({ tenSecondlyLimit: 10_000 });
  await hub.call("POST", `${PROPERTIES}/groups`, { name: "ripeline", label: "Ripeline" });
  for (const body of [
    { name: "ripeline_rots_at", type: "datetime", fieldType: "date" },
    { name: "ripeline_outcome", type: "string", fieldType: "text" },
    { name: "ripeline_handoff_count", type: "number", fieldType: "number" },
    { name: "ripeline_rotting", type: "bool", fieldType: "booleancheckbox", options: BOOL },
  ]) {
    const made = await hub.call("POST", PROPERTIES, { label: body.name, groupName: "ripeline", ...body });
    expect(made.status).toBe(201);
  }
  slept = [];
  const { baseUrl, accessToken } = hub.emulator.ready.hubspot;
  connection = await connectHubspot({
    baseUrl,
    accessToken,
    log: silentLog,
    pacing: {
      random: () => 1,
      sleep: (ms) => {
        slept.push(ms);
        return Promise.resolve();
      },
    },
  });
});
afterEach(() => connection.close());

async function contacts(count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => String(1_000 + index));
  await hub.load("contacts", ...ids.map((id) => ({ id, properties: { email: `c${id}@example.com` } })));
  return ids;
}

const row = (key: string, fields: Readonly<Record<string, WireValue>>): WriteRow => ({ key, fields });

const writeContacts = (rows: readonly WriteRow[]) =>
  connection.write({ object: "contacts", keyField: "hs_object_id", rows, batchSize: 100 });

/** Meets writes of records by id. */
async function fault(spec: object): Promise<void> {
  const faults = [{ operation: UPDATE, ...spec }];
  const reply = await hub.control("POST", "faults", { faults });
  expect(reply.status).toBe(200);
}

async function stored(id: string, ...names: readonly string[]) {
  const { records } = await connection.read({ object: "contacts", ids: [id], fields: names });
  return records[0];
}

const Ledger = z.looseObject({
  writes: z.array(z.looseObject({ operation: z.string(), id: z.string() })),
});
async function writesOf(operation: string): Promise<readonly string[]> {
  const reply = await hub.control("GET", "requests");
  const { writes } = Ledger.parse(JSON.parse(reply.text));
  return writes.filter((each) => each.operation === operation).map(({ id }) => id);
}

const bad = (outcomes: readonly WriteOutcome[]) => outcomes.filter((outcome) => !outcome.ok);

describe("what is written", () => {
  it("puts texts, numbers, instants and yes or no where they belong, and clears with a blank", async () => {
    const [id = ""] = await contacts(1);
    const report = await writeContacts([
      row(id, {
        ripeline_rots_at: "2026-06-02T09:30:00.000Z",
        ripeline_outcome: "worked",
        ripeline_handoff_count: 3,
        ripeline_rotting: true,
      }),
    ]);
    expect(report.outcomes).toEqual([{ key: id, ok: true, id, created: false }]);
    expect(report.calls).toBe(1);
    const names = ["ripeline_rots_at", "ripeline_outcome", "ripeline_handoff_count", "ripeline_rotting"];
    expect(await stored(id, ...names)).toEqual({
      ripeline_rots_at: "2026-06-02T09:30:00Z",
      ripeline_outcome: "worked",
      ripeline_handoff_count: "3",
      ripeline_rotting: "true",
    });
    await writeContacts([row(id, { ripeline_rots_at: null, ripeline_rotting: false })]);
    expect(await stored(id, ...names)).toMatchObject({ ripeline_rots_at: null, ripeline_rotting: "false" });
  });

  it("sends 250 rows in three calls, with one outcome a row in the order of the rows", async () => {
    const ids = await contacts(250);
    const report = await writeContacts(ids.map((id) => row(id, { ripeline_outcome: "worked" })));
    // ceil(250 / 100) = 3.
    expect(report.calls).toBe(3);
    expect(report.outcomes.map(({ key }) => key)).toEqual(ids);
    expect(bad(report.outcomes)).toEqual([]);
    expect(connection.rowsPerCall("contacts", 200)).toBe(100);
  });

  it("never names a record twice in a batch, and the later row wins", async () => {
    const [id = ""] = await contacts(1);
    const report = await writeContacts([
      row(id, { ripeline_outcome: "first" }),
      row(id, { ripeline_outcome: "second" }),
    ]);
    expect(bad(report.outcomes)).toEqual([]);
    expect(report.calls).toBe(2);
    expect(await stored(id, "ripeline_outcome")).toEqual({ ripeline_outcome: "second" });
  });

  it("makes rows of our own objects by their key, finds them again by it, and takes them away", async () => {
    const made = await hub.call("POST", "/crm-object-schemas/2026-09/schemas", {
      name: "ripeline_handoff",
      labels: { singular: "Handoff", plural: "Handoffs" },
      primaryDisplayProperty: "ripeline_key",
      properties: [
        { name: "ripeline_key", label: "Key", type: "string", fieldType: "text", hasUniqueValue: true },
        { name: "ripeline_outcome", label: "Outcome", type: "string", fieldType: "text" },
      ],
    });
    expect(made.status).toBe(201);
    const write = (outcome: string) =>
      connection.write({
        object: "ripeline_handoff",
        keyField: "ripeline_key",
        rows: ["a", "b"].map((key) => row(key, { ripeline_outcome: outcome })),
        batchSize: 100,
      });
    const first = await write("open");
    expect(first.outcomes).toEqual([
      { key: "a", ok: true, id: anyText, created: true },
      { key: "b", ok: true, id: anyText, created: true },
    ]);
    const ids = first.outcomes.map((outcome) => (outcome.ok ? outcome.id : ""));
    expect(ids[0]).not.toBe(ids[1]);
    const second = await write("worked");
    expect(second.outcomes).toEqual([
      { key: "a", ok: true, id: ids[0], created: false },
      { key: "b", ok: true, id: ids[1], created: false },
    ]);
    const read = () => connection.read({ object: "ripeline_handoff", ids, fields: ["ripeline_outcome"] });
    expect((await read()).records).toEqual([{ ripeline_outcome: "worked" }, { ripeline_outcome: "worked" }]);
    const removed = await connection.remove({ object: "ripeline_handoff", ids });
    expect(removed.outcomes.every(({ ok }) => ok)).toBe(true);
    expect((await read()).records).toEqual([null, null]);
  });
});

describe("what is refused", () => {
  it.each(["whole", "row"])("finds the one row that a value spoils, the %s refused", async (how) => {
    await hub.set({ batchInvalidValue: how });
    const ids = await contacts(9);
    const report = await writeContacts(
      ids.map((id, index) => row(id, { ripeline_handoff_count: index === 4 ? "many" : index })),
    );
    expect(bad(report.outcomes)).toEqual([
      {
        key: ids[4],
        ok: false,
        code: how === "whole" ? "INVALID_INTEGER" : anyText,
        message: containing("ripeline_handoff_count was not a valid number"),
        retryable: false,
      },
    ]);
    expect(await stored(ids[8] ?? "", "ripeline_handoff_count")).toEqual({ ripeline_handoff_count: "8" });
  });

  it("tells a row that an admin's rule refuses in the portal's words, and writes its neighbours", async () => {
    const ids = await contacts(3);
    await hub.control("POST", "automation", {
      hubspot: {
        validationRules: [
          {
            objectType: "contacts",
            property: "phone",
            when: { property: "ripeline_outcome", value: "worked" },
            message: "A worked contact needs a phone",
          },
        ],
      },
    });
    const report = await writeContacts(
      ids.map((id, index) => row(id, { ripeline_outcome: index === 1 ? "worked" : "open" })),
    );
    expect(bad(report.outcomes)).toEqual([
      {
        key: ids[1],
        ok: false,
        code: "REQUIRED_PROPERTY",
        message: containing("A worked contact needs a phone"),
        retryable: false,
      },
    ]);
  });

  it("names a deleted record as gone, with its neighbours written by the same call", async () => {
    const ids = await contacts(3);
    await hub.call("DELETE", `/crm/objects/2026-09/contacts/${ids[0]}`);
    const report = await writeContacts(ids.map((id) => row(id, { ripeline_outcome: "open" })));
    expect(report.calls).toBe(1);
    expect(bad(report.outcomes)).toMatchObject([{ key: ids[0], code: "OBJECT_NOT_FOUND", retryable: false }]);
  });

  it.each(["omit", "not_found"])("does not take a merged id for written: %s", async (batchMergedId) => {
    await hub.set({ batchMergedId });
    const [kept = "", lost = "", other = ""] = await contacts(3);
    await hub.call("POST", "/crm/objects/2026-09/contacts/merge", {
      primaryObjectId: kept,
      objectIdToMerge: lost,
    });
    const report = await writeContacts([lost, other].map((id) => row(id, { ripeline_outcome: "open" })));
    const code = batchMergedId === "omit" ? "MERGED" : "OBJECT_NOT_FOUND";
    expect(report.outcomes).toMatchObject([
      { key: lost, ok: false, code, retryable: false },
      { key: other, ok: true },
    ]);
    expect(await stored(kept, "ripeline_outcome")).toEqual({ ripeline_outcome: null });
  });

  it("refuses all rows that have a property the portal lacks, in two calls instead of halving", async () => {
    const ids = await contacts(8);
    const report = await writeContacts(
      ids.map((id, index) => row(id, index < 4 ? { ripeline_gone: "x" } : { ripeline_outcome: "open" })),
    );
    expect(report.calls).toBe(2);
    expect(bad(report.outcomes).map(({ key }) => key)).toEqual(ids.slice(0, 4));
    expect(bad(report.outcomes)[0]).toMatchObject({ code: "PROPERTY_DOESNT_EXIST" });
  });

  it("sends nothing that is not ours, whoever asks", async () => {
    const [id = ""] = await contacts(1);
    const update = (object: string, fields: Readonly<Record<string, WireValue>>) =>
      connection.write({ object, keyField: "hs_object_id", rows: [row(id, fields)], batchSize: 1 });
    for (const [object, field] of [
      ["contacts", "hubspot_owner_id"],
      ["contacts", "lifecyclestage"],
      ["contacts", "hs_lead_status"],
      ["companies", "ripeline_outcome"],
    ] as const) {
      await expect(update(object, { [field]: "1" })).rejects.toMatchObject({ vendorCode: "WRITE_GUARD" });
    }
    await expect(connection.remove({ object: "contacts", ids: [id] })).rejects.toThrow(RequestRefusedError);
    expect(await writesOf(UPDATE)).toEqual([]);
  });

  it("says which scope is missing, and writes nothing", async () => {
    const [id = ""] = await contacts(1);
    await hub.set({ scopes: ["crm.objects.contacts.read"] });
    const refused = writeContacts([row(id, { ripeline_outcome: "open" })]);
    await expect(refused).rejects.toThrow(PermissionError);
    await expect(refused).rejects.toThrow(/crm\.objects\.contacts\.write/);
  });
});

describe("what breaks on the way", () => {
  it.each([
    ["hubspot_ten_secondly", 10_000],
    ["hubspot_search_limit", 1_000],
    ["hubspot_cloudflare", 10_000],
    ["hubspot_cloudflare_untyped", 10_000],
    ["hubspot_locked", 2_000],
    ["hubspot_internal", 500],
    ["hubspot_bad_gateway", 500],
  ])("waits and sends again after %s", async (preset, wait) => {
    const [id = ""] = await contacts(1);
    await fault({ preset });
    const report = await writeContacts([row(id, { ripeline_outcome: "open" })]);
    expect(bad(report.outcomes)).toEqual([]);
    expect(report.calls).toBe(2);
    expect(slept).toContain(wait);
  });

  it("ends where the day's calls are spent, and says so", async () => {
    const [id = ""] = await contacts(1);
    await fault({ preset: "hubspot_daily" });
    await expect(writeContacts([row(id, { ripeline_outcome: "open" })])).rejects.toThrow(QuotaExhaustedError);
  });

  it("sends again what was written without an answer: the same values, once", async () => {
    const [id = ""] = await contacts(1);
    await fault({ reset: true, when: "after" });
    const report = await writeContacts([row(id, { ripeline_outcome: "open" })]);
    expect(report.outcomes).toEqual([{ key: id, ok: true, id, created: false }]);
    expect(await stored(id, "ripeline_outcome")).toEqual({ ripeline_outcome: "open" });
    expect(await writesOf(UPDATE)).toEqual([id, id]);
    const history = await hub.call(
      "GET",
      `/crm/v3/objects/contacts/${id}?propertiesWithHistory=ripeline_outcome`,
    );
    expect(history.at("propertiesWithHistory.ripeline_outcome")).toHaveLength(1);
  });

  it("forgets nothing that was written before the day's calls ran out", async () => {
    const ids = await contacts(500);
    // Four batches go at one time: the fifth meets the fault.
    await fault({ skip: 4, preset: "hubspot_daily" });
    const report = await writeContacts(ids.map((id) => row(id, { ripeline_outcome: "open" })));
    expect(report.interrupted).toBeInstanceOf(QuotaExhaustedError);
    expect(report.outcomes.slice(0, 400).every(({ ok }) => ok)).toBe(true);
    expect(report.outcomes.slice(400)).toHaveLength(100);
    expect(report.outcomes.slice(400).every((each) => !each.ok && each.isUnsent === true)).toBe(true);
  });
});
