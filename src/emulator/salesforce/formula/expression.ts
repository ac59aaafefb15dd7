import type { FormulaFieldReader } from "../org.ts";
import { FormulaError } from "./formula-error.ts";

/** What one evaluation needs: the record and the instant. */
export interface Evaluation {
  readonly read: FormulaFieldReader;
  /** Milliseconds since 1970, UTC. */
  readonly now: number;
}

export type Run<T> = (evaluation: Evaluation) => T;

/**
 * A compiled part of a formula. Types are settled at compile time, as at the vendor, so that closures do no checks.
 * Blank text is "" (the vendor's text is never null); dates are the UTC midnight in milliseconds, instants milliseconds,
 * times milliseconds since midnight; a checkbox is never blank.
 */
export type Expression =
  | { readonly type: "number" | "date" | "datetime" | "time"; readonly run: Run<number | null> }
  | { readonly type: "text"; readonly run: Run<string> }
  | { readonly type: "picklist" | "multipicklist"; readonly field: string; readonly run: Run<string> }
  | { readonly type: "checkbox"; readonly run: Run<boolean> }
  | { readonly type: "null"; readonly run: Run<null> };

export type ExpressionType = Expression["type"];
export type ScalarType = "number" | "date" | "datetime" | "time";

const VENDOR_TYPE_NAMES: Readonly<Record<ExpressionType, string>> = {
  number: "Number",
  date: "Date",
  datetime: "DateTime",
  time: "Time",
  text: "Text",
  picklist: "Picklist",
  multipicklist: "Multi-Select Picklist",
  checkbox: "Boolean",
  null: "Null",
};

export function vendorTypeName(type: ExpressionType): string {
  return VENDOR_TYPE_NAMES[type];
}

/** `where` is the vendor's phrase for the place: `function 'IF()'` or `operator '>'`. */
export function wrongType(where: string, expected: string, received: Expression): FormulaError {
  if (received.type === "picklist" || received.type === "multipicklist") {
    const kind = received.type === "picklist" ? "picklist" : "multi-select picklist";
    return new FormulaError(
      `Field ${received.field} is a ${kind} field. ${kind.charAt(0).toUpperCase()}${kind.slice(1)} fields are only ` +
        "supported in certain functions.",
    );
  }
  return new FormulaError(
    `Incorrect parameter type for ${where}. Expected ${expected}, received ${vendorTypeName(received.type)}`,
  );
}

const blank = (): null => null;
const noText = (): string => "";
const no = (): boolean => false;

/** The closure of a number, date, datetime or time. A literal NULL fits everywhere. */
export function asScalar(expression: Expression, type: ScalarType, where: string): Run<number | null> {
  if (expression.type === "null") {
    return blank;
  }
  if (expression.type === type) {
    return expression.run;
  }
  throw wrongType(where, vendorTypeName(type), expression);
}

export function asNumber(expression: Expression, where: string): Run<number | null> {
  return asScalar(expression, "number", where);
}

export function asText(expression: Expression, where: string): Run<string> {
  if (expression.type === "null") {
    return noText;
  }
  if (expression.type === "text") {
    return expression.run;
  }
  throw wrongType(where, "Text", expression);
}

export function asCheckbox(expression: Expression, where: string): Run<boolean> {
  if (expression.type === "null") {
    return no;
  }
  if (expression.type === "checkbox") {
    return expression.run;
  }
  throw wrongType(where, "Boolean", expression);
}

/** A type that values can be compared in and returned as. */
export type ValueType = ScalarType | "text" | "checkbox";

function isValueType(type: ExpressionType): type is ValueType {
  return type !== "picklist" && type !== "multipicklist" && type !== "null";
}

/** The type all of `expressions` share, literal NULLs aside; text if all are NULL. Picklists are refused. */
export function commonType(expressions: readonly Expression[], where: string): ValueType {
  const typed = expressions.filter((expression) => expression.type !== "null");
  const list = typed.find(
    (expression) => expression.type === "picklist" || expression.type === "multipicklist",
  );
  if (list !== undefined) {
    throw wrongType(where, "Text", list);
  }
  const first = typed[0];
  if (first === undefined) {
    return "text";
  }
  const odd = typed.find((expression) => expression.type !== first.type);
  if (odd !== undefined) {
    throw wrongType(where, vendorTypeName(first.type), odd);
  }
  return isValueType(first.type) ? first.type : "text";
}

/** An expression that runs one of `options`, the one `pick` names by its index. All options share one type. */
export function choice(options: readonly Expression[], pick: Run<number>, where: string): Expression {
  const type = commonType(options, where);
  switch (type) {
    case "number":
    case "date":
    case "datetime":
    case "time": {
      const runs = options.map((option) => asScalar(option, type, where));
      return { type, run: (e) => runs[pick(e)]?.(e) ?? null };
    }
    case "checkbox": {
      const runs = options.map((option) => asCheckbox(option, where));
      return { type, run: (e) => runs[pick(e)]?.(e) ?? false };
    }
    case "text": {
      const runs = options.map((option) => asText(option, where));
      return { type: "text", run: (e) => runs[pick(e)]?.(e) ?? "" };
    }
  }
}

/** Whether a value is blank: text of no characters, anything else when it is null. */
export function blankTest(expression: Expression): Run<boolean> {
  switch (expression.type) {
    case "number":
    case "date":
    case "datetime":
    case "time": {
      const { run } = expression;
      return (e) => run(e) === null;
    }
    case "text":
    case "picklist":
    case "multipicklist": {
      const { run } = expression;
      return (e) => run(e) === "";
    }
    case "checkbox":
      return no;
    case "null":
      return () => true;
  }
}
