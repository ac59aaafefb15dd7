import { describe, expect, test } from "vitest";
import {
  ALL_OR_NONE,
  APPLY,
  assign,
  column,
  engineFixture,
  type Fixture,
  fieldComponent,
  firstId,
  LEAD_EDIT,
  makeLead,
  makeUser,
  permissionSet,
  QUIET,
  refusal,
  rows,
} from "./engine-fixture.ts";

function codes(
  results: readonly { readonly errors: readonly { readonly statusCode: string }[] }[],
): unknown[] {
  return results.map((result) => result.errors[0]?.statusCode ?? "ok");
}

describe("insert", () => {
  test("stamps, owner and defaults come from the clock, the caller and the lists", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    expect(
      rows(
        fixture,
        `SELECT Status, OwnerId, CreatedDate, CreatedById, SystemModstamp, Name FROM Lead WHERE Id = '${id}'`,
      ),
    ).toEqual([
      {
        Status: "Open - Not Contacted",
        OwnerId: fixture.org.adminUser.id,
        CreatedDate: "2026-06-03T08:00:00.000+0000",
        CreatedById: fixture.org.adminUser.id,
        SystemModstamp: "2026-06-03T08:00:00.000+0000",
        Name: "Doe",
      },
    ]);
  });

  test("each row fails for its own reason and its neighbours are saved", () => {
    const { org, admin } = engineFixture();
    const results = org.insert(
      admin,
      "Lead",
      [
        { LastName: "Good", Company: "x" },
        { FirstName: "Only" },
        { LastName: "x", Company: "x", Nope__c: 1 },
        { LastName: "x", Company: "x", CreatedDate: "2026-01-01T00:00:00Z" },
        { Id: "00Q000000000001AAA", LastName: "x", Company: "x" },
        { LastName: "x".repeat(81), Company: "x" },
        { LastName: "x", Company: "x", OwnerId: "not an id" },
        { LastName: "x", Company: "x", OwnerId: "005000000000001AAA" },
        { LastName: "x", Company: "x", OwnerId: "00Q000000000001AAA" },
        { LastName: "x", Company: "x", Email: "nobody" },
      ],
      QUIET,
    );
    expect(codes(results)).toEqual([
      "ok",
      "REQUIRED_FIELD_MISSING",
      "INVALID_FIELD",
      "INVALID_FIELD_FOR_INSERT_UPDATE",
      "INVALID_FIELD_FOR_INSERT_UPDATE",
      "STRING_TOO_LONG",
      "MALFORMED_ID",
      "INVALID_CROSS_REFERENCE_KEY",
      "FIELD_INTEGRITY_EXCEPTION",
      "INVALID_EMAIL_ADDRESS",
    ]);
    expect(results[1]).toEqual({
      success: false,
      errors: [
        {
          statusCode: "REQUIRED_FIELD_MISSING",
          message: "Required fields are missing: [LastName, Company]",
          fields: ["LastName", "Company"],
        },
      ],
    });
    expect(results[2]?.errors[0]?.message).toBe("No such column 'Nope__c' on sobject of type Lead");
    expect(results[5]?.errors[0]?.message).toContain("(max length=80)");
  });

  test("a value of the wrong type fails the request in JSON and the row in Bulk", () => {
    const { org, admin } = engineFixture();
    const row = { LastName: "x", Company: "x", NumberOfEmployees: "many" };
    expect(refusal(() => org.insert(admin, "Lead", [row], QUIET)).code).toBe("JSON_PARSER_ERROR");
    const results = org.insert(admin, "Lead", [row], { ...QUIET, operation: "bulk ingest insert" });
    expect(codes(results)).toEqual(["INVALID_TYPE_ON_FIELD_IN_RECORD"]);
  });

  test("a task that is born closed was completed when created; closing one later takes that time", () => {
    const fixture = engineFixture();
    const { org, admin, clock } = fixture;
    const closed = firstId(org.insert(admin, "Task", [{ Subject: "a", Status: "Completed" }], QUIET));
    const open = firstId(org.insert(admin, "Task", [{ Subject: "b" }], QUIET));
    clock.advance(3_600_000);
    org.update(admin, "Task", [{ Id: open, Status: "Completed" }], QUIET);
    expect(
      rows(fixture, "SELECT Id, Status, IsClosed, CompletedDateTime FROM Task ORDER BY Subject"),
    ).toEqual([
      { Id: closed, Status: "Completed", IsClosed: true, CompletedDateTime: "2026-06-03T08:00:00.000+0000" },
      { Id: open, Status: "Completed", IsClosed: true, CompletedDateTime: "2026-06-03T09:00:00.000+0000" },
    ]);
  });

  test("a call logged on a lead moves its last activity date and not its modstamp", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    fixture.clock.advance(60_000);
    fixture.org.insert(
      fixture.admin,
      "Task",
      [{ WhoId: id, Status: "Completed", ActivityDate: "2026-06-01" }],
      QUIET,
    );
    expect(rows(fixture, "SELECT LastActivityDate, SystemModstamp FROM Lead")).toEqual([
      { LastActivityDate: "2026-06-01", SystemModstamp: "2026-06-03T08:00:00.000+0000" },
    ]);
  });
});

describe("update", () => {
  test("changes only what is sent, clears what is null, and stamps the row", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture, { Title: "CTO", Country: "DE" });
    fixture.clock.advance(60_000);
    expect(fixture.org.update(fixture.admin, "Lead", [{ id, Title: null }], QUIET)).toEqual([
      { id, success: true, errors: [] },
    ]);
    expect(rows(fixture, "SELECT Title, Country, SystemModstamp, CreatedDate FROM Lead")).toEqual([
      {
        Title: null,
        Country: "DE",
        SystemModstamp: "2026-06-03T08:01:00.000+0000",
        CreatedDate: "2026-06-03T08:00:00.000+0000",
      },
    ]);
  });

  test("no id, an unknown id, a deleted row and a converted lead are refused in the vendor's words", () => {
    const fixture = engineFixture();
    const { org, admin, integration } = fixture;
    org.deploy(admin, [permissionSet("Leads", { objectPermissions: LEAD_EDIT })], [], APPLY);
    assign(fixture, "Leads", integration.userId);
    const gone = makeLead(fixture);
    org.remove(admin, [gone], QUIET);
    org.load("Lead", [{ LastName: "Done", Company: "x", IsConverted: true, ConvertedDate: "2026-06-01" }]);
    const converted = column(fixture, "SELECT Id FROM Lead WHERE IsConverted = true")[0];
    const results = org.update(
      integration,
      "Lead",
      [
        { Title: "x" },
        { Id: "00Q000000000001AAA", Title: "x" },
        { Id: gone, Title: "x" },
        { Id: converted, Title: "x" },
      ],
      QUIET,
    );
    expect(results.map((result) => result.errors[0])).toEqual([
      { statusCode: "MISSING_ARGUMENT", message: "Id not specified in an update call", fields: ["Id"] },
      { statusCode: "INVALID_CROSS_REFERENCE_KEY", message: "invalid cross reference id", fields: [] },
      { statusCode: "ENTITY_IS_DELETED", message: "entity is deleted", fields: [] },
      { statusCode: "CANNOT_UPDATE_CONVERTED_LEAD", message: "cannot reference converted lead", fields: [] },
    ]);
  });

  test("with allOrNone one failure takes back the others, their history and their log", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    const logged = fixture.org.writes.length;
    const results = fixture.org.update(
      fixture.admin,
      "Lead",
      [
        { Id: id, Status: "Working - Contacted" },
        { Id: id, Nope: 1 },
      ],
      ALL_OR_NONE,
    );
    expect(codes(results)).toEqual(["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_FIELD"]);
    expect(column(fixture, "SELECT Status FROM Lead")).toEqual(["Open - Not Contacted"]);
    expect(column(fixture, "SELECT Id FROM LeadHistory WHERE Field = 'Status'")).toEqual([]);
    expect(fixture.org.writes).toHaveLength(logged);
  });

  test("a record somebody else holds is not locked for us, nor is its child", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    fixture.org.configure({ lockedIds: [id] });
    const [own] = fixture.org.update(fixture.admin, "Lead", [{ Id: id, Title: "x" }], QUIET);
    expect(own?.errors[0]).toEqual({
      statusCode: "UNABLE_TO_LOCK_ROW",
      message: `unable to obtain exclusive access to this record or 1 records: ${id}`,
      fields: [],
    });
    expect(codes(fixture.org.insert(fixture.admin, "Task", [{ WhoId: id }], QUIET))).toEqual([
      "UNABLE_TO_LOCK_ROW",
    ]);
  });

  test("a validation rule sees the row before and the changes, and fails it with its own words", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    fixture.org.configure({
      validate: (check) =>
        check.before?.["LastName"] === "Doe" && check.changes["Title"] === "bad"
          ? [{ statusCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION", message: "No bad titles", fields: ["Title"] }]
          : [],
    });
    const titles = [
      { Id: id, Title: "bad" },
      { Id: id, Title: "good" },
    ];
    expect(codes(fixture.org.update(fixture.admin, "Lead", titles, QUIET))).toEqual([
      "FIELD_CUSTOM_VALIDATION_EXCEPTION",
      "ok",
    ]);
  });

  test("every successful write is logged with the names sent", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    fixture.org.update(fixture.admin, "Lead", [{ Id: id, title: "x", Company: "y" }], QUIET);
    expect(fixture.org.writes.at(-1)).toEqual({
      at: "2026-06-03T08:00:00.000Z",
      crm: "salesforce",
      operation: "composite/sobjects PATCH",
      object: "Lead",
      id,
      fields: ["Title", "Company"],
    });
  });
});

function withKey(content: Readonly<Record<string, unknown>> = {}): Fixture {
  const fixture = engineFixture();
  fixture.org.deploy(
    fixture.admin,
    [fieldComponent("Lead.Key__c", { type: "Text", length: 64, externalId: true, unique: true, ...content })],
    [],
    APPLY,
  );
  return fixture;
}

describe("upsert", () => {
  test("creates, then updates the same row, and says which", () => {
    const fixture = withKey();
    const send = (title: string) =>
      fixture.org.upsert(
        fixture.admin,
        "Lead",
        "Key__c",
        [{ Key__c: "k1", LastName: "Doe", Company: "x", Title: title }],
        QUIET,
      );
    const [created] = send("first");
    const [updated] = send("second");
    expect([created?.created, updated?.created, created?.id === updated?.id]).toEqual([true, false, true]);
    expect(rows(fixture, "SELECT Key__c, Title FROM Lead")).toEqual([{ Key__c: "k1", Title: "second" }]);
  });

  test("a row without its key is refused and still says created: false", () => {
    const fixture = withKey();
    const [result] = fixture.org.upsert(
      fixture.admin,
      "Lead",
      "Key__c",
      [{ LastName: "x", Company: "x" }],
      QUIET,
    );
    expect(result).toEqual({
      success: false,
      created: false,
      errors: [{ statusCode: "MISSING_ARGUMENT", message: "Key__c not specified", fields: [] }],
    });
  });

  test("a field that is no external id is not found", () => {
    const fixture = withKey();
    expect(refusal(() => fixture.org.upsert(fixture.admin, "Lead", "Company", [], QUIET))).toEqual({
      status: 404,
      code: "NOT_FOUND",
      message: "Provided external ID field does not exist or is not accessible: Company",
    });
  });

  test("by Id, null creates and an id updates", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    const results = fixture.org.upsert(
      fixture.admin,
      "Lead",
      "Id",
      [
        { Id: null, LastName: "New", Company: "x" },
        { Id: id, Title: "CTO" },
      ],
      QUIET,
    );
    expect(results.map((result) => [result.success, result.created])).toEqual([
      [true, true],
      [true, false],
    ]);
  });

  test("a unique key folds case unless the field is case-sensitive", () => {
    const insert = (fixture: Fixture) =>
      fixture.org.insert(
        fixture.admin,
        "Lead",
        [
          { LastName: "a", Company: "x", Key__c: "Web" },
          { LastName: "b", Company: "x", Key__c: "web" },
        ],
        QUIET,
      );
    const folding = insert(withKey());
    expect(folding[1]?.errors[0]).toEqual({
      statusCode: "DUPLICATE_VALUE",
      message: `duplicate value found: Key__c duplicates value on record with id: ${folding[0]?.id?.slice(0, 15)}`,
      fields: [],
    });
    const exact = withKey({ caseSensitive: true });
    expect(codes(insert(exact))).toEqual(["ok", "ok"]);
    expect(column(exact, "SELECT LastName FROM Lead WHERE Key__c = 'web'")).toEqual(["b"]);
  });

  test("a parent can be named by its external id", () => {
    const fixture = engineFixture();
    const key = fieldComponent("Campaign.Code__c", { type: "Text", length: 20, externalId: true });
    fixture.org.deploy(fixture.admin, [key], [], APPLY);
    fixture.org.load("Campaign", [{ Name: "Spring", Code__c: "S26" }]);
    const lead = makeLead(fixture);
    const send = (code: string) =>
      fixture.org.insert(
        fixture.admin,
        "CampaignMember",
        [{ LeadId: lead, Campaign: { Code__c: code } }],
        QUIET,
      );
    expect(codes(send("S26"))).toEqual(["ok"]);
    expect(column(fixture, "SELECT Campaign.Name FROM CampaignMember")).toEqual(["Spring"]);
    expect(send("S27")[0]?.errors[0]?.message).toBe(
      "Foreign key external ID: S27 not found for field Code__c in entity Campaign",
    );
  });
});

describe("delete", () => {
  test("takes dependent rows along, and a second delete finds the record gone", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    fixture.org.load("Task", [{ WhoId: id, Subject: "call", Status: "Not Started" }]);
    expect(codes(fixture.org.remove(fixture.admin, [id, id, "junk", "00Q000000000001AAA"], QUIET))).toEqual([
      "ok",
      "ENTITY_IS_DELETED",
      "MALFORMED_ID",
      "INVALID_CROSS_REFERENCE_KEY",
    ]);
    expect(column(fixture, "SELECT Id FROM Task")).toEqual([]);
    expect(codes(fixture.org.remove(fixture.admin, [id], QUIET))).toEqual(["ENTITY_IS_DELETED"]);
  });

  test("clears custom lookups to the deleted record", () => {
    const fixture = engineFixture();
    const lookup = { type: "Lookup", referenceTo: "Lead", relationshipName: "Accounts" };
    fixture.org.deploy(fixture.admin, [fieldComponent("Account.Lead__c", lookup)], [], APPLY);
    const id = makeLead(fixture);
    fixture.org.load("Account", [{ Name: "a", Lead__c: id }]);
    fixture.clock.advance(60_000);
    fixture.org.remove(fixture.admin, [id], QUIET);
    expect(rows(fixture, "SELECT Lead__c, SystemModstamp FROM Account")).toEqual([
      { Lead__c: null, SystemModstamp: "2026-06-03T08:01:00.000+0000" },
    ]);
  });

  test("history cannot be deleted", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    const history = String(column(fixture, `SELECT Id FROM LeadHistory WHERE LeadId = '${id}'`)[0]);
    expect(codes(fixture.org.remove(fixture.admin, [history], QUIET))).toEqual([
      "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    ]);
  });
});

describe("history", () => {
  test("an owner change writes two rows, names and ids; a status change one; other fields none", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    const rep = makeUser(fixture, "Rep");
    fixture.org.update(
      fixture.admin,
      "Lead",
      [{ Id: id, OwnerId: rep, Status: "Working - Contacted", Title: "x" }],
      QUIET,
    );
    expect(
      rows(fixture, "SELECT Field, DataType, OldValue, NewValue FROM LeadHistory WHERE Field != 'created'"),
    ).toEqual([
      { Field: "Owner", DataType: "Text", OldValue: "Ada Admin", NewValue: "Rep" },
      { Field: "Owner", DataType: "EntityId", OldValue: fixture.org.adminUser.id, NewValue: rep },
      {
        Field: "Status",
        DataType: "Text",
        OldValue: "Open - Not Contacted",
        NewValue: "Working - Contacted",
      },
    ]);
  });

  test("an org that does not track leads writes none, and loading Owner rows shows that it tracks", () => {
    const fixture = engineFixture({ tracksLeadHistory: false });
    const id = makeLead(fixture);
    fixture.org.update(fixture.admin, "Lead", [{ Id: id, Status: "Working - Contacted" }], QUIET);
    expect(column(fixture, "SELECT Id FROM LeadHistory")).toEqual([]);
    const tracked = () => {
      const soql =
        "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Lead' AND IsFieldHistoryTracked = true";
      const result = fixture.org.query(fixture.admin, soql, { all: false, tooling: true });
      return Array.from({ length: result.totalSize }, (_, index) => result.cells(index)[0]);
    };
    expect(tracked()).toEqual([]);
    fixture.org.load("LeadHistory", [{ LeadId: id, Field: "Owner", OldValue: "a", NewValue: "b" }]);
    expect(tracked()).toEqual(["OwnerId"]);
  });

  test("stage, amount and close date changes leave a stage history with the values before", () => {
    const fixture = engineFixture();
    const { org, admin } = fixture;
    const deal = { Name: "Deal", StageName: "Prospecting", CloseDate: "2026-07-01", Amount: 1_000 };
    const id = firstId(org.insert(admin, "Opportunity", [deal], QUIET));
    org.update(admin, "Opportunity", [{ Id: id, Description: "no change of stage" }], QUIET);
    org.update(admin, "Opportunity", [{ Id: id, StageName: "Closed Won", Amount: 1_200 }], QUIET);
    expect(
      rows(
        fixture,
        "SELECT IsClosed, IsWon, Probability, ExpectedRevenue, ForecastCategory FROM Opportunity",
      ),
    ).toEqual([
      { IsClosed: true, IsWon: true, Probability: 100, ExpectedRevenue: 1_200, ForecastCategory: "Closed" },
    ]);
    expect(
      rows(fixture, "SELECT StageName, Amount, PrevAmount, ExpectedRevenue FROM OpportunityHistory"),
    ).toEqual([
      { StageName: "Prospecting", Amount: 1_000, PrevAmount: null, ExpectedRevenue: 100 },
      { StageName: "Closed Won", Amount: 1_200, PrevAmount: 1_000, ExpectedRevenue: 1_200 },
    ]);
  });
});

describe("the lead assignment rule", () => {
  test("moves the owner on insert and update unless the caller declines, in turn, with history", () => {
    const fixture = engineFixture();
    const [ann, bob] = [makeUser(fixture, "Ann"), makeUser(fixture, "Bob")];
    const { org, admin } = fixture;
    const running = { ...QUIET, autoAssign: true };
    const id = firstId(org.insert(admin, "Lead", [{ LastName: "x", Company: "x" }], running));
    const owner = () => column(fixture, "SELECT OwnerId FROM Lead")[0];
    expect(owner()).toBe(ann);
    org.update(admin, "Lead", [{ Id: id, Title: "declined" }], QUIET);
    expect(owner()).toBe(ann);
    org.update(admin, "Lead", [{ Id: id, Title: "moved" }], running);
    expect(owner()).toBe(bob);
    const moves =
      "SELECT NewValue FROM LeadHistory WHERE Field = 'ownerAssignment' AND DataType = 'EntityId'";
    expect(column(fixture, moves)).toEqual([ann, bob]);
  });

  test("switched off it moves nobody, and its record says so", () => {
    const fixture = engineFixture();
    makeUser(fixture, "Ann");
    const active = "SELECT Active FROM AssignmentRule WHERE SobjectType = 'Lead'";
    expect(column(fixture, active)).toEqual([true]);
    fixture.org.configure({ leadAssignmentRule: { isActive: false, targets: [] } });
    fixture.org.insert(fixture.admin, "Lead", [{ LastName: "x", Company: "x" }], {
      ...QUIET,
      autoAssign: true,
    });
    expect(column(fixture, "SELECT OwnerId FROM Lead")).toEqual([fixture.org.adminUser.id]);
    expect(column(fixture, active)).toEqual([false]);
  });
});

test("a field that must hold a value cannot be emptied, the one the platform fills included", () => {
  const fixture = engineFixture();
  const { org, admin } = fixture;
  const lead = makeLead(fixture);
  const [opportunity] = org.insert(
    admin,
    "Opportunity",
    [{ Name: "Deal", StageName: "Prospecting", CloseDate: "2026-07-01" }],
    QUIET,
  );
  const missing = (names: readonly string[]) => ({
    statusCode: "REQUIRED_FIELD_MISSING",
    message: `Required fields are missing: [${names.join(", ")}]`,
    fields: names,
  });
  const [one, two] = org.update(
    admin,
    "Lead",
    [
      { Id: lead, Status: null },
      { Id: lead, LastName: "", Company: null, Title: null },
    ],
    QUIET,
  );
  expect([one?.errors, two?.errors]).toEqual([[missing(["Status"])], [missing(["LastName", "Company"])]]);
  const [three] = org.update(
    admin,
    "Opportunity",
    [{ Id: opportunity?.id, Name: null, StageName: null, CloseDate: null }],
    QUIET,
  );
  expect(three?.errors[0]?.fields.toSorted()).toEqual(["CloseDate", "Name", "StageName"]);
});

test("a currency that the org does not use is refused", () => {
  const fixture = engineFixture({ multiCurrency: true });
  const insert = (code: string) =>
    fixture.org.insert(fixture.admin, "Account", [{ Name: "a", CurrencyIsoCode: code }], QUIET);
  expect(codes([...insert("EUR"), ...insert("XXX")])).toEqual([
    "ok",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
  ]);
  expect(column(fixture, "SELECT CurrencyIsoCode FROM Account")).toEqual(["EUR"]);
});

test("a permission to edit converted leads lifts their refusal", () => {
  const fixture = engineFixture();
  const { org, admin, integration } = fixture;
  org.load("Lead", [{ LastName: "Done", Company: "x", IsConverted: true }]);
  const id = column(fixture, "SELECT Id FROM Lead")[0];
  const set = permissionSet("Editors", {
    userPermissions: { enabled: "true", name: "AllowViewEditConvertedLeads" },
    objectPermissions: LEAD_EDIT,
    fieldPermissions: { field: "Lead.Title", readable: true, editable: true },
  });
  org.deploy(admin, [set], [], APPLY);
  assign(fixture, "Editors", integration.userId);
  expect(codes(org.update(integration, "Lead", [{ Id: id, Title: "x" }], QUIET))).toEqual(["ok"]);
});
