/** A deployed CustomObject to an object definition with its standard fields. */

import { customPrefix } from "../ids.ts";
import type { OrgState } from "../org-state.ts";
import type { FieldDef, ObjectDef } from "../schema/definitions.ts";
import { AUDIT_FIELDS, currencyCode, date, flag, idField, reference, text } from "../schema/fields.ts";
import { type Content, childIn, textIn } from "./content.ts";
import { DeployProblem, NAME_SHAPE } from "./custom-field.ts";

const SHARING_MODELS = new Set(["Private", "Read", "ReadWrite", "ControlledByParent"]);
const NAME_LENGTH = 80;

function nameField(content: Content): FieldDef {
  const source = childIn(content, "nameField");
  if (source === undefined) throw new DeployProblem("Required field is missing: nameField");
  const label = textIn(source, "label") ?? "Name";
  if (textIn(source, "type") === "AutoNumber") {
    const format = textIn(source, "displayFormat");
    if (format === undefined)
      throw new DeployProblem("Must specify 'displayFormat' for a CustomField of type AutoNumber");
    return text("Name", NAME_LENGTH, {
      label,
      isNameField: true,
      isNillable: false,
      isCreateable: false,
      isUpdateable: false,
      autoNumberFormat: format,
    });
  }
  return text("Name", NAME_LENGTH, { label, isNameField: true });
}

/** @throws DeployProblem for what the vendor demands of every object. */
export function toObjectDef(
  state: OrgState,
  name: string,
  content: Content,
  known: ObjectDef | undefined,
): ObjectDef {
  if (!NAME_SHAPE.test(name))
    throw new DeployProblem(`The object name "${name}" is not a valid API name: it must end in __c`);
  for (const key of ["label", "pluralLabel", "sharingModel"]) {
    if (textIn(content, key) === undefined) throw new DeployProblem(`Required field is missing: ${key}`);
  }
  const sharingModel = textIn(content, "sharingModel") ?? "";
  if (!SHARING_MODELS.has(sharingModel)) {
    throw new DeployProblem(`'${sharingModel}' is not a valid value for the enum 'SharingModel'`);
  }
  const standard: FieldDef[] = [
    idField(),
    ...(sharingModel === "ControlledByParent"
      ? []
      : [reference("OwnerId", ["Group", "User"], { isNillable: false })]),
    flag("IsDeleted", { isCreateable: false, isUpdateable: false }),
    nameField(content),
    ...(state.isMultiCurrency ? [currencyCode()] : []),
    ...AUDIT_FIELDS,
    date("LastActivityDate", { isCreateable: false, isUpdateable: false }),
  ];
  return {
    name,
    label: textIn(content, "label") ?? name,
    labelPlural: textIn(content, "pluralLabel") ?? name,
    keyPrefix: known?.keyPrefix ?? customPrefix(state.customObjectCount),
    isCustom: true,
    reach: "rest",
    isCreateable: true,
    isUpdateable: true,
    isDeletable: true,
    isSetup: false,
    isMultiCurrencyOnly: false,
    sharingModel,
    fields: [...standard, ...(known?.fields.filter((field) => field.isCustom) ?? [])],
  };
}
