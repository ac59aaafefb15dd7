import { unzipSync } from "fflate";
import nock from "nock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ConfigError,
  RateLimitedError,
  RequestRefusedError,
  WireShapeError,
} from "../../../src/core/errors.ts";
import {
  type CompositePart,
  connect,
  DATE,
  failure,
  HOST,
  headers,
  onComposite,
  queryBody,
  ROOT,
  soqlOf,
  vendorError,
} from "./nock-org.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const userinfo = {
  organization_id: "00D000000000001EAA",
  user_id: "005000000000001AAA",
  preferred_username: "integration@acme.example",
  urls: {},
};

describe("who and when", () => {
  it("takes the newest API version that both sides know, and meters neither that nor the identity", async () => {
    nock(HOST)
      .get("/services/data")
      .reply(200, [{ version: "59.0" }, { version: "66.0" }, { version: "68.0" }], headers)
      .get("/services/oauth2/userinfo")
      .reply(200, userinfo, headers);
    const { connectSalesforce } = await import("../../../connectors/salesforce/connect.ts");
    const { silentLog } = await import("../../../connectors/shared/connector-log.ts");
    const connection = await connectSalesforce({ instanceUrl: `${HOST}/`, accessToken: "t", log: silentLog });
    expect(await connection.identity()).toEqual({
      crm: "salesforce",
      orgId: "00D000000000001EAA",
      userId: "005000000000001AAA",
      username: "integration@acme.example",
      instanceUrl: HOST,
      apiVersion: "66.0",
    });
    expect(connection.usage().metered).toBe(0);
  });

  it("reads the org's clock from the Date header", async () => {
    nock(HOST)
      .get("/services/data")
      .reply(200, [{ version: "67.0" }], headers);
    expect(await (await connect()).serverTime()).toEqual(new Date(DATE));
  });

  it("keeps the vendor's usage figures as a hint beside its own count", async () => {
    nock(HOST)
      .get(`${ROOT}/query`)
      .query({ q: "SELECT COUNT() FROM Lead" })
      .reply(200, JSON.stringify(queryBody([], 12)), {
        ...headers,
        "Sforce-Limit-Info": "api-usage=10018/100000; api-bursts=1/750",
      });
    const connection = await connect();
    expect(await connection.count("Lead")).toBe(12);
    expect(connection.usage()).toEqual({ metered: 1, dailyUsed: 10018, dailyLimit: 100000 });
  });

  it("waits and asks again when too many long calls run at the same time", async () => {
    const body = JSON.stringify(
      vendorError("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    );
    nock(HOST).get(`${ROOT}/query`).query(true).times(3).reply(403, body, headers);
    const error = await failure((await connect()).count("Lead"));
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error.message).toContain("salesforce asked us to wait 10000 ms");
  });
});

describe("what the user may see", () => {
  it("describes 26 objects in two calls, and an object that is hidden or missing counts as not visible", async () => {
    const answer = (part: { url: string }): { status?: number; body: unknown } =>
      part.url.includes("/Hidden__c/")
        ? { status: 404, body: vendorError("NOT_FOUND", "The requested resource does not exist") }
        : {
            body: {
              name: "X",
              fields: [
                { name: "Id", updateable: false },
                { name: "Status", updateable: true },
              ],
            },
          };
    const first = onComposite(answer);
    onComposite(answer);
    const connection = await connect();
    const objects = ["Hidden__c", ...Array.from({ length: 25 }, (_, index) => `Object${index}__c`)];
    const access = await connection.access(objects);
    expect(access.map((each) => each.object)).toEqual(objects);
    expect(access[0]).toEqual({
      object: "Hidden__c",
      visible: false,
      readable: new Set(),
      updateable: new Set(),
    });
    expect(access[1]).toEqual({
      object: "Object0__c",
      visible: true,
      readable: new Set(["Id", "Status"]),
      updateable: new Set(["Status"]),
    });
    expect(first[1]?.url).toBe(`${ROOT}/sobjects/Object0__c/describe`);
    expect(connection.usage().metered).toBe(2);
  });

  it("asks a second time only for what changed since", async () => {
    onComposite(() => ({
      body: { name: "Lead", fields: [{ name: "Id", updateable: false }] },
      headers: { "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT" },
    }));
    const second = onComposite(() => ({ status: 304, body: null }));
    const connection = await connect();
    const before = await connection.access(["Lead"]);
    expect(await connection.access(["Lead"])).toEqual(before);
    expect(second[0]?.httpHeaders).toEqual({ "If-Modified-Since": "Fri, 20 Nov 2026 10:00:00 GMT" });
  });
});

describe("what the org tells about itself", () => {
  const tooling = (body: unknown, status = 200): void => {
    nock(HOST).get(`${ROOT}/tooling/query`).query(true).reply(status, JSON.stringify(body), headers);
  };

  it("finds automation, field history, currencies and free storage in five calls", async () => {
    onComposite((part) => {
      const soql = soqlOf(part);
      if (soql.includes("FROM ApexTrigger"))
        return { body: queryBody([{ Name: "LeadTrigger", TableEnumOrId: "Lead" }]) };
      if (soql.includes("FROM FlowDefinitionView")) {
        return {
          body: queryBody([{ ApiName: "Route_Leads", TriggerObjectOrEvent: { QualifiedApiName: "Lead" } }]),
        };
      }
      if (soql.includes("FROM CurrencyType")) return { body: queryBody([{ Id: "01L" }]) };
      return { body: queryBody([]) };
    });
    tooling(queryBody([{ ValidationName: "Phone_needed", EntityDefinition: { QualifiedApiName: "Lead" } }]));
    tooling(queryBody([]));
    tooling(
      queryBody([
        { QualifiedApiName: "OwnerId", IsFieldHistoryTracked: true },
        { QualifiedApiName: "Status", IsFieldHistoryTracked: false },
      ]),
    );
    nock(HOST)
      .get(`${ROOT}/limits`)
      .reply(
        200,
        {
          DataStorageMB: { Max: 10240, Remaining: 9000 },
          DailyApiRequests: { Max: 150_000, Remaining: 149_000 },
        },
        headers,
      );
    const connection = await connect();
    expect(await connection.facts(["Lead", "Campaign"])).toEqual({
      tracksOwnerHistory: true,
      tracksStatusHistory: false,
      hasMultipleCurrencies: true,
      automation: [
        { object: "Lead", kind: "ApexTrigger", name: "LeadTrigger" },
        { object: "Lead", kind: "Flow", name: "Route_Leads" },
        { object: "Lead", kind: "ValidationRule", name: "Phone_needed" },
      ],
      storageMegabytesFree: 9000,
      dailyCallLimit: 150_000,
    });
    expect(connection.usage().metered).toBe(5);
  });

  it("takes automation it may not see for present, history for untracked and storage for unknown", async () => {
    onComposite((part) =>
      soqlOf(part).includes("CurrencyType") || soqlOf(part).includes("DuplicateRule")
        ? { status: 400, body: vendorError("INVALID_TYPE", "sObject type is not supported.") }
        : { body: queryBody([]) },
    );
    for (let query = 0; query < 3; query += 1) tooling(vendorError("INSUFFICIENT_ACCESS", "no"), 403);
    nock(HOST)
      .get(`${ROOT}/limits`)
      .reply(403, JSON.stringify(vendorError("INSUFFICIENT_ACCESS", "no")), headers);
    const facts = await (await connect()).facts(["Lead"]);
    expect(facts).toEqual({
      tracksOwnerHistory: false,
      tracksStatusHistory: false,
      hasMultipleCurrencies: false,
      automation: [
        { object: "Lead", kind: "DuplicateRule", name: "unknown (INVALID_TYPE)" },
        { object: "Lead", kind: "ValidationRule", name: "unknown (PERMISSION)" },
        { object: "Lead", kind: "WorkflowRule", name: "unknown (PERMISSION)" },
      ],
      storageMegabytesFree: null,
      dailyCallLimit: null,
    });
  });
});

describe("counting an org before anything was read", () => {
  const request = {
    flaggedSince: new Date("2026-06-01T00:00:00Z"),
    handoffsSince: new Date("2025-05-01T00:00:00Z"),
    monthsSince: new Date("2024-07-01T00:00:00Z"),
  };

  it("asks ten questions in two calls, and takes what is not answered for unknown", async () => {
    const answer = (part: CompositePart): { readonly status?: number; readonly body: unknown } => {
      const soql = soqlOf(part);
      if (soql.includes("FROM LeadHistory")) return { body: queryBody([], 41) };
      if (soql.includes("COUNT_DISTINCT(LeadSource)")) return { body: queryBody([{ n: 12 }]) };
      if (soql.includes("COUNT_DISTINCT(UserRoleId)")) return { body: queryBody([{ n: 4 }]) };
      if (soql.includes("COUNT_DISTINCT(CampaignId)")) return { body: queryBody([{ n: 3 }, { n: 5 }]) };
      if (soql.includes("Owner.Type = 'Queue'")) {
        return {
          status: 400,
          body: vendorError("QUERY_TIMEOUT", "Your query request was running for too long."),
        };
      }
      if (soql.includes("CreatedDate >= 2026-06-01T00:00:00Z")) return { body: queryBody([], 7) };
      if (soql.includes("FROM Lead WHERE CreatedDate >= 2025-05-01T00:00:00Z"))
        return { body: queryBody([], 900) };
      if (soql.includes("FROM Opportunity")) return { body: queryBody([], 30) };
      if (soql.includes("FROM User")) return { body: queryBody([], 16) };
      return { body: queryBody([], 36) };
    };
    onComposite(answer);
    onComposite(answer);
    const connection = await connect();
    // An owner change leaves two history rows: 41 rows are 21 changes at most.
    expect(await connection.size(request)).toEqual({
      openLeads: 7,
      queueLeads: null,
      openOpportunities: 30,
      newLeads: 900,
      ownerChanges: 21,
      users: 16,
      roles: 4,
      sources: 12,
      campaigns: 36,
      campaignMonths: 8,
    });
    expect(connection.usage().metered).toBe(2);
  });
});

describe("deploying metadata", () => {
  const files = [
    { path: "package.xml", content: "<Package/>" },
    { path: "objects/Lead.object", content: "<CustomObject/>" },
  ];

  it("sends the zip with its options and reports what was created, changed and left", async () => {
    let form: FormData | undefined;
    nock(HOST)
      .post(`${ROOT}/metadata/deployRequest`)
      .reply(
        201,
        async (request: Request) => {
          form = await request.formData();
          return {
            id: "0Af000000000001",
            deployOptions: {},
            deployResult: { status: "Pending", done: false },
          };
        },
        headers,
      )
      .get(`${ROOT}/metadata/deployRequest/0Af000000000001`)
      .query({ includeDetails: "true" })
      .reply(
        200,
        { id: "0Af000000000001", deployResult: { status: "InProgress", done: false, success: false } },
        headers,
      )
      .get(`${ROOT}/metadata/deployRequest/0Af000000000001`)
      .query({ includeDetails: "true" })
      .reply(
        200,
        {
          id: "0Af000000000001",
          deployResult: {
            status: "Succeeded",
            done: true,
            success: true,
            details: {
              componentSuccesses: [
                {
                  componentType: "",
                  fullName: "package.xml",
                  fileName: "package.xml",
                  created: "false",
                  changed: "true",
                  deleted: "false",
                  success: "true",
                },
                {
                  componentType: "CustomField",
                  fullName: "Lead.Ripeline_Clock__c",
                  fileName: "objects/Lead.object",
                  created: true,
                  changed: true,
                  deleted: false,
                  success: true,
                },
                {
                  componentType: "CustomField",
                  fullName: "Lead.Ripeline_Outcome__c",
                  fileName: "objects/Lead.object",
                  created: "false",
                  changed: "true",
                  deleted: "false",
                  success: "true",
                },
                {
                  componentType: "PermissionSet",
                  fullName: "Ripeline",
                  fileName: "permissionsets/Ripeline.permissionset",
                  created: false,
                  changed: false,
                  deleted: false,
                  success: true,
                },
              ],
              componentFailures: [],
            },
          },
        },
        headers,
      );
    const report = await (await connect()).deploy(files, { checkOnly: true });
    expect(report).toEqual({
      succeeded: true,
      created: ["Lead.Ripeline_Clock__c"],
      changed: ["Lead.Ripeline_Outcome__c"],
      unchanged: ["Ripeline"],
      deleted: [],
      problems: [],
    });
    const options = form?.get("entity_content");
    const zip = form?.get("file");
    if (!(options instanceof Blob) || !(zip instanceof Blob)) return expect.fail("parts are missing");
    expect(JSON.parse(await options.text())).toMatchObject({
      deployOptions: { checkOnly: true, rollbackOnError: true, singlePackage: true },
    });
    expect(Object.keys(unzipSync(new Uint8Array(await zip.arrayBuffer())))).toEqual([
      "package.xml",
      "objects/Lead.object",
    ]);
  });

  it("reports a failed component in the org's words, also when the details hold one message instead of a list", async () => {
    nock(HOST)
      .post(`${ROOT}/metadata/deployRequest`)
      .reply(201, { id: "0Af1" }, headers)
      .get(`${ROOT}/metadata/deployRequest/0Af1`)
      .query(true)
      .reply(
        200,
        {
          id: "0Af1",
          deployResult: {
            status: "Failed",
            done: true,
            success: false,
            details: {
              componentSuccesses: null,
              componentFailures: {
                componentType: "CustomField",
                fullName: "Lead.Bad__c",
                fileName: "objects/Lead.object",
                problem: "Error: Unknown function FOO.",
                problemType: "Error",
                success: false,
              },
            },
          },
        },
        headers,
      );
    const report = await (await connect()).deploy(files, { checkOnly: false });
    expect(report.succeeded).toBe(false);
    expect(report.problems).toEqual([
      { component: "CustomField Lead.Bad__c", problem: "Error: Unknown function FOO." },
    ]);
  });

  it("refuses a package without its manifest before anything is sent", async () => {
    const error = await failure((await connect()).deploy(files.slice(1), { checkOnly: false }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain("package.xml");
  });

  it("does not send a deployment twice after a reset, since the first may run", async () => {
    nock(HOST)
      .post(`${ROOT}/metadata/deployRequest`)
      .replyWithError(Object.assign(new Error("x"), { code: "ECONNRESET" }));
    const connection = await connect();
    const error = await failure(connection.deploy(files, { checkOnly: false }));
    expect(error.message).toContain("The metadata deployment failed");
    expect(connection.usage().metered).toBe(1);
  });
});

describe("assigning the permission set", () => {
  const onIdentity = (): void => {
    nock(HOST).get("/services/oauth2/userinfo").reply(200, userinfo, headers);
  };

  it("assigns it to the connected user where it is not assigned", async () => {
    onIdentity();
    onComposite((part) => ({
      body: queryBody(soqlOf(part).includes("FROM PermissionSet ") ? [{ Id: "0PS1" }] : []),
    }));
    let sent: unknown;
    nock(HOST)
      .post(`${ROOT}/sobjects/PermissionSetAssignment`)
      .reply(
        201,
        async (request: Request) => {
          sent = await request.json();
          return { id: "0Pa1", success: true, errors: [] };
        },
        headers,
      );
    expect(await (await connect()).assignPermissionSet("Ripeline")).toBe("assigned");
    expect(sent).toEqual({ AssigneeId: "005000000000001AAA", PermissionSetId: "0PS1" });
  });

  it("assigns it to another user without asking who is connected", async () => {
    const parts = onComposite(() => ({ body: queryBody([{ Id: "0PS1" }]) }));
    const connection = await connect();
    expect(await connection.assignPermissionSet("Ripeline", "005000000000002AAA")).toBe("already assigned");
    expect(soqlOf(parts[1] ?? expect.fail("no part"))).toContain("AssigneeId = '005000000000002AAA'");
  });

  it.each([
    [
      "an active user",
      [{ Id: "005000000000002AAA", IsActive: true }],
      { id: "005000000000002AAA", isActive: true },
    ],
    [
      "an inactive user",
      [{ Id: "005000000000002AAA", IsActive: false }],
      { id: "005000000000002AAA", isActive: false },
    ],
    ["nobody", [], null],
  ])("finds %s by name", async (_, records, found) => {
    let asked = "";
    nock(HOST)
      .get(`${ROOT}/query`)
      .query((query) => {
        asked = String(query["q"]);
        return true;
      })
      .reply(200, queryBody(records), headers);
    expect(await (await connect()).findUser("o'neil@acme.example")).toEqual(found);
    expect(asked).toBe("SELECT Id, IsActive FROM User WHERE Username = 'o\\'neil@acme.example'");
  });

  it("does nothing where the user has it", async () => {
    onIdentity();
    onComposite(() => ({ body: queryBody([{ Id: "0PS1" }]) }));
    expect(await (await connect()).assignPermissionSet("Ripeline")).toBe("already assigned");
  });

  it("says to run apply where the org does not have it", async () => {
    onIdentity();
    const parts = onComposite(() => ({ body: queryBody([]) }));
    const error = await failure((await connect()).assignPermissionSet("It's"));
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error.message).toContain("Run `ripeline apply`");
    expect(soqlOf(parts[0] ?? expect.fail("no part"))).toBe(
      "SELECT Id FROM PermissionSet WHERE Name = 'It\\'s'",
    );
  });

  it("fails when a Composite leaves a part unanswered", async () => {
    onIdentity();
    nock(HOST)
      .post(`${ROOT}/composite`)
      .reply(
        200,
        { compositeResponse: [{ referenceId: "part0", httpStatusCode: 200, body: queryBody([]) }] },
        headers,
      );
    const error = await failure((await connect()).assignPermissionSet("Ripeline"));
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toContain("part 2 of 2 was not answered");
  });
});
