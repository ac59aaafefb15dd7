import nock from "nock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PermissionError, RequestRefusedError, WireShapeError } from "../../../src/core/errors.ts";
import { type CompositePart, connect, failure, HOST, onComposite, ROOT, vendorError } from "./nock-org.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function ids(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `a01${String(index).padStart(12, "0")}AAA`);
}

function idsOf(part: CompositePart): readonly string[] {
  return new URL(part.url, HOST).searchParams.get("ids")?.split(",") ?? [];
}

const gone = { success: false, errors: [{ statusCode: "ENTITY_IS_DELETED", message: "entity is deleted" }] };
const done = (id: string): unknown => ({ id, success: true, errors: [] });

describe("deleting records of ours", () => {
  it("takes 200 ids a collection and five collections a metered call, each with both headers", async () => {
    const parts = onComposite((part) => ({ body: idsOf(part).map(done) }));
    const connection = await connect();
    const report = await connection.remove({ object: "Ripeline_Metric__c", ids: ids(1_000) });
    expect(report.calls).toBe(1);
    expect(connection.usage().metered).toBe(1);
    expect(parts.map((part) => [part.method, idsOf(part).length])).toEqual(
      Array.from({ length: 5 }, () => ["DELETE", 200]),
    );
    expect(parts.map((part) => part.httpHeaders)).toEqual(
      Array.from({ length: 5 }, () => ({
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Duplicate-Rule-Header": "allowSave=true",
      })),
    );
    expect(parts[0]?.url.startsWith(`${ROOT}/composite/sobjects?ids=a01`)).toBe(true);
    expect(parts[0]?.url.endsWith("&allOrNone=false")).toBe(true);
    expect(report.outcomes).toEqual(ids(1_000).map((id) => ({ id, ok: true, isGone: false })));
  });

  it("answers row by row: deleted, gone already, refused in the CRM's words", async () => {
    const refused = {
      success: false,
      errors: [{ statusCode: "UNABLE_TO_LOCK_ROW", message: "unable to obtain exclusive access" }],
    };
    const [first = "", second = "", third = ""] = ids(3);
    onComposite(() => ({ body: [done(first), gone, refused] }));
    const report = await (await connect()).remove({ object: "Ripeline_Metric__c", ids: ids(3) });
    expect(report.outcomes).toEqual([
      { id: first, ok: true, isGone: false },
      { id: second, ok: true, isGone: true },
      {
        id: third,
        ok: false,
        code: "UNABLE_TO_LOCK_ROW",
        message: "unable to obtain exclusive access",
        retryable: true,
      },
    ]);
  });

  it("sends a collection again that was refused for the moment", async () => {
    onComposite(() => ({ status: 503, body: vendorError("SERVER_UNAVAILABLE", "busy") }));
    onComposite((part) => ({ body: idsOf(part).map(done) }));
    const report = await (await connect()).remove({ object: "Ripeline_Metric__c", ids: ids(2) });
    expect(report.calls).toBe(2);
    expect(report.outcomes.every((outcome) => outcome.ok)).toBe(true);
  });

  it("keeps what was deleted before the connection failed, and gives the rest back as not sent", async () => {
    onComposite((part) => ({ body: idsOf(part).map(done) }));
    onComposite(() => ({
      status: 403,
      body: vendorError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    }));
    const report = await (await connect()).remove({ object: "Ripeline_Metric__c", ids: ids(1_200) });
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(1_000);
    expect(report.outcomes[1_100]).toMatchObject({ ok: false, code: "QUOTA_EXHAUSTED", retryable: true });
  });

  it("throws where nothing was deleted: no right to, or another number of answers", async () => {
    onComposite(() => ({ status: 403, body: vendorError("INSUFFICIENT_ACCESS", "no") }));
    const connection = await connect();
    expect(await failure(connection.remove({ object: "Ripeline_Metric__c", ids: ids(1) }))).toBeInstanceOf(
      PermissionError,
    );
    onComposite(() => ({ body: [] }));
    expect(await failure(connection.remove({ object: "Ripeline_Metric__c", ids: ids(1) }))).toBeInstanceOf(
      WireShapeError,
    );
  });

  it.each([
    ["leads", "Lead", ["00Q000000000001AAA"], /never of Lead/],
    ["another's custom object", "Invoice__c", ["a01000000000001AAA"], /never of Invoice__c/],
    [
      "a lead's id among ours",
      "Ripeline_Metric__c",
      ["a01000000000001AAA", "00Q000000000001AAA"],
      /00Q000000000001AAA is no record/,
    ],
    [
      "ids of two objects",
      "Ripeline_Metric__c",
      ["a01000000000001AAA", "a02000000000001AAA"],
      /a02000000000001AAA is no record/,
    ],
    ["what is no id", "Ripeline_Metric__c", ["a01,00Q000000000001"], /is no record/],
  ])("refuses %s without a call", async (_, object, list, message) => {
    const connection = await connect();
    const error = await failure(connection.remove({ object, ids: list }));
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error.message).toMatch(message);
    expect(connection.usage().metered).toBe(0);
  });

  it("sends nothing for an empty list", async () => {
    expect(await (await connect()).remove({ object: "Ripeline_Metric__c", ids: [] })).toEqual({
      calls: 0,
      outcomes: [],
    });
  });
});
