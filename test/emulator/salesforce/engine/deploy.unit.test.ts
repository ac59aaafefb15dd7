import { describe, expect, test } from "vitest";
import type { CompileFormula } from "../../../../src/emulator/salesforce/org.ts";
import {
  APPLY,
  column,
  engineFixture,
  fieldComponent,
  makeLead,
  permissionSet,
  QUIET,
  refusal,
  rows,
} from "./engine-fixture.ts";

const DEADLINE = fieldComponent("Lead.Due__c", { type: "DateTime", label: "Due" });
const LATE = fieldComponent("Lead.Late__c", {
  type: "Checkbox",
  formula: "AND(NOT(IsConverted), NOT(ISBLANK(Due__c)), NOW() >= Due__c)",
});

describe("formula fields", () => {
  test("a NOW() formula flips with the clock while nothing is written", () => {
    const fixture = engineFixture();
    const { org, admin, clock } = fixture;
    // The formula stands first: fields it reads are deployed before it whatever the order in the package.
    const messages = org.deploy(admin, [LATE, DEADLINE], [], APPLY);
    expect(messages.map((message) => [message.fullName, message.success, message.created])).toEqual([
      ["Lead.Due__c", true, true],
      ["Lead.Late__c", true, true],
    ]);
    makeLead(fixture, { Due__c: "2026-06-03T09:00:00.000Z" });
    makeLead(fixture, { LastName: "Never" });
    const late = "SELECT LastName FROM Lead WHERE Late__c = true";
    expect(column(fixture, late)).toEqual([]);
    clock.advance(3_600_000);
    expect(column(fixture, late)).toEqual(["Doe"]);
    expect(rows(fixture, "SELECT Late__c, SystemModstamp FROM Lead WHERE LastName = 'Doe'")).toEqual([
      { Late__c: true, SystemModstamp: "2026-06-03T08:00:00.000+0000" },
    ]);
    expect([...org.dump("Lead")].map((record) => record["Late__c"])).toEqual([true, false]);
  });

  test("cannot be written", () => {
    const fixture = engineFixture();
    fixture.org.deploy(fixture.admin, [DEADLINE, LATE], [], APPLY);
    const [result] = fixture.org.update(
      fixture.admin,
      "Lead",
      [{ Id: makeLead(fixture), Late__c: true }],
      QUIET,
    );
    expect(result?.errors[0]?.statusCode).toBe("INVALID_FIELD_FOR_INSERT_UPDATE");
  });

  test("what the compiler refuses fails the component in the compiler's words", () => {
    const compileFormula: CompileFormula = () => {
      throw new Error("Field Nope__c does not exist. Check spelling.");
    };
    const { org, admin } = engineFixture({ compileFormula });
    const [message] = org.deploy(admin, [LATE], [], APPLY);
    expect(message).toMatchObject({
      componentType: "CustomField",
      fullName: "Lead.Late__c",
      success: false,
      problem: "Field Nope__c does not exist. Check spelling.",
      problemType: "Error",
    });
  });
});

describe("a deploy", () => {
  test("that is only a check, or fails with rollback, leaves no trace", () => {
    const fixture = engineFixture();
    const { org, admin } = fixture;
    const stamp = org.metadataChangedAt();
    expect(org.deploy(admin, [DEADLINE], [], { checkOnly: true, rollbackOnError: true })[0]?.success).toBe(
      true,
    );
    const broken = fieldComponent("Lead.Bad__c", { type: "Text" });
    const failed = org.deploy(admin, [DEADLINE, broken], [], APPLY);
    expect(failed.map((message) => message.problem)).toEqual([
      undefined,
      "Must specify 'length' for a CustomField of type Text",
    ]);
    expect(refusal(() => column(fixture, "SELECT Due__c FROM Lead")).code).toBe("INVALID_FIELD");
    expect(org.metadataChangedAt()).toEqual(stamp);
  });

  test("without rollback keeps what succeeded", () => {
    const fixture = engineFixture();
    const broken = fieldComponent("Lead.Bad__c", { type: "Text" });
    fixture.org.deploy(fixture.admin, [DEADLINE, broken], [], { checkOnly: false, rollbackOnError: false });
    expect(column(fixture, "SELECT Due__c FROM Lead")).toEqual([]);
  });

  test("of the same again changes nothing; of another label it changes without creating", () => {
    const { org, admin } = engineFixture();
    const flags = (label: string) => {
      const component = fieldComponent("Lead.Due__c", { type: "DateTime", label });
      return org.deploy(admin, [component], [], APPLY).map(({ created, changed }) => ({ created, changed }));
    };
    expect(flags("Due")).toEqual([{ created: true, changed: true }]);
    const stamp = org.metadataChangedAt();
    expect(flags("Due")).toEqual([{ created: false, changed: false }]);
    expect(org.metadataChangedAt()).toEqual(stamp);
    expect(flags("Due at")).toEqual([{ created: false, changed: true }]);
  });

  test("keeps a field's data when the field is deployed again", () => {
    const fixture = engineFixture();
    fixture.org.deploy(fixture.admin, [DEADLINE], [], APPLY);
    makeLead(fixture, { Due__c: "2026-06-03T09:00:00Z" });
    fixture.org.deploy(
      fixture.admin,
      [fieldComponent("Lead.Due__c", { type: "DateTime", label: "New" })],
      [],
      APPLY,
    );
    expect(rows(fixture, "SELECT Due__c FROM Lead")).toEqual([{ Due__c: "2026-06-03T09:00:00.000+0000" }]);
  });

  test("takes fields out of an object's file, and keeps layouts and list views as they are", () => {
    const fixture = engineFixture();
    const messages = fixture.org.deploy(
      fixture.admin,
      [
        {
          type: "CustomObject",
          fullName: "Metric__c",
          fileName: "objects/Metric__c.object",
          content: {
            label: "Metric",
            pluralLabel: "Metrics",
            nameField: { label: "Name", type: "Text" },
            sharingModel: "ReadWrite",
            fields: [
              {
                fullName: "Key__c",
                label: "Key",
                type: "Text",
                length: 64,
                externalId: "true",
                unique: "true",
                caseSensitive: "true",
              },
              {
                fullName: "Lead__c",
                label: "Lead",
                type: "Lookup",
                referenceTo: "Lead",
                relationshipName: "Metrics",
              },
            ],
          },
        },
        { type: "Layout", fullName: "Metric__c-Metric", fileName: "layouts/Metric.layout", content: {} },
      ],
      [],
      APPLY,
    );
    expect(messages.map((message) => message.fullName)).toEqual([
      "Metric__c",
      "Metric__c.Key__c",
      "Metric__c.Lead__c",
      "Metric__c-Metric",
    ]);
    const lead = makeLead(fixture);
    fixture.org.upsert(
      fixture.admin,
      "Metric__c",
      "Key__c",
      [{ Key__c: "k", Lead__c: lead, Name: "m" }],
      QUIET,
    );
    expect(column(fixture, "SELECT Lead__r.LastName FROM Metric__c WHERE Key__c = 'k'")).toEqual(["Doe"]);
    expect(rows(fixture, "SELECT (SELECT Name FROM Metrics__r) FROM Lead")).toMatchObject([
      { Metrics__r: { totalSize: 1, records: [{ Name: "m" }] } },
    ]);
  });

  test.each([
    ["no label", { label: "", type: "Date" }, "Required field is missing: label"],
    [
      "a checkbox without default",
      { type: "Checkbox" },
      "Must specify 'defaultValue' for a CustomField of type Checkbox",
    ],
    [
      "a number without scale",
      { type: "Number", precision: 5 },
      "Must specify 'scale' for a CustomField of type Number",
    ],
    [
      "an external id that is a date",
      { type: "Date", externalId: true },
      "Can not specify 'externalId' for a CustomField of type Date",
    ],
    ["an unknown type", { type: "Blob" }, "'Blob' is not a valid value for the enum 'FieldType'"],
    [
      "a lookup to nowhere",
      { type: "Lookup", referenceTo: "Nowhere__c" },
      "referenceTo value of 'Nowhere__c' does not resolve to a valid sObject type",
    ],
    [
      "a required formula",
      { type: "Number", formula: "1", required: true },
      "Can not specify 'required' for a formula field",
    ],
  ])("refuses %s", (_what, content, problem) => {
    const { org, admin } = engineFixture();
    const [message] = org.deploy(admin, [fieldComponent("Lead.X__c", content)], [], APPLY);
    expect(message?.problem).toBe(problem);
  });

  test("an object needs its labels, name field and sharing model", () => {
    const { org, admin } = engineFixture();
    const content = { label: "A", pluralLabel: "As", nameField: { type: "Text", label: "Name" } };
    const [message] = org.deploy(
      admin,
      [{ type: "CustomObject", fullName: "A__c", fileName: "f", content }],
      [],
      APPLY,
    );
    expect(message?.problem).toBe("Required field is missing: sharingModel");
  });
});

describe("permission sets", () => {
  const required = fieldComponent("Lead.Must__c", { type: "Text", length: 10, required: true });

  test.each([
    [
      "an unknown field",
      { fieldPermissions: { field: "Lead.No__c", readable: true } },
      "In field: field - no CustomField named Lead.No__c found",
    ],
    [
      "a required field",
      { fieldPermissions: { field: "Lead.Must__c", readable: true } },
      "You cannot deploy to a required field: Lead.Must__c",
    ],
    [
      "an unknown object",
      { objectPermissions: { object: "No__c", allowRead: true } },
      "In field: field - no CustomObject named No__c found",
    ],
    [
      "edit without read",
      { objectPermissions: { object: "Lead", allowEdit: true } },
      "Permission Edit Lead depends on permission(s): Read Lead",
    ],
    [
      "an editable formula",
      { fieldPermissions: { field: "Lead.Late__c", readable: true, editable: true } },
      "Field Lead.Late__c is a formula field and cannot be editable",
    ],
  ])("refuse %s", (_what, content, problem) => {
    const { org, admin } = engineFixture();
    const messages = org.deploy(admin, [required, DEADLINE, LATE, permissionSet("Set", content)], [], APPLY);
    expect(messages.at(-1)?.problem).toBe(problem);
  });

  test.each([
    "Lead.LastName",
    "Lead.Company",
    "Lead.Name",
    "Lead.Status",
    "Lead.OwnerId",
    "Lead.CreatedDate",
    "Lead.IsDeleted",
    "Lead.Id",
    "Account.Name",
    "Opportunity.StageName",
    "Row__c.Parent__c",
    "Row__c.Name",
  ])("refuse %s, which nobody can be kept from, and describe says so", (field) => {
    const { org, admin } = engineFixture();
    const [object = "", name = ""] = field.split(".");
    const row = {
      type: "CustomObject",
      fullName: "Row__c",
      fileName: "objects/Row__c.object",
      content: {
        label: "Row",
        pluralLabel: "Rows",
        nameField: { label: "Number", type: "AutoNumber", displayFormat: "{0}" },
        sharingModel: "ControlledByParent",
      },
    };
    const parent = fieldComponent("Row__c.Parent__c", {
      type: "MasterDetail",
      referenceTo: "Account",
      relationshipName: "Rows",
    });
    const content = { fieldPermissions: { field, readable: true, editable: false } };
    const messages = org.deploy(admin, [row, parent, permissionSet("Set", content)], [], {
      checkOnly: false,
      rollbackOnError: false,
    });
    expect(messages.map((message) => message.problem)).toEqual([
      undefined,
      undefined,
      `You cannot deploy to a required field: ${field}`,
    ]);
    const described: unknown = org.describe(admin, object)["fields"];
    const fields: readonly { name?: unknown; permissionable?: unknown }[] = Array.isArray(described)
      ? described
      : [];
    expect(fields.find((one) => one.name === name)?.permissionable).toBe(false);
  });

  test("take the standard fields that ripeline's own set names", () => {
    const { org, admin } = engineFixture();
    const fieldPermissions = [
      "Lead.Email",
      "Lead.LeadSource",
      "Contact.AccountId",
      "Campaign.Status",
      "Campaign.IsActive",
      "Campaign.ActualCost",
      "Opportunity.Amount",
      "Task.Subject",
      "Task.WhoId",
      "Event.WhatId",
    ].map((field) => ({ field, readable: true, editable: false }));
    const [message] = org.deploy(admin, [permissionSet("Set", { fieldPermissions })], [], APPLY);
    expect(message?.problem).toBeUndefined();
  });

  test("refuse a custom permission that is not there, and take it where it comes in the same package", () => {
    const { org, admin } = engineFixture();
    const set = permissionSet("Set", { customPermissions: { enabled: true, name: "Bypass" } });
    expect(org.deploy(admin, [set], [], APPLY)[0]?.problem).toBe(
      "In field: customPermission - no CustomPermission named Bypass found",
    );
    const permission = {
      type: "CustomPermission",
      fullName: "Bypass",
      fileName: "customPermissions/Bypass.customPermission",
      content: { label: "Bypass" },
    };
    const messages = org.deploy(admin, [set, permission], [], APPLY);
    expect(messages.map((message) => message.success)).toEqual([true, true]);
  });
});

describe("destructive changes", () => {
  test("a field read by a formula is refused alone, and goes when the formula goes too", () => {
    const fixture = engineFixture();
    const { org, admin } = fixture;
    org.deploy(admin, [DEADLINE, LATE], [], APPLY);
    const remove = (...names: string[]) =>
      org.deploy(
        admin,
        [],
        names.map((fullName) => ({ type: "CustomField", fullName })),
        APPLY,
      );
    expect(remove("Lead.Due__c")[0]).toMatchObject({
      success: false,
      problem: "This custom field is referenced elsewhere in salesforce.com. : Formula field - Late__c",
    });
    expect(remove("Lead.Late__c", "Lead.Due__c").map((message) => message.deleted)).toEqual([true, true]);
    expect(refusal(() => column(fixture, "SELECT Due__c FROM Lead")).code).toBe("INVALID_FIELD");
  });

  test("a deleted field deployed again is empty", () => {
    const fixture = engineFixture();
    const { org, admin } = fixture;
    org.deploy(admin, [DEADLINE], [], APPLY);
    makeLead(fixture, { Due__c: "2026-06-03T09:00:00Z" });
    org.deploy(admin, [], [{ type: "CustomField", fullName: "Lead.Due__c" }], APPLY);
    org.deploy(admin, [DEADLINE], [], APPLY);
    expect(column(fixture, "SELECT Due__c FROM Lead")).toEqual([null]);
  });

  test("what is not there is a warning, not a failure; standard fields stay", () => {
    const { org, admin } = engineFixture();
    const messages = org.deploy(
      admin,
      [],
      [
        { type: "CustomField", fullName: "Lead.No__c" },
        { type: "CustomField", fullName: "Lead.Email" },
      ],
      APPLY,
    );
    expect(messages.map((message) => [message.success, message.problemType])).toEqual([
      [true, "Warning"],
      [false, "Error"],
    ]);
  });
});
