import { asNumber } from "./expression.ts";
import { ANY_NUMBER, type FormulaFunction } from "./function-kit.ts";
import { tidy } from "./operators.ts";

/** A number computed from numbers; blank if any of them is. */
function numeric(min: number, max: number, compute: (values: readonly number[]) => number): FormulaFunction {
  return {
    min,
    max,
    compile: (args, where) => {
      const runs = args.map((argument) => asNumber(argument, where));
      return {
        type: "number",
        run: (e) => {
          const values: number[] = [];
          for (const run of runs) {
            const value = run(e);
            if (value === null) {
              return null;
            }
            values.push(value);
          }
          return tidy(compute(values));
        },
      };
    },
  };
}

const unary = (compute: (value: number) => number): FormulaFunction =>
  numeric(1, 1, (values) => compute(values[0] ?? 0));

/** Half away from zero, in decimal: ROUND(2.675, 2) is 2.68 at the vendor, not the binary 2.67. */
function round(value: number, places: number): number {
  const factor = 10 ** Math.trunc(places);
  const scaled = tidy(Math.abs(value) * factor) ?? 0;
  return (Math.sign(value) * Math.round(scaled)) / factor;
}

/** Numbers from numbers; blank if any of them is blank. */
export const MATH_FUNCTIONS: readonly (readonly [string, FormulaFunction])[] = [
  ["round", numeric(2, 2, ([value = 0, places = 0]) => round(value, places))],
  // FLOOR and CEILING go towards and away from zero; the M-forms go down and up (Help, "Math Functions").
  ["floor", unary(Math.trunc)],
  ["ceiling", unary((value) => Math.sign(value) * Math.ceil(Math.abs(value)))],
  ["mfloor", unary(Math.floor)],
  ["mceiling", unary(Math.ceil)],
  ["max", numeric(1, ANY_NUMBER, (values) => Math.max(...values))],
  ["min", numeric(1, ANY_NUMBER, (values) => Math.min(...values))],
  ["abs", unary(Math.abs)],
  ["mod", numeric(2, 2, ([value = 0, divisor = 0]) => value % divisor)],
  ["sqrt", unary(Math.sqrt)],
  ["exp", unary(Math.exp)],
  ["ln", unary(Math.log)],
  ["log", unary(Math.log10)],
];
