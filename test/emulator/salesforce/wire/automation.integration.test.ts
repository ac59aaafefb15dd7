import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { allowing, bareRecords, manifest, type RealWire, startRealWire } from "./real-wire.ts";
import { containing, valueAt } from "./wire-client.ts";

let wire: RealWire;
const open: RealWire[] = [];

const TITLE = ["Lead.Title", "Lead.Email", "Lead.Rating"].map(
  (field) =>
    `<fieldPermissions><field>${field}</field><editable>true</editable><readable>true</readable></fieldPermissions>`,
);

beforeEach(async () => {
  wire = await startRealWire();
  open.push(wire);
  const problems = await wire.deploy({
    "package.xml": manifest({ PermissionSet: ["Writer"], CustomPermission: ["Ripeline_Bypass"] }),
    "customPermissions/Ripeline_Bypass.customPermission":
      "<CustomPermission><label>Bypass</label></CustomPermission>",
    "permissionsets/Writer.permissionset": `<PermissionSet><label>Writer</label>${allowing("Lead", "all")}${TITLE.join("")}</PermissionSet>`,
  });
  expect(problems).toEqual([]);
  await wire.assign("Writer", wire.org.integrationUser.id);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const QUIET = { "Sforce-Auto-Assign": "FALSE" };
const asked = (salesforce: object) => wire.control("POST", "automation", { salesforce });
const automate = async (salesforce: object): Promise<void> => {
  const reply = await asked(salesforce);
  expect([reply.status, reply.at("error")]).toEqual([200, undefined]);
};
const leads = (count: number, more: object = {}) =>
  wire.load(
    "Lead",
    Array.from({ length: count }, (_, index) => ({ LastName: `L${index}`, Company: "Acme", ...more })),
  );
const patch = (ids: readonly string[], values: object, headers: Readonly<Record<string, string>> = {}) =>
  wire.user(
    "PATCH",
    "/composite/sobjects",
    { records: ids.map((id) => ({ attributes: { type: "Lead" }, id, ...values })) },
    { ...QUIET, ...headers },
  );
const codes = (reply: { readonly json: unknown }) => {
  const rows: readonly unknown[] = Array.isArray(reply.json) ? reply.json : [];
  return rows.map((row) => valueAt(row, "errors.0.statusCode") ?? "ok");
};
/** Gives the integration user the bypass permission, as ripeline's own set does. */
async function allowBypass(): Promise<void> {
  await wire.deploy({
    "package.xml": manifest({ PermissionSet: ["Bypass"] }),
    "permissionsets/Bypass.permissionset":
      "<PermissionSet><label>Bypass</label><customPermissions><enabled>true</enabled><name>Ripeline_Bypass</name></customPermissions></PermissionSet>",
  });
  await wire.assign("Bypass", wire.org.integrationUser.id);
}

describe("a validation rule", () => {
  const rule = {
    object: "Lead",
    name: "Title_needs_rating",
    formula: 'AND(ISCHANGED(Title), ISPICKVAL(Rating, ""))',
    message: "Rate the lead first.",
    field: "Rating",
  };

  it("refuses the rows it is true for, with its own words at its field", async () => {
    const [plain = ""] = await leads(1);
    const [rated = ""] = await leads(1, { Rating: "Hot" });
    await automate({ validationRules: [rule] });
    expect((await patch([plain, rated], { Title: "CTO" })).json).toEqual([
      {
        success: false,
        errors: [
          {
            statusCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            message: "Rate the lead first.",
            fields: ["Rating"],
          },
        ],
      },
      { id: rated, success: true, errors: [] },
    ]);
    // The row as it would be is judged: rating it in the same write is enough.
    expect(codes(await patch([plain], { Title: "CTO", Rating: "Hot" }))).toEqual(["ok"]);
    // Nothing changed, nothing to say.
    expect(codes(await patch([plain], { Title: "CTO", Rating: null }))).toEqual(["ok"]);
    const single = await wire.user("PATCH", `/sobjects/Lead/${plain}`, { Title: "CEO" }, QUIET);
    expect([single.status, single.json]).toEqual([
      400,
      [{ message: rule.message, errorCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION", fields: ["Rating"] }],
    ]);
  });

  it("leaves alone who has the permission that it asks for, once it is granted", async () => {
    const [id = ""] = await leads(1);
    const formula = "AND(NOT($Permission.Ripeline_Bypass), ISCHANGED(Title))";
    await automate({ validationRules: [{ ...rule, formula }] });
    expect(codes(await patch([id], { Title: "CTO" }))).toEqual(["FIELD_CUSTOM_VALIDATION_EXCEPTION"]);
    await allowBypass();
    expect(codes(await patch([id], { Title: "CTO" }))).toEqual(["ok"]);
  });

  it("knows a new row and the value before, and does not run while it is inactive", async () => {
    const formula = 'OR(AND(ISNEW(), Company = "Nobody"), PRIORVALUE(Title) = "Locked")';
    await automate({ validationRules: [{ ...rule, formula }] });
    const create = (Company: string) =>
      wire.user("POST", "/sobjects/Lead", { LastName: "A", Company }, QUIET);
    expect((await create("Nobody")).at("0.errorCode")).toBe("FIELD_CUSTOM_VALIDATION_EXCEPTION");
    const id = String((await create("Acme")).at("id"));
    expect(codes(await patch([id], { Title: "Locked" }))).toEqual(["ok"]);
    expect(codes(await patch([id], { Title: "Free" }))).toEqual(["FIELD_CUSTOM_VALIDATION_EXCEPTION"]);
    await automate({ validationRules: [{ ...rule, formula, isActive: false }] });
    expect(codes(await patch([id], { Title: "Free" }))).toEqual(["ok"]);
  });

  it("is refused with the compiler's words where its formula makes no sense, and keeps its fields", async () => {
    const wrong = await asked({ validationRules: [{ ...rule, formula: "Nope__c = 1" }] });
    expect([wrong.status, wrong.at("error")]).toEqual([400, containing("Nope__c does not exist")]);
    const unknown = await asked({ validationRules: [{ ...rule, formla: "x" }] });
    expect([unknown.status, unknown.at("error")]).toEqual([400, containing('"formla"')]);
    await wire.deploy({
      "package.xml": manifest({ CustomField: ["Lead.Score__c"] }),
      "objects/Lead.object":
        "<CustomObject><fields><fullName>Score__c</fullName><label>Score</label><type>Number</type><precision>4</precision><scale>0</scale></fields></CustomObject>",
    });
    await automate({ validationRules: [{ ...rule, formula: "Score__c > 5" }] });
    const problems = await wire.deploy({
      "package.xml": manifest({}),
      "destructiveChanges.xml": manifest({ CustomField: ["Lead.Score__c"] }),
    });
    expect(problems).toEqual([containing("Title_needs_rating")]);
  });
});

describe("a trigger", () => {
  const trigger = { object: "Lead", name: "LeadTrigger", failsAbove: 50 };

  it("fails a batch above its size as a whole, and a smaller one not at all", async () => {
    const ids = await leads(51);
    await automate({ triggers: [trigger] });
    const whole = await patch(ids, { Title: "CTO" });
    expect(new Set(codes(whole))).toEqual(new Set(["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"]));
    expect(whole.at("50.errors.0")).toEqual({
      statusCode: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
      message: "LeadTrigger: System.LimitException: Too many SOQL queries: 101",
      fields: [],
    });
    expect(await wire.rows("SELECT Id FROM Lead WHERE Title = 'CTO'")).toEqual([]);
    expect(new Set(codes(await patch(ids.slice(0, 50), { Title: "CTO" })))).toEqual(new Set(["ok"]));
  });

  it("runs out of time in its own words, only on what it is for, and never for who may pass", async () => {
    const ids = await leads(2);
    await automate({
      triggers: [
        { ...trigger, failsAbove: 1, failure: "cpu", on: ["update"], unlessPermission: "Ripeline_Bypass" },
      ],
    });
    expect((await patch(ids, { Title: "A" })).at("0.errors.0.message")).toBe(
      "LeadTrigger: System.LimitException: Apex CPU time limit exceeded",
    );
    const fresh = ["A", "B"].map((LastName) => ({ attributes: { type: "Lead" }, LastName, Company: "Acme" }));
    expect(codes(await wire.user("POST", "/composite/sobjects", { records: fresh }, QUIET))).toEqual([
      "ok",
      "ok",
    ]);
    await allowBypass();
    expect(codes(await patch(ids, { Title: "A" }))).toEqual(["ok", "ok"]);
  });

  it("as a flow fails in a flow's words", async () => {
    const ids = await leads(1);
    await automate({ triggers: [{ ...trigger, name: "Lead After Save", kind: "flow", failsAbove: 0 }] });
    expect((await patch(ids, { Title: "A" })).at("0.errors.0")).toMatchObject({
      statusCode: "CANNOT_EXECUTE_FLOW_TRIGGER",
      message: containing("“Lead After Save” process failed"),
    });
  });
});

describe("a duplicate rule", () => {
  const rule = { object: "Lead", name: "Same_mail", action: "alert", fields: ["Email", "Company"] };
  const ALLOW = { "Sforce-Duplicate-Rule-Header": "allowSave=true" };

  it("that alerts is overruled by allowSave, one that blocks is not", async () => {
    await leads(1, { Email: "a@x.example" });
    const [id = "", stranger = ""] = await wire.load("Lead", [
      { LastName: "B", Company: "ACME", Email: "A@x.example" },
      { LastName: "C", Company: "Other", Email: "a@x.example" },
    ]);
    await automate({ duplicateRules: [rule] });
    expect((await patch([id, stranger], { Title: "CTO" })).json).toEqual([
      {
        success: false,
        errors: [{ statusCode: "DUPLICATES_DETECTED", message: "Use one of these records?", fields: [] }],
      },
      { id: stranger, success: true, errors: [] },
    ]);
    expect(codes(await patch([id], { Title: "CTO" }, ALLOW))).toEqual(["ok"]);
    await automate({ duplicateRules: [{ ...rule, action: "block", message: "No doubles." }] });
    expect((await patch([id], { Title: "CTO" }, ALLOW)).at("0.errors.0.message")).toBe("No doubles.");
  });

  it("tells of the records it found where one record is saved alone", async () => {
    const [known] = await leads(1, { Email: "a@x.example" });
    await automate({ duplicateRules: [{ ...rule, fields: ["Email"] }] });
    const reply = await wire.user(
      "POST",
      "/sobjects/Lead",
      { LastName: "B", Company: "C", Email: "a@x.example" },
      QUIET,
    );
    expect(reply.status).toBe(400);
    expect(Object.keys(Object(valueAt(reply.json, "0")))).toEqual(["duplicateResut", "errorCode", "message"]);
    expect(reply.at("0.duplicateResut")).toMatchObject({
      allowSave: true,
      duplicateRule: "Same_mail",
      duplicateRuleEntityType: "Lead",
      matchResults: [{ matchRecords: [{ record: { Id: known } }], size: 1 }],
    });
  });
});

describe("locks", () => {
  const locked = (id: string) => ({
    statusCode: "UNABLE_TO_LOCK_ROW",
    message: `unable to obtain exclusive access to this record or 1 records: ${id}`,
    fields: [],
  });

  it("on a parent fail its children for so many write calls, then let go", async () => {
    const [campaign = ""] = await wire.load("Campaign", [{ Name: "Fair" }]);
    const [lead = "", other = ""] = await leads(2);
    await automate({ rowLocks: [{ ids: [campaign], attempts: 2 }] });
    const member = (LeadId: string) => ({
      attributes: { type: "CampaignMember" },
      CampaignId: campaign,
      LeadId,
    });
    const join = () => wire.admin("POST", "/composite/sobjects", { records: [member(lead), member(other)] });
    // Two rows of one call meet the lock once.
    expect((await join()).at("1.errors.0")).toEqual(locked(campaign));
    expect(codes(await join())).toEqual(["UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW"]);
    expect(codes(await join())).toEqual(["ok", "ok"]);
  });

  it("end with their time on the org's clock, and hold deletes too", async () => {
    const [id = ""] = await leads(1);
    await automate({ rowLocks: [{ ids: [id], seconds: 30 }] });
    expect(codes(await patch([id], { Title: "A" }))).toEqual(["UNABLE_TO_LOCK_ROW"]);
    const remove = () => wire.user("DELETE", `/composite/sobjects?ids=${id}`);
    expect(codes(await remove())).toEqual(["UNABLE_TO_LOCK_ROW"]);
    wire.clock.advance(30_000);
    expect(codes(await patch([id], { Title: "A" }))).toEqual(["ok"]);
    expect(codes(await remove())).toEqual(["ok"]);
  });

  it("of an approval hold everybody but the admin", async () => {
    const ids = await leads(2);
    await automate({ approvalLocks: [{ object: "Lead", where: 'LastName = "L1"' }] });
    expect((await patch(ids, { Title: "A" })).json).toEqual([
      { id: ids[0], success: true, errors: [] },
      {
        success: false,
        errors: [{ statusCode: "ENTITY_IS_LOCKED", message: "the entity is locked for editing", fields: [] }],
      },
    ]);
    expect(codes(await wire.user("DELETE", `/composite/sobjects?ids=${ids[1]}`))).toEqual([
      "ENTITY_IS_LOCKED",
    ]);
    expect((await wire.admin("PATCH", `/sobjects/Lead/${ids[1]}`, { Title: "A" }, QUIET)).status).toBe(204);
  });
});

describe("sharing", () => {
  it("hides a share of the records from the integration user, the same ones each time, and not from the admin", async () => {
    const ids = await leads(1_000);
    await automate({ hiddenRecords: [{ object: "Lead", share: 0.2 }] });
    const seen = async () => (await wire.rows("SELECT Id FROM Lead ORDER BY Id")).map((row) => row["Id"]);
    const first = await seen();
    // 1,000 leads, a fifth hidden: 800 seen; four standard deviations of a draw are 4 x sqrt(1000 x 0.2 x 0.8) = 51.
    expect(Math.abs(first.length - 800)).toBeLessThan(51);
    expect(await seen()).toEqual(first);
    const hidden = ids.find((id) => !first.includes(id)) ?? "";
    expect((await wire.user("GET", `/sobjects/Lead/${hidden}`)).status).toBe(404);
    expect((await wire.admin("GET", `/sobjects/Lead/${hidden}`)).status).toBe(200);
    expect((await patch([hidden], { Title: "A" })).at("0.errors.0")).toEqual({
      statusCode: "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
      message: `insufficient access rights on cross-reference id: ${hidden.slice(0, 15)}`,
      fields: [],
    });
    expect(await wire.rows("SELECT COUNT(Id) n FROM Lead", "queryAll")).toEqual([{ n: first.length }]);
  });

  it("hides private events wherever they are looked for", async () => {
    const [id = ""] = await leads(1);
    await wire.load("Event", [
      { WhoId: id, Subject: "open" },
      { WhoId: id, Subject: "mine", IsPrivate: true },
    ]);
    await automate({ hiddenRecords: [{ object: "Event", where: "IsPrivate" }] });
    expect(await wire.rows("SELECT Subject FROM Event")).toEqual([{ Subject: "open" }]);
    const [lead] = await wire.rows("SELECT (SELECT Subject FROM Events) FROM Lead");
    expect(lead).toMatchObject({ Events: { totalSize: 1, records: [{ Subject: "open" }] } });
    const bulk = await wire.user("POST", "/jobs/query", {
      operation: "queryAll",
      query: "SELECT Subject FROM Event",
    });
    const page = await wire.user("GET", `/jobs/query/${String(bulk.at("id"))}/results`);
    expect(page.text).toBe('"Subject"\n"open"\n');
  });
});

describe("what else an org does", () => {
  it("tracks fields or stops tracking them", async () => {
    const [id = ""] = await leads(1);
    const history = () => wire.rows("SELECT Field FROM LeadHistory WHERE Field != 'created'");
    await automate({ fieldHistory: { Lead: [] } });
    await patch([id], { Rating: "Hot" });
    expect(await history()).toEqual([]);
    await automate({ fieldHistory: { Lead: ["Rating"] } });
    await patch([id], { Rating: "Cold" });
    expect(await history()).toEqual([{ Field: "Rating" }]);
    expect((await asked({ fieldHistory: { Lead: ["Nope"] } })).status).toBe(400);
  });

  it("spends the allowance on other clients, minute by minute", async () => {
    const usage = async () =>
      (await wire.user("GET", "/limits")).headers.get("sforce-limit-info")?.replace("api-usage=", "");
    const before = Number((await usage())?.split("/")[0]);
    await automate({ otherClients: { requestsPerMinute: 100 } });
    wire.clock.advance(30 * 60_000);
    // 30 minutes at 100 a minute, and this request.
    expect(await usage()).toBe(`${before + 3_000 + 1}/150000`);
    // 25 hours are 1,500 minutes, of which a rolling day sees 1,440; our own requests are older than a day.
    wire.clock.advance(25 * 3_600_000);
    expect(await usage()).toBe("144001/150000");
    await automate({ otherClients: { requestsPerMinute: 200 } });
    wire.clock.advance(24 * 3_600_000);
    const refused = await wire.user("GET", "/limits");
    expect([refused.status, refused.at("0.errorCode")]).toEqual([403, "REQUEST_LIMIT_EXCEEDED"]);
  });

  it("runs out of data storage: what is there may be changed, nothing may be added", async () => {
    const [id = ""] = await leads(1);
    await automate({ storage: { freeRecords: 2 } });
    const fresh = ["A", "B", "C"].map((LastName) => ({
      attributes: { type: "Lead" },
      LastName,
      Company: "x",
    }));
    const made = await wire.user("POST", "/composite/sobjects", { records: fresh }, QUIET);
    // Their history takes no room.
    expect(codes(made)).toEqual(["ok", "ok", "STORAGE_LIMIT_EXCEEDED"]);
    expect(made.at("2.errors.0.message")).toBe("storage limit exceeded");
    expect(codes(await patch([id], { Title: "A" }))).toEqual(["ok"]);
    expect((await wire.user("GET", "/limits")).at("DataStorageMB")).toEqual({ Max: 1, Remaining: 0 });
    await automate({ storage: null });
    expect((await wire.user("GET", "/limits")).at("DataStorageMB.Max")).toBe(11_264);
  });
});

describe("an administrator at work", () => {
  it("renames a status after so many requests: list, describe and records, and no stamp moves", async () => {
    const ids = await leads(2, { Status: "Working - Contacted" });
    const rename = { object: "Lead", field: "Status", from: "Working - Contacted", to: "In Arbeit" };
    await automate({ moments: [{ afterRequests: 2, renamePicklistValue: rename }] });
    const read = () => wire.rows("SELECT Status, SystemModstamp FROM Lead");
    const before = await read();
    wire.clock.advance(60_000);
    expect(await read()).toEqual(before);
    expect((await wire.control("GET", "automation")).at("salesforce.moments.0.state")).toBe("waiting");
    expect(await read()).toEqual(before.map((row) => ({ ...row, Status: "In Arbeit" })));
    expect((await wire.control("GET", "automation")).at("salesforce.moments.0.state")).toBe("done");
    expect(
      await wire.rows("SELECT MasterLabel FROM LeadStatus WHERE MasterLabel = 'In Arbeit'"),
    ).toHaveLength(1);
    expect((await wire.user("GET", "/sobjects/Lead/describe")).text).toContain("In Arbeit");
    expect(await wire.rows(`SELECT Id FROM Lead WHERE Status = 'In Arbeit'`)).toHaveLength(ids.length);
  });

  it("revokes a field: reading it, or writing it only", async () => {
    const [id = ""] = await leads(1);
    await automate({ moments: [{ revokeField: { field: "Lead.Title", access: "edit" } }] });
    expect((await patch([id], { Title: "A" })).at("0.errors.0")).toMatchObject({
      statusCode: "INVALID_FIELD_FOR_INSERT_UPDATE",
      fields: ["Title"],
    });
    expect(await wire.rows("SELECT Title FROM Lead")).toEqual([{ Title: null }]);
    await automate({ moments: [{ revokeField: { field: "Lead.Title" } }] });
    const gone = await wire.user("GET", "/query?q=SELECT+Title+FROM+Lead");
    expect([gone.status, gone.at("0.errorCode")]).toEqual([400, "INVALID_FIELD"]);
  });

  it("says what could not be done, and lets the request pass", async () => {
    const rename = { object: "Lead", field: "Status", from: "Nowhere", to: "X" };
    await automate({ moments: [{ renamePicklistValue: rename }] });
    expect((await wire.user("GET", "/limits")).status).toBe(200);
    expect((await wire.control("GET", "automation")).at("salesforce.moments.0")).toMatchObject({
      state: "failed",
      reason: containing("Nowhere"),
    });
    const idle = await asked({ moments: [{ afterRequests: 3 }] });
    expect([idle.status, idle.at("error")]).toEqual([400, containing("nothing happens then")]);
  });

  it("switches a rule on in the middle", async () => {
    const [id = ""] = await leads(1);
    const rule = { object: "Lead", name: "No", formula: "TRUE", message: "No." };
    await automate({ moments: [{ afterRequests: 1, automation: { validationRules: [rule] } }] });
    expect(codes(await patch([id], { Title: "A" }))).toEqual(["ok"]);
    expect(codes(await patch([id], { Title: "A" }))).toEqual(["FIELD_CUSTOM_VALIDATION_EXCEPTION"]);
  });
});

describe("the Tooling API", () => {
  const tooling = async (soql: string) => {
    const reply = await wire.user("GET", `/tooling/query?q=${encodeURIComponent(soql)}`);
    return bareRecords(reply.at("records"));
  };

  it("lists the automation that is there, and none that was taken away", async () => {
    await automate({
      validationRules: [{ object: "Lead", name: "Rule", formula: "FALSE", message: "m" }],
      triggers: [
        { object: "Lead", name: "LeadTrigger" },
        { object: "Lead", name: "Lead After Save", kind: "flow", on: ["update"] },
        { object: "Lead", name: "Old", kind: "workflow" },
      ],
      duplicateRules: [{ object: "Lead", name: "Same", action: "block", fields: ["Email"], isActive: false }],
    });
    expect(
      await tooling(
        "SELECT ValidationName, Active, EntityDefinition.QualifiedApiName FROM ValidationRule WHERE EntityDefinition.QualifiedApiName = 'Lead'",
      ),
    ).toMatchObject([{ ValidationName: "Rule", Active: true }]);
    expect(await tooling("SELECT Name, TableEnumOrId, Status FROM ApexTrigger")).toEqual([
      { Name: "LeadTrigger", TableEnumOrId: "Lead", Status: "Active" },
    ]);
    expect(
      await tooling(
        "SELECT Label, IsActive, RecordTriggerType, TriggerObjectOrEventId FROM FlowDefinitionView",
      ),
    ).toEqual([
      {
        Label: "Lead After Save",
        IsActive: true,
        RecordTriggerType: "Update",
        TriggerObjectOrEventId: "Lead",
      },
    ]);
    expect(await tooling("SELECT MasterLabel, Status FROM Flow WHERE Status = 'Active'")).toHaveLength(1);
    expect(
      await tooling("SELECT DeveloperName FROM FlowDefinition WHERE ActiveVersionId != null"),
    ).toHaveLength(1);
    expect(await tooling("SELECT Name FROM WorkflowRule WHERE TableEnumOrId = 'Lead'")).toEqual([
      { Name: "Old" },
    ]);
    expect(await tooling("SELECT DeveloperName, IsActive FROM DuplicateRule")).toEqual([
      { DeveloperName: "Same", IsActive: false },
    ]);
    await automate({ triggers: [] });
    expect(await tooling("SELECT Id FROM ApexTrigger")).toEqual([]);
    expect(await tooling("SELECT Id FROM ValidationRule")).toHaveLength(1);
    await wire.control("DELETE", "automation");
    expect(await tooling("SELECT Id FROM ValidationRule")).toEqual([]);
  });
});

it("a reset takes all of it away", async () => {
  const [id = ""] = await leads(1);
  const rule = { object: "Lead", name: "No", formula: "TRUE", message: "No." };
  await automate({
    validationRules: [rule],
    hiddenRecords: [{ object: "Lead" }],
    rowLocks: [{ ids: [id] }],
    storage: { freeRecords: 0 },
    otherClients: { requestsPerMinute: 9 },
    moments: [{ revokeField: { field: "Lead.Title" } }],
  });
  expect((await wire.control("POST", "reset")).status).toBe(200);
  expect((await wire.control("GET", "automation")).json).toEqual({
    salesforce: {
      validationRules: [],
      triggers: [],
      duplicateRules: [],
      rowLocks: [],
      approvalLocks: [],
      hiddenRecords: [],
      otherClients: { requestsPerMinute: 0 },
      moments: [],
    },
    hubspot: {
      validationRules: [],
      webhooks: { pending: 0, delivered: 0, failedAttempts: 0, givenUp: 0 },
    },
  });
  const made = await wire.admin("POST", "/sobjects/Lead", { LastName: "A", Company: "B" }, QUIET);
  expect(made.status).toBe(201);
  expect(await wire.rows("SELECT Title FROM Lead")).toEqual([{ Title: null }]);
  const wrong = await wire.control("POST", "reset", { hard: true });
  expect([wrong.status, wrong.at("error")]).toEqual([400, containing('"hard"')]);
});
