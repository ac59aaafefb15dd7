/** Builders for the standard schema: each returns the definition of one field with the vendor's usual traits. */
import type { FieldType } from "../../org.ts";
import type { DerivedValue, FieldDef, ObjectDef } from "./definitions.ts";

type Options = Partial<Omit<FieldDef, "name" | "key" | "type">>;

/** `FirstCallDateTime` becomes `First Call Date Time`. */
function labelOf(name: string): string {
  return name
    .replace(/__c$/, "")
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/ Id$/, " ID");
}

export function field(name: string, type: FieldType, options: Options = {}): FieldDef {
  return {
    name,
    key: name.toLowerCase(),
    label: labelOf(name),
    type,
    length: 0,
    precision: 0,
    scale: 0,
    isNillable: true,
    isCreateable: true,
    isUpdateable: true,
    isFilterable: true,
    isCustom: false,
    isExternalId: false,
    isUnique: false,
    isCaseSensitive: false,
    isNameField: false,
    isRequired: false,
    isIndexed: false,
    referenceTo: [],
    isCascade: false,
    textKey: false,
    picklist: [],
    isRestrictedPicklist: false,
    defaultValue: null,
    treatsBlankAsZero: false,
    isMultiCurrencyOnly: false,
    ...options,
  };
}

const READ_ONLY: Options = { isCreateable: false, isUpdateable: false };

export function text(name: string, length: number, options: Options = {}): FieldDef {
  return field(name, "string", { length, ...options });
}
export function longText(name: string, length: number, options: Options = {}): FieldDef {
  return field(name, "textarea", { length, isFilterable: length <= 255, ...options });
}
export function picklist(name: string, values: readonly string[], options: Options = {}): FieldDef {
  return field(name, "picklist", { length: 255, picklist: values, ...options });
}
export function flag(name: string, options: Options = {}): FieldDef {
  return field(name, "boolean", { isNillable: false, defaultValue: false, ...options });
}
export function number(name: string, precision: number, scale: number, options: Options = {}): FieldDef {
  return field(name, "double", { precision, scale, ...options });
}
export function integer(name: string, options: Options = {}): FieldDef {
  return field(name, "int", { precision: 8, ...options });
}
export function money(name: string, options: Options = {}): FieldDef {
  return field(name, "currency", { precision: 18, scale: 2, ...options });
}
export function percent(name: string, options: Options = {}): FieldDef {
  return field(name, "percent", { precision: 3, ...options });
}
export function date(name: string, options: Options = {}): FieldDef {
  return field(name, "date", options);
}
export function instant(name: string, options: Options = {}): FieldDef {
  return field(name, "datetime", options);
}
export function email(name: string, options: Options = {}): FieldDef {
  return field(name, "email", { length: 80, ...options });
}
export function phone(name: string): FieldDef {
  return field(name, "phone", { length: 40 });
}
export function url(name: string): FieldDef {
  return field(name, "url", { length: 255 });
}
/** `reference("OwnerId", ["User", "Group"])` has relationship name `Owner`. */
export function reference(name: string, to: readonly string[], options: Options = {}): FieldDef {
  return field(name, "reference", {
    length: 18,
    referenceTo: to,
    relationshipName: name.replace(/Id$/, ""),
    ...options,
  });
}
export function derived(base: FieldDef, value: DerivedValue): FieldDef {
  return { ...base, ...READ_ONLY, derived: value };
}
export function readOnly(base: FieldDef): FieldDef {
  return { ...base, ...READ_ONLY };
}
export function required(base: FieldDef): FieldDef {
  return { ...base, isNillable: false, isRequired: true };
}
export function indexed(base: FieldDef): FieldDef {
  return { ...base, isIndexed: true };
}
export function named(base: FieldDef): FieldDef {
  return { ...base, isNameField: true };
}

export function idField(): FieldDef {
  return field("Id", "id", {
    length: 18,
    isNillable: false,
    label: "Record ID",
    isIndexed: true,
    ...READ_ONLY,
  });
}
export function currencyCode(): FieldDef {
  return picklist("CurrencyIsoCode", [], {
    length: 3,
    label: "Currency ISO Code",
    isMultiCurrencyOnly: true,
  });
}

/** CreatedDate, CreatedById and their siblings. */
export const AUDIT_FIELDS: readonly FieldDef[] = [
  instant("CreatedDate", { isNillable: false, ...READ_ONLY }),
  reference("CreatedById", ["User"], { isNillable: false, ...READ_ONLY }),
  instant("LastModifiedDate", { isNillable: false, ...READ_ONLY }),
  reference("LastModifiedById", ["User"], { isNillable: false, ...READ_ONLY }),
  instant("SystemModstamp", { isNillable: false, ...READ_ONLY }),
];
const DELETED = flag("IsDeleted", { label: "Deleted", ...READ_ONLY });

interface Traits {
  /** Which audit fields the object has: history rows are written once and carry no modification. */
  readonly audit?: "all" | "created" | "created_and_stamp";
  /** Set-up rows have no IsDeleted: deleting one takes it out for good. */
  readonly isUndeletable?: boolean;
}
type ObjectOptions = Partial<Omit<ObjectDef, "name" | "keyPrefix" | "fields">> & Traits;

function auditFields(audit: Traits["audit"]): readonly FieldDef[] {
  if (audit === undefined || audit === "all") return AUDIT_FIELDS;
  return AUDIT_FIELDS.filter((field) => {
    return (
      field.name.startsWith("Created") || (audit === "created_and_stamp" && field.name === "SystemModstamp")
    );
  });
}

/** A business object: Id, IsDeleted and the audit fields come with it. */
export function object(
  name: string,
  keyPrefix: string,
  fields: readonly FieldDef[],
  options: ObjectOptions = {},
): ObjectDef {
  const { audit, isUndeletable = true, ...traits } = options;
  const label = options.label ?? name.replace(/([a-z])([A-Z])/g, "$1 $2");
  return {
    name,
    label,
    labelPlural: `${label}s`,
    keyPrefix,
    isCustom: false,
    reach: "rest",
    isCreateable: true,
    isUpdateable: true,
    isDeletable: true,
    isSetup: false,
    isMultiCurrencyOnly: false,
    ...traits,
    fields: [idField(), ...(isUndeletable ? [DELETED] : []), ...fields, ...auditFields(audit)],
  };
}
const SETUP: ObjectOptions = { isSetup: true, isDeletable: false, isUndeletable: false };

/** A list of the org's set-up: readable by REST, no data storage. */
export function setupObject(
  name: string,
  keyPrefix: string,
  fields: readonly FieldDef[],
  options: ObjectOptions = {},
): ObjectDef {
  return object(name, keyPrefix, fields, { ...SETUP, isCreateable: false, isUpdateable: false, ...options });
}
