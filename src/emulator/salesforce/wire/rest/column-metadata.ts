import { type Org, type QueryResult, type Session, VendorError } from "../../org.ts";
import { type FieldFacts, objectFields } from "./object-fields.ts";

const APEX_TYPES: Readonly<Record<string, string>> = {
  id: "Id",
  reference: "Id",
  boolean: "Boolean",
  int: "Integer",
  double: "Double",
  currency: "Double",
  percent: "Double",
  date: "Date",
  datetime: "Datetime",
  time: "Time",
};

const NUMBERS = new Set(["int", "double", "currency", "percent"]);

function fieldsOf(org: Org, session: Session, entity: string): ReadonlyMap<string, FieldFacts> {
  try {
    return objectFields(org, session, entity);
  } catch (error) {
    if (error instanceof VendorError) return new Map();
    throw error;
  }
}

function column(path: string, facts: FieldFacts | undefined): Record<string, unknown> {
  const type = facts?.type ?? "string";
  const name = path.slice(path.lastIndexOf(".") + 1);
  return {
    aggregate: false,
    apexType: APEX_TYPES[type] ?? "String",
    booleanType: type === "boolean",
    columnName: name,
    custom: facts?.custom ?? name.endsWith("__c"),
    displayName: facts?.label ?? name,
    foreignKeyName: type === "reference" ? (facts?.relationshipName ?? null) : null,
    insertable: facts?.createable ?? false,
    joinColumns: [],
    numberType: NUMBERS.has(type),
    textType: !NUMBERS.has(type) && type !== "boolean",
    updatable: facts?.updateable ?? false,
  };
}

/** Columns below one relationship hang in `joinColumns` of one entry. */
function columns(
  paths: readonly string[],
  fields: ReadonlyMap<string, FieldFacts>,
): Record<string, unknown>[] {
  const out: Record<string, unknown>[] = [];
  const joined = new Map<string, string[]>();
  for (const path of paths) {
    const dot = path.indexOf(".");
    if (dot < 0) {
      out.push(column(path, fields.get(path.toLowerCase())));
      continue;
    }
    const head = path.slice(0, dot);
    const seen = joined.get(head);
    if (seen === undefined) {
      const rest = [path.slice(dot + 1)];
      joined.set(head, rest);
      out.push({ ...column(head, undefined), foreignKeyName: head, textType: false });
    } else {
      seen.push(path.slice(dot + 1));
    }
  }
  return out.map((entry) => {
    const rest = joined.get(String(entry["columnName"]));
    return rest === undefined ? entry : { ...entry, joinColumns: columns(rest, new Map()) };
  });
}

/**
 * What `query?columns=true` answers instead of records. Undocumented; the form is what the vendor's own CLI reads.
 */
export function columnMetadata(org: Org, session: Session, soql: string, result: QueryResult) {
  return {
    columnMetadata: columns(result.columns, fieldsOf(org, session, result.entity)),
    entityName: result.entity,
    groupBy: /\bgroup\s+by\b/i.test(soql),
    idSelected: result.columns.some((path) => path.toLowerCase() === "id"),
    keyPrefix: null,
  };
}
