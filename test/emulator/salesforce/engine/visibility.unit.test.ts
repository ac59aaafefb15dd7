import { describe, expect, test } from "vitest";
import {
  APPLY,
  assign,
  column,
  engineFixture,
  type Fixture,
  fieldComponent,
  LEAD_EDIT,
  makeLead,
  permissionSet,
  QUIET,
  refusal,
  rows,
} from "./engine-fixture.ts";

const GRANT = {
  fieldPermissions: { field: "Lead.Score__c", readable: "true", editable: "true" },
  objectPermissions: LEAD_EDIT,
};

function withScore(): Fixture {
  const fixture = engineFixture();
  const field = fieldComponent("Lead.Score__c", { type: "Number", precision: "4", scale: "0" });
  fixture.org.deploy(fixture.admin, [field], [], APPLY);
  return fixture;
}

/** Lets the integration user edit leads, without a word about any field. */
function allowLeads(fixture: Fixture): void {
  fixture.org.deploy(fixture.admin, [permissionSet("Leads", { objectPermissions: LEAD_EDIT })], [], APPLY);
  assign(fixture, "Leads", fixture.integration.userId);
}

function describedFields(fixture: Fixture): unknown[] {
  const { fields } = fixture.org.describe(fixture.integration, "Lead");
  return Array.isArray(fields) ? fields.map((field: { name?: unknown }) => field.name) : [];
}

describe("a newly deployed field", () => {
  test("is not there for the integration user, in query, describe or write, while the admin has it", () => {
    const fixture = withScore();
    const id = makeLead(fixture, { Score__c: 7 });
    allowLeads(fixture);
    const { org, integration } = fixture;
    expect(column(fixture, "SELECT Score__c FROM Lead")).toEqual(["7.0"]);
    expect(refusal(() => column(fixture, "SELECT Score__c FROM Lead", integration)).message).toContain(
      "No such column 'Score__c' on entity 'Lead'",
    );
    expect(describedFields(fixture)).not.toContain("Score__c");
    expect(org.update(integration, "Lead", [{ Id: id, Score__c: 8 }], QUIET)[0]?.errors[0]).toEqual({
      statusCode: "INVALID_FIELD",
      message: "No such column 'Score__c' on sobject of type Lead",
      fields: [],
    });
    expect(org.retrieve(integration, "Lead", id)).not.toHaveProperty("Score__c");
  });

  test("a permission set alone shows it to nobody; assigned it does, and taken away it does no more", () => {
    const fixture = withScore();
    const { org, admin, integration } = fixture;
    const id = makeLead(fixture);
    org.deploy(admin, [permissionSet("Ripeline", GRANT)], [], APPLY);
    expect(describedFields(fixture)).not.toContain("Score__c");
    const assignment = assign(fixture, "Ripeline", integration.userId);
    expect(describedFields(fixture)).toContain("Score__c");
    expect(org.update(integration, "Lead", [{ Id: id, Score__c: 8 }], QUIET)[0]?.success).toBe(true);
    expect(rows(fixture, "SELECT Score__c FROM Lead WHERE Score__c > 7", integration)).toEqual([
      { Score__c: 8 },
    ]);
    org.remove(admin, [assignment], QUIET);
    expect(describedFields(fixture)).not.toContain("Score__c");
  });

  test("readable without editable refuses writes and names the field", () => {
    const fixture = withScore();
    const { org, admin, integration } = fixture;
    const readable = { fieldPermissions: [{ field: "Lead.Score__c", readable: true, editable: false }] };
    org.deploy(admin, [permissionSet("Readers", readable)], [], APPLY);
    assign(fixture, "Readers", integration.userId);
    allowLeads(fixture);
    const [result] = org.update(integration, "Lead", [{ Id: makeLead(fixture), Score__c: 1 }], QUIET);
    expect(result?.errors[0]).toEqual({
      statusCode: "INVALID_FIELD_FOR_INSERT_UPDATE",
      message:
        "Unable to create/update fields: Score__c. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
      fields: ["Score__c"],
    });
  });

  test("each change of who sees what moves the metadata stamp, also within one second", () => {
    const fixture = withScore();
    const stamps = [fixture.org.metadataChangedAt().getTime()];
    fixture.org.deploy(fixture.admin, [permissionSet("Ripeline", GRANT)], [], APPLY);
    stamps.push(fixture.org.metadataChangedAt().getTime());
    assign(fixture, "Ripeline", fixture.integration.userId);
    stamps.push(fixture.org.metadataChangedAt().getTime());
    expect(new Set(stamps).size).toBe(3);
    expect(stamps).toEqual(stamps.toSorted((a, b) => a - b));
  });
});

describe("a custom object", () => {
  const content = {
    label: "Handoff",
    pluralLabel: "Handoffs",
    nameField: { label: "Number", type: "AutoNumber", displayFormat: "H-{0000}" },
    deploymentStatus: "Deployed",
    sharingModel: "Private",
  };
  const object = {
    type: "CustomObject",
    fullName: "Handoff__c",
    fileName: "objects/Handoff__c.object",
    content,
  };

  test("does not exist for the integration user until a permission set lets it in, action by action", () => {
    const fixture = engineFixture();
    const { org, admin, integration } = fixture;
    org.deploy(admin, [object], [], APPLY);
    const select = "SELECT Name FROM Handoff__c";
    expect(refusal(() => column(fixture, select, integration)).code).toBe("INVALID_TYPE");
    expect(refusal(() => org.insert(integration, "Handoff__c", [{}], QUIET)).code).toBe("NOT_FOUND");
    const readOnly = { objectPermissions: { object: "Handoff__c", allowRead: true } };
    org.deploy(admin, [permissionSet("Readers", readOnly)], [], APPLY);
    assign(fixture, "Readers", integration.userId);
    expect(column(fixture, select, integration)).toEqual([]);
    expect(org.insert(integration, "Handoff__c", [{}], QUIET)[0]?.errors[0]?.statusCode).toBe(
      "INSUFFICIENT_ACCESS_OR_READONLY",
    );
    org.insert(admin, "Handoff__c", [{}, {}], QUIET);
    expect(column(fixture, select, integration)).toEqual(["H-0001", "H-0002"]);
    expect(org.describe(integration, "Handoff__c")).toMatchObject({
      keyPrefix: "a00",
      createable: false,
      custom: true,
    });
  });
});

describe("a standard object", () => {
  const denied = {
    statusCode: "INSUFFICIENT_ACCESS_OR_READONLY",
    message: "insufficient access rights on object id",
    fields: [],
  };

  test("is open to the integration user for reading only, and describe says so", () => {
    const fixture = engineFixture();
    const { org, integration } = fixture;
    const id = makeLead(fixture);
    expect(column(fixture, "SELECT Company FROM Lead", integration)).toEqual(["Acme"]);
    const [created] = org.insert(integration, "Lead", [{ LastName: "x", Company: "y" }], QUIET);
    const [updated] = org.update(integration, "Lead", [{ Id: id, Title: "x" }], QUIET);
    const [removed] = org.remove(integration, [id], QUIET);
    expect([created, updated, removed].map((result) => result?.errors)).toEqual([
      [denied],
      [denied],
      [denied],
    ]);
    expect(org.describe(integration, "Lead")).toMatchObject({
      createable: false,
      updateable: false,
      deletable: false,
      queryable: true,
    });
  });

  test("with Edit takes required fields at once, and others where a set makes them editable", () => {
    const fixture = engineFixture();
    const { org, admin, integration } = fixture;
    const id = makeLead(fixture);
    allowLeads(fixture);
    const update = (values: Readonly<Record<string, unknown>>) =>
      org.update(integration, "Lead", [{ Id: id, ...values }], QUIET)[0]?.errors;
    expect(update({ LastName: "Roe", Company: "Beta", Status: "Working - Contacted" })).toEqual([]);
    expect(update({ Title: "CFO", DoNotCall: true })).toEqual([
      {
        statusCode: "INVALID_FIELD_FOR_INSERT_UPDATE",
        message:
          "Unable to create/update fields: Title, DoNotCall. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
        fields: ["Title", "DoNotCall"],
      },
    ]);
    const title = { fieldPermissions: { field: "Lead.Title", readable: true, editable: true } };
    org.deploy(admin, [permissionSet("Titles", title)], [], APPLY);
    assign(fixture, "Titles", integration.userId);
    expect(update({ Title: "CFO" })).toEqual([]);
    expect(update({ DoNotCall: true })).toHaveLength(1);
    const { fields } = org.describe(integration, "Lead");
    const all: readonly { name?: unknown; updateable?: unknown }[] = Array.isArray(fields) ? fields : [];
    const updateable = (name: string) => all.find((field) => field.name === name)?.updateable;
    expect(["Title", "DoNotCall", "LastName"].map(updateable)).toEqual([true, false, true]);
  });
});

describe("settings that hide", () => {
  test("a hidden standard field is gone for the integration user alone", () => {
    const fixture = engineFixture();
    makeLead(fixture);
    fixture.org.configure({ hiddenFields: ["lead.firstcalldatetime"] });
    const select = "SELECT FirstCallDateTime FROM Lead";
    expect(refusal(() => column(fixture, select, fixture.integration)).code).toBe("INVALID_FIELD");
    expect(column(fixture, select)).toEqual([null]);
    expect(describedFields(fixture)).not.toContain("FirstCallDateTime");
  });

  test("a hidden object is an unknown type, and missing from the list of objects", () => {
    const fixture = engineFixture();
    fixture.org.configure({ hiddenObjects: ["EmailMessage"] });
    expect(refusal(() => column(fixture, "SELECT Id FROM EmailMessage", fixture.integration)).code).toBe(
      "INVALID_TYPE",
    );
    const listed = fixture.org.describeGlobal(fixture.integration).map((entry) => entry["name"]);
    expect(listed).toContain("Task");
    expect(listed).not.toContain("EmailMessage");
  });
});
