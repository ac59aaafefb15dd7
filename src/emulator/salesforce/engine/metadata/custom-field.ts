/** A deployed CustomField to a field definition, with the vendor's refusals. */
import type { CompiledFormula, CompileFormula, FieldType } from "../../org.ts";
import type { Entity } from "../org-state.ts";
import type { FieldDef } from "../schema/definitions.ts";
import { field as makeField } from "../schema/fields.ts";
import { type Content, childIn, isTrueIn, listIn, numberIn, textIn } from "./content.ts";

/** The vendor's reason for refusing a component. */
export class DeployProblem extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "DeployProblem";
  }
}

/** API name of a custom object or field. */
export const NAME_SHAPE = /^[A-Za-z](?:_?[A-Za-z0-9])*__c$/;
const MAX_NAME = 43;
const MAX_LABEL = 40;
const MAX_TEXT = 255;
const MAX_LONG_TEXT = 131_072;
const MIN_LONG_TEXT = 256;
const MAX_DIGITS = 18;

const TYPES: Readonly<Record<string, FieldType>> = {
  AutoNumber: "string",
  Checkbox: "boolean",
  Currency: "currency",
  Date: "date",
  DateTime: "datetime",
  Email: "email",
  EncryptedText: "string",
  Html: "textarea",
  LongTextArea: "textarea",
  Lookup: "reference",
  MasterDetail: "reference",
  MultiselectPicklist: "multipicklist",
  Number: "double",
  Percent: "percent",
  Phone: "phone",
  Picklist: "picklist",
  Summary: "double",
  Text: "string",
  TextArea: "textarea",
  Time: "time",
  Url: "url",
};
const FORMULA_TYPES = new Set([
  "Checkbox",
  "Currency",
  "Date",
  "DateTime",
  "Number",
  "Percent",
  "Text",
  "Time",
]);
/** Only these may be external ids, and only these may be unique. */
const KEY_TYPES = new Set(["AutoNumber", "Email", "Number", "Text"]);
const LENGTHS: Readonly<Record<string, number>> = {
  TextArea: 255,
  Email: 80,
  Phone: 40,
  Url: 255,
  Picklist: 255,
  Lookup: 18,
  MasterDetail: 18,
  AutoNumber: 30,
};

export interface FieldSource {
  readonly name: string;
  readonly content: Content;
}

function mustHave(content: Content, key: string, type: string): number {
  const value = numberIn(content, key);
  if (value === undefined) throw new DeployProblem(`Must specify '${key}' for a CustomField of type ${type}`);
  return value;
}

function checkName(source: FieldSource): void {
  if (!NAME_SHAPE.test(source.name)) {
    throw new DeployProblem(
      `The name "${source.name}" is not a valid API name: it must begin with a letter, hold only letters, digits and single underscores, and end in __c`,
    );
  }
  if (source.name.length > MAX_NAME)
    throw new DeployProblem(
      `Developer Name: data value too large: ${source.name.slice(0, -3)} (max length=40)`,
    );
}

/** @throws DeployProblem */
export function toFieldDef(entity: Entity, source: FieldSource, compile: CompileFormula): FieldDef {
  checkName(source);
  const { content } = source;
  const label = textIn(content, "label");
  if (label === undefined) throw new DeployProblem("Required field is missing: label");
  if (label.length > MAX_LABEL)
    throw new DeployProblem(`Label: data value too large: ${label} (max length=${MAX_LABEL})`);
  const typeName = textIn(content, "type");
  const type = typeName === undefined ? undefined : TYPES[typeName];
  if (typeName === undefined) throw new DeployProblem("Must specify a type for a CustomField");
  if (type === undefined) {
    throw new DeployProblem(`'${typeName}' is not a valid value for the enum 'FieldType'`);
  }
  const help = textIn(content, "inlineHelpText");
  const common = { label, isCustom: true, ...(help === undefined ? {} : { helpText: help }) };
  const formula = textIn(content, "formula");
  if (formula !== undefined) {
    return { ...formulaField(entity, source, typeName, type, formula, compile), ...common };
  }
  return { ...storedField(source, typeName, type), ...common };
}

function formulaField(
  entity: Entity,
  source: FieldSource,
  typeName: string,
  type: FieldType,
  formulaSource: string,
  compile: CompileFormula,
): FieldDef {
  const { content } = source;
  if (!FORMULA_TYPES.has(typeName)) throw new DeployProblem(`Formula fields can not be of type ${typeName}`);
  for (const key of ["required", "unique", "externalId"]) {
    if (isTrueIn(content, key)) throw new DeployProblem(`Can not specify '${key}' for a formula field`);
  }
  const isNumber = type === "double" || type === "currency" || type === "percent";
  const blanks = textIn(content, "formulaTreatBlanksAs");
  const context = {
    fieldType: (name: string) => entity.fields.get(name.toLowerCase())?.type,
    treatBlanksAs: blanks === "BlankAsBlank" ? ("BlankAsBlank" as const) : ("BlankAsZero" as const),
  };
  let formula: CompiledFormula;
  try {
    formula = compile(formulaSource, type, context);
  } catch (error) {
    throw new DeployProblem(error instanceof Error ? error.message : String(error));
  }
  return makeField(source.name, type, {
    formula,
    formulaSource,
    isCreateable: false,
    isUpdateable: false,
    length: type === "string" ? 1300 : 0,
    precision: isNumber ? (numberIn(content, "precision") ?? MAX_DIGITS) : 0,
    scale: isNumber ? (numberIn(content, "scale") ?? 2) : 0,
    isNillable: type !== "boolean",
    treatsBlankAsZero: context.treatBlanksAs === "BlankAsZero",
  });
}

function lengthOf(content: Content, typeName: string): number {
  if (typeName === "Text" || typeName === "EncryptedText") {
    const length = mustHave(content, "length", typeName);
    if (length < 1 || length > MAX_TEXT) {
      throw new DeployProblem(`Text field length must be between 1 and ${MAX_TEXT}`);
    }
    return length;
  }
  if (typeName === "LongTextArea" || typeName === "Html") {
    const length = mustHave(content, "length", typeName);
    mustHave(content, "visibleLines", typeName);
    if (length < MIN_LONG_TEXT || length > MAX_LONG_TEXT) {
      throw new DeployProblem(`Long text area length must be between ${MIN_LONG_TEXT} and ${MAX_LONG_TEXT}`);
    }
    return length;
  }
  if (typeName === "MultiselectPicklist") {
    mustHave(content, "visibleLines", typeName);
    return 4_099;
  }
  return LENGTHS[typeName] ?? 0;
}

function digitsOf(
  content: Content,
  typeName: string,
): { readonly precision: number; readonly scale: number } {
  if (typeName !== "Number" && typeName !== "Currency" && typeName !== "Percent")
    return { precision: 0, scale: 0 };
  const precision = mustHave(content, "precision", typeName);
  const scale = mustHave(content, "scale", typeName);
  if (precision > MAX_DIGITS || scale > precision) {
    throw new DeployProblem(
      `Precision must not be greater than ${MAX_DIGITS}, and scale not greater than precision`,
    );
  }
  return { precision, scale };
}

function picklistOf(content: Content): {
  readonly values: readonly string[];
  readonly isRestricted: boolean;
  readonly preset: string | null;
} {
  const valueSet = childIn(content, "valueSet");
  const definition = valueSet === undefined ? undefined : childIn(valueSet, "valueSetDefinition");
  if (valueSet !== undefined && definition === undefined && textIn(valueSet, "valueSetName") !== undefined) {
    return { values: [], isRestricted: false, preset: null };
  }
  if (valueSet === undefined || definition === undefined) {
    throw new DeployProblem(
      "Must specify either 'picklist' or 'valueSet' for a CustomField of type Picklist",
    );
  }
  const entries = listIn(definition, "value").filter((entry) => textIn(entry, "isActive") !== "false");
  const values = entries.map((entry) => textIn(entry, "fullName") ?? "");
  const preset = entries.find((entry) => isTrueIn(entry, "default"));
  return {
    values,
    isRestricted: isTrueIn(valueSet, "restricted"),
    preset: preset === undefined ? null : (textIn(preset, "fullName") ?? null),
  };
}

function storedField(source: FieldSource, typeName: string, type: FieldType): FieldDef {
  const { content, name } = source;
  const isKey = isTrueIn(content, "externalId");
  const isUnique = isTrueIn(content, "unique");
  if (isKey && !KEY_TYPES.has(typeName)) {
    throw new DeployProblem(`Can not specify 'externalId' for a CustomField of type ${typeName}`);
  }
  if (isUnique && !KEY_TYPES.has(typeName)) {
    throw new DeployProblem(`Can not specify 'unique' for a CustomField of type ${typeName}`);
  }
  if (typeName === "Checkbox" && textIn(content, "defaultValue") === undefined) {
    throw new DeployProblem("Must specify 'defaultValue' for a CustomField of type Checkbox");
  }
  const { precision, scale } = digitsOf(content, typeName);
  const choice = type === "picklist" || type === "multipicklist" ? picklistOf(content) : undefined;
  const isMasterDetail = typeName === "MasterDetail";
  const isRequired = isTrueIn(content, "required") || isMasterDetail;
  const constraint = typeName === "Lookup" ? (textIn(content, "deleteConstraint") ?? "SetNull") : undefined;
  if (constraint === "SetNull" && isRequired) {
    throw new DeployProblem(
      "Must specify either cascade delete or restrict delete for required lookup foreign key",
    );
  }
  const format = typeName === "AutoNumber" ? (textIn(content, "displayFormat") ?? "{0}") : undefined;
  const isDerivedByPlatform = typeName === "AutoNumber" || typeName === "Summary";
  return makeField(name, type, {
    length: lengthOf(content, typeName),
    precision,
    scale,
    isNillable: type !== "boolean" && !isRequired,
    isRequired: isRequired && !isDerivedByPlatform,
    isCreateable: !isDerivedByPlatform,
    isUpdateable: !isDerivedByPlatform && !(isMasterDetail && !isTrueIn(content, "reparentableMasterDetail")),
    isFilterable: typeName !== "LongTextArea" && typeName !== "Html",
    isExternalId: isKey,
    isUnique,
    isIndexed: isKey || isUnique || type === "reference",
    isCaseSensitive: isUnique && isTrueIn(content, "caseSensitive"),
    picklist: choice?.values ?? [],
    isRestrictedPicklist: choice?.isRestricted ?? false,
    defaultValue: type === "boolean" ? isTrueIn(content, "defaultValue") : (choice?.preset ?? null),
    isCascade: isMasterDetail || constraint === "Cascade",
    isRestricting: constraint === "Restrict",
    ...(format === undefined ? {} : { autoNumberFormat: format }),
    ...(type === "reference" ? lookupOf(name, content, typeName) : {}),
  });
}

function lookupOf(name: string, content: Content, typeName: string): Partial<FieldDef> {
  const target = textIn(content, "referenceTo");
  if (target === undefined)
    throw new DeployProblem(`Must specify 'referenceTo' for a CustomField of type ${typeName}`);
  const children = textIn(content, "relationshipName");
  if (children === undefined && typeName === "MasterDetail") {
    throw new DeployProblem("Must specify 'relationshipName' for a CustomField of type MasterDetail");
  }
  return {
    referenceTo: [target],
    relationshipName: name.replace(/__c$/, "__r"),
    ...(children === undefined ? {} : { childRelationshipName: `${children}__r` }),
  };
}
