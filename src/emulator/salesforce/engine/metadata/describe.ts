/** describe and describeGlobal in the vendor's shape: 45 keys an object, 57 a field (API 50.0 to 62.0). */
import { type Session, VendorError } from "../../org.ts";
import { type Entity, findEntity, isTrue, liveRows, type OrgState, textOf } from "../org-state.ts";
import type { FieldDef } from "../schema/definitions.ts";
import { type Access, accessOf, isPermissionable } from "../visibility.ts";
import { corporateCurrency } from "../write/derive-fields.ts";

const SOAP_TYPES: Readonly<Record<string, string>> = {
  id: "tns:ID",
  reference: "tns:ID",
  boolean: "xsd:boolean",
  int: "xsd:int",
  double: "xsd:double",
  currency: "xsd:double",
  percent: "xsd:double",
  date: "xsd:date",
  datetime: "xsd:dateTime",
  time: "xsd:time",
};
/** Bytes a character may take in the vendor's storage. */
const BYTES_PER_CHARACTER = 3;

export function describeGlobal(state: OrgState, session: Session): Record<string, unknown>[] {
  const access = accessOf(state, session);
  return [...state.entities.values()]
    .filter((entity) => entity.def.reach !== "tooling" && access.canRead(entity))
    .map((entity) => globalEntry(access, entity))
    .sort((a, b) => String(a["name"]).localeCompare(String(b["name"]), "en"));
}

function globalEntry(access: Access, entity: Entity): Record<string, unknown> {
  const { def } = entity;
  const base = `/services/data/v67.0/sobjects/${def.name}`;
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: def.isCreateable && access.can(entity, "create"),
    custom: def.isCustom,
    customSetting: false,
    deepCloneable: false,
    deletable: def.isDeletable && access.can(entity, "delete"),
    deprecatedAndHidden: false,
    feedEnabled: false,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: def.keyPrefix,
    label: def.label,
    labelPlural: def.labelPlural,
    layoutable: !def.isSetup,
    mergeable: ["Account", "Contact", "Lead"].includes(def.name),
    mruEnabled: !def.isSetup,
    name: def.name,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: !def.isSetup,
    triggerable: !def.isSetup,
    undeletable: def.isDeletable && !def.isSetup,
    updateable: def.isUpdateable && access.can(entity, "edit"),
    urls: { rowTemplate: `${base}/{ID}`, describe: `${base}/describe`, sobject: base },
  };
}

/** @throws VendorError NOT_FOUND for an object that is not there or not visible. */
export function describeObject(state: OrgState, session: Session, object: string): Record<string, unknown> {
  const access = accessOf(state, session);
  const entity = findEntity(state, object);
  if (entity === undefined || entity.def.reach === "tooling" || !access.canRead(entity)) {
    throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
  }
  const { def } = entity;
  const entry = globalEntry(access, entity);
  const urls = {
    compactLayouts: `/services/data/v67.0/sobjects/${def.name}/describe/compactLayouts`,
    rowTemplate: `/services/data/v67.0/sobjects/${def.name}/{ID}`,
    describe: `/services/data/v67.0/sobjects/${def.name}/describe`,
    layouts: `/services/data/v67.0/sobjects/${def.name}/describe/layouts`,
    sobject: `/services/data/v67.0/sobjects/${def.name}`,
  };
  const full: Record<string, unknown> = {
    ...entry,
    actionOverrides: [],
    childRelationships: childRelationships(state, access, entity),
    compactLayoutable: !def.isSetup,
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields: def.fields
      .filter((field) => access.canReadField(entity, field))
      .map((field) => describeField(state, access, entity, field)),
    implementedBy: null,
    implementsInterfaces: null,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [masterRecordType(def.name)],
    searchLayoutable: !def.isSetup,
    sobjectDescribeOption: "FULL",
    supportedScopes: [
      { label: `All ${def.labelPlural.toLowerCase()}`, name: "everything" },
      { label: `My ${def.labelPlural.toLowerCase()}`, name: "mine" },
    ],
    urls,
  };
  return Object.fromEntries(Object.entries(full).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function masterRecordType(object: string): Record<string, unknown> {
  return {
    active: true,
    available: true,
    defaultRecordTypeMapping: true,
    developerName: "Master",
    master: true,
    name: "Master",
    recordTypeId: "012000000000000AAA",
    urls: { layout: `/services/data/v67.0/sobjects/${object}/describe/layouts/012000000000000AAA` },
  };
}

function childRelationships(state: OrgState, access: Access, entity: Entity): Record<string, unknown>[] {
  const relationships: Record<string, unknown>[] = [];
  for (const child of state.entities.values()) {
    if (child.def.reach === "tooling" || !access.canRead(child)) continue;
    for (const field of child.def.fields) {
      if (!field.referenceTo.includes(entity.def.name) || !access.canReadField(child, field)) continue;
      relationships.push({
        cascadeDelete: field.isCascade,
        childSObject: child.def.name,
        deprecatedAndHidden: false,
        field: field.name,
        junctionIdListNames: [],
        junctionReferenceTo: [],
        relationshipName: field.childRelationshipName ?? null,
        restrictedDelete: field.isRestricting === true,
      });
    }
  }
  return relationships;
}

/** Lists that the org's set-up keeps as rows: their labels are the picklist's values. */
export const LIST_OF: Readonly<Record<string, string>> = {
  "Lead.Status": "LeadStatus",
  "Task.Status": "TaskStatus",
  "Opportunity.StageName": "OpportunityStage",
};

function picklistValues(state: OrgState, entity: Entity, field: FieldDef): Record<string, unknown>[] {
  const list = findEntity(state, LIST_OF[`${entity.def.name}.${field.name}`] ?? "");
  if (list !== undefined) {
    return liveRows(list).map((row) =>
      entryOf(textOf(list, row, "MasterLabel") ?? "", isTrue(list, row, "IsDefault")),
    );
  }
  if (field.name === "CurrencyIsoCode") {
    const types = findEntity(state, "CurrencyType");
    if (types === undefined) return [];
    const corporate = corporateCurrency(state);
    return liveRows(types).map((row) => {
      const code = textOf(types, row, "IsoCode") ?? "";
      return entryOf(code, code === corporate);
    });
  }
  return field.picklist.map((value) => entryOf(value, value === field.defaultValue));
}

function entryOf(value: string, isDefault: boolean): Record<string, unknown> {
  return { active: true, defaultValue: isDefault, label: value, validFor: null, value };
}

function describeField(
  state: OrgState,
  access: Access,
  entity: Entity,
  field: FieldDef,
): Record<string, unknown> {
  const isFormula = field.formulaSource !== undefined;
  const isText = SOAP_TYPES[field.type] === undefined;
  const isWriteable = access.canEditField(entity, field);
  const isNumber = field.type === "double" || field.type === "currency" || field.type === "percent";
  const canGroup = field.isFilterable && !isFormula && !isNumber && field.type !== "datetime";
  return {
    aggregatable: field.isFilterable,
    aiPredictionField: false,
    autoNumber: field.autoNumberFormat !== undefined,
    byteLength: isText ? field.length * BYTES_PER_CHARACTER : field.length,
    calculated: isFormula,
    calculatedFormula: field.formulaSource ?? null,
    cascadeDelete: field.isCascade && field.isCustom,
    caseSensitive: field.isCaseSensitive,
    compoundFieldName: ["FirstName", "LastName", "Salutation"].includes(field.name) ? "Name" : null,
    controllerName: null,
    createable: field.isCreateable && isWriteable,
    custom: field.isCustom,
    defaultValue: field.type === "boolean" ? field.defaultValue === true : null,
    defaultValueFormula: null,
    defaultedOnCreate: field.defaultValue !== null || (!field.isNillable && !field.isRequired),
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.type === "int" ? field.precision : 0,
    displayLocationInDecimal: false,
    encrypted: false,
    externalId: field.isExternalId,
    extraTypeInfo: field.type === "textarea" ? "plaintextarea" : null,
    filterable: field.isFilterable,
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: isFormula && field.treatsBlankAsZero,
    groupable: canGroup,
    highScaleNumber: false,
    htmlFormatted: isFormula && /\b(IMAGE|HYPERLINK)\s*\(/i.test(field.formulaSource ?? ""),
    idLookup: field.type === "id" || field.isExternalId || field.name === "Email",
    inlineHelpText: field.helpText ?? null,
    label: field.label,
    length: field.length,
    mask: null,
    maskType: null,
    name: field.name,
    nameField: field.isNameField,
    namePointing: field.referenceTo.length > 1,
    nillable: field.isNillable,
    permissionable: isPermissionable(entity, field),
    picklistValues:
      field.type === "picklist" || field.type === "multipicklist" ? picklistValues(state, entity, field) : [],
    polymorphicForeignKey: field.referenceTo.length > 1,
    precision: isNumber ? field.precision : 0,
    queryByDistance: false,
    referenceTargetField: null,
    referenceTo: field.referenceTo,
    relationshipName: field.referenceTo.length > 0 ? (field.relationshipName ?? null) : null,
    relationshipOrder: null,
    restrictedDelete: field.isRestricting === true,
    restrictedPicklist: field.isRestrictedPicklist,
    scale: isNumber ? field.scale : 0,
    searchPrefilterable: false,
    soapType: SOAP_TYPES[field.type] ?? "xsd:string",
    sortable: field.isFilterable && field.type !== "multipicklist",
    type: field.describeType ?? field.type,
    unique: field.isUnique,
    updateable: field.isUpdateable && isWriteable,
    writeRequiresMasterRead: false,
  };
}
