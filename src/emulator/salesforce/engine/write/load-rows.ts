/** Control load: rows as they are, audit fields included, no automation and no log. */
import { type FieldValues, LoadRowError, VendorError } from "../../org.ts";
import { toId18 } from "../ids.ts";
import {
  type Entity,
  entityOf,
  findEntity,
  findField,
  noSuchColumn,
  nowSeconds,
  type OrgState,
  put,
  textOf,
} from "../org-state.ts";
import type { FieldDef } from "../schema/definitions.ts";
import type { Raw } from "../store/columns.ts";
import { parseValue, UNREADABLE } from "../values.ts";
import { deriveFields, fillDefaults } from "./derive-fields.ts";
import { trackedFields } from "./field-history.ts";
import type { Saved } from "./saved-row.ts";

/** Fields and their stored values, side by side: a million loaded rows should not make ten million pairs. */
interface Assignments {
  readonly fields: readonly FieldDef[];
  readonly raws: readonly Raw[];
}

/** Formula fields and names of people take no value; a dumped record can be loaded again all the same. */
function isIgnored(field: FieldDef): boolean {
  return (
    field.formula !== undefined || field.derived === "person_name" || field.derived === "lead_or_contact_id"
  );
}

function assignments(entity: Entity, values: FieldValues): Assignments {
  const fields: FieldDef[] = [];
  const raws: Raw[] = [];
  for (const name in values) {
    const value = values[name];
    if (name === "attributes" || value === undefined) continue;
    const field = findField(entity, name);
    if (field === undefined) {
      throw new VendorError(400, "INVALID_FIELD", noSuchColumn(name, entity.def.name), []);
    }
    if (field.type === "id" || isIgnored(field)) continue;
    // A definition is referred to by its name, not by an id.
    const raw = parseValue(field.textKey ? "string" : field.type, value);
    if (raw === UNREADABLE) {
      throw new VendorError(
        400,
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        `${field.label}: value not of required type: ${JSON.stringify(value)}`,
        [field.name],
      );
    }
    fields.push(field);
    raws.push(raw);
  }
  return { fields, raws };
}

/** Id in whatever case its key has; undefined when the row brings none. */
function idOf(entity: Entity, values: FieldValues): string | undefined {
  const given = values["Id"] ?? values["id"];
  if (given === undefined || given === null || given === "") return undefined;
  const id = typeof given === "string" ? toId18(given) : undefined;
  const { name, keyPrefix } = entity.def;
  const printed = JSON.stringify(given);
  if (id === undefined) {
    throw malformedId(
      `Record ID: id value of incorrect type: ${printed}; expected 15 or 18 letters and digits`,
    );
  }
  if (!id.startsWith(keyPrefix)) {
    throw malformedId(
      `Record ID: id value of incorrect type: ${printed}; ids of ${name} begin with ${keyPrefix}`,
    );
  }
  if (given !== id && given !== id.slice(0, 15)) {
    throw malformedId(
      `Record ID: id value of incorrect type: ${printed}; its last three characters are a checksum, expected ${id}`,
    );
  }
  return id;
}

const malformedId = (message: string) => new VendorError(400, "MALFORMED_ID", message, ["Id"]);

/** A `Name` without `LastName` is split at its last blank, since people's names are kept in parts. */
function nameParts(entity: Entity, values: FieldValues): FieldValues {
  const name = values["Name"];
  const isPerson = entity.fields.get("name")?.derived === "person_name";
  if (!isPerson || typeof name !== "string" || values["LastName"] !== undefined) return values;
  const cut = name.lastIndexOf(" ");
  return { ...values, FirstName: cut < 0 ? null : name.slice(0, cut), LastName: name.slice(cut + 1) };
}

/** Setup lists are known by name: a row for an entry that is there takes its place. */
function naturalRow(entity: Entity, { fields, raws }: Assignments): number {
  const key = entity.def.naturalKey?.toLowerCase();
  const position = fields.findIndex((field) => field.key === key);
  const field = fields[position];
  const value = raws[position];
  if (field === undefined || typeof value !== "string") return -1;
  const wanted = value.toLowerCase();
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (entity.table.isPurged(row)) continue;
    if (textOf(entity, row, field.name)?.toLowerCase() === wanted) return row;
  }
  return -1;
}

function placeFor(entity: Entity, id: string | undefined, sent: Assignments) {
  const known = id === undefined ? -1 : entity.table.rowOfId(id);
  if (known >= 0) return { row: known, isNew: false };
  const natural = entity.def.naturalKey === undefined ? -1 : naturalRow(entity, sent);
  if (natural >= 0 && id === undefined) return { row: natural, isNew: false };
  if (natural >= 0) entity.table.purge(natural);
  return { row: entity.table.appendRow(id ?? entity.table.freshId()), isNew: true };
}

/**
 * Loads one row. New rows get CreatedDate, stamps and owner from the clock and the admin unless given; rows that were
 * there keep what is not given, and are stamped anew.
 */
function loadRow(state: OrgState, entity: Entity, values: FieldValues, now: number): void {
  const sent = assignments(entity, nameParts(entity, values));
  const { row, isNew } = placeFor(entity, idOf(entity, values), sent);
  const given = new Set<string>();
  for (let position = 0; position < sent.fields.length; position++) {
    const field = sent.fields[position];
    if (field === undefined) continue;
    entity.table.set(row, field, sent.raws[position] ?? null);
    given.add(field.key);
  }
  const saved = { state, entity, row, isNew, given };
  stamp(saved, now);
  if (isNew) fillDefaults(saved, state.adminId);
  deriveFields(saved);
}

function stamp({ state, entity, row, isNew, given }: Saved, now: number): void {
  if (!given.has("lastmodifieddate")) put(entity, row, "LastModifiedDate", now);
  if (!given.has("systemmodstamp")) put(entity, row, "SystemModstamp", now);
  if (!given.has("lastmodifiedbyid")) put(entity, row, "LastModifiedById", state.adminId);
  if (!isNew) return;
  if (!given.has("createddate")) put(entity, row, "CreatedDate", now);
  if (!given.has("createdbyid")) put(entity, row, "CreatedById", state.adminId);
}

/** Loading rows of a field's history means that the org tracks the field. */
function trackLoaded(state: OrgState, entity: Entity, values: FieldValues): void {
  if (entity.def.name !== "LeadHistory") return;
  const field = values["Field"];
  const name = field === "ownerAssignment" || field === "ownerAccepted" ? "Owner" : field;
  if (name !== "Owner" && name !== "Status") return;
  const tracked = trackedFields(state, "Lead");
  if (tracked.includes(name)) return;
  state.settings = {
    ...state.settings,
    trackedFields: { ...state.settings.trackedFields, Lead: [...tracked, name] },
  };
}

/** @throws VendorError INVALID_TYPE for an unknown object. @throws LoadRowError for a row that cannot be. Nothing is kept then. */
export function loadRows(state: OrgState, object: string, rows: Iterable<FieldValues>): { loaded: number } {
  const entity = findEntity(state, object);
  if (entity === undefined) {
    throw new VendorError(400, "INVALID_TYPE", `sObject type '${object}' is not supported.`);
  }
  const now = nowSeconds(state);
  let loaded = 0;
  for (const values of rows) {
    try {
      loadRow(state, entity, values, now);
    } catch (error) {
      throw error instanceof VendorError ? new LoadRowError(error, loaded) : error;
    }
    trackLoaded(state, entity, values);
    loaded++;
  }
  return { loaded };
}

/** Rows that an org is born with. */
export function seedRow(state: OrgState, object: string, values: FieldValues): string {
  const entity = entityOf(state, object);
  loadRow(state, entity, values, nowSeconds(state));
  return entity.table.ids.text(entity.table.rowCount - 1) ?? "";
}
