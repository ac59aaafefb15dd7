import type { PackageFile } from "../../core/ports.ts";
import type { TargetField, TargetObject } from "../../writeback/targets/target.ts";
import { rotLists } from "./rot-lists.ts";

const GROUP = "ripeline";

interface PropertyType {
  readonly type: string;
  readonly fieldType: string;
  readonly options?: readonly {
    readonly value: string;
    readonly label: string;
    readonly displayOrder: number;
  }[];
}

/** HubSpot asks for both by name; a yes or no needs its two options. */
function propertyType({ type, name }: TargetField): PropertyType {
  switch (type.kind) {
    case "text":
    case "external_id":
    case "lookup":
      return { type: "string", fieldType: "text" };
    case "long_text":
      return { type: "string", fieldType: "textarea" };
    case "checkbox":
      return {
        type: "bool",
        fieldType: "booleancheckbox",
        options: [
          { label: "Yes", value: "true", displayOrder: 0 },
          { label: "No", value: "false", displayOrder: 1 },
        ],
      };
    case "date":
      return { type: "date", fieldType: "date" };
    case "datetime":
      return { type: "datetime", fieldType: "date" };
    case "number":
    case "currency":
      return { type: "number", fieldType: "number" };
    case "choice":
      return {
        type: "enumeration",
        fieldType: "select",
        options: type.options.map((option, displayOrder) => ({ ...option, displayOrder })),
      };
    case "formula":
      throw new TypeError(`${name}: HubSpot's calculated properties have no clock, none is ours`);
  }
}

function propertyFile(target: TargetObject, field: TargetField): PackageFile {
  const isKey = field.type.kind === "external_id" && field.type.isKey;
  return json(`properties/${target.object}/${field.name}.json`, {
    name: field.name,
    label: field.label,
    description: field.help,
    ...propertyType(field),
    // A custom object makes its own group.
    ...(target.isOurs ? {} : { groupName: GROUP }),
    ...(isKey ? { hasUniqueValue: true } : {}),
  });
}

function schemaFile(target: TargetObject): PackageFile {
  const shown = target.fields.find(({ name }) => name === "ripeline_label") ?? target.fields[0];
  return json(`schemas/${target.object}.json`, {
    name: target.object,
    labels: { singular: target.label, plural: target.pluralLabel },
    description: target.description,
    primaryDisplayProperty: shown?.name ?? target.keyField,
    requiredProperties: [target.keyField],
    searchableProperties: [target.keyField],
    secondaryDisplayProperties: [],
    associatedObjects: [],
  });
}

function json(path: string, body: unknown): PackageFile {
  return { path, content: `${JSON.stringify(body, null, 2)}\n` };
}

/**
 * What `apply` brings a HubSpot portal to, one JSON document a definition: `groups/contacts.json`,
 * `properties/contacts/ripeline_rots_at.json`, `schemas/ripeline_metric.json`, `lists/rotting_leads.json`. The same targets
 * give the same bytes.
 */
export function portalPackage(targets: readonly TargetObject[]): readonly PackageFile[] {
  const theirs = targets.filter(({ isOurs }) => !isOurs);
  const ours = targets.filter(({ isOurs }) => isOurs);
  const contacts = theirs.find(({ object }) => object === "contacts");
  return [
    ...theirs.map(({ object }) => json(`groups/${object}.json`, { name: GROUP, label: "Ripeline" })),
    ...ours.map(schemaFile),
    ...targets.flatMap((target) => target.fields.map((field) => propertyFile(target, field))),
    ...(contacts === undefined
      ? []
      : rotLists(contacts).map(({ file, body }) => json(`lists/${file}.json`, body))),
  ];
}
