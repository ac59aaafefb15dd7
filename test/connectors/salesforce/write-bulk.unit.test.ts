import nock from "nock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, HOST, headers, onComposite, ROOT } from "./nock-org.ts";

const JOB = "750000000000009AAA";

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

interface Sent {
  job: unknown;
  csv: string;
}

function onJob(
  end: { readonly state: string; readonly errorMessage?: string },
  successes: string,
  failures: string,
): Sent {
  const sent: Sent = { job: undefined, csv: "" };
  const csvHeaders = { ...headers, "Content-Type": "text/csv" };
  nock(HOST)
    .post(`${ROOT}/jobs/ingest`)
    .reply(
      200,
      async (request: Request) => {
        sent.job = await request.json();
        return { id: JOB, state: "Open" };
      },
      headers,
    )
    .put(`${ROOT}/jobs/ingest/${JOB}/batches`)
    .reply(async (request: Request) => {
      sent.csv = await request.text();
      return [201, "", headers];
    })
    .patch(`${ROOT}/jobs/ingest/${JOB}`, { state: "UploadComplete" })
    .reply(200, { id: JOB, state: "UploadComplete" }, headers)
    .get(`${ROOT}/jobs/ingest/${JOB}`)
    .reply(200, { id: JOB, ...end }, headers)
    .get(`${ROOT}/jobs/ingest/${JOB}/successfulResults`)
    .reply(200, successes, csvHeaders)
    .get(`${ROOT}/jobs/ingest/${JOB}/failedResults`)
    .reply(200, failures, csvHeaders);
  return sent;
}

const rows = [
  { key: "00Q1", fields: { Ripeline_Clock__c: "open", Ripeline_Undelivered__c: false } },
  { key: "00Q2", fields: { Ripeline_Clock__c: null } },
  { key: "00Q3", fields: { Ripeline_Clock__c: 'a "b", c' } },
];

describe("writing by Bulk", () => {
  it("clears with #N/A, leaves unnamed fields, names no assignment rule, and matches results by key in any order", async () => {
    const sent = onJob(
      { state: "JobComplete" },
      'sf__Id,sf__Created,Id,Ripeline_Clock__c\n00Q3,false,00Q3,"a ""b"", c"\n00Q1,false,00Q1,open\n',
      'sf__Id,sf__Error,Id\n00Q2,"UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--",00Q2\n',
    );
    const connection = await connect({ bulkWriteAboveRows: 2 });
    const report = await connection.write({ object: "Lead", keyField: "Id", batchSize: 200, rows });
    expect(sent.job).toEqual({
      object: "Lead",
      operation: "update",
      contentType: "CSV",
      columnDelimiter: "COMMA",
      lineEnding: "LF",
    });
    expect(sent.csv).toBe(
      'Id,Ripeline_Clock__c,Ripeline_Undelivered__c\n00Q1,open,false\n00Q2,#N/A,\n00Q3,"a ""b"", c",\n',
    );
    expect(report.outcomes).toEqual([
      { key: "00Q1", ok: true, id: "00Q1", created: false },
      {
        key: "00Q2",
        ok: false,
        code: "UNABLE_TO_LOCK_ROW",
        message: "unable to obtain exclusive access to this record",
        retryable: true,
      },
      { key: "00Q3", ok: true, id: "00Q3", created: false },
    ]);
    // create, upload, close, one poll, two results
    expect(report.calls).toBe(6);
    expect(connection.usage().metered).toBe(6);
  });

  it("upserts by external id and returns rows of a job that failed half-way as retryable", async () => {
    const sent = onJob(
      { state: "Failed", errorMessage: "InternalServerError : try again" },
      "sf__Id,sf__Created,Key__c\na01,true,k1\n",
      "sf__Id,sf__Error,Key__c\n",
    );
    const report = await (await connect({ bulkWriteAboveRows: 1 })).write({
      object: "Ripeline_Metric__c",
      keyField: "Key__c",
      batchSize: 200,
      rows: [
        { key: "k1", fields: { Value__c: 1.5 } },
        { key: "k2", fields: { Value__c: 2 } },
      ],
    });
    expect(sent.job).toMatchObject({ operation: "upsert", externalIdFieldName: "Key__c" });
    expect(report.outcomes).toEqual([
      { key: "k1", ok: true, id: "a01", created: true },
      {
        key: "k2",
        ok: false,
        code: "NOT_PROCESSED",
        message: "InternalServerError : try again",
        retryable: true,
      },
    ]);
  });

  it("is not used for an object that needs small batches", async () => {
    const parts = onComposite((part) => ({
      body: (part.body?.records ?? []).map((record) => ({ id: record["id"], success: true, errors: [] })),
    }));
    await (await connect({ bulkWriteAboveRows: 2 })).write({
      object: "Lead",
      keyField: "Id",
      batchSize: 1,
      rows,
    });
    expect(parts).toHaveLength(3);
  });
});
