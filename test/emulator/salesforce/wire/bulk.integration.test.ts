import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { containing, matching, type Reply, startWire, type WireClient } from "./wire-client.ts";

let wire: WireClient;
const open: WireClient[] = [];
beforeEach(async () => {
  wire = await startWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const idOf = (reply: Reply) => String(reply.at("id"));
const stateOf = (reply: Reply) => String(reply.at("state"));
const codeOf = (reply: Reply) => String(reply.at("0.errorCode"));

const load = (count: number) =>
  wire.org.load(
    "Lead",
    Array.from({ length: count }, (_, index) => ({
      LastName: `Lead ${index}`,
      AnnualRevenue: index,
      CreatedDate: "2026-05-01T10:00:00.000+0000",
    })),
  );

describe("a Bulk query", () => {
  const create = (query: string, more: object = {}) =>
    wire.call("POST", "data:/jobs/query", { operation: "query", query, ...more });

  it("is created, complete at the first look, read page by page and deleted", async () => {
    load(5);
    await wire.control("POST", "faults", { salesforce: { bulkPageRows: 2 } });
    const made = await create("SELECT LastName, AnnualRevenue, Company, CreatedDate FROM Lead");
    expect(made.json).toEqual({
      id: matching(/^750\w{15}$/),
      operation: "query",
      object: "Lead",
      createdById: "005000000000001AAA",
      createdDate: "2026-06-01T08:00:00.000+0000",
      systemModstamp: "2026-06-01T08:00:00.000+0000",
      state: "UploadComplete",
      concurrencyMode: "Parallel",
      contentType: "CSV",
      apiVersion: 67,
      lineEnding: "LF",
      columnDelimiter: "COMMA",
    });
    const job = `data:/jobs/query/${idOf(made)}`;
    expect((await wire.call("GET", job)).json).toMatchObject({
      state: "JobComplete",
      jobType: "V2Query",
      numberRecordsProcessed: 5,
    });
    const pages: string[] = [];
    const counts: (string | null)[] = [];
    let locator = "";
    while (locator !== "null") {
      const page = await wire.call("GET", `${job}/results${locator === "" ? "" : `?locator=${locator}`}`);
      pages.push(page.text);
      counts.push(page.headers.get("sforce-numberofrecords"));
      locator = page.headers.get("sforce-locator") ?? "null";
    }
    expect(counts).toEqual(["2", "2", "1"]);
    // Header on every page; null is an empty text; doubles keep a decimal place; instants end in Z.
    expect(pages[0]).toBe(
      '"LastName","AnnualRevenue","Company","CreatedDate"\n' +
        '"Lead 0","0.0","","2026-05-01T10:00:00.000Z"\n"Lead 1","1.0","","2026-05-01T10:00:00.000Z"\n',
    );
    expect(pages[2]).toBe(
      '"LastName","AnnualRevenue","Company","CreatedDate"\n"Lead 4","4.0","","2026-05-01T10:00:00.000Z"\n',
    );
    expect((await wire.call("DELETE", job)).status).toBe(204);
    expect((await wire.call("GET", job)).status).toBe(404);
  });

  it("gives a page again for its locator, and one header alone for an empty result", async () => {
    load(3);
    const job = `data:/jobs/query/${idOf(await create("SELECT LastName FROM Lead"))}`;
    const one = await wire.call("GET", `${job}/results?maxRecords=1`);
    const next = one.headers.get("sforce-locator") ?? "";
    const [a, b] = [
      await wire.call("GET", `${job}/results?maxRecords=1&locator=${next}`),
      await wire.call("GET", `${job}/results?maxRecords=1&locator=${next}`),
    ];
    expect(a.text).toBe('"LastName"\n"Lead 1"\n');
    expect(b.text).toBe(a.text);
    expect((await wire.call("GET", `${job}/results?locator=AAAA`)).status).toBe(400);
    const none = `data:/jobs/query/${idOf(await create("SELECT Id FROM Contact"))}`;
    const empty = await wire.call("GET", `${none}/results`);
    expect([
      empty.text,
      empty.headers.get("sforce-locator"),
      empty.headers.get("sforce-numberofrecords"),
    ]).toEqual(['"Id"\n', "null", "0"]);
  });

  it("quotes what CSV needs quoted, with the delimiter and line ends asked for", async () => {
    wire.org.load("Lead", [{ LastName: 'a "b"; c\nd', Company: "ÄÖ 李" }]);
    const made = await create("SELECT LastName, Company FROM Lead", {
      columnDelimiter: "SEMICOLON",
      lineEnding: "CRLF",
    });
    const page = await wire.call("GET", `data:/jobs/query/${idOf(made)}/results`);
    expect(page.text).toBe('"LastName";"Company"\r\n"a ""b""; c\nd";"ÄÖ 李"\r\n');
  });

  it("streams 50,000 rows a page, packed or not", async () => {
    load(60_000);
    const job = `data:/jobs/query/${idOf(await create("SELECT Id, LastName FROM Lead"))}`;
    const packed = await wire.call("GET", `${job}/results`);
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.text.split("\n")).toHaveLength(50_002);
    const plain = await wire.call("GET", `${job}/results`, undefined, { "accept-encoding": "identity" });
    expect(plain.text).toBe(packed.text);
  });

  it("names the pages for parallel reading", async () => {
    load(7);
    await wire.control("POST", "faults", { salesforce: { bulkPageRows: 1 } });
    const job = `data:/jobs/query/${idOf(await create("SELECT LastName FROM Lead"))}`;
    const list = await wire.call("GET", `${job}/resultPages`);
    expect(list.at("resultPages")).toHaveLength(5);
    expect(list.at("done")).toBe(false);
    expect((await wire.call("GET", String(list.at("resultPages.4.resultUrl")))).text).toBe(
      '"LastName"\n"Lead 4"\n',
    );
    expect((await wire.call("GET", String(list.at("nextRecordsUrl")))).json).toMatchObject({ done: true });
  });

  it("is read with the version it was created with, else 409", async () => {
    const id = idOf(await create("SELECT Id FROM Lead"));
    const other = await wire.call("GET", `/services/data/v66.0/jobs/query/${id}/results`);
    expect(other.status).toBe(409);
  });

  it("can be slow: looks and emulated seconds before it is complete", async () => {
    await wire.control("POST", "faults", { salesforce: { bulkPolls: 2, bulkDelaySeconds: 30 } });
    const job = `data:/jobs/query/${idOf(await create("SELECT Id FROM Lead"))}`;
    const look = async () => stateOf(await wire.call("GET", job));
    expect([await look(), await look(), await look()]).toEqual(["InProgress", "InProgress", "InProgress"]);
    expect(codeOf(await wire.call("GET", `${job}/results`))).toBe("INVALIDJOBSTATE");
    wire.clock.advance(30_000);
    expect(await look()).toBe("JobComplete");
  });

  it("can be aborted while it runs, not after", async () => {
    const done = `data:/jobs/query/${idOf(await create("SELECT Id FROM Lead"))}`;
    const late = await wire.call("PATCH", done, { state: "Aborted" });
    expect(late.json).toEqual([
      { message: "Aborting already Completed Job not allowed", errorCode: "INVALIDJOBSTATE" },
    ]);
    await wire.control("POST", "faults", { salesforce: { bulkPolls: 5 } });
    const job = `data:/jobs/query/${idOf(await create("SELECT Id FROM Lead"))}`;
    expect(stateOf(await wire.call("PATCH", job, { state: "Aborted" }))).toBe("Aborted");
    expect(stateOf(await wire.call("GET", job))).toBe("Aborted");
  });

  it("is gone after seven days", async () => {
    const job = `data:/jobs/query/${idOf(await create("SELECT Id FROM Lead"))}`;
    wire.clock.advance(7 * 86_400_000 + 1);
    expect((await wire.call("GET", job)).status).toBe(404);
  });

  it.each([
    ["GROUP BY", "SELECT Status, COUNT(Id) FROM Lead GROUP BY Status"],
    ["an aggregate", "SELECT COUNT() FROM Lead"],
    ["OFFSET", "SELECT Id FROM Lead OFFSET 5"],
    ["TYPEOF", "SELECT TYPEOF Owner WHEN User THEN Id END FROM Lead"],
    ["a subquery", "SELECT Id, (SELECT Id FROM Tasks) FROM Lead"],
    ["a compound field", "SELECT Address FROM Lead"],
  ])("with %s is refused", async (_what, soql) => {
    const reply = await create(soql);
    expect([reply.status, codeOf(reply)]).toEqual([400, "FUNCTIONALITY_NOT_ENABLED"]);
  });

  it("with a semi-join, or with such words in a literal, is not refused", async () => {
    expect((await create("SELECT Id FROM Lead WHERE Id IN (SELECT WhoId FROM Task)")).status).toBe(200);
    expect((await create("SELECT Id FROM Lead WHERE LastName = 'group by count( offset 5'")).status).toBe(
      200,
    );
  });
});

describe("a Bulk ingest", () => {
  const create = (body: object) =>
    wire.call("POST", "data:/jobs/ingest", {
      object: "Lead",
      operation: "insert",
      contentType: "CSV",
      ...body,
    });
  const upload = (id: string, csv: string, headers: Readonly<Record<string, string>> = {}) =>
    wire.call("PUT", `data:/jobs/ingest/${id}/batches`, csv, { "content-type": "text/csv", ...headers });
  const finish = (id: string) => wire.call("PATCH", `data:/jobs/ingest/${id}`, { state: "UploadComplete" });
  /** Looks until the job has ended; each look is a turn of the event loop, in which the work goes on. */
  const ended = async (id: string): Promise<Reply> => {
    const reply = await wire.call("GET", `data:/jobs/ingest/${id}`);
    return ["JobComplete", "Failed", "Aborted"].includes(stateOf(reply)) ? reply : ended(id);
  };
  const results = async (id: string, kind: string) =>
    (await wire.call("GET", `data:/jobs/ingest/${id}/${kind}`)).text.trimEnd().split("\n");

  it("writes rows, fails rows and says which, in an order of its own", async () => {
    const made = await create({});
    const id = idOf(made);
    expect(made.json).toMatchObject({
      state: "Open",
      contentUrl: `services/data/v67.0/jobs/ingest/${id}/batches`,
      lineEnding: "LF",
    });
    const rows = Array.from({ length: 500 }, (_, index) =>
      index % 100 === 7 ? `,C${index}` : `L${index},C${index}`,
    );
    const put = await upload(id, `LastName,Company\n${rows.join("\n")}\n`);
    expect([put.status, put.text]).toEqual([201, ""]);
    const closed = await finish(id);
    expect(stateOf(closed)).toBe("UploadComplete");
    for (const dropped of ["contentUrl", "lineEnding", "columnDelimiter"]) {
      expect(Object.keys(Object(closed.json))).not.toContain(dropped);
    }
    expect((await ended(id)).json).toMatchObject({
      state: "JobComplete",
      jobType: "V2Ingest",
      numberRecordsProcessed: 500,
      numberRecordsFailed: 5,
    });
    const good = await results(id, "successfulResults/");
    expect(good[0]).toBe('"sf__Id","sf__Created","LastName","Company"');
    expect(good).toHaveLength(496);
    const names = good.slice(1).map((line) => line.split(",")[2]);
    expect(names).not.toEqual([...names].sort((a, b) => String(a).localeCompare(String(b))));
    expect(names[0]).not.toBe('"L0"');
    const bad = await results(id, "failedResults");
    expect(bad[0]).toBe('"sf__Id","sf__Error","LastName","Company"');
    expect(bad).toHaveLength(6);
    expect(bad).toContain(
      '"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","","C7"',
    );
    expect(await results(id, "unprocessedrecords")).toEqual(['"LastName","Company"']);
    expect(wire.org.writes[0]).toMatchObject({ operation: "bulk ingest insert" });
  });

  it("empties a field for #N/A, leaves it alone for nothing, reads types, and runs no assignment rule", async () => {
    const made = await wire.call("POST", "data:/sobjects/Lead", { LastName: "A", Company: "C", Key__c: "K" });
    const id = idOf(await create({ operation: "update" }));
    await upload(
      id,
      `Id,Company,Key__c,IsConverted,AnnualRevenue\n${String(made.at("id"))},#N/A,,true,12.5\n`,
    );
    await finish(id);
    await ended(id);
    const [lead] = [...wire.org.dump("Lead")];
    expect(lead).toMatchObject({
      Company: null,
      Key__c: "K",
      IsConverted: true,
      AnnualRevenue: 12.5,
      autoAssigned: false,
    });
  });

  it("takes one upload, also packed; a second is refused in the vendor's words", async () => {
    const id = idOf(await create({}));
    const { instanceUrl, accessToken } = wire.emulator.ready.salesforce;
    const packed = await fetch(`${instanceUrl}/services/data/v67.0/jobs/ingest/${id}/batches`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${accessToken}`,
        "content-type": "text/csv",
        "content-encoding": "gzip",
      },
      body: new Uint8Array(gzipSync("LastName\nA\n")),
    });
    expect(packed.status).toBe(201);
    const again = await upload(id, "LastName\nB\n");
    expect(again.json).toEqual([
      { message: `Found multiple contents for job: ${id}`, errorCode: "BULK_API_ERROR" },
    ]);
    await finish(id);
    expect((await ended(id)).json).toMatchObject({ numberRecordsProcessed: 1, numberRecordsFailed: 0 });
  });

  it.each([
    ["CRLF", "LF", "LastName\nA\n"],
    ["LF", "CRLF", '"Last\nName"\r\nA\r\n'],
  ])("fails as a whole when it says %s and the lines end in %s", async (declared, _found, data) => {
    const id = idOf(await create({ lineEnding: declared }));
    await upload(id, data);
    await finish(id);
    expect((await ended(id)).json).toMatchObject({
      state: "Failed",
      errorMessage: `ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${declared}`,
    });
  });

  it("takes CRLF lines where it says so", async () => {
    const id = idOf(await create({ lineEnding: "CRLF" }));
    await upload(id, "LastName\r\nA\r\n");
    await finish(id);
    expect((await ended(id)).json).toMatchObject({ state: "JobComplete", numberRecordsProcessed: 1 });
  });

  it("refuses an upload whose gzip is broken with 400, and still takes a whole one", async () => {
    const id = idOf(await create({}));
    const { instanceUrl, accessToken } = wire.emulator.ready.salesforce;
    const broken = await fetch(`${instanceUrl}/services/data/v67.0/jobs/ingest/${id}/batches`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${accessToken}`,
        "content-type": "text/csv",
        "content-encoding": "gzip",
      },
      body: new Uint8Array(gzipSync("LastName\nA\n").subarray(0, 20)),
    });
    expect([broken.status, await broken.json()]).toEqual([
      400,
      [{ message: containing("Content-Encoding"), errorCode: "BAD_REQUEST" }],
    ]);
    expect((await upload(id, "LastName\nA\n")).status).toBe(201);
  });

  it("fails as a whole for a column the object does not have", async () => {
    const id = idOf(await create({}));
    await upload(id, "LastName,Nonsense__c\nA,B\n");
    await finish(id);
    expect((await ended(id)).json).toMatchObject({
      state: "Failed",
      errorMessage: "InvalidBatch : Field name not found : Nonsense__c",
    });
    expect(wire.org.recordCount()).toBe(0);
  });

  it("upserts by external id and deletes by id", async () => {
    const id = idOf(await create({ operation: "upsert", externalIdFieldName: "Key__c" }));
    await upload(id, "Key__c,LastName\nk,A\nk,B\n");
    await finish(id);
    await ended(id);
    const lines = (await results(id, "successfulResults")).slice(1);
    expect(new Set(lines.map((line) => line.split(",")[1]))).toEqual(new Set(['"true"', '"false"']));
    const [lead] = [...wire.org.dump("Lead")];
    const remove = idOf(await create({ operation: "delete" }));
    await upload(remove, `Id\n${String(lead?.["Id"])}\n`);
    await finish(remove);
    await ended(remove);
    expect(wire.org.recordCount()).toBe(0);
  });

  it("is made, filled and closed in one multipart request", async () => {
    const form = new FormData();
    form.set(
      "job",
      new Blob([JSON.stringify({ object: "Lead", operation: "insert", contentType: "CSV" })], {
        type: "application/json",
      }),
    );
    form.set("content", new Blob(["LastName\nA\n"], { type: "text/csv" }), "content");
    const made = await wire.call("POST", "data:/jobs/ingest", form);
    expect(stateOf(made)).toBe("UploadComplete");
    expect((await ended(idOf(made))).json).toMatchObject({ numberRecordsProcessed: 1 });
  });

  it("can be aborted before it is worked on, then deleted", async () => {
    const id = idOf(await create({}));
    await upload(id, "LastName\nA\n");
    expect(codeOf(await wire.call("DELETE", `data:/jobs/ingest/${id}`))).toBe("INVALIDJOBSTATE");
    await wire.call("PATCH", `data:/jobs/ingest/${id}`, { state: "Aborted" });
    expect(codeOf(await finish(id))).toBe("INVALIDJOBSTATE");
    expect((await wire.call("DELETE", `data:/jobs/ingest/${id}`)).status).toBe(204);
    expect(wire.org.recordCount()).toBe(0);
  });

  it.each([
    ["an unknown operation", { operation: "merge" }, "INVALIDJOB"],
    ["an upsert without its external id", { operation: "upsert" }, "INVALIDJOB"],
    ["an unknown object", { object: "Nothing__c" }, "NOT_FOUND"],
    ["an unknown delimiter", { columnDelimiter: "DOT" }, "INVALIDJOB"],
  ])("is refused for %s", async (_what, body, code) => {
    expect(codeOf(await create(body))).toBe(code);
  });
});
