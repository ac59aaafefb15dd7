import { asCheckbox, asText, blankTest, choice, type Expression, type Run, wrongType } from "./expression.ts";
import { ANY_NUMBER, at, type FormulaFunction, wrongCount } from "./function-kit.ts";
import { equality } from "./operators.ts";

function logical(stopAt: boolean): FormulaFunction {
  return {
    min: 1,
    max: ANY_NUMBER,
    compile: (args, where) => {
      const tests = args.map((argument) => asCheckbox(argument, where));
      return { type: "checkbox", run: (e) => tests.some((test) => test(e) === stopAt) === stopAt };
    },
  };
}

const caseFunction: FormulaFunction = {
  min: 4,
  max: ANY_NUMBER,
  compile: (args, where) => {
    if (args.length % 2 !== 0) {
      throw wrongCount("CASE", args.length + 1, args.length);
    }
    const subject = at(args, 0);
    // A picklist is compared by its API name; blank matches none but an explicit "".
    const value: Expression = subject.type === "picklist" ? { type: "text", run: subject.run } : subject;
    const inner = args.slice(1, -1);
    const tests = inner.filter((_, index) => index % 2 === 0).map((key) => equality(value, key, where));
    const results = [...inner.filter((_, index) => index % 2 === 1), at(args, args.length - 1)];
    for (const expression of [value, ...results]) {
      if (expression.type === "checkbox") {
        // "CASE functions can't contain functions that return true or false": the documentation's rule. The message
        // follows the vendor's pattern for wrong types; its exact words here are not confirmed.
        throw wrongType(where, "Number, Text, Date, DateTime", expression);
      }
    }
    return choice(
      results,
      (e) => {
        const index = tests.findIndex((test) => test(e));
        return index === -1 ? tests.length : index;
      },
      where,
    );
  },
};

const substitute = (isBlank: (expression: Expression) => Run<boolean>): FormulaFunction => ({
  min: 2,
  max: 2,
  compile: (args, where) => {
    const test = isBlank(at(args, 0));
    return choice(args, (e) => (test(e) ? 1 : 0), where);
  },
});

const valueTest = (isBlank: (expression: Expression) => Run<boolean>): FormulaFunction => ({
  min: 1,
  max: 1,
  compile: (args, where) => {
    const value = at(args, 0);
    if (value.type === "picklist" || value.type === "checkbox") {
      throw wrongType(where, "Number, Text, Date, DateTime", value);
    }
    return { type: "checkbox", run: isBlank(value) };
  },
});

/** "Text fields are never null": ISNULL is false and NULLVALUE does nothing for text. */
function nullTest(expression: Expression): Run<boolean> {
  return expression.type === "text" ? () => false : blankTest(expression);
}

const listTest = (type: "picklist" | "multipicklist"): FormulaFunction => ({
  min: 2,
  max: 2,
  compile: (args, where) => {
    const field = at(args, 0);
    if (field.type !== type) {
      throw wrongType(where, type === "picklist" ? "Picklist" : "Multi-Select Picklist", field);
    }
    const wanted = asText(at(args, 1), where);
    const { run } = field;
    return {
      type: "checkbox",
      run: (e) => (type === "picklist" ? run(e) === wanted(e) : run(e).split(";").includes(wanted(e))),
    };
  },
});

/** Tests and choices. */
export const LOGIC_FUNCTIONS: readonly (readonly [string, FormulaFunction])[] = [
  ["and", logical(false)],
  ["or", logical(true)],
  [
    "not",
    {
      min: 1,
      max: 1,
      compile: (args, where) => {
        const test = asCheckbox(at(args, 0), where);
        return { type: "checkbox", run: (e) => !test(e) };
      },
    },
  ],
  [
    "if",
    {
      min: 3,
      max: 3,
      compile: (args, where) => {
        const test = asCheckbox(at(args, 0), where);
        return choice(args.slice(1), (e) => (test(e) ? 0 : 1), where);
      },
    },
  ],
  ["case", caseFunction],
  ["isblank", valueTest(blankTest)],
  ["isnull", valueTest(nullTest)],
  ["blankvalue", substitute(blankTest)],
  ["nullvalue", substitute(nullTest)],
  ["ispickval", listTest("picklist")],
  ["includes", listTest("multipicklist")],
];
