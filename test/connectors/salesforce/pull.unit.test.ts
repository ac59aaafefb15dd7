import nock from "nock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RequestRefusedError, TransientHttpError, WireShapeError } from "../../../src/core/errors.ts";
import type { PullRequest, StreamSpec } from "../../../src/core/ports.ts";
import {
  collectingSink,
  connect,
  DATE,
  failure,
  HOST,
  headers,
  instantPacing,
  onComposite,
  queryBody,
  ROOT,
  soqlOf,
  testStream,
  vendorError,
} from "./nock-org.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function request(stream: StreamSpec, since: Date | null = null): PullRequest {
  return { stream, fields: stream.fields, since, resume: null };
}

function row(id: string, stamp = "2026-11-21T09:00:00.000+0000"): Record<string, unknown> {
  return { attributes: { type: "Lead", url: "/x" }, Id: id, Status: null, SystemModstamp: stamp };
}

describe("reading by Composite", () => {
  it("asks for eleven idle streams in three calls and gives the sink an empty last page for each", async () => {
    const parts = [
      onComposite(() => ({ body: queryBody([]) })),
      onComposite(() => ({ body: queryBody([]) })),
      onComposite(() => ({ body: queryBody([]) })),
    ];
    const connection = await connect();
    const sink = collectingSink();
    const streams = Array.from({ length: 11 }, (_, index) => testStream(`Object${index}__c`));
    const outcomes = await connection.pull(
      streams.map((stream) => request(stream, new Date("2026-11-21T09:50:00.500Z"))),
      sink,
    );
    expect(connection.usage().metered).toBe(3);
    expect(parts.map((each) => each.length)).toEqual([5, 5, 1]);
    expect(sink.pages).toHaveLength(11);
    expect(
      sink.pages.every((page) => page.expectedRows === 0 && page.expectedTotal === 0 && page.next === null),
    ).toBe(true);
    expect(outcomes.map((outcome) => outcome.calls).reduce((sum, calls) => sum + calls, 0)).toBe(3);
    // queryAll, or deleted records would never be noticed.
    expect(parts.flat().every(({ url }) => url.startsWith(`${ROOT}/queryAll?q=`))).toBe(true);
    expect(soqlOf(parts[0]?.[0] ?? expect.fail("no part"))).toBe(
      "SELECT Id, Status, SystemModstamp FROM Object0__c WHERE SystemModstamp >= 2026-11-21T09:50:00Z ORDER BY SystemModstamp, Id",
    );
  });

  it("turns nulls into empty cells, keeps commas, quotes and carriage returns, and stamps the page with the server's clock", async () => {
    onComposite(() => ({
      body: queryBody([{ ...row("a1"), Status: 'a "b", c' }, row("a2"), { ...row("a3"), Status: "x\ry" }]),
    }));
    const sink = collectingSink();
    await (await connect()).pull([request(testStream("Lead"))], sink);
    expect(sink.pages[0]?.csv).toBe(
      'Id,Status,SystemModstamp\na1,"a ""b"", c",2026-11-21T09:00:00.000+0000\na2,,2026-11-21T09:00:00.000+0000\na3,"x\ry",2026-11-21T09:00:00.000+0000\n',
    );
    expect(sink.pages[0]?.queriedAt).toEqual(new Date(DATE));
  });

  it("follows the next pages of several streams in shared calls, with a checkpoint on every page but the last", async () => {
    onComposite((part) => {
      const object = soqlOf(part).includes("FROM Lead") ? "lead" : "task";
      return { body: queryBody([row(`${object}1`), row(`${object}2`)], 3, `${ROOT}/query/0r8${object}-2`) };
    });
    const second = onComposite((part) => ({
      body: queryBody([row(part.url.includes("lead") ? "lead3" : "task3")], 3),
    }));
    const connection = await connect();
    const sink = collectingSink();
    const outcomes = await connection.pull([request(testStream("Lead")), request(testStream("Task"))], sink);
    expect(connection.usage().metered).toBe(2);
    expect(second.map((part) => part.url)).toEqual([`${ROOT}/query/0r8lead-2`, `${ROOT}/query/0r8task-2`]);
    const lead = sink.pages.filter((page) => page.stream.object === "Lead");
    expect(lead.map((page) => [page.expectedRows, page.expectedTotal])).toEqual([
      [2, null],
      [1, 3],
    ]);
    expect(lead[0]?.next).toMatchObject({
      route: "rest",
      locator: `${ROOT}/query/0r8lead-2`,
      id: "lead2",
      rows: 2,
    });
    expect(outcomes.map((outcome) => [outcome.rows, outcome.route])).toEqual([
      [3, "rest"],
      [3, "rest"],
    ]);
  });

  it("goes on after the last delivered row when an interrupted pull's locator is gone", async () => {
    const stream = testStream("Lead");
    onComposite(() => ({ status: 400, body: vendorError("INVALID_QUERY_LOCATOR", "invalid query locator") }));
    const reopened = onComposite(() => ({ body: queryBody([row("00Q3")], 1) }));
    const sink = collectingSink();
    await (await connect()).pull(
      [
        {
          ...request(stream, new Date("2026-11-20T00:00:00Z")),
          resume: {
            route: "rest",
            locator: `${ROOT}/query/0r8old-2`,
            cursor: "2026-11-20T10:00:00.000+0000",
            id: "00Q2",
            rows: 2,
            base: 0,
            total: 3,
            queriedAt: "2026-11-20T12:00:00.000Z",
          },
        },
      ],
      sink,
    );
    expect(soqlOf(reopened[0] ?? expect.fail("no part"))).toBe(
      "SELECT Id, Status, SystemModstamp FROM Lead WHERE SystemModstamp >= 2026-11-20T00:00:00Z AND " +
        "(SystemModstamp > 2026-11-20T10:00:00Z OR (SystemModstamp = 2026-11-20T10:00:00Z AND Id > '00Q2')) ORDER BY SystemModstamp, Id",
    );
    // 2 rows delivered before the interruption + 1 now.
    expect(sink.pages[0]?.expectedTotal).toBe(3);
    expect(sink.pages[0]?.queriedAt).toEqual(new Date("2026-11-20T12:00:00Z"));
  });

  it("refuses a checkpoint it cannot read instead of reading everything again", async () => {
    const connection = await connect();
    const error = await failure(
      connection.pull([{ ...request(testStream("Lead")), resume: { page: 7 } }], collectingSink()),
    );
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toContain("stored position of salesforce.Lead cannot be read");
    expect(error.message).toContain("sync --all");
  });

  it("reports an object that the org lacks as absent where the stream is optional", async () => {
    onComposite(() => ({
      status: 400,
      body: vendorError("INVALID_TYPE", "sObject type 'CurrencyType' is not supported."),
    }));
    const sink = collectingSink();
    const outcomes = await (await connect()).pull(
      [request(testStream("CurrencyType", { optional: true, cursor: "none" }))],
      sink,
    );
    expect(outcomes).toEqual([{ stream: "salesforce.CurrencyType", rows: 0, calls: 1, route: "absent" }]);
    expect(sink.pages).toHaveLength(0);
  });

  it("delivers the other streams of a call before it fails for the one with an unknown field, which it names", async () => {
    onComposite((part) =>
      soqlOf(part).includes("FROM Lead")
        ? {
            status: 400,
            body: vendorError(
              "INVALID_FIELD",
              "\nId, Status, SystemModstamp FROM Lead\n    ^\nERROR at Row:1:Column:12\nNo such column 'Status' on entity 'Lead'. If you are attempting to use a custom field, be sure to append the '__c'.",
            ),
          }
        : { body: queryBody([row("t1")]) },
    );
    const sink = collectingSink();
    const error = await failure(
      (await connect()).pull([request(testStream("Lead")), request(testStream("Task"))], sink),
    );
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error).toMatchObject({ vendorCode: "INVALID_FIELD", status: 400, retryable: false });
    expect(error.message).toBe(
      "salesforce.Lead: The query on Lead was refused: INVALID_FIELD: No such column 'Status' on entity 'Lead'. If you are attempting to use a custom field, be sure to append the '__c'. " +
        "The field is missing or hidden from this user: run `ripeline doctor`, then grant it in the permission set.",
    );
    expect(sink.pages.map((page) => page.stream.object)).toEqual(["Task"]);
  });

  it("names every failed stream in one error", async () => {
    onComposite((part) => ({
      status: 400,
      body: vendorError(soqlOf(part).includes("Lead") ? "QUERY_TIMEOUT" : "INVALID_TYPE", "no"),
    }));
    onComposite(() => ({ status: 400, body: vendorError("QUERY_TIMEOUT", "no") }));
    onComposite(() => ({ status: 400, body: vendorError("QUERY_TIMEOUT", "no") }));
    const error = await failure(
      (await connect()).pull([request(testStream("Lead")), request(testStream("Task"))], collectingSink()),
    );
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error.message).toMatch(/^salesforce\.Task: .*INVALID_TYPE.*Failed too: salesforce\.Lead\.$/);
  });

  it("reads anew from the start when the rows do not add up to the vendor's count: nobody knows which is missing", async () => {
    onComposite(() => ({ body: queryBody([row("a1"), row("a2")], 4, `${ROOT}/query/0r8x-2`) }));
    // a3 was purged since, or lost on the way.
    onComposite(() => ({ body: queryBody([row("a4")], 4) }));
    const third = onComposite(() => ({ body: queryBody([row("a1"), row("a2"), row("a4")], 3) }));
    const sink = collectingSink();
    await (await connect()).pull([request(testStream("Lead"))], sink);
    expect(soqlOf(third[0] ?? expect.fail("no part"))).not.toContain("WHERE");
    // The first page's two rows count with the three of the second reading.
    expect(sink.pages.map((page) => [page.expectedRows, page.expectedTotal])).toEqual([
      [2, null],
      [3, 5],
    ]);
  });

  it("does not deliver a page whose rows do not add up twice", async () => {
    onComposite(() => ({ body: queryBody([row("a1"), row("a2")], 3) }));
    onComposite(() => ({ body: queryBody([row("a1"), row("a2")], 3) }));
    const sink = collectingSink();
    const error = await failure((await connect()).pull([request(testStream("Lead"))], sink));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("the answer says 3 rows, but 2 came");
    expect(sink.pages).toHaveLength(0);
  });

  it("fails when a record lacks a field that was asked for", async () => {
    onComposite(() => ({ body: queryBody([{ Id: "a1", SystemModstamp: "2026-11-21T09:00:00.000+0000" }]) }));
    const error = await failure((await connect()).pull([request(testStream("Lead"))], collectingSink()));
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toContain("no value for Status");
  });

  it("sends a Composite of queries again after a 503 and gives up after three", async () => {
    const pacing = instantPacing();
    nock(HOST)
      .post(`${ROOT}/composite`)
      .times(3)
      .reply(503, "<html><body>Down for maintenance</body></html>", { "Content-Type": "text/html" });
    const connection = await connect({ pacing });
    const error = await failure(connection.pull([request(testStream("Lead"))], collectingSink()));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toBe(
      "The query on Lead failed: acme.my.salesforce.com answered HTTP 503 with an answer that is not Salesforce's. The org is down or in maintenance, or SALESFORCE_INSTANCE_URL is not its address; it is tried again.",
    );
    expect(connection.usage().metered).toBe(3);
    expect(pacing.slept).toEqual([500, 1000]);
  });

  it("treats a cut JSON body as trouble on the way, not as data", async () => {
    nock(HOST).post(`${ROOT}/composite`).times(3).reply(200, '{"compositeResponse":[{"refer', headers);
    const error = await failure((await connect()).pull([request(testStream("Lead"))], collectingSink()));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("is not whole JSON (29 characters)");
  });
});

const DATE_ISO = "2026-11-20T12:00:00.000Z";

describe("reading by Bulk", () => {
  const JOB = "750000000000001AAA";
  const csv = "Id,Status,SystemModstamp\n";

  function openJob(total: number, sent: unknown[] = []): nock.Scope {
    onComposite(() => ({ body: queryBody([row("a1")], 20_000, `${ROOT}/query/0r8x-1`) }));
    return nock(HOST)
      .post(`${ROOT}/jobs/query`)
      .reply(
        200,
        async (sentRequest: Request) => {
          sent.push(await sentRequest.json());
          return { id: JOB, state: "UploadComplete", operation: "queryAll", object: "Lead" };
        },
        headers,
      )
      .get(`${ROOT}/jobs/query/${JOB}`)
      .reply(200, { id: JOB, state: "InProgress" }, headers)
      .get(`${ROOT}/jobs/query/${JOB}`)
      .reply(200, { id: JOB, state: "JobComplete", numberRecordsProcessed: total }, headers);
  }

  function page(
    scope: nock.Scope,
    locator: string | null,
    body: string,
    reply: Record<string, string>,
  ): nock.Scope {
    const query = { maxRecords: "50000", ...(locator === null ? {} : { locator }) };
    return scope
      .get(`${ROOT}/jobs/query/${JOB}/results`)
      .query(query)
      .reply(200, body, { Date: DATE, "Content-Type": "text/csv", ...reply });
  }

  it("takes a large first load by a job without ORDER BY and streams its pages, header and count checked", async () => {
    const sent: unknown[] = [];
    const scope = openJob(3, sent);
    page(scope, null, `${csv}a1,Open,2026-01-01T00:00:00.000Z\na2,"x\ny",2026-01-01T00:00:00.000Z\n`, {
      "Sforce-Locator": "MjAw",
      "Sforce-NumberOfRecords": "2",
    });
    page(scope, "MjAw", `${csv}a3,,2026-01-01T00:00:00.000Z\n`, {
      "Sforce-Locator": "null",
      "Sforce-NumberOfRecords": "1",
    });
    const pacing = instantPacing();
    const connection = await connect({ pacing });
    const sink = collectingSink();
    const outcomes = await connection.pull([request(testStream("Lead"))], sink);
    expect(sent[0]).toEqual({
      operation: "queryAll",
      query: "SELECT Id, Status, SystemModstamp FROM Lead",
      contentType: "CSV",
      columnDelimiter: "COMMA",
      lineEnding: "LF",
    });
    expect(sink.pages.map((each) => [each.expectedRows, each.expectedTotal])).toEqual([
      [2, null],
      [1, 3],
    ]);
    expect(sink.pages[0]?.next).toMatchObject({
      route: "bulk",
      job: JOB,
      locator: "MjAw",
      rows: 2,
      total: 3,
    });
    // composite 1 + job 1 + polls 2 + pages 2
    expect(outcomes).toEqual([{ stream: "salesforce.Lead", rows: 3, calls: 6, route: "bulk" }]);
    expect(connection.usage().metered).toBe(6);
    expect(pacing.slept).toEqual([250, 500]);
  });

  it("does not commit a page that holds fewer records than its header says, and reads it three times before it gives up", async () => {
    const scope = openJob(3);
    for (let time = 0; time < 3; time += 1) {
      page(scope, null, `${csv}a1,Open,2026-01-01T00:00:00.000Z\n`, {
        "Sforce-Locator": "null",
        "Sforce-NumberOfRecords": "3",
      });
    }
    const sink = collectingSink();
    const error = await failure((await connect()).pull([request(testStream("Lead"))], sink));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("The Bulk query on Lead: the page should hold 3 records, but 1 came");
    expect(sink.pages).toHaveLength(0);
    expect(nock.isDone()).toBe(true);
  });

  it("stops at a page without Sforce-Locator, since its end cannot be known", async () => {
    page(openJob(1), null, `${csv}a1,Open,2026-01-01T00:00:00.000Z\n`, { "Sforce-NumberOfRecords": "1" });
    const sink = collectingSink();
    const error = await failure((await connect()).pull([request(testStream("Lead"))], sink));
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toContain("lacks Sforce-Locator");
    expect(sink.pages).toHaveLength(0);
  });

  it("does not deliver the last page when the pages do not add up to the job's count", async () => {
    page(openJob(5), null, `${csv}a1,Open,2026-01-01T00:00:00.000Z\n`, {
      "Sforce-Locator": "null",
      "Sforce-NumberOfRecords": "1",
    });
    const sink = collectingSink();
    const error = await failure((await connect()).pull([request(testStream("Lead"))], sink));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("read 5 records, but its pages hold 1");
    expect(sink.pages).toHaveLength(0);
  });

  it("goes on with an interrupted job at its locator", async () => {
    page(nock(HOST), "NEXT", `${csv}a3,,2026-01-01T00:00:00.000Z\n`, {
      "Sforce-Locator": "null",
      "Sforce-NumberOfRecords": "1",
    });
    const connection = await connect();
    const sink = collectingSink();
    const stream = testStream("Lead");
    const outcomes = await connection.pull(
      [
        {
          ...request(stream),
          resume: {
            route: "bulk",
            job: JOB,
            locator: "NEXT",
            rows: 2,
            base: 0,
            total: 3,
            queriedAt: "2026-11-20T12:00:00.000Z",
          },
        },
      ],
      sink,
    );
    expect(connection.usage().metered).toBe(1);
    expect(outcomes[0]).toMatchObject({ rows: 1, route: "bulk" });
    expect(sink.pages[0]).toMatchObject({ expectedTotal: 3, queriedAt: new Date("2026-11-20T12:00:00Z") });
  });

  it("makes a new job when the interrupted one is gone", async () => {
    const old = "750000000000000AAA";
    const scope = nock(HOST)
      .get(`${ROOT}/jobs/query/${old}/results`)
      .query(true)
      .reply(404, vendorError("NOT_FOUND", "The requested resource does not exist"), headers)
      .post(`${ROOT}/jobs/query`)
      .reply(200, { id: JOB, state: "UploadComplete" }, headers)
      .get(`${ROOT}/jobs/query/${JOB}`)
      .reply(200, { id: JOB, state: "JobComplete", numberRecordsProcessed: 1 }, headers);
    page(scope, null, `${csv}a1,,2026-01-01T00:00:00.000Z\n`, {
      "Sforce-Locator": "null",
      "Sforce-NumberOfRecords": "1",
    });
    const sink = collectingSink();
    await (await connect()).pull(
      [
        {
          ...request(testStream("Lead")),
          resume: {
            route: "bulk",
            job: old,
            locator: "NEXT",
            rows: 2,
            base: 0,
            total: 3,
            queriedAt: "2026-11-20T12:00:00.000Z",
          },
        },
      ],
      sink,
    );
    // 2 rows of the old job stay in the ledger, 1 of the new one follows.
    expect(sink.pages[0]?.expectedTotal).toBe(3);
    expect(sink.pages[0]?.queriedAt).toEqual(new Date(DATE));
  });

  it("makes a new job when the interrupted one does not add up, instead of failing the same way in every run", async () => {
    const old = "750000000000000AAA";
    const scope = nock(HOST)
      .get(`${ROOT}/jobs/query/${old}/results`)
      .query(true)
      .reply(200, `${csv}a3,,2026-01-01T00:00:00.000Z\n`, {
        Date: DATE,
        "Sforce-Locator": "null",
        "Sforce-NumberOfRecords": "1",
      })
      .post(`${ROOT}/jobs/query`)
      .reply(200, { id: JOB, state: "UploadComplete" }, headers)
      .get(`${ROOT}/jobs/query/${JOB}`)
      .reply(200, { id: JOB, state: "JobComplete", numberRecordsProcessed: 1 }, headers);
    page(scope, null, `${csv}a1,,2026-01-01T00:00:00.000Z\n`, {
      "Sforce-Locator": "null",
      "Sforce-NumberOfRecords": "1",
    });
    const sink = collectingSink();
    const resume = {
      route: "bulk",
      job: old,
      locator: "NEXT",
      rows: 2,
      base: 0,
      total: 9,
      queriedAt: DATE_ISO,
    };
    await (await connect()).pull([{ ...request(testStream("Lead")), resume }], sink);
    expect(sink.pages.map((each) => [each.expectedRows, each.expectedTotal])).toEqual([[1, 3]]);
  });

  it("passes on why Salesforce gave a job up", async () => {
    onComposite(() => ({ body: queryBody([row("a1")], 20_000, `${ROOT}/query/0r8x-1`) }));
    nock(HOST)
      .post(`${ROOT}/jobs/query`)
      .reply(200, { id: JOB, state: "UploadComplete" }, headers)
      .get(`${ROOT}/jobs/query/${JOB}`)
      .reply(200, { id: JOB, state: "Failed", errorMessage: "INVALID_FIELD: No such column 'X'" }, headers);
    const error = await failure((await connect()).pull([request(testStream("Lead"))], collectingSink()));
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error).toMatchObject({ vendorCode: "INVALID_FIELD" });
    expect(error.message).toContain("given up by Salesforce: INVALID_FIELD: No such column 'X'");
  });
});
