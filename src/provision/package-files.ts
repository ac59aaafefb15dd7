import { XMLBuilder } from "fast-xml-parser";
import type { PackageFile } from "../core/ports.ts";
import { BYPASS_PERMISSION, type DesiredSchema, READERS_GROUP } from "./desired-schema.ts";

const NAMESPACE = "http://soap.sforce.com/2006/04/metadata";
/** Of the metadata, not of our calls: the release whose component shapes these files use. */
const METADATA_VERSION = "67.0";

/** Tab styles of the vendor's own set, by object. */
const TAB_STYLES: Readonly<Record<string, string>> = {
  Ripeline_Handoff__c: "Custom53: Bell",
  Ripeline_Metric__c: "Custom67: Gears",
  Ripeline_Status__c: "Custom18: Form",
};

const builder = new XMLBuilder({
  ignoreAttributes: false,
  format: true,
  indentBy: "    ",
  suppressEmptyNode: false,
});

function xml(root: string, component: object): string {
  const body = builder.build({ [root]: { "@_xmlns": NAMESPACE, ...component } });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
}

/** Every object of ours is private; readers see all rows but the reps' own. */
function sharingRules(object: string): object {
  const shared = { accessLevel: "Read", label: "Ripeline readers", sharedTo: { group: READERS_GROUP } };
  if (object !== "Ripeline_Metric__c") {
    return {
      sharingOwnerRules: { fullName: "Ripeline_Readers", ...shared, sharedFrom: { allInternalUsers: "" } },
    };
  }
  return {
    sharingCriteriaRules: {
      fullName: "Ripeline_Readers",
      ...shared,
      criteriaItems: { field: "Ripeline_Row_Type__c", operation: "notEqual", value: "rep" },
      includeRecordsOwnedByAll: true,
    },
  };
}

interface Member {
  readonly type: string;
  readonly name: string;
}

function packageXml(members: readonly Member[]): string {
  const types = [...new Set(members.map((member) => member.type))].toSorted();
  return xml("Package", {
    types: types.map((type) => ({
      members: members
        .filter((member) => member.type === type)
        .map((member) => member.name)
        .toSorted(),
      name: type,
    })),
    version: METADATA_VERSION,
  });
}

/** Names of the components the package deploys, as package.xml lists them. */
function packageMembers(schema: DesiredSchema): readonly Member[] {
  return [
    ...schema.objects.flatMap((object) => [
      ...(object.isOurs ? [{ type: "CustomObject", name: object.name }] : []),
      ...object.component.fields.map((field) => ({
        type: "CustomField",
        name: `${object.name}.${field.fullName ?? ""}`,
      })),
      ...object.component.listViews.map((view) => ({
        type: "ListView",
        name: `${object.name}.${view.fullName ?? ""}`,
      })),
    ]),
    ...schema.ownObjects.map((name) => ({ type: "CustomTab", name })),
    ...schema.ownObjects.map((name) => ({ type: "SharingRules", name })),
    { type: "CustomPermission", name: BYPASS_PERMISSION },
    { type: "Group", name: READERS_GROUP },
    ...schema.permissionSets.map(({ name }) => ({ type: "PermissionSet", name })),
  ];
}

/**
 * The metadata package: package.xml and one file a component, in the layout the Metadata API deploys (`objects/`,
 * `permissionsets/`, ...). The same input gives the same bytes.
 * @see https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/file_based.htm
 */
export function packageFiles(schema: DesiredSchema): readonly PackageFile[] {
  return [
    { path: "package.xml", content: packageXml(packageMembers(schema)) },
    ...schema.objects.map((object) => ({
      path: `objects/${object.name}.object`,
      content: xml("CustomObject", object.component),
    })),
    ...schema.ownObjects.map((name) => ({
      path: `tabs/${name}.tab`,
      content: xml("CustomTab", { customObject: true, motif: TAB_STYLES[name] ?? "Custom18: Form" }),
    })),
    ...schema.ownObjects.map((name) => ({
      path: `sharingRules/${name}.sharingRules`,
      content: xml("SharingRules", sharingRules(name)),
    })),
    {
      path: `customPermissions/${BYPASS_PERMISSION}.customPermission`,
      content: xml("CustomPermission", {
        description: "Rules that test NOT($Permission.Ripeline_Bypass) leave ripeline's writes alone.",
        isLicensed: false,
        label: "Ripeline Bypass",
      }),
    },
    {
      path: `groups/${READERS_GROUP}.group`,
      content: xml("Group", { doesIncludeBosses: true, name: "Ripeline Readers" }),
    },
    ...schema.permissionSets.map(({ name, component }) => ({
      path: `permissionsets/${name}.permissionset`,
      content: xml("PermissionSet", component),
    })),
  ];
}
