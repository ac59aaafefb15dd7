import type { CustomField, CustomObject, ListView, PermissionSet } from "@salesforce/types/metadata";
import type { StreamSpec } from "../core/ports.ts";
import type { TargetField, TargetListView, TargetObject } from "../writeback/targets/target.ts";
import { assertOurNames } from "../writeback/targets.ts";

/** A component's own elements; the vendor's types also demand every empty list. */
export type Component<T> = Partial<T>;

/** Permission set of the user ripeline signs in as. */
export const PERMISSION_SET = "Ripeline";
/** Permission set for people: reads what ripeline writes, and ticks the exclude box. */
const READER_PERMISSION_SET = "Ripeline_Reader";
/** Custom permission for rules: `NOT($Permission.Ripeline_Bypass)` leaves ripeline's writes alone. */
export const BYPASS_PERMISSION = "Ripeline_Bypass";
/** Public group that sees all report rows. */
export const READERS_GROUP = "Ripeline_Readers";

/** An object's own elements, fields and list views. */
export type ObjectComponent = Omit<Component<CustomObject>, "fields" | "listViews" | "nameField"> & {
  readonly nameField?: Component<CustomField>;
  readonly fields: readonly Component<CustomField>[];
  readonly listViews: readonly Component<ListView>[];
};

export interface DesiredObject {
  readonly name: string;
  readonly isOurs: boolean;
  readonly component: ObjectComponent;
}

/** Everything `apply` puts into an org. */
export interface DesiredSchema {
  readonly objects: readonly DesiredObject[];
  readonly permissionSets: readonly { readonly name: string; readonly component: Component<PermissionSet> }[];
  /** API names of our objects: they get a tab each, and sharing with the readers' group. */
  readonly ownObjects: readonly string[];
}

/**
 * Standard fields that have field-level security, by object. Fields every user may see (Id, required ones, audit stamps,
 * owner) must not stand in a permission set: the deploy would be refused. From the standard objects' profiles as commonly
 * published; not yet compared with a live org.
 */
const SECURED_STANDARD_FIELDS: Readonly<Record<string, readonly string[]>> = {
  Lead: ["Email", "LeadSource"],
  Contact: ["AccountId", "Email", "LeadSource"],
  Campaign: ["ActualCost", "BudgetedCost", "EndDate", "IsActive", "ParentId", "StartDate", "Status", "Type"],
  Opportunity: ["AccountId", "Amount", "CampaignId", "LeadSource", "Type"],
  Task: ["CallDisposition", "CallDurationInSeconds", "CallType", "Subject", "Type", "WhatId", "WhoId"],
  Event: ["Subject", "WhatId", "WhoId"],
};

/** Objects with permissions of their own among those we read; the others follow their parents or are open to all. */
const PERMITTED_OBJECTS = ["Account", "Campaign", "Contact", "Lead", "Opportunity"];

function fieldComponent(field: TargetField): Component<CustomField> {
  const { type } = field;
  const base = {
    fullName: field.name,
    label: field.label,
    description: field.help,
    inlineHelpText: field.help,
  };
  switch (type.kind) {
    case "text":
      return {
        ...base,
        type: "Text",
        length: type.length,
        externalId: false,
        required: false,
        unique: false,
      };
    case "external_id":
      return type.isKey
        ? {
            ...base,
            type: "Text",
            length: type.length,
            caseSensitive: true,
            externalId: true,
            required: true,
            unique: true,
          }
        : { ...base, type: "Text", length: type.length, externalId: true, required: false, unique: false };
    case "long_text":
      return { ...base, type: "LongTextArea", length: type.length, visibleLines: 5 };
    case "checkbox":
      return { ...base, type: "Checkbox", defaultValue: "false" };
    case "date":
      return { ...base, type: "Date", required: false };
    case "datetime":
      return { ...base, type: "DateTime", required: false };
    case "number":
      return {
        ...base,
        type: "Number",
        precision: type.precision,
        scale: type.scale,
        required: false,
        unique: false,
      };
    case "currency":
      return { ...base, type: "Currency", precision: type.precision, scale: type.scale, required: false };
    case "choice":
      throw new TypeError(`${field.name}: Salesforce has no choices of ours, it computes them`);
    case "lookup":
      return {
        ...base,
        type: "Lookup",
        referenceTo: type.to,
        relationshipName: type.relationship,
        relationshipLabel: type.relationshipLabel,
        deleteConstraint: "SetNull",
        required: false,
      };
    case "formula": {
      const formula = { ...base, formula: type.formula, formulaTreatBlanksAs: "BlankAsBlank" as const };
      switch (type.returns) {
        case "checkbox":
          return { ...formula, type: "Checkbox" };
        case "text":
          return { ...formula, type: "Text", unique: false, externalId: false };
        case "number":
          return { ...formula, type: "Number", precision: 18, scale: type.scale };
        case "percent":
          return { ...formula, type: "Percent", precision: 18, scale: type.scale };
        case "currency":
          return { ...formula, type: "Currency", precision: 18, scale: type.scale };
      }
    }
  }
}

function listView(view: TargetListView): Component<ListView> {
  return {
    fullName: view.name,
    columns: [...view.columns],
    filterScope: view.scope,
    filters: view.filters.map((filter) => ({ ...filter })),
    label: view.label,
  };
}

function objectComponent(target: TargetObject): ObjectComponent {
  const fields = target.fields.map((field) => fieldComponent(field));
  const listViews = target.listViews.map((view) => listView(view));
  if (!target.isOurs) return { fields, listViews };
  return {
    label: target.label,
    pluralLabel: target.pluralLabel,
    description: target.description,
    nameField: {
      label: `${target.label} Number`,
      type: "AutoNumber",
      displayFormat: target.nameFormat ?? "{00000000}",
    },
    deploymentStatus: "Deployed",
    sharingModel: "Private",
    enableReports: true,
    enableSearch: false,
    enableActivities: false,
    enableFeeds: false,
    enableHistory: false,
    enableBulkApi: true,
    enableSharing: true,
    enableStreamingApi: true,
    fields,
    listViews,
  };
}

/** Required fields must not stand in a permission set; everybody sees them. */
function hasFieldSecurity(field: TargetField): boolean {
  return !(field.type.kind === "external_id" && field.type.isKey);
}

function integrationFields(targets: readonly TargetObject[]): PermissionSet["fieldPermissions"] {
  return targets.flatMap((target) =>
    target.fields.filter(hasFieldSecurity).map((field) => ({
      editable: field.source.from === "column" || field.source.from === "metric",
      field: `${target.object}.${field.name}`,
      readable: true,
    })),
  );
}

function readerFields(targets: readonly TargetObject[]): PermissionSet["fieldPermissions"] {
  return targets.flatMap((target) =>
    target.fields.filter(hasFieldSecurity).map((field) => ({
      editable: field.source.from === "people",
      field: `${target.object}.${field.name}`,
      readable: true,
    })),
  );
}

function standardFieldPermissions(streams: readonly StreamSpec[]): PermissionSet["fieldPermissions"] {
  return streams.flatMap((stream) => {
    const secured = SECURED_STANDARD_FIELDS[stream.object] ?? [];
    return stream.fields
      .filter((field) => secured.includes(field.name))
      .map((field) => ({ editable: false, field: `${stream.object}.${field.name}`, readable: true }));
  });
}

function objectPermission(
  object: string,
  rights: { readonly edit: boolean; readonly own: boolean; readonly all: boolean },
): PermissionSet["objectPermissions"][number] {
  return {
    allowCreate: rights.own,
    allowDelete: rights.own,
    allowEdit: rights.edit || rights.own,
    allowRead: true,
    modifyAllRecords: rights.own,
    object,
    viewAllRecords: rights.all,
  };
}

/**
 * What the org should hold: our fields on standard objects, our objects, and two permission sets.
 *
 * The integration user's set reads the objects we pull (all records), edits leads and campaigns through fields of ours
 * only, owns our objects, carries the bypass permission, and sees the API limits. The readers' set reads our fields.
 * @param targets from `targetObjects`; @param streams what the connector reads
 */
export function desiredSchema(
  targets: readonly TargetObject[],
  streams: readonly StreamSpec[],
): DesiredSchema {
  for (const target of targets) {
    assertOurNames(
      target,
      target.fields.map((field) => field.name),
    );
  }
  const own = targets.filter((target) => target.isOurs);
  const touched = targets.filter((target) => !target.isOurs).map((target) => target.object);
  const read = new Set([...streams.map((stream) => stream.object), ...touched]);
  const standard = PERMITTED_OBJECTS.filter((object) => read.has(object));
  return {
    objects: targets.map((target) => ({
      name: target.object,
      isOurs: target.isOurs,
      component: objectComponent(target),
    })),
    ownObjects: own.map((target) => target.object),
    permissionSets: [
      {
        name: PERMISSION_SET,
        component: {
          label: "Ripeline",
          description:
            "For the user ripeline signs in as: reads leads, people, campaigns and opportunities; writes fields of ripeline only.",
          hasActivationRequired: false,
          customPermissions: [{ enabled: true, name: BYPASS_PERMISSION }],
          fieldPermissions: [...integrationFields(targets), ...standardFieldPermissions(streams)],
          objectPermissions: [
            ...standard.map((object) =>
              objectPermission(object, { edit: touched.includes(object), own: false, all: true }),
            ),
            ...own.map((target) => objectPermission(target.object, { edit: true, own: true, all: true })),
          ],
          userPermissions: [
            { enabled: true, name: "ApiEnabled" },
            { enabled: true, name: "ViewSetup" },
          ],
        },
      },
      {
        name: READER_PERMISSION_SET,
        component: {
          label: "Ripeline Reader",
          description:
            "For people: reads what ripeline writes and may tick 'Exclude From Ripeline'. Assign it to reps, managers and marketing.",
          hasActivationRequired: false,
          fieldPermissions: readerFields(targets),
          objectPermissions: own.map((target) =>
            objectPermission(target.object, { edit: false, own: false, all: false }),
          ),
          tabSettings: own.map((target) => ({ tab: target.object, visibility: "Visible" as const })),
        },
      },
    ],
  };
}
