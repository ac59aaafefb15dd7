import type { FormulaFunction } from "./function-kit.ts";
import { LOGIC_FUNCTIONS } from "./logic-functions.ts";
import { MATH_FUNCTIONS } from "./math-functions.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";
import { TIME_FUNCTIONS } from "./time-functions.ts";

/** The functions the emulator compiles, by lower-case name. */
export const FUNCTIONS: ReadonlyMap<string, FormulaFunction> = new Map([
  ...LOGIC_FUNCTIONS,
  ...MATH_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...TIME_FUNCTIONS,
]);
