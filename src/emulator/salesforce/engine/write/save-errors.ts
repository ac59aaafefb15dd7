/** Row errors of writes, in the vendor's words. */
import type { SaveError } from "../../org.ts";
import type { DuplicateRule } from "../automation/automation.ts";
import type { FieldDef, ObjectDef } from "../schema/definitions.ts";

export function saveError(statusCode: string, message: string, fields: readonly string[] = []): SaveError {
  return { statusCode, message, fields };
}

export function unknownField(name: string, object: string): SaveError {
  return saveError("INVALID_FIELD", `No such column '${name}' on sobject of type ${object}`);
}
export function notWriteable(names: readonly string[]): SaveError {
  const list = names.join(", ");
  return saveError(
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    `Unable to create/update fields: ${list}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    names,
  );
}
export function requiredMissing(names: readonly string[]): SaveError {
  return saveError("REQUIRED_FIELD_MISSING", `Required fields are missing: [${names.join(", ")}]`, names);
}
export function tooLong(field: FieldDef, text: string): SaveError {
  return saveError(
    "STRING_TOO_LONG",
    `${field.label}: data value too large: ${text} (max length=${field.length})`,
    [field.name],
  );
}
export function outOfRange(field: FieldDef, value: number): SaveError {
  return saveError(
    "NUMBER_OUTSIDE_VALID_RANGE",
    `${field.label}: value outside of valid range on numeric field: ${value}`,
    [field.name],
  );
}
export function badPicklist(field: FieldDef, value: string): SaveError {
  return saveError(
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    `${field.label}: bad value for restricted picklist field: ${value}`,
    [field.name],
  );
}
export function malformedId(field: FieldDef, value: string): SaveError {
  return saveError("MALFORMED_ID", `${field.label}: id value of incorrect type: ${value}`, [field.name]);
}
export function wrongTarget(field: FieldDef, value: string): SaveError {
  return saveError("FIELD_INTEGRITY_EXCEPTION", `${field.label}: id value of incorrect type: ${value}`, [
    field.name,
  ]);
}
export function unknownReference(names: readonly string[]): SaveError {
  return saveError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", names);
}
export function wrongType(field: FieldDef, value: unknown): SaveError {
  return saveError(
    "INVALID_TYPE_ON_FIELD_IN_RECORD",
    `${field.label}: value not of required type: ${typeof value === "string" ? value : JSON.stringify(value)}`,
    [field.name],
  );
}
export function invalidEmail(field: FieldDef, value: string): SaveError {
  return saveError("INVALID_EMAIL_ADDRESS", `${field.label}: invalid email address: ${value}`, [field.name]);
}
export function duplicateValue(field: FieldDef, id: string): SaveError {
  return saveError(
    "DUPLICATE_VALUE",
    `duplicate value found: ${field.name} duplicates value on record with id: ${id.slice(0, 15)}`,
  );
}
export function duplicateExternalId(field: FieldDef, ids: readonly string[]): SaveError {
  return saveError(
    "DUPLICATE_EXTERNAL_ID",
    `${field.name}: more than one record found for external id field: [${ids.join(", ")}]`,
    [field.name],
  );
}
export function deletedEntity(): SaveError {
  return saveError("ENTITY_IS_DELETED", "entity is deleted");
}
/** A lookup to the record says that it must not be deleted. The words are not known. */
export function deleteRestricted(id: string, holder: string): SaveError {
  return saveError(
    "DELETE_FAILED",
    `Your attempt to delete ${id.slice(0, 15)} could not be completed because it is associated with the following records: ${holder.slice(0, 15)}`,
  );
}
export function convertedLead(): SaveError {
  return saveError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead");
}
export function rolledBack(): SaveError {
  return saveError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
  );
}
export function missingId(): SaveError {
  return saveError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"]);
}
export function missingExternalId(field: string): SaveError {
  return saveError("MISSING_ARGUMENT", `${field} not specified`);
}
export function noAccess(): SaveError {
  return saveError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id");
}
/** The words are from users' logs, for standard objects; what stands for a custom one is not known. */
export function inactiveOwner(ownerId: string, object: ObjectDef): SaveError {
  const name = object.isCustom ? object.name : object.label.toLowerCase();
  return saveError(
    "INACTIVE_OWNER_OR_USER",
    `operation performed with inactive user [${ownerId.slice(0, 15)}] as owner of ${name}`,
  );
}
export function ownerCannotRead(): SaveError {
  return saveError("TRANSFER_REQUIRES_READ", "The new owner must have read permission");
}
export function queueNotSupported(): SaveError {
  return saveError("INVALID_OPERATION", "Queue not associated with this SObject type");
}
/** A record in an approval process. */
export function lockedEntity(): SaveError {
  return saveError("ENTITY_IS_LOCKED", "the entity is locked for editing");
}
export function storageExceeded(): SaveError {
  return saveError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded");
}
/** A record that sharing hides from the caller. */
export function noAccessToReference(id: string): SaveError {
  return saveError(
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    `insufficient access rights on cross-reference id: ${id.slice(0, 15)}`,
  );
}
/** `ids` are the records found; only the single-record resources tell of them. */
export function duplicatesDetected(object: string, rule: DuplicateRule, ids: readonly string[]): SaveError {
  const { message, name, action } = rule;
  return {
    ...saveError("DUPLICATES_DETECTED", message),
    duplicates: { object, rule: name, isSaveAllowed: action === "alert", ids },
  };
}
export function unsupported(object: string, action: string): SaveError {
  return saveError(
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    `entity type ${object} does not support ${action}`,
  );
}
export function lockedRow(ids: readonly string[]): SaveError {
  return saveError(
    "UNABLE_TO_LOCK_ROW",
    `unable to obtain exclusive access to this record or ${ids.length} records: ${ids.join(",")}`,
  );
}
