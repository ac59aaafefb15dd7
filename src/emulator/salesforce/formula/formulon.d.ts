/** The part of formulon (6.25) that is used: its grammar at run time, its evaluator as the tests' oracle. */
declare module "formulon" {
  export type FormulonTree =
    | { readonly type: "callExpression"; readonly id: string; readonly arguments: readonly FormulonTree[] }
    | { readonly type: "identifier"; readonly name: string }
    | { readonly type: "literal"; readonly dataType: "text"; readonly value: string }
    | { readonly type: "literal"; readonly dataType: "number"; readonly value: number }
    | { readonly type: "literal"; readonly dataType: "checkbox"; readonly value: boolean }
    | { readonly type: "literal"; readonly dataType: "null"; readonly value: null }
    | { readonly type: "error"; readonly errorType: string; readonly message: string };

  /** A value handed to, or returned by, formulon's evaluator. */
  export interface FormulonLiteral {
    readonly type: string;
    readonly dataType?: string;
    readonly value?: unknown;
    readonly options?: Readonly<Record<string, unknown>>;
    readonly errorType?: string;
    readonly message?: string;
  }

  export function ast(formula: string): FormulonTree;
  export function parse(
    formula: string,
    substitutions?: Readonly<Record<string, FormulonLiteral>>,
  ): FormulonLiteral;
}
