import { XMLParser } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { StreamSpec } from "../../src/core/ports.ts";
import { desiredSchema } from "../../src/provision/desired-schema.ts";
import { packageFiles } from "../../src/provision/package-files.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { SAMPLE_CATALOG } from "../writeback/sample-catalog.ts";

const TRICKY = 'R&D <closed> "x"';
const STREAMS: readonly StreamSpec[] = [
  {
    name: "salesforce.Lead",
    crm: "salesforce",
    object: "Lead",
    table: "salesforce_lead",
    fields: [
      { name: "Id", type: "text", need: "required" },
      { name: "Status", type: "text", need: "required" },
      { name: "LeadSource", type: "text", need: "optional" },
    ],
    cursor: "SystemModstamp",
    overlapMinutes: 10,
    cadence: "fast",
  },
];
const targets = targetObjects({ closedStatuses: ["Junk", TRICKY], catalog: SAMPLE_CATALOG });
const files = packageFiles(desiredSchema(targets, STREAMS));

const LISTS = new Set([
  "fields",
  "listViews",
  "types",
  "members",
  "fieldPermissions",
  "objectPermissions",
  "filters",
  "columns",
]);
const parser = new XMLParser({ isArray: (name) => LISTS.has(name), parseTagValue: false });

function parsed<T>(path: string, schema: z.ZodType<T>): T {
  const file = files.find((each) => each.path === path);
  if (file === undefined) throw new Error(`no file ${path}: ${files.map((each) => each.path).join(", ")}`);
  return schema.parse(parser.parse(file.content));
}

const Field = z.looseObject({ fullName: z.string(), type: z.string() });
const ObjectFile = z.object({
  CustomObject: z.looseObject({
    fields: z.array(Field),
    listViews: z
      .array(
        z.looseObject({
          label: z.string(),
          filters: z
            .array(z.object({ field: z.string(), operation: z.string(), value: z.string() }))
            .default([]),
        }),
      )
      .default([]),
  }),
});
const PermissionFile = z.object({
  PermissionSet: z.looseObject({
    fieldPermissions: z.array(z.object({ editable: z.string(), field: z.string(), readable: z.string() })),
    objectPermissions: z.array(
      z.looseObject({ object: z.string(), allowEdit: z.string(), allowDelete: z.string() }),
    ),
  }),
});
const PackageFileShape = z.object({
  Package: z.looseObject({
    version: z.string(),
    types: z.array(z.object({ name: z.string(), members: z.array(z.string()) })),
  }),
});

describe("the package", () => {
  it("lists every field, object, permission set, tab and list view in package.xml", () => {
    const { types } = parsed("package.xml", PackageFileShape).Package;
    const members = (name: string): readonly string[] =>
      types.find((type) => type.name === name)?.members ?? [];
    expect(members("CustomObject")).toEqual([
      "Ripeline_Handoff__c",
      "Ripeline_Metric__c",
      "Ripeline_Status__c",
    ]);
    expect(members("CustomField")).toContain("Lead.Ripeline_Rotting__c");
    expect(members("CustomField")).toContain("Campaign.Ripeline_Investment__c");
    expect(members("CustomField")).toHaveLength(targets.flatMap((target) => target.fields).length);
    expect(members("PermissionSet")).toEqual(["Ripeline", "Ripeline_Reader"]);
    expect(members("CustomPermission")).toEqual(["Ripeline_Bypass"]);
    expect(members("CustomTab")).toHaveLength(3);
    expect(members("ListView")).toContain("Lead.Ripeline_My_Rotting");
  });

  it("has a file for each component that package.xml lists outside the object files", () => {
    expect(files.map((file) => file.path).toSorted()).toEqual(
      [
        "customPermissions/Ripeline_Bypass.customPermission",
        "groups/Ripeline_Readers.group",
        "objects/Campaign.object",
        "objects/Lead.object",
        "objects/Opportunity.object",
        "objects/Ripeline_Handoff__c.object",
        "objects/Ripeline_Metric__c.object",
        "objects/Ripeline_Status__c.object",
        "package.xml",
        "permissionsets/Ripeline.permissionset",
        "permissionsets/Ripeline_Reader.permissionset",
        "sharingRules/Ripeline_Handoff__c.sharingRules",
        "sharingRules/Ripeline_Metric__c.sharingRules",
        "sharingRules/Ripeline_Status__c.sharingRules",
        "tabs/Ripeline_Handoff__c.tab",
        "tabs/Ripeline_Metric__c.tab",
        "tabs/Ripeline_Status__c.tab",
      ].toSorted(),
    );
  });

  it("carries a status with markup and quotes unharmed into the formula", () => {
    const { fields } = parsed("objects/Lead.object", ObjectFile).CustomObject;
    const rotting = fields.find((field) => field.fullName === "Ripeline_Rotting__c");
    expect(rotting?.["formula"]).toContain('CASE(Status, "Junk", 1, "R&D <closed> \\"x\\"", 1, 0) = 0');
    expect(rotting).toMatchObject({ type: "Checkbox", formulaTreatBlanksAs: "BlankAsBlank" });
  });

  it("never carries a layout, a standard field or anything without our name", () => {
    expect(files.filter((file) => /layout|profile/i.test(file.path))).toEqual([]);
    for (const path of ["objects/Lead.object", "objects/Opportunity.object", "objects/Campaign.object"]) {
      const { fields } = parsed(path, ObjectFile).CustomObject;
      expect(fields.filter((field) => !field.fullName.startsWith("Ripeline_"))).toEqual([]);
    }
  });

  it("keeps our objects private with an auto-number name", () => {
    const object = parsed("objects/Ripeline_Metric__c.object", ObjectFile).CustomObject;
    expect(object).toMatchObject({
      sharingModel: "Private",
      deploymentStatus: "Deployed",
      enableReports: "true",
      nameField: { type: "AutoNumber", displayFormat: "RM-{00000000}" },
    });
    expect(object.fields[0]).toMatchObject({
      fullName: "Ripeline_Key__c",
      type: "Text",
      length: "64",
      caseSensitive: "true",
      externalId: "true",
      required: "true",
      unique: "true",
    });
    expect(object.fields.find((field) => field.fullName === "Ripeline_Campaign__c")).toMatchObject({
      type: "Lookup",
      referenceTo: "Campaign",
      deleteConstraint: "SetNull",
    });
  });

  it("filters every list view of leads on a stored field first, and names it within 40 characters", () => {
    const { listViews } = parsed("objects/Lead.object", ObjectFile).CustomObject;
    expect(listViews).toHaveLength(5);
    for (const view of listViews) {
      expect(view.label.length).toBeLessThan(40);
      expect(["Ripeline_Clock__c", "Ripeline_Undelivered__c"]).toContain(view.filters[0]?.field);
    }
  });

  it("is the same bytes each time", () => {
    expect(packageFiles(desiredSchema(targets, STREAMS))).toEqual(files);
  });
});

describe("the integration user's permission set", () => {
  const set = parsed("permissionsets/Ripeline.permissionset", PermissionFile).PermissionSet;
  const permission = (field: string) => set.fieldPermissions.find((each) => each.field === field);

  it("lets formulas be read and not edited", () => {
    expect(permission("Lead.Ripeline_Rotting__c")).toEqual({
      editable: "false",
      field: "Lead.Ripeline_Rotting__c",
      readable: "true",
    });
    expect(permission("Ripeline_Metric__c.Ripeline_Cost_Per_Lead__c")?.editable).toBe("false");
  });

  it("lets stored fields be edited and the people's exclude box only be read", () => {
    expect(permission("Lead.Ripeline_Clock__c")?.editable).toBe("true");
    expect(permission("Lead.Ripeline_Exclude__c")).toMatchObject({ editable: "false", readable: "true" });
  });

  it("does not list required fields, which the vendor refuses", () => {
    expect(set.fieldPermissions.filter((each) => each.field.endsWith(".Ripeline_Key__c"))).toEqual([]);
    expect(permission("Lead.Status")).toBeUndefined();
    expect(permission("Lead.Id")).toBeUndefined();
  });

  it("reads the standard fields we pull, and never edits one", () => {
    expect(permission("Lead.LeadSource")).toEqual({
      editable: "false",
      field: "Lead.LeadSource",
      readable: "true",
    });
    const foreign = set.fieldPermissions.filter(
      (each) => !/\.Ripeline_/.test(each.field) && each.editable === "true",
    );
    expect(foreign).toEqual([]);
  });

  it("edits leads and campaigns and deletes neither; owns our objects; carries the bypass", () => {
    const object = (name: string) => set.objectPermissions.find((each) => each.object === name);
    expect(object("Lead")).toMatchObject({
      allowRead: "true",
      allowEdit: "true",
      allowCreate: "false",
      allowDelete: "false",
      viewAllRecords: "true",
    });
    expect(object("Ripeline_Handoff__c")).toMatchObject({
      allowCreate: "true",
      allowDelete: "true",
      modifyAllRecords: "true",
    });
    expect(set["customPermissions"]).toEqual({ enabled: "true", name: "Ripeline_Bypass" });
  });

  it("lets readers tick the exclude box and change nothing else", () => {
    const reader = parsed("permissionsets/Ripeline_Reader.permissionset", PermissionFile).PermissionSet;
    expect(
      reader.fieldPermissions.filter((each) => each.editable === "true").map((each) => each.field),
    ).toEqual(["Lead.Ripeline_Exclude__c"]);
  });
});
