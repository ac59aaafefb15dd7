import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createEmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";
import { startEmulator } from "../../../src/emulator/server/start-emulator.ts";
import { createFakeOrg } from "../salesforce/wire/fake-org.ts";
import { containing, startWire, T0, valueAt, type WireClient } from "../salesforce/wire/wire-client.ts";

let wire: WireClient;
const open: WireClient[] = [];
beforeEach(async () => {
  wire = await startWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const errorOf = (json: unknown) => String(valueAt(json, "error"));

describe("the control API", () => {
  it("is not counted, and answers JSON that says what was wrong", async () => {
    const unknown = await wire.control("GET", "nonsense");
    expect([unknown.status, errorOf(unknown.json)]).toEqual([404, containing("GET requests")]);
    const wrong = await wire.control("POST", "clock", { advance: 5 });
    expect([wrong.status, errorOf(wrong.json)]).toEqual([400, containing("advance")]);
    expect((await wire.control("GET", "requests")).json).toEqual({
      salesforce: { operations: {}, metered: 0, subrequests: {}, unknownParameters: [] },
      hubspot: { operations: {}, metered: 0, subrequests: {}, unknownParameters: [] },
      writes: [],
    });
  });

  it("sets, moves and stops the clock", async () => {
    expect(
      (await wire.control("POST", "clock", { now: "2027-01-01T00:00:00Z", stopped: true })).json,
    ).toEqual({
      now: "2027-01-01T00:00:00.000Z",
      stopped: true,
    });
    expect((await wire.control("POST", "clock", { advanceSeconds: 90 })).json).toMatchObject({
      now: "2027-01-01T00:01:30.000Z",
    });
    expect((await wire.control("POST", "clock", { stopped: false })).json).toMatchObject({ stopped: false });
  });

  it("loads NDJSON and gives it back", async () => {
    const lines = Array.from({ length: 12_000 }, (_, index) => JSON.stringify({ LastName: `Ä${index}` }));
    const loaded = await wire.control("POST", "load/salesforce/Lead", `${lines.join("\n")}\n\n`);
    expect(loaded.json).toEqual({ loaded: 12_000 });
    const records = (await wire.control("GET", "records/salesforce/Lead")).text.trimEnd().split("\n");
    expect(records).toHaveLength(12_000);
    expect(JSON.parse(records[11_999] ?? "")).toMatchObject({ LastName: "Ä11999" });
    expect((await wire.control("GET", "requests")).json).toMatchObject({ salesforce: { metered: 0 } });
  });

  it("names the line that is not JSON, and refuses an unknown field with 400", async () => {
    const broken = await wire.control("POST", "load/salesforce/Lead", '{"LastName":"A"}\n{broken\n');
    expect([broken.status, errorOf(broken.json)]).toEqual([400, containing("line 2")]);
    const unknown = await wire.control("POST", "load/salesforce/Lead", '{"Nonsense":1}\n');
    expect([unknown.status, unknown.json]).toEqual([
      400,
      { error: "No such column 'Nonsense' on Lead", errorCode: "INVALID_FIELD" },
    ]);
    expect((await wire.control("POST", "load/netsuite/contacts", "{}\n")).status).toBe(404);
  });

  it("takes a date alone for the clock, and says what an instant looks like", async () => {
    expect((await wire.control("POST", "clock", { now: "2027-03-01" })).json).toMatchObject({
      now: "2027-03-01T00:00:00.000Z",
    });
    expect((await wire.control("POST", "clock", { now: "2027-03-01T10:00+02:00" })).json).toMatchObject({
      now: "2027-03-01T08:00:00.000Z",
    });
    const wrong = await wire.control("POST", "clock", { now: "tomorrow" });
    expect([wrong.status, errorOf(wrong.json)]).toEqual([400, containing("2026-06-01")]);
  });

  it("answers 400 to a path that is not percent-encoded text and to gzip that is none", async () => {
    const path = await wire.control("POST", "load/salesforce/Lead%", "");
    expect([path.status, errorOf(path.json)]).toEqual([400, containing("%25")]);
    const body = await fetch(`${wire.emulator.ready.control}/load/salesforce/Lead`, {
      method: "POST",
      headers: { "content-encoding": "gzip" },
      body: '{"LastName":"A"}',
    });
    expect([body.status, await body.text()]).toEqual([400, containing("Content-Encoding")]);
  });

  it("goes back to the start: records, counts, faults, settings and clock", async () => {
    await wire.control("POST", "load/salesforce/Lead", '{"LastName":"A"}\n');
    await wire.control("POST", "clock", { advanceSeconds: 100 });
    await wire.control("POST", "faults", {
      salesforce: { bulkPageRows: 3 },
      faults: [{ preset: "unavailable", times: null }],
    });
    await wire.call("GET", "data:/limits");
    await wire.control("POST", "reset");
    expect((await wire.control("GET", "records/salesforce/Lead")).text).toBe("");
    expect((await wire.control("GET", "clock")).json).toEqual({ now: T0, stopped: true });
    expect((await wire.control("GET", "faults")).json).toMatchObject({
      faults: [],
      salesforce: { bulkPageRows: 50_000, apiRequestsUsed: 0 },
    });
    expect((await wire.call("GET", "data:/limits")).headers.get("sforce-limit-info")).toBe(
      "api-usage=1/150000",
    );
  });

  it("says which setting it does not know", async () => {
    const reply = await wire.control("POST", "faults", { salesforce: { bulkPageRow: 3 } });
    expect([reply.status, errorOf(reply.json)]).toEqual([400, containing("bulkPageRow")]);
    const org = await wire.control("POST", "faults", { salesforce: { org: { rule: 1 } } });
    expect([org.status, errorOf(org.json)]).toEqual([400, containing("no settings")]);
  });
});

describe("faults", () => {
  const add = (...faults: readonly object[]) => wire.control("POST", "faults", { faults });
  const limits = () => wire.call("GET", "data:/limits");
  const lead = (LastName: string) => ({ records: [{ attributes: { type: "Lead" }, LastName }] });

  it.each([
    ["expired_session", 401, "Session expired or invalid"],
    ["request_limit", 403, "TotalRequests Limit exceeded."],
    ["server_error", 500, "<html>"],
    ["bad_gateway", 502, "<html>"],
    ["unavailable", 503, "<html>"],
  ])("%s answers once in the place of the real answer", async (preset, status, text) => {
    await add({ preset });
    const reply = await limits();
    expect([reply.status, reply.text]).toEqual([status, containing(text)]);
    expect((await limits()).status).toBe(200);
  });

  it("can answer 200 with half a JSON text", async () => {
    await add({ preset: "wrong_json" });
    await expect(limits()).rejects.toThrow("JSON");
    expect((await limits()).status).toBe(200);
  });

  it("meet only the requests they describe, after those let through, as often as they say", async () => {
    await add({ operation: "composite/sobjects*", object: "lead", skip: 1, times: 2, preset: "unavailable" });
    const post = async (type: string) =>
      (
        await wire.call("POST", "data:/composite/sobjects", {
          records: [{ attributes: { type }, LastName: "A" }],
        })
      ).status;
    const statuses: number[] = [];
    for (const type of ["Contact", "Lead", "Contact", "Lead", "Lead", "Lead"])
      statuses.push(await post(type));
    expect(statuses).toEqual([200, 200, 200, 503, 503, 200]);
    expect((await limits()).status).toBe(200);
    expect((await wire.control("GET", "faults")).json).toMatchObject({ faults: [{ met: 2, remaining: 0 }] });
  });

  it("find an object inside a Composite", async () => {
    await add({ operation: "composite", object: "Task", preset: "unavailable" });
    const part = (object: string) => ({
      compositeRequest: [
        { method: "GET", url: `/services/data/v67.0/query?q=SELECT Id FROM ${object}`, referenceId: "q" },
      ],
    });
    expect((await wire.call("POST", "data:/composite", part("Lead"))).status).toBe(200);
    expect((await wire.call("POST", "data:/composite", part("Task"))).status).toBe(503);
  });

  it("break the connection before the write takes effect, or after", async () => {
    await add({ operation: "composite/sobjects POST", reset: true });
    await expect(wire.call("POST", "data:/composite/sobjects", lead("A"))).rejects.toThrow("fetch failed");
    expect(wire.org.recordCount()).toBe(0);
    await add({ operation: "composite/sobjects POST", reset: true, when: "after" });
    await expect(wire.call("POST", "data:/composite/sobjects", lead("A"))).rejects.toThrow("fetch failed");
    expect(wire.org.recordCount()).toBe(1);
  });

  it("answer 502 although the write took effect", async () => {
    await add({ operation: "composite/sobjects POST", preset: "bad_gateway", when: "after" });
    expect((await wire.call("POST", "data:/composite/sobjects", lead("A"))).status).toBe(502);
    expect(wire.org.recordCount()).toBe(1);
  });

  it("cut a Bulk page short on the wire", async () => {
    wire.org.load(
      "Lead",
      Array.from({ length: 5_000 }, () => ({ LastName: "A" })),
    );
    const made = await wire.call("POST", "data:/jobs/query", {
      operation: "query",
      query: "SELECT Id, LastName FROM Lead",
    });
    const results = `data:/jobs/query/${String(made.at("id"))}/results`;
    await add({ operation: "jobs/query/results", truncateAfterBytes: 1_000 });
    await expect(wire.call("GET", results)).rejects.toThrow("terminated");
    expect((await wire.call("GET", results)).text.split("\n")).toHaveLength(5_002);
  });

  it("stall a page until the client gives up", async () => {
    await add({ operation: "limits", stallAfterBytes: 10 });
    const { instanceUrl, accessToken } = wire.emulator.ready.salesforce;
    const giveUp = new AbortController();
    const response = await fetch(`${instanceUrl}/services/data/v67.0/limits`, {
      headers: { authorization: `Bearer ${accessToken}`, "accept-encoding": "identity" },
      signal: giveUp.signal,
    });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(first?.value).toHaveLength(10);
    giveUp.abort();
    await expect(reader?.read()).rejects.toThrow("abort");
  });

  it("change headers and answer with anything", async () => {
    await add({ operation: "limits", removeHeaders: ["sforce-limit-info"], setHeaders: { "x-a": "b" } });
    const spoiled = await limits();
    expect([spoiled.status, spoiled.headers.get("sforce-limit-info"), spoiled.headers.get("x-a")]).toEqual([
      200,
      null,
      "b",
    ]);
    await add({
      operation: "limits",
      answer: { status: 400, body: [{ message: "m", errorCode: "UNABLE_TO_LOCK_ROW" }] },
    });
    expect((await limits()).json).toEqual([{ message: "m", errorCode: "UNABLE_TO_LOCK_ROW" }]);
  });

  it("end all issued sessions at once", async () => {
    const { clientId, clientSecret } = wire.emulator.ready.salesforce;
    const granted = await wire.form("/services/oauth2/token", {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
    });
    const headers = { authorization: `Bearer ${String(granted.at("access_token"))}` };
    expect((await wire.call("GET", "data:/limits", undefined, headers)).status).toBe(200);
    await wire.control("POST", "faults", { salesforce: { expireSessions: "issued" } });
    expect((await wire.call("GET", "data:/limits", undefined, headers)).status).toBe(401);
    expect((await limits()).status).toBe(200);
  });
});

describe("a started emulator", () => {
  it("says how to reach it, and writes an env file with absolute paths and a key nobody else can read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ripeline-env-"));
    try {
      const file = join(folder, "sub", "emulator.env");
      await wire.emulator.writeEnvFile(file);
      const variables = new Map(
        (await readFile(file, "utf8"))
          .trim()
          .split("\n")
          .map((line): [string, string] => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]),
      );
      expect([...variables.keys()]).toEqual([
        "SALESFORCE_LOGIN_URL",
        "SALESFORCE_CLIENT_ID",
        "SALESFORCE_USERNAME",
        "SALESFORCE_PRIVATE_KEY_FILE",
        "SALESFORCE_CLIENT_SECRET",
        "HUBSPOT_BASE_URL",
        "HUBSPOT_ACCESS_TOKEN",
        "HUBSPOT_CLIENT_ID",
        "HUBSPOT_CLIENT_SECRET",
      ]);
      const key = variables.get("SALESFORCE_PRIVATE_KEY_FILE") ?? "";
      expect(isAbsolute(key)).toBe(true);
      expect(await readFile(key, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
      expect((await stat(key)).mode & 0o077).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("refuses a port that is taken, and closes while clients hold connections", async () => {
    const clock = createEmulatorClock(new Date(T0));
    const port = Number(new URL(wire.emulator.ready.control).port);
    await expect(startEmulator({ port, org: createFakeOrg(clock), clock })).rejects.toThrow("EADDRINUSE");
    const other = await startEmulator({ port: 0, org: createFakeOrg(clock), clock });
    expect((await fetch(`${other.ready.control}/clock`)).status).toBe(200);
    await other.close();
    await expect(fetch(`${other.ready.control}/clock`)).rejects.toThrow("fetch failed");
  });
});
