import { z } from "zod";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import {
  PROPERTY_TYPES,
  type PropertyDefinition,
  type PropertyOption,
} from "../../engine/schema/property-definition.ts";
import { instantText } from "../../engine/store/columns.ts";

const FIELD_TYPES: Readonly<Record<(typeof PROPERTY_TYPES)[number], readonly string[]>> = {
  bool: ["booleancheckbox", "calculation_equation"],
  date: ["date"],
  datetime: ["date"],
  enumeration: ["booleancheckbox", "checkbox", "radio", "select", "calculation_equation"],
  number: ["number", "calculation_equation"],
  phone_number: ["phonenumber"],
  string: ["file", "html", "phonenumber", "text", "textarea", "calculation_equation"],
};

const option = z.object({
  label: z.string().min(1),
  value: z.string().min(1),
  displayOrder: z.int().optional(),
  hidden: z.boolean().optional(),
  description: z.string().optional(),
});

export const propertyCreate = z.object({
  name: z.string().min(1),
  label: z.string().min(1),
  type: z.enum(PROPERTY_TYPES),
  fieldType: z.string(),
  groupName: z.string().min(1),
  description: z.string().optional(),
  options: z.array(option).nullish(),
  displayOrder: z.int().optional(),
  hasUniqueValue: z.boolean().optional(),
  hidden: z.boolean().optional(),
  formField: z.boolean().optional(),
  numberDisplayHint: z.string().optional(),
  calculationFormula: z.string().optional(),
  // Taken and not followed: the emulated account has no options kept elsewhere and no sensitive data.
  externalOptions: z.boolean().optional(),
  referencedObjectType: z.literal("OWNER").optional(),
  dataSensitivity: z.literal("non_sensitive").optional(),
});

export const propertyPatch = propertyCreate
  .omit({
    name: true,
    hasUniqueValue: true,
    externalOptions: true,
    referencedObjectType: true,
    dataSensitivity: true,
  })
  .partial()
  .extend({ name: z.string().optional() });

const optionsBody = (options: z.infer<typeof option>[]): readonly PropertyOption[] =>
  options.map(({ label, value, displayOrder, hidden, description }, index) => ({
    label,
    value,
    displayOrder: displayOrder ?? index,
    hidden: hidden ?? false,
    ...(description === undefined ? {} : { description }),
  }));

const refuse = (reason: string) => new HubSpotRefusal("property_definition", { reason });

function checkDefinition({ name, type, fieldType, options, calculationFormula }: PropertyDefinition): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name) || name.length > 100) {
    throw refuse(`name ${name} must begin with a letter and have lower-case letters, digits and _ only`);
  }
  if (!FIELD_TYPES[type].includes(fieldType))
    throw refuse(`fieldType ${fieldType} does not fit type ${type}`);
  if (type === "bool" && fieldType !== "calculation_equation") {
    const values = options.map((one) => one.value).toSorted();
    if (values.join() !== "false,true") throw refuse("a bool needs the options true and false");
  }
  const values = options.map((one) => one.value);
  if (new Set(values).size !== values.length) throw refuse("options must have values of their own");
  if ((fieldType === "calculation_equation") !== (calculationFormula !== undefined)) {
    throw refuse("calculationFormula and fieldType calculation_equation go together");
  }
}

/** A new definition. @throws HubSpotRefusal property_definition */
export function newProperty(body: z.infer<typeof propertyCreate>, at: number): PropertyDefinition {
  const { options, calculationFormula, numberDisplayHint } = body;
  const made: PropertyDefinition = {
    name: body.name,
    label: body.label,
    type: body.type,
    fieldType: body.fieldType,
    groupName: body.groupName,
    description: body.description ?? "",
    options: optionsBody(options ?? []),
    displayOrder: body.displayOrder ?? -1,
    hasUniqueValue: body.hasUniqueValue ?? false,
    hidden: body.hidden ?? false,
    formField: body.formField ?? false,
    calculated: calculationFormula !== undefined,
    ...(calculationFormula === undefined ? {} : { calculationFormula }),
    ...(numberDisplayHint === undefined ? {} : { numberDisplayHint }),
    hubspotDefined: false,
    isReadOnly: calculationFormula !== undefined,
    archived: false,
    createdAt: at,
    updatedAt: at,
  };
  checkDefinition(made);
  return made;
}

/** A changed definition. @throws HubSpotRefusal property_definition, property_built_in */
export function changedProperty(
  property: PropertyDefinition,
  patch: z.infer<typeof propertyPatch>,
  at: number,
): PropertyDefinition {
  const isTypeChange = patch.type !== undefined && patch.type !== property.type;
  if (property.hubspotDefined && (isTypeChange || patch.fieldType !== undefined)) {
    throw new HubSpotRefusal("property_built_in", { name: property.name });
  }
  const { options, name: _name, ...rest } = patch;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const changed: PropertyDefinition = {
    ...property,
    ...given,
    ...(options === undefined || options === null ? {} : { options: optionsBody(options) }),
    updatedAt: at,
  };
  if (!property.hubspotDefined) checkDefinition(changed);
  return changed;
}

/** A definition as `/crm/properties` prints it. Owners' options are not listed. */
export function propertyBody(property: PropertyDefinition): Record<string, unknown> {
  const { hubspotDefined, isReadOnly, archived, archivedAt, createdAt, updatedAt, ...rest } = property;
  return {
    updatedAt: instantText(updatedAt),
    createdAt: instantText(createdAt),
    ...rest,
    externalOptions: property.referencedObjectType !== undefined,
    ...(hubspotDefined ? { hubspotDefined: true } : {}),
    archived,
    ...(archivedAt === undefined ? {} : { archivedAt: instantText(archivedAt) }),
    modificationMetadata: {
      archivable: !hubspotDefined,
      readOnlyDefinition: hubspotDefined,
      readOnlyOptions: hubspotDefined,
      readOnlyValue: isReadOnly,
    },
    dataSensitivity: "non_sensitive",
  };
}
