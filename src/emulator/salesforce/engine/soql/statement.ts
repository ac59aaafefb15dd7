/** A SOQL statement as the evaluator wants it; parse-statement.ts makes it from the parser's tree. */

export type Expression =
  | { readonly kind: "path"; readonly path: readonly string[]; readonly raw: string }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly Expression[];
      readonly raw: string;
    };

export type Operator =
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "LIKE"
  | "IN"
  | "NOT IN"
  | "INCLUDES"
  | "EXCLUDES";

export type Literal =
  | { readonly kind: "null" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly number: number }
  | { readonly kind: "boolean"; readonly isTrue: boolean }
  | { readonly kind: "date"; readonly text: string }
  | { readonly kind: "datetime"; readonly text: string }
  | { readonly kind: "date_literal"; readonly name: string; readonly count: number };

export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | {
      readonly kind: "compare";
      readonly left: Expression;
      readonly operator: Operator;
      readonly values: readonly Literal[];
    }
  | {
      readonly kind: "in_query";
      readonly left: Expression;
      readonly isNegated: boolean;
      readonly query: Statement;
    };

export interface SelectField {
  readonly kind: "expression";
  readonly expression: Expression;
  readonly alias: string | undefined;
}
export interface SelectSubquery {
  readonly kind: "subquery";
  readonly relationship: string;
  readonly query: Statement;
}
export interface SelectTypeof {
  readonly kind: "typeof";
  readonly relationship: string;
  /** By object name; `undefined` is ELSE. */
  readonly branches: readonly { readonly object: string | undefined; readonly fields: readonly string[] }[];
}
export type SelectItem = SelectField | SelectSubquery | SelectTypeof;

export interface Order {
  readonly expression: Expression;
  readonly isDescending: boolean;
  readonly areNullsLast: boolean;
}

export interface Statement {
  readonly source: string;
  readonly from: string;
  readonly select: readonly SelectItem[];
  readonly isCountOnly: boolean;
  readonly where: Condition | undefined;
  readonly groupBy: readonly Expression[];
  readonly having: Condition | undefined;
  readonly orderBy: readonly Order[];
  readonly limit: number | undefined;
  readonly offset: number;
}
