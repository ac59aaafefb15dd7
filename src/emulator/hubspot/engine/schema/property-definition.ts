export const PROPERTY_TYPES = [
  "bool",
  "date",
  "datetime",
  "enumeration",
  "number",
  "phone_number",
  "string",
] as const;
export type PropertyType = (typeof PROPERTY_TYPES)[number];

export interface PropertyOption {
  readonly label: string;
  readonly value: string;
  readonly displayOrder: number;
  readonly hidden: boolean;
  readonly description?: string;
}

/** A property as `/crm/properties` prints it; `isReadOnly` and `hubspotDefined` speak through other keys there. */
export interface PropertyDefinition {
  readonly name: string;
  readonly label: string;
  readonly type: PropertyType;
  readonly fieldType: string;
  readonly groupName: string;
  readonly description: string;
  readonly options: readonly PropertyOption[];
  readonly displayOrder: number;
  readonly hasUniqueValue: boolean;
  readonly hidden: boolean;
  readonly formField: boolean;
  readonly calculated: boolean;
  readonly calculationFormula?: string;
  /** Its options live elsewhere: owners. */
  readonly referencedObjectType?: "OWNER";
  readonly numberDisplayHint?: string;
  readonly hubspotDefined: boolean;
  /** Clients cannot write the value. */
  readonly isReadOnly: boolean;
  readonly archived: boolean;
  readonly archivedAt?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Options from `value` or `value=Label` texts. */
const optionsOf = (texts: readonly string[]): readonly PropertyOption[] =>
  texts.map((text, displayOrder) => {
    const mark = text.indexOf("=");
    const value = mark < 0 ? text : text.slice(0, mark);
    return { label: mark < 0 ? text : text.slice(mark + 1), value, displayOrder, hidden: false };
  });

const DEFAULT_FIELD_TYPE: Readonly<Record<PropertyType, string>> = {
  bool: "booleancheckbox",
  date: "date",
  datetime: "date",
  enumeration: "select",
  number: "number",
  phone_number: "phonenumber",
  string: "text",
};

const isPropertyType = (text: string): text is PropertyType => PROPERTY_TYPES.some((one) => one === text);

/** HubSpot's own definitions say 1970 for when they were made. */
const SINCE_EVER = 0;

/**
 * A definition from one line: `name | Label | type[/fieldType] [ro] [unique] [owner] [calc] | option, value=Label, …`.
 * Only the name and the type are needed.
 */
export function standardProperty(line: string, groupName: string, displayOrder = -1): PropertyDefinition {
  const [name = "", label = "", kind = "", options = ""] = line.split("|").map((part) => part.trim());
  const [typeText = "", ...flags] = kind.split(/\s+/);
  const [type = "", fieldType] = typeText.split("/");
  if (!isPropertyType(type)) throw new Error(`property line "${line}" has no type`);
  const texts = type === "bool" ? ["true=True", "false=False"] : options.split(/\s*,\s*/).filter(Boolean);
  return {
    name,
    label: label === "" ? name : label,
    type,
    fieldType: fieldType ?? (flags.includes("calc") ? "calculation_rollup" : DEFAULT_FIELD_TYPE[type]),
    groupName,
    description: "",
    options: optionsOf(texts),
    displayOrder,
    hasUniqueValue: flags.includes("unique"),
    hidden: false,
    formField: false,
    calculated: flags.includes("calc"),
    ...(flags.includes("owner") ? { referencedObjectType: "OWNER" as const } : {}),
    hubspotDefined: true,
    isReadOnly: flags.includes("ro") || flags.includes("calc"),
    archived: false,
    createdAt: SINCE_EVER,
    updatedAt: SINCE_EVER,
  };
}
