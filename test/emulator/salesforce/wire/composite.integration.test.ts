import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { matching, startWire, valueAt, type WireClient } from "./wire-client.ts";

let wire: WireClient;
const open: WireClient[] = [];
beforeEach(async () => {
  wire = await startWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

interface PartReply {
  readonly body: unknown;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly httpStatusCode: number;
  readonly referenceId: string;
}

function partsOf(value: unknown): readonly PartReply[] {
  if (!Array.isArray(value)) throw new Error("the answer has no compositeResponse");
  const list: readonly PartReply[] = value;
  return list;
}

const BASE = "/services/data/v67.0";

async function composite(compositeRequest: readonly object[], options: object = {}, headers = {}) {
  const reply = await wire.call("POST", "data:/composite", { ...options, compositeRequest }, headers);
  const parts = partsOf(reply.at("compositeResponse"));
  return { status: reply.status, parts };
}

const insert = (referenceId: string, body: object, httpHeaders?: object) => ({
  method: "POST",
  url: `${BASE}/sobjects/Lead`,
  referenceId,
  body,
  ...(httpHeaders === undefined ? {} : { httpHeaders }),
});

const query = (referenceId: string) => ({
  method: "GET",
  url: `${BASE}/query?q=SELECT Id FROM Lead`,
  referenceId,
});

describe("a Composite", () => {
  it("runs its subrequests in order, fills references, and is one metered request", async () => {
    const { status, parts } = await composite([
      insert("lead", { LastName: "A" }),
      { method: "GET", url: `${BASE}/sobjects/Lead/@{lead.id}?fields=LastName`, referenceId: "read" },
      insert("other", { LastName: "B", Company: "of @{lead.id}", Key__c: "@{read.LastName}" }),
      query("all"),
      {
        method: "GET",
        url: `${BASE}/sobjects/Lead/@{all.records[1].Id}?fields=Company,Key__c`,
        referenceId: "last",
      },
    ]);
    expect(status).toBe(200);
    expect(parts.map((part) => part.httpStatusCode)).toEqual([201, 200, 201, 200, 200]);
    const id = String(valueAt(parts[0]?.body, "id"));
    expect(parts[0]?.httpHeaders).toEqual({ Location: `${BASE}/sobjects/Lead/${id}` });
    expect(parts[4]?.body).toEqual({ Company: `of ${id}`, Key__c: "A" });
    const counts = await wire.control("GET", "requests?writes=0");
    expect(counts.json).toMatchObject({
      salesforce: {
        operations: { composite: 1 },
        metered: 1,
        subrequests: { "sobjects/object POST": 2, "sobjects/record GET": 2, query: 1 },
      },
    });
  });

  it("halts what refers to a failed subrequest, and nothing else", async () => {
    const { parts } = await composite([
      insert("bad", { Company: "no name" }),
      insert("child", { LastName: "@{bad.id}" }),
      insert("good", { LastName: "G" }),
    ]);
    expect(parts.map((part) => part.httpStatusCode)).toEqual([400, 400, 201]);
    expect(parts[1]?.body).toEqual([
      {
        errorCode: "PROCESSING_HALTED",
        message: "Invalid reference specified. No value for bad.id found in bad",
      },
    ]);
  });

  it("with allOrNone undoes everything when one fails", async () => {
    const { parts } = await composite(
      [insert("one", { LastName: "A" }), insert("two", {}), insert("three", { LastName: "C" })],
      { allOrNone: true },
    );
    expect(parts.map((part) => valueAt(part.body, "0.errorCode"))).toEqual([
      "PROCESSING_HALTED",
      "REQUIRED_FIELD_MISSING",
      "PROCESSING_HALTED",
    ]);
    expect(wire.org.recordCount()).toBe(0);
  });

  it("does not pass its own headers on: a subrequest without Sforce-Auto-Assign runs the rule", async () => {
    await composite(
      [
        insert("own", { LastName: "A" }, { "Sforce-Auto-Assign": "FALSE" }),
        insert("none", { LastName: "B" }),
      ],
      {},
      { "Sforce-Auto-Assign": "FALSE" },
    );
    expect([...wire.org.dump("Lead")].map((lead) => lead["autoAssigned"])).toEqual([false, true]);
  });

  it("has body null and both headers for a 304 inside", async () => {
    const since = new Date("2026-05-02T00:00:00Z").toUTCString();
    const { parts } = await composite([
      {
        method: "GET",
        url: `${BASE}/sobjects/Lead/describe`,
        referenceId: "d",
        httpHeaders: { "If-Modified-Since": since },
      },
    ]);
    expect(parts[0]).toEqual({
      body: null,
      httpHeaders: {
        ETag: matching(/^".+"$/),
        "Last-Modified": "Fri, 01 May 2026 00:00:00 GMT",
      },
      httpStatusCode: 304,
      referenceId: "d",
    });
  });

  it("takes 25 subrequests and refuses 26", async () => {
    const many = (count: number) =>
      composite(Array.from({ length: count }, (_, index) => insert(`r${index}`, { LastName: "A" })));
    expect((await many(25)).status).toBe(200);
    const over = await many(26);
    expect(over.parts).toEqual([
      {
        body: [
          { errorCode: "LIMIT_EXCEEDED", message: "The request can’t contain more than 25 operations." },
        ],
        httpHeaders: {},
        httpStatusCode: 400,
        referenceId: null,
      },
    ]);
    expect(wire.org.recordCount()).toBe(25);
  });

  it("takes five queries or collections and refuses six", async () => {
    const collection = {
      method: "POST",
      url: `${BASE}/composite/sobjects`,
      referenceId: "c",
      body: { records: [{ attributes: { type: "Lead" }, LastName: "A" }] },
    };
    const five = [query("q1"), query("q2"), query("q3"), query("q4"), collection];
    expect((await composite(five)).parts.every((part) => part.httpStatusCode === 200)).toBe(true);
    const six = await composite([...five, query("q5")]);
    expect([six.status, six.parts[0]?.httpStatusCode]).toEqual([400, 400]);
  });

  it.each([
    ["starts with a hyphen", [insert("-x", { LastName: "A" })]],
    ["stands twice", [insert("x", { LastName: "A" }), insert("x", { LastName: "B" })]],
  ])("refuses a referenceId that %s", async (_what, parts) => {
    const reply = await wire.call("POST", "data:/composite", { compositeRequest: parts });
    expect([reply.status, reply.at("0.errorCode")]).toEqual([400, "JSON_PARSER_ERROR"]);
    expect(wire.org.recordCount()).toBe(0);
  });

  it("cannot hold another Composite or a job", async () => {
    const { parts } = await composite([
      { method: "POST", url: `${BASE}/composite`, referenceId: "a", body: {} },
      { method: "POST", url: `${BASE}/jobs/query`, referenceId: "b", body: {} },
    ]);
    expect(parts.map((part) => part.httpStatusCode)).toEqual([404, 404]);
  });
});

describe("a Composite Batch", () => {
  it("meters each subrequest and goes on after a failure", async () => {
    const reply = await wire.call("POST", "data:/composite/batch", {
      batchRequests: [
        { method: "POST", url: "v67.0/sobjects/Lead", richInput: { LastName: "A" } },
        { method: "POST", url: "v67.0/sobjects/Lead", richInput: {} },
        { method: "GET", url: "v67.0/query?q=SELECT+COUNT()+FROM+Lead" },
      ],
    });
    expect(reply.json).toMatchObject({
      hasErrors: true,
      results: [{ statusCode: 201 }, { statusCode: 400 }, { statusCode: 200, result: { totalSize: 1 } }],
    });
    expect(reply.headers.get("sforce-limit-info")).toBe("api-usage=3/150000");
  });

  it("stops at the first failure where that is asked", async () => {
    const post = (body: object) => ({ method: "POST", url: "v67.0/sobjects/Lead", richInput: body });
    const reply = await wire.call("POST", "data:/composite/batch", {
      haltOnError: true,
      batchRequests: [post({}), post({ LastName: "A" })],
    });
    expect(reply.json).toMatchObject({
      results: [{ statusCode: 400 }, { statusCode: 412, result: [{ errorCode: "BATCH_PROCESSING_HALTED" }] }],
    });
    expect(wire.org.recordCount()).toBe(0);
  });
});
