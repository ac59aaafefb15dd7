import { ast, type FormulonTree } from "formulon";
import { FormulaError } from "./formula-error.ts";

/** A formula as a tree. Operators are calls too, under formulon's names for them (`add`, `lessThan`). */
export type FormulaTree =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly FormulaTree[] };

interface Token {
  readonly kind: "text" | "number" | "word" | "operator";
  readonly text: string;
}

// Order matters: strings and comments first, so that nothing inside them is taken for something else.
const TOKEN =
  /(?<skip>\s+|\/\*[\s\S]*?\*\/)|(?<text>"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')|(?<number>\d+(?:\.\d*)?|\.\d+)|(?<word>[$A-Za-z_][\w.:$]*)|(?<operator><=|>=|<>|!=|==|&&|\|\||[-+*/^&=<>!(),])/y;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) {
      throw new FormulaError(`Syntax error. Found '${source.charAt(at)}'`);
    }
    for (const kind of ["text", "number", "word", "operator"] as const) {
      const text = groups[kind];
      if (text !== undefined) {
        tokens.push({ kind, text });
      }
    }
  }
  return tokens;
}

/** The vendor names the bracket or the word that is wrong; formulon's grammar only says that something is. */
function checkShape(tokens: readonly Token[]): void {
  let depth = 0;
  let afterOperand = false;
  for (const token of tokens) {
    const startsOperand = token.kind !== "operator";
    if (startsOperand && afterOperand) {
      throw new FormulaError(`Syntax error. Found '${token.text}'`);
    }
    if (token.text === "(" && token.kind === "operator") {
      depth += 1;
    } else if (token.text === ")" && token.kind === "operator") {
      depth -= 1;
      if (depth < 0) {
        throw new FormulaError("Syntax error. Extra ')'");
      }
    }
    afterOperand = startsOperand || token.text === ")";
  }
  if (depth > 0) {
    throw new FormulaError("Syntax error. Missing ')'");
  }
}

/** Index after the operand that starts at `start`: a bracket, a call, a literal, a field. */
function operandEnd(tokens: readonly Token[], start: number): number {
  const opensAt = tokens[start]?.text === "(" ? start : start + 1;
  if (tokens[opensAt]?.kind !== "operator" || tokens[opensAt]?.text !== "(") {
    return start + 1;
  }
  let depth = 0;
  for (let index = opensAt; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token?.kind === "operator" && token.text === "(") {
      depth += 1;
    } else if (token?.kind === "operator" && token.text === ")") {
      depth -= 1;
      if (depth === 0) {
        return index + 1;
      }
    }
  }
  return tokens.length;
}

/**
 * Text that formulon's grammar accepts. It knows neither comments, nor escapes in strings, nor a sign before a field,
 * all of which the vendor takes: comments go, strings become numbered placeholders, `-x` becomes `(0-x)`.
 */
function rewrite(tokens: readonly Token[], strings: string[]): string {
  const out: string[] = [];
  let afterOperand = false;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) {
      break;
    }
    if (token.kind === "text") {
      out.push(`"${strings.length}"`);
      strings.push(
        token.text.slice(1, -1).replace(/\\([\s\S])/g, (_, letter: string) => ESCAPES[letter] ?? letter),
      );
    } else if (token.kind === "number") {
      out.push(token.text.replace(/^\./, "0.").replace(/\.$/, ""));
    } else if (token.kind === "operator" && !afterOperand && (token.text === "-" || token.text === "+")) {
      const next = tokens[index + 1];
      if (token.text === "-" && next?.kind === "number") {
        out.push("-");
      } else if (token.text === "-" && next !== undefined) {
        const end = operandEnd(tokens, index + 1);
        out.push("(0-", rewrite(tokens.slice(index + 1, end), strings), ")");
        afterOperand = true;
        index = end - 1;
        continue;
      } else if (next === undefined) {
        out.push(token.text);
      }
      continue;
    } else {
      out.push(token.text);
    }
    afterOperand = token.kind !== "operator" || token.text === ")";
  }
  return out.join(" ").replaceAll("- ", "-");
}

function fromFormulon(tree: FormulonTree, strings: readonly string[]): FormulaTree {
  switch (tree.type) {
    case "callExpression":
      return {
        kind: "call",
        name: tree.id,
        args: tree.arguments.map((argument) => fromFormulon(argument, strings)),
      };
    case "identifier":
      return { kind: "field", name: tree.name };
    case "literal":
      return tree.dataType === "text"
        ? { kind: "literal", value: strings[Number(tree.value)] ?? "" }
        : { kind: "literal", value: tree.value };
    case "error":
      throw new FormulaError("Syntax error.");
  }
}

/**
 * Reads a formula once. Strings come out unescaped, function names in lower case.
 * @throws FormulaError `Syntax error. ...` (the words after the full stop are known from user reports only)
 */
export function parseFormula(source: string): FormulaTree {
  const tokens = tokenize(source);
  if (tokens.length === 0) {
    throw new FormulaError("You must enter a formula.");
  }
  checkShape(tokens);
  const strings: string[] = [];
  const text = rewrite(tokens, strings);
  return fromFormulon(ast(text), strings);
}
