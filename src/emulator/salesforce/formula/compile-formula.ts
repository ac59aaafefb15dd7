import type { CompiledFormula, FieldType, FormulaContext } from "../org.ts";
import {
  asCheckbox,
  asScalar,
  asText,
  type Evaluation,
  type Expression,
  type Run,
  vendorTypeName,
} from "./expression.ts";
import { FormulaError } from "./formula-error.ts";
import { formulaSize, MAX_COMPILED_BYTES, MAX_FORMULA_CHARACTERS } from "./formula-size.ts";
import { wrongCount } from "./function-kit.ts";
import { FUNCTIONS } from "./functions.ts";
import { OPERATORS } from "./operators.ts";
import { type FormulaTree, parseFormula } from "./parse-formula.ts";
import { dateText, instantText, parseInstant, parseTime, timeText } from "./temporal.ts";

/** A {@link FormulaContext} that also knows the field's `formulaTreatBlanksAs`; the vendor's default is BlankAsZero. */
export interface FormulaSettings extends FormulaContext {
  readonly treatBlanksAs?: "BlankAsZero" | "BlankAsBlank";
}

interface Compiler {
  readonly context: FormulaSettings;
  /** Lower-case name to the name as first written. */
  readonly references: Map<string, string>;
}

function readText(name: string): Run<string> {
  return (e) => {
    const value = e.read(name);
    return value === null ? "" : String(value);
  };
}

function readNumber(name: string, scale: number, whenBlank: number | null): Run<number | null> {
  return (e) => {
    const value = e.read(name);
    return value === null ? whenBlank : Number(value) * scale;
  };
}

function readMoment(name: string, parse: (text: string) => number | null): Run<number | null> {
  return (e) => {
    const value = e.read(name);
    return typeof value === "string" ? parse(value) : null;
  };
}

function compileField(name: string, compiler: Compiler): Expression {
  const { context, references } = compiler;
  const type = context.fieldType(name);
  if (type === undefined) {
    throw new FormulaError(`Field ${name} does not exist. Check spelling.`);
  }
  if (!references.has(name.toLowerCase())) {
    references.set(name.toLowerCase(), name);
  }
  const whenBlank = context.treatBlanksAs === "BlankAsBlank" ? null : 0;
  switch (type) {
    case "id":
    case "reference": {
      // Formulas see ids in their 15-character form, which is why CASESAFEID exists.
      const read = readText(name);
      return { type: "text", run: (e) => read(e).slice(0, 15) };
    }
    case "string":
    case "textarea":
    case "email":
    case "phone":
    case "url":
      return { type: "text", run: readText(name) };
    case "picklist":
    case "multipicklist":
      return { type, field: name, run: readText(name) };
    case "boolean":
      return { type: "checkbox", run: (e) => e.read(name) === true };
    case "int":
    case "double":
    case "currency":
      return { type: "number", run: readNumber(name, 1, whenBlank) };
    case "percent":
      // 50 in a percent field is 0.5 in a formula.
      return { type: "number", run: readNumber(name, 0.01, whenBlank) };
    case "date":
    case "datetime":
      return { type, run: readMoment(name, parseInstant) };
    case "time":
      return { type, run: readMoment(name, parseTime) };
  }
}

function compileTree(tree: FormulaTree, compiler: Compiler): Expression {
  switch (tree.kind) {
    case "literal": {
      const { value } = tree;
      if (value === null) {
        return { type: "null", run: () => value };
      }
      if (typeof value === "string") {
        return { type: "text", run: () => value };
      }
      return typeof value === "number"
        ? { type: "number", run: () => value }
        : { type: "checkbox", run: () => value };
    }
    case "field":
      return compileField(tree.name, compiler);
    case "call": {
      const operator = OPERATORS[tree.name];
      const known = FUNCTIONS.get(tree.name);
      const [left, right] = tree.args;
      if (operator !== undefined && left !== undefined && right !== undefined) {
        return operator(compileTree(left, compiler), compileTree(right, compiler));
      }
      const name = tree.name.toUpperCase();
      if (known === undefined) {
        throw new FormulaError(`Unknown function ${name}. Check spelling.`);
      }
      if (tree.args.length < known.min || tree.args.length > known.max) {
        throw wrongCount(name, tree.args.length < known.min ? known.min : known.max, tree.args.length);
      }
      return known.compile(
        tree.args.map((argument) => compileTree(argument, compiler)),
        `function '${name}()'`,
      );
    }
  }
}

function mismatch(expression: Expression, expected: string): FormulaError {
  const found = vendorTypeName(expression.type);
  return new FormulaError(
    `Formula result is data type (${found}), incompatible with expected data type (${expected}).`,
  );
}

/** The expression's value as the API prints a field of type `returns`. */
function printer(expression: Expression, returns: FieldType): CompiledFormula["evaluate"] {
  const isNull = expression.type === "null";
  const bind =
    <T>(run: Run<T>, print: (value: T) => string | number | boolean | null): CompiledFormula["evaluate"] =>
    (read, now) => {
      const evaluation: Evaluation = { read, now: now.getTime() };
      return print(run(evaluation));
    };
  const orNull =
    (print: (value: number) => string | number) =>
    (value: number | null): string | number | null =>
      value === null ? null : print(value);
  switch (returns) {
    case "boolean":
      if (expression.type !== "checkbox") {
        throw mismatch(expression, "true or false");
      }
      return bind(asCheckbox(expression, ""), (value) => value);
    case "int":
    case "double":
    case "currency":
    case "percent":
      if (expression.type !== "number" && !isNull) {
        throw mismatch(expression, "Number");
      }
      return bind(
        asScalar(expression, "number", ""),
        orNull((value) => (returns === "percent" ? value * 100 : value)),
      );
    case "date":
      if (expression.type !== "date" && !isNull) {
        throw mismatch(expression, "Date");
      }
      return bind(asScalar(expression, "date", ""), orNull(dateText));
    case "datetime":
      if (expression.type !== "datetime" && !isNull) {
        throw mismatch(expression, "DateTime");
      }
      return bind(asScalar(expression, "datetime", ""), orNull(instantText));
    case "time":
      if (expression.type !== "time" && !isNull) {
        throw mismatch(expression, "Time");
      }
      return bind(asScalar(expression, "time", ""), orNull(timeText));
    case "id":
    case "reference":
    case "string":
    case "textarea":
    case "picklist":
    case "multipicklist":
    case "email":
    case "phone":
    case "url":
      if (expression.type !== "text" && !isNull) {
        throw mismatch(expression, "Text");
      }
      return bind(asText(expression, ""), (value) => (value === "" ? null : value));
  }
}

/**
 * Compiles a formula field once, at deploy; `evaluate` then costs microseconds and no parsing.
 *
 * Semantics: blank text is ""; a blank number is 0 unless `treatBlanksAs` says BlankAsBlank; any other blank makes
 * arithmetic blank and every order comparison false; division by zero is blank. Ids have 15 characters, percents are
 * fractions. TODAY and DATEVALUE cut days in UTC. Parent fields (`Owner.Name`) and globals (`$User.Id`) exist only if
 * the context has them.
 * @param source formula text; @param returns type of the formula field; @param context fields of its object
 * @throws FormulaError in the vendor's words: syntax, unknown field or function, wrong types, too long, too big
 * @see https://help.salesforce.com/s/articleView?id=sf.customize_functions.htm
 */
export function compileFormula(
  source: string,
  returns: FieldType,
  context: FormulaSettings,
): CompiledFormula {
  if (source.length > MAX_FORMULA_CHARACTERS) {
    throw new FormulaError(
      `Formula is too long (${source.length.toLocaleString("en-US")} characters). Maximum length is ` +
        `${MAX_FORMULA_CHARACTERS.toLocaleString("en-US")} characters.`,
    );
  }
  const compiler: Compiler = { context, references: new Map() };
  const expression = compileTree(parseFormula(source), compiler);
  const size = formulaSize(source);
  if (size > MAX_COMPILED_BYTES) {
    throw new FormulaError(
      `Compiled formula is too big to execute (${size.toLocaleString("en-US")} characters). Maximum size is ` +
        `${MAX_COMPILED_BYTES.toLocaleString("en-US")} characters`,
    );
  }
  const evaluate = printer(expression, returns);
  return { references: [...compiler.references.values()], evaluate };
}
