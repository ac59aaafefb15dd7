import { DAY_MS } from "../../../core/time.ts";
import {
  asCheckbox,
  asNumber,
  asScalar,
  asText,
  commonType,
  type Expression,
  type Run,
  type ScalarType,
  wrongType,
} from "./expression.ts";
import { startOfDay } from "./temporal.ts";

/** Null where the vendor shows #Error!: division by zero, overflow. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/**
 * A result without binary dust: 0.1 + 0.2 is 0.3 at the vendor, who counts in decimals. Quotients keep all their digits
 * (through `finite`), or 2.5 hours as a fraction of a day would not come back as 2.5 when multiplied by 24.
 */
export function tidy(value: number): number | null {
  if (!Number.isFinite(value)) {
    return null;
  }
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

type Operator = (left: Expression, right: Expression) => Expression;

function arithmetic(
  symbol: string,
  compute: (left: number, right: number) => number,
  settle: (value: number) => number | null = tidy,
): Operator {
  return (left, right) => {
    const a = asNumber(left, `operator '${symbol}'`);
    const b = asNumber(right, `operator '${symbol}'`);
    return {
      type: "number",
      run: (e) => {
        const x = a(e);
        const y = b(e);
        return x === null || y === null ? null : settle(compute(x, y));
      },
    };
  };
}

/** A day or an instant moved by a number of days. A date stays a date: the fraction is dropped, as at the vendor. */
function shift(moment: Expression, days: Expression, sign: 1 | -1, symbol: string): Expression {
  const where = `operator '${symbol}'`;
  const type = moment.type === "date" ? "date" : "datetime";
  const at = asScalar(moment, type, where);
  const by = asNumber(days, where);
  return {
    type,
    run: (e) => {
      const from = at(e);
      const count = by(e);
      if (from === null || count === null) {
        return null;
      }
      const moved = Math.round(from + sign * count * DAY_MS);
      return type === "date" ? startOfDay(moved) : moved;
    },
  };
}

const isMoment = (expression: Expression): boolean =>
  expression.type === "date" || expression.type === "datetime";

const plusNumbers = arithmetic("+", (a, b) => a + b);
const minusNumbers = arithmetic("-", (a, b) => a - b);

/** `+` and `&` are one node in the syntax tree: text joins, numbers add, days move. */
const add: Operator = (left, right) => {
  if (left.type === "text" || right.type === "text") {
    const a = asText(left, "operator '&'");
    const b = asText(right, "operator '&'");
    return { type: "text", run: (e) => a(e) + b(e) };
  }
  if (isMoment(left)) {
    return shift(left, right, 1, "+");
  }
  if (isMoment(right)) {
    return shift(right, left, 1, "+");
  }
  return plusNumbers(left, right);
};

const subtract: Operator = (left, right) => {
  if (!isMoment(left)) {
    return minusNumbers(left, right);
  }
  if (!isMoment(right)) {
    return shift(left, right, -1, "-");
  }
  const type = left.type === "date" ? "date" : "datetime";
  const a = asScalar(left, type, "operator '-'");
  const b = asScalar(right, type, "operator '-'");
  return {
    type: "number",
    run: (e) => {
      const x = a(e);
      const y = b(e);
      return x === null || y === null ? null : (x - y) / DAY_MS;
    },
  };
};

function comparison(symbol: string, holds: (left: number, right: number) => boolean): Operator {
  const where = `operator '${symbol}'`;
  const comparable: readonly string[] = ["number", "date", "datetime", "time"];
  return (left, right) => {
    const odd = [left, right].find((side) => side.type !== "null" && !comparable.includes(side.type));
    if (odd !== undefined) {
      throw wrongType(where, "Number, Date, DateTime", odd);
    }
    const found = commonType([left, right], where);
    const type: ScalarType = found === "date" || found === "datetime" || found === "time" ? found : "number";
    const a = asScalar(left, type, where);
    const b = asScalar(right, type, where);
    return {
      type: "checkbox",
      // A blank on either side makes any order false (behaviour with blanks as blanks: not confirmed on an org).
      run: (e) => {
        const x = a(e);
        const y = b(e);
        return x !== null && y !== null && holds(x, y);
      },
    };
  };
}

/** Equality test of two expressions of one type; two blanks are equal. Text is compared with its case. */
export function equality(left: Expression, right: Expression, where: string): Run<boolean> {
  const type = commonType([left, right], where);
  switch (type) {
    case "number":
    case "date":
    case "datetime":
    case "time": {
      const a = asScalar(left, type, where);
      const b = asScalar(right, type, where);
      return (e) => a(e) === b(e);
    }
    case "checkbox": {
      const a = asCheckbox(left, where);
      const b = asCheckbox(right, where);
      return (e) => a(e) === b(e);
    }
    case "text": {
      const a = asText(left, where);
      const b = asText(right, where);
      return (e) => a(e) === b(e);
    }
  }
}

/** Operators by the name the syntax tree gives them. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  add,
  subtract,
  multiply: arithmetic("*", (a, b) => a * b),
  divide: arithmetic("/", (a, b) => a / b, finite),
  exponentiate: arithmetic("^", (a, b) => a ** b),
  equal: (left, right) => ({ type: "checkbox", run: equality(left, right, "operator '='") }),
  unequal: (left, right) => {
    const same = equality(left, right, "operator '<>'");
    return { type: "checkbox", run: (e) => !same(e) };
  },
  lessThan: comparison("<", (a, b) => a < b),
  lessThanOrEqual: comparison("<=", (a, b) => a <= b),
  greaterThan: comparison(">", (a, b) => a > b),
  greaterThanOrEqual: comparison(">=", (a, b) => a >= b),
};
