/** One comparison to a test of rows, by the type of what stands on its left. */
import type { FieldType } from "../../org.ts";
import { tailOf, toId18 } from "../ids.ts";
import type { Accessor } from "../read-field.ts";
import type { Raw } from "../store/columns.ts";
import { parseDay, parseInstant } from "../values.ts";
import { dateRange } from "./date-literals.ts";
import type { QueryContext } from "./scope.ts";
import { malformed, offsetOf, soqlError } from "./soql-error.ts";
import type { Condition, Literal, Operator } from "./statement.ts";

export type Predicate = (row: number) => boolean;

type Compare = Extract<Condition, { kind: "compare" }>;

/** The test that one comparison makes of a row. @throws VendorError for a literal or operator the field does not take. */
export function compileComparison(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const name = condition.left.raw;
  if (!left.field.isFilterable) {
    throw filterError(context, name, `field '${left.field.name}' can not be filtered in a query call`);
  }
  switch (left.type) {
    case "boolean":
      return compareBoolean(context, condition, left);
    case "int":
    case "double":
    case "currency":
    case "percent":
      return compareNumber(context, condition, left);
    case "date":
    case "datetime":
      return compareMoment(context, condition, left);
    case "id":
    case "reference":
      return left.field.textKey ? compareText(context, condition, left) : compareId(context, condition, left);
    case "multipicklist":
      return compareMulti(context, condition, left);
    case "string":
    case "textarea":
    case "picklist":
    case "email":
    case "phone":
    case "url":
      return compareText(context, condition, left);
    case "time":
      throw filterError(context, name, `field '${left.field.name}' can not be filtered in a query call`);
  }
}

function filterError(context: QueryContext, name: string, text: string) {
  return soqlError(context.source, offsetOf(context.source, name, context.clause), "INVALID_FIELD", text);
}

const TYPE_WORDS: Partial<Record<FieldType, string>> = { datetime: "dateTime", int: "int" };

function wrongType(context: QueryContext, condition: Compare, left: Accessor) {
  const isText = TEXT_TYPES.has(left.type);
  const quotes = isText ? "should be enclosed in quotes" : "should not be enclosed in quotes";
  const type = isText ? "string" : (TYPE_WORDS[left.type] ?? left.type);
  return filterError(
    context,
    condition.left.raw,
    `value of filter criterion for field '${condition.left.raw}' must be of type ${type} and ${quotes}`,
  );
}
const TEXT_TYPES: ReadonlySet<FieldType> = new Set([
  "string",
  "textarea",
  "picklist",
  "multipicklist",
  "email",
  "phone",
  "url",
  "id",
  "reference",
]);

function badOperator(context: QueryContext, condition: Compare, kind: string) {
  return soqlError(
    context.source,
    offsetOf(context.source, condition.left.raw, context.clause),
    "INVALID_QUERY_FILTER_OPERATOR",
    `invalid operator on ${kind} field`,
  );
}

type Ordering = "<" | "<=" | ">" | ">=";

function isOrdering(operator: Operator): operator is Ordering {
  return operator === "<" || operator === "<=" || operator === ">" || operator === ">=";
}
export function isMember(operator: Operator): boolean {
  return operator === "=" || operator === "IN";
}
function isNonMember(operator: Operator): boolean {
  return operator === "!=" || operator === "NOT IN";
}

function compareBoolean(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const { operator, values } = condition;
  if (!isMember(operator) && !isNonMember(operator)) throw badOperator(context, condition, "boolean");
  const wanted = new Set<boolean>();
  for (const value of values) {
    if (value.kind === "boolean") wanted.add(value.isTrue);
    else if (value.kind !== "null") throw wrongType(context, condition, left);
  }
  const isPositive = isMember(operator);
  return (row) => wanted.has(left.raw(row) === 1) === isPositive;
}

function compareNumber(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const numbers = condition.values.map((value) => {
    if (value.kind === "number") return value.number;
    if (value.kind === "null") return null;
    throw wrongType(context, condition, left);
  });
  return compareRaw(context, condition, left, numbers);
}

/** Equality against any, order against the first. Nulls equal null, and come neither before nor after anything. */
function compareRaw(
  context: QueryContext,
  condition: Compare,
  left: Accessor,
  values: readonly (number | null)[],
): Predicate {
  const { operator } = condition;
  if (isMember(operator) || isNonMember(operator)) {
    const wanted = new Set<Raw>(values);
    const isPositive = isMember(operator);
    return (row) => wanted.has(left.raw(row)) === isPositive;
  }
  if (!isOrdering(operator)) throw badOperator(context, condition, left.type);
  const value = values[0];
  return value === null || value === undefined ? () => false : orderPredicate(left, operator, value);
}

function orderPredicate(left: Accessor, operator: Ordering, value: number): Predicate {
  const column = left.column;
  // The hot path of every delta reads the column itself: NaN fails each comparison by itself.
  const number =
    column?.kind === "numeric"
      ? (row: number) => column.number(row)
      : (row: number) => {
          const raw = left.raw(row);
          return typeof raw === "number" ? raw : Number.NaN;
        };
  switch (operator) {
    case "<":
      return (row) => number(row) < value;
    case "<=":
      return (row) => number(row) <= value;
    case ">":
      return (row) => number(row) > value;
    case ">=":
      return (row) => number(row) >= value;
  }
}

interface Bounds {
  readonly from: number;
  readonly until: number;
}

function momentBounds(
  context: QueryContext,
  condition: Compare,
  left: Accessor,
  value: Literal,
): Bounds | null {
  if (value.kind === "null") return null;
  if (value.kind === "date_literal") {
    const range = dateRange(value.name, value.count, context.calendar);
    if (range === undefined) throw malformed(`unexpected token: '${value.name}'`);
    return left.type === "date"
      ? { from: range.fromDay, until: range.untilDay }
      : { from: range.from, until: range.until };
  }
  if (left.type === "date" && value.kind === "date") {
    const day = parseDay(value.text);
    if (day === undefined) throw wrongType(context, condition, left);
    return { from: day, until: day + 1 };
  }
  if (left.type === "datetime" && value.kind === "datetime") {
    const instant = parseInstant(value.text);
    if (instant === undefined) throw wrongType(context, condition, left);
    // Stored instants have whole seconds, so one second is one point.
    return { from: instant, until: instant + 1 };
  }
  throw wrongType(context, condition, left);
}

function compareMoment(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const { operator } = condition;
  const bounds = condition.values.map((value) => momentBounds(context, condition, left, value));
  if (isMember(operator) || isNonMember(operator)) {
    const isPositive = isMember(operator);
    return (row) => {
      const raw = left.raw(row);
      let isIn = false;
      for (const range of bounds) {
        if (
          range === null ? raw === null : typeof raw === "number" && raw >= range.from && raw < range.until
        ) {
          isIn = true;
        }
      }
      return isIn === isPositive;
    };
  }
  if (!isOrdering(operator)) throw badOperator(context, condition, left.type);
  const range = bounds[0];
  if (range === null || range === undefined) return () => false;
  switch (operator) {
    case "<":
      return orderPredicate(left, "<", range.from);
    case "<=":
      return orderPredicate(left, "<", range.until);
    case ">":
      return orderPredicate(left, ">=", range.until);
    case ">=":
      return orderPredicate(left, ">=", range.from);
  }
}

function idValues(context: QueryContext, condition: Compare, left: Accessor): readonly (string | null)[] {
  return condition.values.map((value) => {
    if (value.kind === "null") return null;
    if (value.kind !== "text") throw wrongType(context, condition, left);
    if (value.text === "") return null;
    const id = toId18(value.text);
    if (id === undefined) {
      throw soqlError(
        context.source,
        offsetOf(context.source, condition.left.raw, context.clause),
        "INVALID_QUERY_FILTER_OPERATOR",
        `invalid ID field: ${value.text}`,
      );
    }
    return id;
  });
}

function compareId(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const { operator } = condition;
  const ids = idValues(context, condition, left);
  if (isMember(operator) || isNonMember(operator)) {
    const wanted = new Set<Raw>(ids);
    const isPositive = isMember(operator);
    const column = left.column;
    if (column?.kind === "id" && !wanted.has(null)) {
      // Printing an id costs more than comparing its number; most rows are told apart by that alone.
      const tails = new Set(ids.map((id) => tailOf(id ?? "")));
      return (row) => (tails.has(column.tail(row)) && wanted.has(column.text(row))) === isPositive;
    }
    return (row) => wanted.has(left.raw(row)) === isPositive;
  }
  if (!isOrdering(operator)) throw badOperator(context, condition, "id");
  const id = ids[0];
  if (id === null || id === undefined) return () => false;
  // The first 15 characters order as bytes; the checksum after them never decides.
  return textOrder(left, operator, id, (text) => text);
}

function textOrder(
  left: Accessor,
  operator: Ordering,
  value: string,
  key: (text: string) => string,
): Predicate {
  const wanted = key(value);
  const holds = (text: string) => {
    switch (operator) {
      case "<":
        return text < wanted;
      case "<=":
        return text <= wanted;
      case ">":
        return text > wanted;
      case ">=":
        return text >= wanted;
    }
  };
  return (row) => {
    const raw = left.raw(row);
    return typeof raw === "string" && holds(key(raw));
  };
}

/** `%` any run, `_` one character; a backslash takes their meaning away. */
function likePattern(pattern: string): RegExp {
  const source = pattern.replace(
    /\\([%_\\])|([%_])|([.*+?^${}()|[\]\\/-])/g,
    (_whole, escaped, wild, special) => {
      if (escaped !== undefined) return `\\x${String(escaped).charCodeAt(0).toString(16).padStart(2, "0")}`;
      if (wild !== undefined) return wild === "%" ? "[\\s\\S]*" : "[\\s\\S]";
      return `\\${String(special)}`;
    },
  );
  return new RegExp(`^${source}$`, "iu");
}

/** A LIKE escape read as plain text. */
export function plainText(text: string): string {
  return text.replace(/\\([%_])/g, "$1");
}

function textTest(
  context: QueryContext,
  condition: Compare,
  left: Accessor,
): (text: string | null) => boolean {
  const { operator } = condition;
  const texts = condition.values.map((value) => {
    if (value.kind === "null") return null;
    if (value.kind !== "text") throw wrongType(context, condition, left);
    return value.text === "" ? null : value.text;
  });
  const first = texts[0];
  if (operator === "LIKE") {
    if (first === null || first === undefined) return (text) => text === null;
    const pattern = likePattern(first);
    return (text) => text !== null && pattern.test(text);
  }
  if (!isMember(operator) && !isNonMember(operator)) throw badOperator(context, condition, left.type);
  // Only a field declared case-sensitive (a unique key) tells `Web` from `web`.
  const key = (text: string) => (left.field.isCaseSensitive ? text : text.toLowerCase());
  const wanted = new Set(texts.map((text) => (text === null ? null : key(plainText(text)))));
  const isPositive = isMember(operator);
  return (text) => wanted.has(text === null ? null : key(text)) === isPositive;
}

function compareText(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const { operator } = condition;
  if (isOrdering(operator)) {
    const value = condition.values[0];
    if (value?.kind !== "text") throw wrongType(context, condition, left);
    return textOrder(left, operator, plainText(value.text), (text) => text.toLowerCase());
  }
  const test = textTest(context, condition, left);
  const column = left.column;
  if (column?.kind === "text" && column.isDictionary()) {
    // Each different text is judged once, each row by its code.
    const verdicts = Uint8Array.from(column.dictionary, (text) => (test(text) ? 1 : 0));
    return (row) => verdicts[column.codes[row] ?? 0] === 1;
  }
  return (row) => {
    const raw = left.raw(row);
    return test(typeof raw === "string" ? raw : null);
  };
}

/** INCLUDES ('a;b', 'c'): a and b together, or c. */
function compareMulti(context: QueryContext, condition: Compare, left: Accessor): Predicate {
  const { operator } = condition;
  if (operator !== "INCLUDES" && operator !== "EXCLUDES") return compareText(context, condition, left);
  const groups = condition.values.map((value) => {
    if (value.kind !== "text") throw wrongType(context, condition, left);
    return value.text.split(";").map((part) => part.trim().toLowerCase());
  });
  const isPositive = operator === "INCLUDES";
  return (row) => {
    const raw = left.raw(row);
    const chosen = new Set(
      typeof raw === "string" ? raw.split(";").map((part) => part.trim().toLowerCase()) : [],
    );
    return groups.some((group) => group.every((part) => chosen.has(part))) === isPositive;
  };
}
