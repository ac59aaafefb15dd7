import type { Expression, Run } from "./expression.ts";
import { FormulaError } from "./formula-error.ts";

/** One function of the formula language: how many parameters it takes and how a call is compiled. */
export interface FormulaFunction {
  readonly min: number;
  readonly max: number;
  /** `where` is the vendor's phrase for messages: `function 'IF()'`. */
  readonly compile: (args: readonly Expression[], where: string) => Expression;
}

/** No upper limit that this emulator enforces. */
export const ANY_NUMBER = Number.POSITIVE_INFINITY;

const NOTHING: Expression = { type: "null", run: () => null };

/** The parameter at `index`; NULL where an optional one was left out. */
export function at(args: readonly Expression[], index: number): Expression {
  return args[index] ?? NOTHING;
}

/** Applies `map` where there is a value. */
export function mapScalar(run: Run<number | null>, map: (value: number) => number): Run<number | null> {
  return (e) => {
    const value = run(e);
    return value === null ? null : map(value);
  };
}

export function wrongCount(name: string, expected: number, received: number): FormulaError {
  return new FormulaError(
    `Incorrect number of parameters for function '${name}()'. Expected ${expected}, received ${received}`,
  );
}
