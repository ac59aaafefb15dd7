import { OPERATORS } from "./operators.ts";
import { type FormulaTree, parseFormula } from "./parse-formula.ts";

/** Characters of formula text the vendor saves. */
export const MAX_FORMULA_CHARACTERS = 3_900;
/** Compiled bytes the vendor accepts today; older sources say 5,000. */
export const MAX_COMPILED_BYTES = 15_000;

const FIELD_BYTES = 12;
const CALL_BYTES = 8;

function nodeBytes(tree: FormulaTree, expand: (field: string) => string | undefined): number {
  switch (tree.kind) {
    case "literal":
      return Buffer.byteLength(String(tree.value)) + 2;
    case "field": {
      const source = expand(tree.name);
      return source === undefined ? FIELD_BYTES + tree.name.length : nodeBytes(parseFormula(source), expand);
    }
    case "call": {
      const own = tree.name in OPERATORS ? 3 : CALL_BYTES + tree.name.length;
      return tree.args.reduce((sum, argument) => sum + nodeBytes(argument, expand), own);
    }
  }
}

/**
 * Estimate of a formula's compiled size in bytes. The vendor does not publish how it counts; this counts every node of
 * the tree with what its SQL would need, and is meant to err upwards. A formula referred to is counted at each mention.
 * @param expand source of a formula field by name, undefined for plain fields
 */
export function formulaSize(
  source: string,
  expand: (field: string) => string | undefined = () => undefined,
): number {
  return nodeBytes(parseFormula(source), expand);
}
