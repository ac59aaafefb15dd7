import nock from "nock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  PermissionError,
  QuotaExhaustedError,
  RequestRefusedError,
  TransientHttpError,
  WireShapeError,
} from "../../../src/core/errors.ts";
import type { WriteRow } from "../../../src/core/ports.ts";
import {
  type CompositePart,
  connect,
  failure,
  HOST,
  headers,
  onComposite,
  ROOT,
  vendorError,
} from "./nock-org.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function rows(count: number): readonly WriteRow[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `00Q${String(index).padStart(15, "0")}`,
    fields: { Ripeline_Clock__c: "open", Ripeline_Rots_At__c: null },
  }));
}

function accept(part: CompositePart): { readonly body: unknown } {
  return {
    body: (part.body?.records ?? []).map((record) => ({
      id: record["id"] ?? "a00",
      success: true,
      errors: [],
    })),
  };
}

/** A trigger that ran into a limit: every row of its batch is answered like this. */
const tooMuch = {
  success: false,
  errors: [
    {
      statusCode: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
      message: "LeadTrigger: System.LimitException: Too many SOQL queries: 101",
      fields: [],
    },
  ],
};

const leads = { object: "Lead", keyField: "Id", batchSize: 200 } as const;

describe("writing rows", () => {
  it("sends 1,000 rows in one metered call of five collections, each part with both headers", async () => {
    const parts = onComposite(accept);
    const connection = await connect();
    const report = await connection.write({ ...leads, rows: rows(1000) });
    expect(report.calls).toBe(1);
    expect(connection.usage().metered).toBe(1);
    expect(parts.map((part) => part.body?.records.length)).toEqual([200, 200, 200, 200, 200]);
    expect(parts.every((part) => part.httpHeaders?.["Sforce-Auto-Assign"] === "FALSE")).toBe(true);
    expect(
      parts.every((part) => part.httpHeaders?.["Sforce-Duplicate-Rule-Header"] === "allowSave=true"),
    ).toBe(true);
    expect(parts[0]).toMatchObject({
      method: "PATCH",
      url: `${ROOT}/composite/sobjects`,
      body: { allOrNone: false },
    });
    expect(parts[0]?.body?.records[0]).toEqual({
      attributes: { type: "Lead" },
      id: "00Q000000000000000",
      Ripeline_Clock__c: "open",
      Ripeline_Rots_At__c: null,
    });
    expect(report.outcomes).toHaveLength(1000);
    expect(report.outcomes.every((outcome) => outcome.ok)).toBe(true);
  });

  it("sends the headers on the outer request too", async () => {
    nock(HOST, {
      reqheaders: { "sforce-auto-assign": "FALSE", "sforce-duplicate-rule-header": "allowSave=true" },
    })
      .post(`${ROOT}/composite`)
      .reply(
        200,
        {
          compositeResponse: [
            {
              referenceId: "part0",
              httpStatusCode: 200,
              body: [{ id: "00Q000000000000", success: true, errors: [] }],
            },
          ],
        },
        headers,
      );
    const report = await (await connect()).write({ ...leads, rows: rows(1) });
    expect(report.outcomes).toEqual([
      { key: "00Q000000000000000", ok: true, id: "00Q000000000000", created: false },
    ]);
  });

  it("takes no success for another record's", async () => {
    onComposite(() => ({ body: [{ id: "00Q000000000009", success: true, errors: [] }] }));
    const error = await failure((await connect()).write({ ...leads, rows: rows(1) }));
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toContain("the answer for record 00Q000000000000000 names another record");
  });

  it("upserts by an external id and says which rows are new", async () => {
    const parts = onComposite(() => ({
      body: [
        { id: "a01", success: true, created: true, errors: [] },
        { id: "a02", success: true, created: false, errors: [] },
      ],
    }));
    const report = await (await connect()).write({
      object: "Ripeline_Metric__c",
      keyField: "Ripeline_Key__c",
      batchSize: 200,
      rows: [
        { key: "k1", fields: { Ripeline_Value__c: 1 } },
        { key: "k2", fields: { Ripeline_Value__c: 2 } },
      ],
    });
    expect(parts[0]?.url).toBe(`${ROOT}/composite/sobjects/Ripeline_Metric__c/Ripeline_Key__c`);
    expect(parts[0]?.body?.records[0]).toEqual({
      attributes: { type: "Ripeline_Metric__c" },
      Ripeline_Key__c: "k1",
      Ripeline_Value__c: 1,
    });
    expect(report.outcomes).toEqual([
      { key: "k1", ok: true, id: "a01", created: true },
      { key: "k2", ok: true, id: "a02", created: false },
    ]);
  });

  it("reports UNABLE_TO_LOCK_ROW on one row of 200 as retryable and the other 199 as written", async () => {
    onComposite((part) => ({
      body: (part.body?.records ?? []).map((record, index) =>
        index === 117
          ? {
              success: false,
              errors: [
                {
                  statusCode: "UNABLE_TO_LOCK_ROW",
                  message:
                    "unable to obtain exclusive access to this record or 1 records: 00Q000000000000117",
                  fields: [],
                },
              ],
            }
          : { id: record["id"], success: true, errors: [] },
      ),
    }));
    const report = await (await connect()).write({ ...leads, rows: rows(200) });
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(199);
    expect(report.outcomes[117]).toEqual({
      key: "00Q000000000000117",
      ok: false,
      code: "UNABLE_TO_LOCK_ROW",
      message: "unable to obtain exclusive access to this record or 1 records: 00Q000000000000117",
      retryable: true,
    });
  });

  it("keeps a validation rule's words, masks e-mail addresses in them, and does not call the row retryable", async () => {
    onComposite(() => ({
      body: [
        {
          success: false,
          errors: [
            {
              statusCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
              message: "Ask jane@acme.example before you touch this lead",
              fields: [],
            },
          ],
        },
      ],
    }));
    const report = await (await connect()).write({ ...leads, rows: rows(1) });
    expect(report.outcomes[0]).toMatchObject({
      code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
      message: "Ask (e-mail) before you touch this lead",
      retryable: false,
    });
  });

  it("halves a batch that is refused whole until the row that spoils it stands alone", async () => {
    const spoilt = "00Q000000000000005";
    const answer = (part: CompositePart): { readonly status?: number; readonly body: unknown } =>
      part.body?.records.some((record) => record["id"] === spoilt) === true
        ? { status: 400, body: vendorError("JSON_PARSER_ERROR", "Cannot deserialize instance of datetime") }
        : accept(part);
    // 8 rows -> 4+4 -> 2+2 -> 1+1, one call a level
    for (let level = 0; level < 4; level += 1) onComposite(answer);
    const report = await (await connect()).write({ ...leads, rows: rows(8) });
    expect(report.calls).toBe(4);
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(7);
    expect(report.outcomes[5]).toMatchObject({
      key: spoilt,
      ok: false,
      code: "JSON_PARSER_ERROR",
      retryable: false,
    });
  });

  it("lets batches shrink until the org's automation bears them, and grow again", async () => {
    const calls: number[][] = [];
    const written: string[] = [];
    const answer = (part: CompositePart): { readonly body: unknown } => {
      const records = part.body?.records ?? [];
      calls.at(-1)?.push(records.length);
      if (records.length > 20) return { body: records.map(() => tooMuch) };
      written.push(...records.map((record) => String(record["id"])));
      return accept(part);
    };
    // 250 rows from 50 on, an automation that bears 20. After call 1: 25; after call 2: 13. The ten halves of what call 2
    // sent go in calls 3 and 4; three full ones of call 3 double the size to 26, so that call 5 tries 25 once more.
    const expected = [
      [50, 50, 50, 50, 50],
      [25, 25, 25, 25, 25],
      [13, 12, 13, 12, 13],
      [12, 13, 12, 13, 12],
      [25, 25, 25, 25, 25],
      [13, 12, 13, 12, 13],
      [12, 13, 12, 13, 12],
    ];
    const connection = await connect();
    for (const _ of expected) {
      onComposite((part) => {
        if (part.referenceId === "part0") calls.push([]);
        return answer(part);
      });
    }
    const sent = rows(250);
    const report = await connection.write({ ...leads, batchSize: 50, rows: sent });
    expect(calls).toEqual(expected);
    expect(report.calls).toBe(7);
    expect(report.outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(written.toSorted((a, b) => a.localeCompare(b))).toEqual(sent.map(({ key }) => key));
    expect(connection.rowsPerCall("Lead", 50)).toBe(5 * 26);
  });

  it("finds the row on which the org's automation fails, and then sends batches as large as before", async () => {
    const spoilt = "00Q000000000000005";
    const answer = (part: CompositePart): { readonly body: unknown } => {
      const records = part.body?.records ?? [];
      return records.some((record) => record["id"] === spoilt)
        ? { body: records.map(() => tooMuch) }
        : accept(part);
    };
    // 8 rows -> 4+4 -> 2+2 -> 1+1, one call a level
    for (let level = 0; level < 4; level += 1) onComposite(answer);
    const connection = await connect();
    const report = await connection.write({ ...leads, rows: rows(8) });
    expect(report.calls).toBe(4);
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(7);
    expect(report.outcomes[5]).toMatchObject({
      key: spoilt,
      ok: false,
      code: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
      retryable: true,
    });
    expect(connection.rowsPerCall("Lead", 200)).toBe(1_000);
  });

  it("throws at once, without halving, when the object is unknown", async () => {
    onComposite(() => ({
      status: 404,
      body: vendorError("NOT_FOUND", "The requested resource does not exist"),
    }));
    const error = await failure((await connect()).write({ ...leads, rows: rows(200) }));
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error.message).toContain("The write to Lead was refused: NOT_FOUND");
  });

  it("sends a batch again that met a server error", async () => {
    onComposite(() => ({
      status: 500,
      body: vendorError("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    }));
    onComposite(accept);
    const report = await (await connect()).write({ ...leads, rows: rows(3) });
    expect(report.outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(report.calls).toBe(2);
  });

  it("repeats a write after a reset, since the same values by Id change nothing twice", async () => {
    nock(HOST)
      .post(`${ROOT}/composite`)
      .replyWithError(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
    onComposite(accept);
    const connection = await connect();
    const report = await connection.write({ ...leads, rows: rows(3) });
    expect(report.outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(connection.usage().metered).toBe(2);
  });

  it("throws QuotaExhaustedError when the org's calls of the day are spent", async () => {
    nock(HOST)
      .post(`${ROOT}/composite`)
      .reply(
        403,
        JSON.stringify(vendorError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        headers,
      );
    const error = await failure((await connect()).write({ ...leads, rows: rows(3) }));
    expect(error).toBeInstanceOf(QuotaExhaustedError);
    expect(error).toMatchObject({ retryable: false });
    expect(error.message).toBe(
      "The write to Lead was refused: the org has used up its API calls of the last 24 hours (REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.). " +
        "Nothing is lost, the next run catches up; ask the admin what else calls the API (Setup, System Overview).",
    );
  });

  it("keeps the outcomes of what was written when the calls run out in the middle", async () => {
    onComposite(accept);
    nock(HOST)
      .post(`${ROOT}/composite`)
      .reply(
        403,
        JSON.stringify(vendorError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        headers,
      );
    const report = await (await connect()).write({ ...leads, rows: rows(1001) });
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(1000);
    expect(report.outcomes[1000]).toMatchObject({
      ok: false,
      code: "QUOTA_EXHAUSTED",
      retryable: true,
      isUnsent: true,
    });
    expect(report.interrupted).toBeInstanceOf(QuotaExhaustedError);
  });

  it("asks an org no more that refused parts of a call for want of calls, and keeps what the other parts wrote", async () => {
    let part = 0;
    onComposite((each) => {
      part += 1;
      // 1,000 rows in five parts: the third is refused, those before and after it are taken.
      return part === 3
        ? { status: 403, body: vendorError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.") }
        : accept(each);
    });
    const connection = await connect();
    const report = await connection.write({ ...leads, rows: rows(1000) });
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(800);
    expect(report.outcomes.filter((outcome) => !outcome.ok && outcome.isUnsent === true)).toHaveLength(200);
    expect(report.outcomes[400]).toMatchObject({ code: "QUOTA_EXHAUSTED", isUnsent: true });
    expect(report.interrupted).toBeInstanceOf(QuotaExhaustedError);
    // No answer stands ready: a request would fail otherwise.
    const next = await failure(connection.write({ ...leads, rows: rows(1) }));
    expect(next.message).toMatch(/has used up its salesforce calls of 24 hours.* refused the last one/);
    expect(connection.usage().metered).toBe(1);
  });

  it("turns a 403 of another kind into a missing permission", async () => {
    nock(HOST)
      .post(`${ROOT}/composite`)
      .reply(
        403,
        JSON.stringify(
          vendorError("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."),
        ),
        headers,
      );
    const error = await failure((await connect()).write({ ...leads, rows: rows(1) }));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.message).toContain("API_DISABLED_FOR_ORG");
  });

  it("fails after three resets and names host and step", async () => {
    nock(HOST)
      .post(`${ROOT}/composite`)
      .times(3)
      .replyWithError(Object.assign(new Error("x"), { code: "ECONNREFUSED" }));
    const connection = await connect();
    const error = await failure(connection.write({ ...leads, rows: rows(1) }));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain(
      "The write to Lead failed: cannot reach acme.my.salesforce.com (ECONNREFUSED)",
    );
    // Nothing reached the org, so nothing was metered.
    expect(connection.usage().metered).toBe(0);
  });
});
