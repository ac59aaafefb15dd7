import { HubSpotRefusal } from "../refusal.ts";
import type { PropertyDefinition } from "../schema/property-definition.ts";
import { instantOf } from "../values.ts";

export const OPERATORS = [
  "BETWEEN",
  "CONTAINS_TOKEN",
  "EQ",
  "GT",
  "GTE",
  "HAS_PROPERTY",
  "IN",
  "LT",
  "LTE",
  "NEQ",
  "NOT_CONTAINS_TOKEN",
  "NOT_HAS_PROPERTY",
  "NOT_IN",
] as const;
type Operator = (typeof OPERATORS)[number];

export interface Filter {
  readonly propertyName: string;
  readonly operator: Operator;
  readonly value?: string | undefined;
  readonly values?: readonly string[] | undefined;
  readonly highValue?: string | undefined;
}

/** A filter on one property, by what it looks at. */
export type ValueTest =
  | { readonly by: "number"; passes(value: number): boolean }
  | { readonly by: "text"; passes(value: string | null): boolean };

const refuse = (reason: string) => new HubSpotRefusal("search_filters", { reason });

/** What the index compares: instants and days in milliseconds, numbers as numbers. */
export function comparable(property: PropertyDefinition, text: string): number {
  return property.type === "datetime" || property.type === "date" ? instantOf(text) : Number(text);
}

const isNumeric = ({ type }: PropertyDefinition) =>
  type === "datetime" || type === "date" || type === "number";

function valueOf(filter: Filter, key: "value" | "highValue" = "value"): string {
  const value = filter[key];
  if (value === undefined || value === "")
    throw refuse(`${filter.operator} on ${filter.propertyName} needs ${key}`);
  return value;
}

function valuesOf(filter: Filter): readonly string[] {
  if (filter.values === undefined || filter.values.length === 0) {
    throw refuse(`${filter.operator} on ${filter.propertyName} needs values`);
  }
  return filter.values;
}

function numberOf(property: PropertyDefinition, text: string): number {
  const value = comparable(property, text);
  if (Number.isNaN(value)) throw refuse(`${text} is no value of ${property.name}`);
  return value;
}

function numericTest(filter: Filter, property: PropertyDefinition): ValueTest | undefined {
  const number = (passes: (value: number) => boolean): ValueTest => ({ by: "number", passes });
  const limit = (key?: "highValue") => numberOf(property, valueOf(filter, key));
  switch (filter.operator) {
    case "EQ": {
      const wanted = limit();
      return number((value) => value === wanted);
    }
    case "NEQ": {
      const unwanted = limit();
      return number((value) => value !== unwanted);
    }
    case "GT": {
      const low = limit();
      return number((value) => value > low);
    }
    case "GTE": {
      const low = limit();
      return number((value) => value >= low);
    }
    case "LT": {
      const high = limit();
      return number((value) => value < high);
    }
    case "LTE": {
      const high = limit();
      return number((value) => value <= high);
    }
    case "BETWEEN": {
      const low = limit();
      const high = limit("highValue");
      return number((value) => value >= low && value <= high);
    }
    case "IN": {
      const wanted = new Set(valuesOf(filter).map((text) => numberOf(property, text)));
      return number((value) => wanted.has(value));
    }
    case "NOT_IN": {
      const unwanted = new Set(valuesOf(filter).map((text) => numberOf(property, text)));
      return number((value) => !unwanted.has(value));
    }
    case "HAS_PROPERTY":
      return number((value) => !Number.isNaN(value));
    case "NOT_HAS_PROPERTY":
      return number((value) => Number.isNaN(value));
    case "CONTAINS_TOKEN":
    case "NOT_CONTAINS_TOKEN":
      return undefined;
  }
}

/** A token, or with `*` the beginning, end or middle of one. */
function tokenTest(pattern: string): (value: string | null) => boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^\\s]*");
  const whole = new RegExp(`(?:^|[\\s@.,;:/_-])${source}(?:$|[\\s@.,;:/_-])`);
  return (value) => value !== null && whole.test(value.toLowerCase());
}

/** Enumerations compare as written, other texts without regard to case; `IN` sees them in lower case only. */
function textTest(filter: Filter, property: PropertyDefinition): ValueTest {
  const isExact = property.type === "enumeration" || property.type === "bool";
  const fold = (value: string) => (isExact ? value : value.toLowerCase());
  const isList = property.fieldType === "checkbox";
  const held = (value: string) => (isList ? value.split(";").map(fold) : [fold(value)]);
  const text = (passes: (value: string | null) => boolean): ValueTest => ({ by: "text", passes });
  const has = (wanted: ReadonlySet<string>) => (value: string | null) =>
    value !== null && held(value).some((one) => wanted.has(one));
  switch (filter.operator) {
    case "EQ":
      return text(has(new Set([fold(valueOf(filter))])));
    case "NEQ": {
      const same = has(new Set([fold(valueOf(filter))]));
      return text((value) => !same(value));
    }
    case "IN":
      return text(has(new Set(valuesOf(filter))));
    case "NOT_IN": {
      const same = has(new Set(valuesOf(filter)));
      return text((value) => !same(value));
    }
    case "HAS_PROPERTY":
      return text((value) => value !== null);
    case "NOT_HAS_PROPERTY":
      return text((value) => value === null);
    case "CONTAINS_TOKEN":
      return text(tokenTest(valueOf(filter)));
    case "NOT_CONTAINS_TOKEN": {
      const same = tokenTest(valueOf(filter));
      return text((value) => !same(value));
    }
    case "GT":
    case "GTE":
    case "LT":
    case "LTE":
    case "BETWEEN":
      return orderTest(filter.operator, filter, fold);
  }
}

type OrderOperator = "GT" | "GTE" | "LT" | "LTE" | "BETWEEN";

/** Texts in the order of their characters. */
function orderTest(operator: OrderOperator, filter: Filter, fold: (value: string) => string): ValueTest {
  const low = fold(valueOf(filter));
  const high = operator === "BETWEEN" ? fold(valueOf(filter, "highValue")) : "";
  const passes: Readonly<Record<OrderOperator, (own: string) => boolean>> = {
    GT: (own) => own > low,
    GTE: (own) => own >= low,
    LT: (own) => own < low,
    LTE: (own) => own <= low,
    BETWEEN: (own) => own >= low && own <= high,
  };
  return { by: "text", passes: (value) => value !== null && passes[operator](fold(value)) };
}

/** @throws HubSpotRefusal search_filters where the filter lacks a value or has a wrong one */
export function compileFilter(filter: Filter, property: PropertyDefinition): ValueTest {
  if (isNumeric(property)) {
    const test = numericTest(filter, property);
    if (test !== undefined) return test;
  }
  return textTest(filter, property);
}
