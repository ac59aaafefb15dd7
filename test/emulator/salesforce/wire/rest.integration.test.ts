import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { matching, startWire, type WireClient } from "./wire-client.ts";

let wire: WireClient;
const open: WireClient[] = [];
beforeEach(async () => {
  wire = await startWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const loadLeads = (count: number) =>
  wire.org.load(
    "Lead",
    Array.from({ length: count }, (_, index) => ({ LastName: `Lead ${index}`, Company: "Acme" })),
  );
const soql = (text: string) => `data:/query?q=${encodeURIComponent(text)}`;

describe("describing the org", () => {
  it("lists the versions without metering and without a token", async () => {
    const reply = await wire.call("GET", "/services/data", undefined, { authorization: "" });
    expect(reply.headers.get("sforce-limit-info")).toBeNull();
    expect(reply.json).toHaveLength(18);
    expect(reply.json).toContainEqual({
      label: "Summer '26",
      url: "/services/data/v67.0",
      version: "67.0",
    });
    const requests = await wire.control("GET", "requests");
    expect(requests.json).toMatchObject({ salesforce: { operations: { versions: 1 }, metered: 0 } });
  });

  it("does not know a version it does not have", async () => {
    const reply = await wire.call("GET", "/services/data/v49.0/sobjects");
    expect(reply.status).toBe(404);
    expect(reply.text).toBe('[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]');
  });

  it("answers 304 to a client that has the org's metadata already", async () => {
    const reply = await wire.call("GET", "data:/sobjects/Lead/describe");
    expect(reply.json).toMatchObject({ name: "Lead" });
    const etag = reply.headers.get("etag") ?? "";
    expect((await wire.call("GET", "data:/sobjects")).headers.get("etag")).toBe(etag);
    const same = await wire.call("GET", "data:/sobjects/Lead/describe", undefined, { "if-none-match": etag });
    expect([same.status, same.text]).toEqual([304, ""]);
    const since = { "if-modified-since": reply.headers.get("last-modified") ?? "" };
    expect((await wire.call("GET", "data:/sobjects", undefined, since)).status).toBe(304);
    wire.org.metadataStamp = new Date("2026-06-01T07:59:00Z");
    expect((await wire.call("GET", "data:/sobjects", undefined, since)).status).toBe(200);
  });
});

describe("the wire itself", () => {
  it("dates every answer by the emulated clock", async () => {
    await wire.control("POST", "clock", { now: "2031-02-03T04:05:06Z" });
    expect((await wire.call("GET", "data:/limits")).headers.get("date")).toBe(
      "Mon, 03 Feb 2031 04:05:06 GMT",
    );
    expect((await wire.call("GET", "data:/nothing")).headers.get("date")).toBe(
      "Mon, 03 Feb 2031 04:05:06 GMT",
    );
  });

  it("reports usage on metered answers and in the limits alike", async () => {
    const reply = await wire.call("GET", "data:/limits");
    expect(reply.headers.get("sforce-limit-info")).toBe("api-usage=1/150000");
    expect(reply.json).toMatchObject({ DailyApiRequests: { Max: 150_000, Remaining: 149_999 } });
  });

  it("refuses every metered call once the day's allowance is used, and works again a day later", async () => {
    await wire.control("POST", "faults", { salesforce: { dailyApiRequests: 2 } });
    const ask = () => wire.call("GET", "data:/sobjects");
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
    const refused = await ask();
    expect(refused.status).toBe(403);
    expect(refused.text).toBe(
      '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
    );
    expect(refused.headers.get("retry-after")).toBeNull();
    await wire.control("POST", "clock", { advanceSeconds: 24 * 3600 });
    // The standing token outlives the clock.
    expect((await ask()).status).toBe(200);
  });

  it("refuses an address or headers beyond 16,384 bytes", async () => {
    expect((await wire.call("GET", `data:/query?q=${"x".repeat(16_400)}`)).status).toBe(414);
    expect((await wire.call("GET", "data:/limits", undefined, { "x-long": "y".repeat(16_400) })).status).toBe(
      431,
    );
  });

  it("says which methods a path takes", async () => {
    const reply = await wire.call("PUT", "data:/sobjects/Lead", {});
    expect(reply.status).toBe(405);
    expect(reply.json).toEqual([
      {
        message: "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,POST",
        errorCode: "METHOD_NOT_ALLOWED",
      },
    ]);
  });

  it("refuses a body that is not JSON, and one that does not say it is", async () => {
    const broken = await wire.call("POST", "data:/sobjects/Lead", "{", {
      "content-type": "application/json",
    });
    expect([broken.status, broken.at("0.errorCode")]).toEqual([400, "JSON_PARSER_ERROR"]);
    const plain = await wire.call("POST", "data:/sobjects/Lead", "{}", { "content-type": "text/plain" });
    expect([plain.status, plain.at("0.errorCode")]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  });

  it("ignores query parameters it does not know, but lists them", async () => {
    expect((await wire.call("GET", "data:/limits?color=red")).status).toBe(200);
    const requests = await wire.control("GET", "requests");
    expect(requests.json).toMatchObject({
      salesforce: { unknownParameters: [{ operation: "limits", parameter: "color", count: 1 }] },
    });
  });

  it("packs answers for clients that take gzip", async () => {
    loadLeads(100);
    const reply = await wire.call("GET", soql("SELECT Id, LastName FROM Lead"));
    expect(reply.headers.get("content-encoding")).toBe("gzip");
    const plain = await wire.call("GET", soql("SELECT Id, LastName FROM Lead"), undefined, {
      "accept-encoding": "identity",
    });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(plain.text).toBe(reply.text);
  });
});

describe("queries", () => {
  it("pages by locator, repeating the total, and ends without a next address", async () => {
    loadLeads(5);
    await wire.control("POST", "faults", { salesforce: { queryPageRows: 2 } });
    const page = await wire.call("GET", soql("SELECT Id FROM Lead"));
    expect(Object.keys(Object(page.json))).toEqual(["totalSize", "done", "nextRecordsUrl", "records"]);
    const next = String(page.at("nextRecordsUrl"));
    expect(next).toMatch(/^\/services\/data\/v67\.0\/query\/0r8\w{15}-2$/);
    const second = await wire.call("GET", next);
    expect(second.json).toMatchObject({ totalSize: 5, done: false });
    const last = await wire.call("GET", String(second.at("nextRecordsUrl")));
    expect(Object.keys(Object(last.json))).toEqual(["totalSize", "done", "records"]);
    expect(last.at("records")).toHaveLength(1);
    // A locator works again while it lives, for two days.
    expect((await wire.call("GET", next)).text).toBe(second.text);
    wire.clock.advance(2 * 86_400_000 + 1);
    const dead = await wire.call("GET", next);
    expect([dead.status, dead.at("0.errorCode")]).toEqual([400, "INVALID_QUERY_LOCATOR"]);
  });

  it("takes a batch size between 200 and 2,000 as a wish", async () => {
    loadLeads(300);
    const ask = (size: number) =>
      wire.call("GET", soql("SELECT Id FROM Lead"), undefined, {
        "sforce-query-options": `batchSize=${size}`,
      });
    expect((await ask(250)).at("records")).toHaveLength(250);
    expect((await ask(1)).at("records")).toHaveLength(200);
  });

  it("counts without records", async () => {
    loadLeads(3);
    const reply = await wire.call("GET", soql("SELECT COUNT() FROM Lead"));
    expect(reply.text).toBe('{"totalSize":3,"done":true,"records":[]}');
  });

  it("passes on the org's refusal, without a fields key", async () => {
    const reply = await wire.call("GET", soql("SELEC Id FROM Lead"));
    expect(reply.text).toBe(`[{"message":"unexpected token: 'SELEC'","errorCode":"MALFORMED_QUERY"}]`);
  });

  it("describes columns for the vendor's command line", async () => {
    const reply = await wire.call("GET", `${soql("SELECT Id, AnnualRevenue FROM Lead")}&columns=true`);
    expect(reply.json).toMatchObject({
      entityName: "Lead",
      idSelected: true,
      columnMetadata: [
        { columnName: "Id", apexType: "Id", joinColumns: [] },
        { columnName: "AnnualRevenue", numberType: true },
      ],
    });
  });
});

describe("single records", () => {
  it("are created, read, changed and deleted", async () => {
    const made = await wire.call("POST", "data:/sobjects/Lead", { LastName: "Ann" });
    const id = String(made.at("id"));
    expect(made.text).toBe(`{"id":"${id}","success":true,"errors":[]}`);
    expect([made.status, made.headers.get("location")]).toEqual([
      201,
      `/services/data/v67.0/sobjects/Lead/${id}`,
    ]);
    expect((await wire.call("PATCH", `data:/sobjects/Lead/${id}`, { Company: "B" })).status).toBe(204);
    const read = await wire.call("GET", `data:/sobjects/Lead/${id}?fields=LastName,Company`);
    expect(read.json).toEqual({ LastName: "Ann", Company: "B" });
    expect((await wire.call("DELETE", `data:/sobjects/Lead/${id}`)).status).toBe(204);
    const again = await wire.call("DELETE", `data:/sobjects/Lead/${id}`);
    expect([again.status, again.at("0.errorCode")]).toEqual([404, "ENTITY_IS_DELETED"]);
    expect((await wire.call("GET", `data:/sobjects/Lead/${id}`)).status).toBe(404);
  });

  it("that are refused say why, with the fields", async () => {
    const reply = await wire.call("POST", "data:/sobjects/Lead", { Company: "B" });
    expect(reply.status).toBe(400);
    expect(reply.text).toBe(
      '[{"message":"Required fields are missing: [LastName]","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]}]',
    );
  });

  it("are upserted by external id: 201, then 200, and only updated where that is asked", async () => {
    const only = await wire.call("PATCH", "data:/sobjects/Lead/Key__c/k1?updateOnly=true", { LastName: "C" });
    expect(only.status).toBe(404);
    const made = await wire.call("PATCH", "data:/sobjects/Lead/Key__c/k1", { LastName: "C" });
    expect([made.status, made.at("created")]).toEqual([201, true]);
    const changed = await wire.call("PATCH", "data:/sobjects/Lead/Key__c/k1", { LastName: "D" });
    expect([changed.status, changed.at("created")]).toEqual([200, false]);
    expect((await wire.call("GET", "data:/sobjects/Lead/Key__c/k1")).json).toMatchObject({ LastName: "D" });
    expect((await wire.call("GET", "data:/sobjects/Lead/Key__c/none")).status).toBe(404);
  });
});

describe("collections", () => {
  const record = (LastName: string | undefined, type = "Lead") => ({
    attributes: { type },
    ...(LastName === undefined ? {} : { LastName }),
  });

  it("answer each row in order; a failed one has no id and stops no neighbour", async () => {
    const reply = await wire.call("POST", "data:/composite/sobjects", {
      allOrNone: false,
      records: [record("A"), record(undefined), record("B", "Contact")],
    });
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual([
      { id: matching(/^00Q/), success: true, errors: [] },
      {
        success: false,
        errors: [
          {
            statusCode: "REQUIRED_FIELD_MISSING",
            message: "Required fields are missing: [LastName]",
            fields: ["LastName"],
          },
        ],
      },
      { id: matching(/^003/), success: true, errors: [] },
    ]);
  });

  it("with allOrNone undo the runs of other types too", async () => {
    const reply = await wire.call("POST", "data:/composite/sobjects", {
      allOrNone: true,
      records: [record("A"), record(undefined, "Contact")],
    });
    expect(reply.json).toMatchObject([
      { success: false, errors: [{ statusCode: "ALL_OR_NONE_OPERATION_ROLLED_BACK" }] },
      { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING" }] },
    ]);
    expect(wire.org.recordCount()).toBe(0);
    expect(wire.org.writes).toHaveLength(0);
  });

  it("take 200 records and refuse 201, and refuse none", async () => {
    const many = (count: number) =>
      wire.call("POST", "data:/composite/sobjects", {
        records: Array.from({ length: count }, () => record("A")),
      });
    expect(Object((await many(200)).json)).toHaveLength(200);
    const over = await many(201);
    expect(over.status).toBe(400);
    expect(over.json).toEqual([
      {
        message: "record limit reached. cannot submit more than 200 records into this call",
        errorCode: "EXCEEDED_ID_LIMIT",
      },
    ]);
    expect((await many(0)).at("0.message")).toBe("At least 1 record is required");
    expect(wire.org.recordCount()).toBe(200);
  });

  it("take ten runs of types and refuse eleven", async () => {
    const alternating = (count: number) =>
      Array.from({ length: count }, (_, index) => record("A", index % 2 === 0 ? "Lead" : "Contact"));
    const send = (count: number) =>
      wire.call("POST", "data:/composite/sobjects", { records: alternating(count) });
    expect((await send(10)).status).toBe(200);
    expect((await send(11)).status).toBe(400);
  });

  it("update by id, upsert by external id with created in every row, read back and delete", async () => {
    const upsert = (rows: readonly object[]) =>
      wire.call("PATCH", "data:/composite/sobjects/Lead/Key__c", { records: rows });
    const made = await upsert([
      { attributes: { type: "Lead" }, Key__c: "a", LastName: "A" },
      { attributes: { type: "Lead" }, Key__c: "b" },
    ]);
    expect(made.json).toMatchObject([
      { success: true, created: true },
      { success: false, created: false },
    ]);
    const id = String(made.at("0.id"));
    const changed = await wire.call("PATCH", "data:/composite/sobjects", {
      records: [{ attributes: { type: "Lead" }, id, Company: "New" }],
    });
    expect(changed.json).toEqual([{ id, success: true, errors: [] }]);
    const read = await wire.call(
      "GET",
      `data:/composite/sobjects/Lead?ids=${id},00QRL0000000999AAA&fields=Company`,
    );
    expect(read.json).toEqual([{ Company: "New" }, null]);
    const posted = await wire.call("POST", "data:/composite/sobjects/Lead", {
      ids: [id],
      fields: ["Company"],
    });
    expect(posted.json).toEqual([{ Company: "New" }]);
    expect((await wire.call("DELETE", `data:/composite/sobjects?ids=${id}`)).json).toEqual([
      { id, success: true, errors: [] },
    ]);
  });

  it("run the assignment rule unless the header declines it", async () => {
    const send = (headers: Readonly<Record<string, string>>) =>
      wire.call("POST", "data:/composite/sobjects", { records: [record("A")] }, headers);
    await send({});
    await send({ "Sforce-Auto-Assign": "FALSE" });
    expect([...wire.org.dump("Lead")].map((lead) => lead["autoAssigned"])).toEqual([true, false]);
  });

  it("leave their operation, object, id and field names in the write log", async () => {
    await wire.call("POST", "data:/composite/sobjects", { records: [record("Secret name")] });
    const log = await wire.control("GET", "requests");
    expect(log.json).toMatchObject({
      writes: [
        { crm: "salesforce", operation: "composite/sobjects POST", object: "Lead", fields: ["LastName"] },
      ],
    });
    expect(log.text).not.toContain("Secret name");
    expect((await wire.control("GET", "requests?since=1")).at("writes")).toEqual([]);
    expect((await wire.control("GET", "requests?writes=0")).at("writes")).toBeUndefined();
  });
});
