import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { connectSalesforce } from "../../../connectors/salesforce/connect.ts";
import type { SalesforceOptions } from "../../../connectors/salesforce/connect-options.ts";
import { salesforceStreams } from "../../../connectors/salesforce/streams.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import type { Connection, PageSink, PullRequest, StreamSpec } from "../../../src/core/ports.ts";
import { createOrg, type EngineOrg } from "../../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock, type EmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../../src/emulator/server/start-emulator.ts";
import { collectingSink, failure } from "./nock-org.ts";

const START = new Date("2026-03-02T09:00:00Z");
const LEADS = 2_500;
const REP = "005Rp00000000ReIAI";

let clock: EmulatorClock;
let org: EngineOrg;
let emulator: Emulator;

beforeAll(async () => {
  clock = createEmulatorClock(START, { stopped: true });
  org = createOrg({ clock });
  // The active assignment rule gives every lead it meets to this rep.
  org.load("User", [
    { Id: REP, LastName: "Rep", Username: "rep@acme.example", IsActive: true, UserType: "Standard" },
  ]);
  org.configure({ leadAssignmentRule: { isActive: true, targets: [REP] } });
  const stamp = "2026-03-01T08:00:00.000+0000";
  org.load(
    "Lead",
    Array.from({ length: LEADS }, (_, index) => ({
      LastName: `Lead ${index}`,
      Company: 'Acme "quoted", Ltd',
      Status: "Open - Not Contacted",
      OwnerId: org.adminUser.id,
      // All in one second: paging must neither loop nor lose rows among equal stamps.
      CreatedDate: stamp,
      SystemModstamp: stamp,
    })),
  );
  org.markStart();
  emulator = await startEmulator({ port: 0, org, clock });
});

afterAll(async () => {
  await emulator.close();
});

beforeEach(async () => {
  await control("reset");
});

async function control(path: string, body: unknown = {}): Promise<void> {
  const response = await fetch(`${emulator.ready.control}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(200);
}

const Requests = z.looseObject({
  salesforce: z.looseObject({
    metered: z.number(),
    unknownParameters: z.array(z.unknown()),
    operations: z.record(z.string(), z.number()),
  }),
});

async function counted(): Promise<z.infer<typeof Requests>> {
  return Requests.parse(await (await fetch(`${emulator.ready.control}/requests?writes=0`)).json());
}

async function connect(options: Partial<SalesforceOptions> = {}): Promise<Connection> {
  const { loginUrl, clientId, username } = emulator.ready.salesforce;
  return await connectSalesforce({
    loginUrl,
    clientId,
    username,
    privateKey: emulator.privateKeyPem,
    log: silentLog,
    ...options,
  });
}

function streamOf(object: string): StreamSpec {
  return salesforceStreams.find((stream) => stream.object === object) ?? expect.fail(`no stream ${object}`);
}

/** What the describe call showed, as the sync does it. */
async function requestFor(
  connection: Connection,
  streams: readonly StreamSpec[],
  since: Date | null,
): Promise<PullRequest[]> {
  const access = await connection.access(streams.map((stream) => stream.object));
  return streams.map((stream, index) => ({
    stream,
    fields: stream.fields.filter(
      (field) => access[index]?.visible !== true || access[index].readable.has(field.name),
    ),
    since,
    resume: null,
  }));
}

async function leadsOf(connection: Connection): Promise<readonly { readonly csv: string }[]> {
  const sink = collectingSink();
  await connection.pull(await requestFor(connection, [streamOf("Lead")], null), sink);
  return sink.pages;
}

const field = (name: string, xml: string): string =>
  `<fields><fullName>${name}</fullName><label>${name}</label>${xml}</fields>`;
const leadPackage = [
  {
    path: "package.xml",
    content:
      '<?xml version="1.0" encoding="UTF-8"?><Package xmlns="http://soap.sforce.com/2006/04/metadata"><types><members>Lead.Ripeline_Clock__c</members><name>CustomField</name></types><types><members>Ripeline</members><name>PermissionSet</name></types><version>67.0</version></Package>',
  },
  {
    path: "objects/Lead.object",
    content: `<?xml version="1.0" encoding="UTF-8"?><CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">${field("Ripeline_Clock__c", "<type>Text</type><length>20</length><externalId>true</externalId>")}</CustomObject>`,
  },
  {
    path: "permissionsets/Ripeline.permissionset",
    content:
      '<?xml version="1.0" encoding="UTF-8"?><PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>Ripeline</label><fieldPermissions><editable>true</editable><field>Lead.Ripeline_Clock__c</field><readable>true</readable></fieldPermissions><objectPermissions><allowEdit>true</allowEdit><allowRead>true</allowRead><object>Lead</object></objectPermissions></PermissionSet>',
  },
];

const Rows = z.array(z.looseObject({ Id: z.string() }));

function rowsOf(pages: readonly { readonly csv: string }[]): z.infer<typeof Rows> {
  return pages.flatMap((page) => Rows.parse(parse(page.csv, { columns: true })));
}

function idsOf(pages: readonly { readonly csv: string }[]): readonly string[] {
  return rowsOf(pages).map((row) => row.Id);
}

const expiredLocator = {
  status: 200,
  body: {
    compositeResponse: [
      {
        referenceId: "part0",
        httpStatusCode: 400,
        httpHeaders: {},
        body: [{ message: "invalid query locator", errorCode: "INVALID_QUERY_LOCATOR" }],
      },
    ],
  },
};

describe("reading an emulated org", () => {
  it("connects by JWT and says who it is without a metered call", async () => {
    const connection = await connect();
    expect(await connection.identity()).toMatchObject({
      orgId: org.organizationId,
      username: emulator.ready.salesforce.username,
      apiVersion: "67.0",
    });
    expect(await connection.serverTime()).toEqual(START);
    expect((await counted()).salesforce.metered).toBe(0);
  });

  it("reads the same leads by REST pages and by Bulk, each within the arithmetic of its route", async () => {
    const byRest = await connect();
    const restSink = collectingSink();
    const [restOutcome] = await byRest.pull(await requestFor(byRest, [streamOf("Lead")], null), restSink);
    // 2,500 rows by pages of 2,000: two calls.
    expect(restOutcome).toEqual({ stream: "salesforce.Lead", rows: LEADS, calls: 2, route: "rest" });

    const byBulk = await connect({ bulkAboveRows: 1_000, bulkPageRows: 1_000 });
    const bulkSink = collectingSink();
    const [bulkOutcome] = await byBulk.pull(await requestFor(byBulk, [streamOf("Lead")], null), bulkSink);
    expect(bulkOutcome).toMatchObject({ rows: LEADS, route: "bulk" });
    // opening Composite, job, one poll, three pages
    expect(bulkOutcome?.calls).toBe(6);
    expect(bulkSink.pages.map((page) => page.expectedRows)).toEqual([1_000, 1_000, 500]);

    const rest = rowsOf(restSink.pages);
    expect(new Set(rest.map((row) => row.Id)).size).toBe(LEADS);
    const byId = (rows: z.infer<typeof Rows>): unknown[] =>
      rows
        .toSorted((left, right) => left.Id.localeCompare(right.Id, "en"))
        .map((row) => [
          row.Id,
          row["OwnerId"],
          row["Status"],
          row["LeadSource"],
          row["IsConverted"],
          row["ConvertedDate"],
        ]);
    expect(byId(rowsOf(bulkSink.pages))).toEqual(byId(rest));
  });

  it("needs three calls for an idle cycle of the eleven fast streams, as the org counts them", async () => {
    const connection = await connect();
    const fast = salesforceStreams.filter((stream) => stream.cadence === "fast");
    const requests = await requestFor(connection, fast, START);
    const before = await counted();
    const sink = collectingSink();
    const outcomes = await connection.pull(requests, sink);
    expect(fast).toHaveLength(11);
    expect((await counted()).salesforce.metered - before.salesforce.metered).toBe(3);
    expect(outcomes.reduce((sum, outcome) => sum + outcome.calls, 0)).toBe(3);
    expect(sink.pages).toHaveLength(11);
  });

  it("reads every stream we have, those that the org lacks as absent, with its own count equal to the org's", async () => {
    const connection = await connect();
    const sink = collectingSink();
    const outcomes = await connection.pull(await requestFor(connection, salesforceStreams, null), sink);
    expect(outcomes).toHaveLength(salesforceStreams.length);
    expect(outcomes.filter((outcome) => outcome.route === "absent").map((outcome) => outcome.stream)).toEqual(
      ["salesforce.CurrencyType", "salesforce.DatedConversionRate"],
    );
    expect((await counted()).salesforce.metered).toBe(connection.usage().metered);
  });

  it("sends no query parameter that the documentation does not know", async () => {
    const connection = await connect({ bulkAboveRows: 1_000 });
    await connection.facts(["Lead"]);
    await connection.pull(await requestFor(connection, [streamOf("Lead")], null), collectingSink());
    const { operations, unknownParameters } = (await counted()).salesforce;
    expect(operations["jobs/query/results"]).toBe(1);
    expect(unknownParameters).toEqual([]);
  });

  it("goes on after a page that broke off, without losing or doubling a row", async () => {
    await control("faults", {
      faults: [{ operation: "jobs/query/results", skip: 1, times: 1, truncateAfterBytes: 5_000 }],
    });
    const connection = await connect({
      bulkAboveRows: 1_000,
      bulkPageRows: 1_000,
      pacing: { sleep: () => Promise.resolve(), random: () => 1 },
    });
    const sink = collectingSink();
    await connection.pull(await requestFor(connection, [streamOf("Lead")], null), sink);
    const ids = idsOf(sink.pages);
    expect(ids).toHaveLength(LEADS);
    expect(new Set(ids).size).toBe(LEADS);
    // Three pages, and the broken one once more.
    expect((await counted()).salesforce.operations["jobs/query/results"]).toBe(4);
  });

  it.each([
    ["while its locator lives", []],
    [
      "after its locator is gone, though every lead has the same stamp",
      [{ operation: "composite", times: 1, answer: expiredLocator }],
    ],
  ])("goes on after an interrupted page %s, without losing or doubling a row", async (_, faults) => {
    const interrupted = await connect();
    const [request] = await requestFor(interrupted, [streamOf("Lead")], null);
    if (request === undefined) return expect.fail("no request");
    const first = collectingSink();
    const stopAfterOne: PageSink = {
      accept: async (page) => {
        if (first.pages.length > 0) throw new Error("the process was killed here");
        return await first.accept(page);
      },
    };
    expect((await failure(interrupted.pull([request], stopAfterOne))).message).toContain("killed here");

    await control("faults", { faults });
    const next = first.pages[0]?.next ?? expect.fail("no checkpoint");
    const rest = collectingSink();
    await (await connect()).pull([{ ...request, resume: next }], rest);
    const ids = idsOf([...first.pages, ...rest.pages]);
    expect(ids).toHaveLength(LEADS);
    expect(new Set(ids).size).toBe(LEADS);
    expect(rest.pages.at(-1)).toMatchObject({ expectedTotal: LEADS, next: null });
  });

  it("fails for a hidden field with the org's own words and the name of stream and field", async () => {
    const connection = await connect();
    const requests = await requestFor(connection, [streamOf("Lead")], null);
    org.configure({ hiddenFields: ["Lead.LeadSource"] });
    try {
      const error = await failure(connection.pull(requests, collectingSink()));
      expect(error.message).toContain(
        "salesforce.Lead: The query on Lead was refused: INVALID_FIELD: No such column 'LeadSource'",
      );
    } finally {
      org.configure({ hiddenFields: [] });
    }
  });

  it("finds the active assignment rule and the tracked history, and a free amount of storage", async () => {
    const facts = await (await connect()).facts(["Lead"]);
    expect(facts).toMatchObject({
      tracksOwnerHistory: true,
      tracksStatusHistory: true,
      hasMultipleCurrencies: false,
    });
    expect(facts.automation.filter((found) => found.name.startsWith("unknown"))).toEqual([]);
    expect(facts.storageMegabytesFree).toBeGreaterThan(0);
  });

  it("tells which private objects it may not see whole: those without View All in its permission sets", async () => {
    const connection = await connect();
    const hidden = () => connection.hiddenBySharing?.(["Lead", "Contact", "Task", "Campaign"]);
    expect(await hidden()).toEqual([]);
    const [lead] = idsOf((await leadsOf(connection)).slice(0, 1));
    await control("automation", { salesforce: { hiddenRecords: [{ object: "Lead", ids: [lead] }] } });
    const metered = (await counted()).salesforce.metered;
    expect(await hidden()).toEqual(["Lead"]);
    expect((await counted()).salesforce.metered - metered).toBe(1);
    // Read alone is not enough.
    await connection.deploy(leadPackage, { checkOnly: false });
    await connection.assignPermissionSet("Ripeline");
    expect(await hidden()).toEqual(["Lead"]);
    const seesAll = leadPackage.map(({ path, content }) => ({
      path,
      content: content.replace(
        "<object>Lead</object>",
        "<object>Lead</object><viewAllRecords>true</viewAllRecords>",
      ),
    }));
    await connection.deploy(seesAll, { checkOnly: false });
    expect(await hidden()).toEqual([]);
    org.configure({ hiddenObjects: ["ObjectPermissions"] });
    try {
      expect(await hidden()).toBeNull();
    } finally {
      org.configure({ hiddenObjects: [] });
    }
  });
});

describe("writing to an emulated org", () => {
  async function prepared(
    options: Partial<SalesforceOptions> = {},
  ): Promise<{ connection: Connection; ids: readonly string[] }> {
    const connection = await connect(options);
    expect(await connection.deploy(leadPackage, { checkOnly: true })).toMatchObject({
      succeeded: true,
      problems: [],
    });
    const report = await connection.deploy(leadPackage, { checkOnly: false });
    expect(report).toMatchObject({ succeeded: true, problems: [] });
    expect(report.created).toContain("Lead.Ripeline_Clock__c");
    expect(await connection.assignPermissionSet("Ripeline")).toBe("assigned");
    expect(await connection.assignPermissionSet("Ripeline")).toBe("already assigned");
    const [access] = await connection.access(["Lead"]);
    expect(access?.updateable.has("Ripeline_Clock__c")).toBe(true);
    const sink = collectingSink();
    await connection.pull(await requestFor(connection, [streamOf("Lead")], null), sink);
    return { connection, ids: idsOf(sink.pages) };
  }

  it("writes 249 of 250 leads in one call when one is locked, moves no owner though an assignment rule is active, and can write the last one later", async () => {
    const { connection, ids } = await prepared();
    const some = ids.slice(0, 250);
    const locked = some[217] ?? expect.fail("too few leads");
    org.configure({ lockedIds: [locked] });
    const request = {
      object: "Lead",
      keyField: "Id",
      batchSize: 200,
      rows: some.map((key) => ({ key, fields: { Ripeline_Clock__c: "open" } })),
    } as const;
    const before = (await counted()).salesforce.metered;
    const report = await connection.write(request);
    expect((await counted()).salesforce.metered - before).toBe(1);
    expect(report.calls).toBe(1);
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(249);
    expect(report.outcomes[217]).toMatchObject({
      key: locked,
      ok: false,
      code: "UNABLE_TO_LOCK_ROW",
      retryable: true,
    });
    org.configure({ lockedIds: [] });
    const again = await connection.write({ ...request, rows: request.rows.slice(217, 218) });
    expect(again.outcomes).toEqual([{ key: locked, ok: true, id: locked, created: false }]);
    const written = [...org.dump("Lead")].filter((lead) => lead["Ripeline_Clock__c"] === "open");
    expect(written).toHaveLength(250);
    expect(new Set(written.map((lead) => lead["OwnerId"]))).toEqual(new Set([org.adminUser.id]));
  });

  it("would move the owner without Sforce-Auto-Assign, which a request past the connector shows", async () => {
    const { ids } = await prepared();
    const { instanceUrl, accessToken } = emulator.ready.salesforce;
    const [id = ""] = ids;
    const response = await fetch(`${instanceUrl}/services/data/v67.0/composite/sobjects`, {
      method: "PATCH",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({
        allOrNone: false,
        records: [{ attributes: { type: "Lead" }, id, Ripeline_Clock__c: "open" }],
      }),
    });
    expect(await response.json()).toMatchObject([{ id, success: true }]);
    const lead = [...org.dump("Lead")].find((each) => each["Id"] === id);
    expect(lead?.["OwnerId"]).toBe(REP);
  });

  it("writes many rows by a Bulk job with the same outcomes, and clears them again", async () => {
    const { connection, ids } = await prepared({ bulkWriteAboveRows: 2_000 });
    const locked = ids[42] ?? expect.fail("too few leads");
    org.configure({ lockedIds: [locked] });
    const rows = ids.map((key) => ({ key, fields: { Ripeline_Clock__c: "open" } }));
    const report = await connection.write({ object: "Lead", keyField: "Id", batchSize: 200, rows });
    org.configure({ lockedIds: [] });
    expect(report.outcomes.map((outcome) => outcome.key)).toEqual(ids);
    expect(report.outcomes.filter((outcome) => outcome.ok)).toHaveLength(LEADS - 1);
    expect(report.outcomes[42]).toMatchObject({
      key: locked,
      ok: false,
      code: "UNABLE_TO_LOCK_ROW",
      retryable: true,
    });
    // create, upload, close, polls, two results
    expect(report.calls).toBeLessThanOrEqual(8);
    await connection.write({
      object: "Lead",
      keyField: "Id",
      batchSize: 200,
      rows: ids.map((key) => ({ key, fields: { Ripeline_Clock__c: null } })),
    });
    const left = [...org.dump("Lead")].filter((lead) => lead["Ripeline_Clock__c"] !== null);
    expect(left).toEqual([]);
    expect(new Set([...org.dump("Lead")].map((lead) => lead["OwnerId"]))).toEqual(
      new Set([org.adminUser.id]),
    );
  });

  it("does not write twice what a reset left unclear", async () => {
    const { connection, ids } = await prepared({
      pacing: { sleep: () => Promise.resolve(), random: () => 1 },
    });
    await control("faults", { faults: [{ operation: "composite", times: 1, when: "after", reset: true }] });
    const rows = ids.slice(0, 10).map((key) => ({ key, fields: { Ripeline_Clock__c: "open" } }));
    const report = await connection.write({ object: "Lead", keyField: "Id", batchSize: 200, rows });
    expect(report.outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect([...org.dump("Lead")].filter((lead) => lead["Ripeline_Clock__c"] === "open")).toHaveLength(10);
  });
});

describe("an emulated org that refuses", () => {
  it("renews an expired session once and goes on", async () => {
    const connection = await connect();
    expect(await connection.count("Lead")).toBe(LEADS);
    await control("faults", { salesforce: { expireSessions: "issued" } });
    expect(await connection.count("Lead")).toBe(LEADS);
    expect((await counted()).salesforce.operations["oauth2/token"]).toBe(2);
    expect((await counted()).salesforce.metered).toBe(connection.usage().metered);
  });

  it("stops with QuotaExhaustedError when the org's allowance is used up", async () => {
    const connection = await connect();
    await control("faults", { salesforce: { dailyApiRequests: 10, apiRequestsUsedByOthers: 10 } });
    const error = await failure(connection.count("Lead"));
    expect(error).toMatchObject({ name: "QuotaExhaustedError", code: "QUOTA_EXHAUSTED" });
    expect(error.message).toContain("TotalRequests Limit exceeded.");
  });

  it("names SALESFORCE_CLIENT_ID for a client it does not know", async () => {
    const error = await failure(connect({ clientId: "nobody" }));
    expect(error).toMatchObject({ name: "AuthError", code: "AUTH" });
    expect(error.message).toContain("SALESFORCE_CLIENT_ID");
  });
});
