/** SOQL text to a {@link Statement}, with the vendor's words for what cannot be parsed. */
import {
  type FieldFunctionExpression,
  type FunctionExp,
  type GroupByClause,
  type HavingClause,
  type OrderByClause,
  parseQuery,
  type Query,
  type QueryBase,
  type FieldType as SelectedField,
  type WhereClause,
} from "@jetstreamapp/soql-parser-js";
import { VendorError } from "../../org.ts";
import { malformed, offsetOf, soqlError, unexpectedToken } from "./soql-error.ts";
import type { Condition, Expression, Literal, Operator, Order, SelectItem, Statement } from "./statement.ts";

/** Characters of a statement, and of one text literal within it. */
const MAX_STATEMENT = 100_000;
const MAX_LITERAL = 4_000;
const MAX_OFFSET = 2_000;

interface Scope {
  readonly source: string;
  readonly from: string;
  readonly alias: string | undefined;
}

type Token = "(" | ")" | "AND" | "OR" | "NOT" | Condition;

/** @throws VendorError MALFORMED_QUERY and its kin. */
export function parseStatement(source: string): Statement {
  if (source.trim() === "") throw malformed("unexpected token: '<EOF>'");
  if (source.length > MAX_STATEMENT) {
    throw malformed(`SOQL statements cannot be longer than ${MAX_STATEMENT} characters.`);
  }
  let query: Query;
  try {
    query = parseQuery(source);
  } catch (error) {
    throw syntaxError(source, error);
  }
  return toStatement(query, query.sObject ?? "", source);
}

/** The parser's own words name its grammar, so only the offending token is taken from them. */
function syntaxError(source: string, error: unknown): VendorError {
  const message = error instanceof Error ? error.message : String(error);
  const offset = /at offset: (\d+)/.exec(message);
  if (offset?.[1] !== undefined) {
    const character = source.charAt(Number(offset[1]));
    const place = `line ${source.slice(0, Number(offset[1])).split("\n").length}:${offset[1]}`;
    return malformed(
      `${place} no viable alternative at character '${character === "'" ? "<EOF>" : character}'`,
    );
  }
  const found = /but found(?:: | --> )'([^']*)'/.exec(message)?.[1] ?? /found: (\S+)/.exec(message)?.[1];
  return unexpectedToken(source, found === undefined || found === "" ? "<EOF>" : found);
}

function toStatement(query: QueryBase, from: string, source: string): Statement {
  const scope: Scope = { source, from, alias: query.sObjectAlias };
  const fields = query.fields ?? [];
  const only = fields[0];
  const isCountOnly =
    fields.length === 1 &&
    only?.type === "FieldFunctionExpression" &&
    only.functionName.toUpperCase() === "COUNT" &&
    only.parameters.length === 0;
  if (query.offset !== undefined && query.offset > MAX_OFFSET) {
    throw new VendorError(400, "NUMBER_OUTSIDE_VALID_RANGE", `Maximum SOQL offset allowed is ${MAX_OFFSET}`);
  }
  return {
    source,
    from,
    select: isCountOnly ? [] : fields.map((field) => toSelectItem(field, scope)),
    isCountOnly,
    where: query.where === undefined ? undefined : toCondition(query.where, scope),
    groupBy: listOf(query.groupBy).map((clause) => toGroup(clause, scope)),
    having: query.having === undefined ? undefined : toCondition(query.having, scope),
    orderBy: listOf(query.orderBy).map((clause) => toOrder(clause, scope)),
    limit: query.limit,
    offset: query.offset ?? 0,
  };
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}
function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function toPath(text: string, scope: Scope): Expression {
  const parts = text.split(".");
  const first = parts[0]?.toLowerCase();
  const isPrefix =
    parts.length > 1 && (first === scope.alias?.toLowerCase() || first === scope.from.toLowerCase());
  return { kind: "path", path: isPrefix ? parts.slice(1) : parts, raw: text };
}

function toCall(call: FunctionExp | FieldFunctionExpression, scope: Scope): Expression {
  const args = (call.parameters ?? []).map((parameter) =>
    typeof parameter === "string" ? toPath(parameter, scope) : toCall(parameter, scope),
  );
  return { kind: "call", name: (call.functionName ?? "").toUpperCase(), args, raw: call.rawValue ?? "" };
}

function toSelectItem(field: SelectedField, scope: Scope): SelectItem {
  switch (field.type) {
    case "Field":
      return {
        kind: "expression",
        expression: toPath("rawValue" in field ? field.rawValue : field.field, scope),
        alias: field.alias,
      };
    case "FieldRelationship":
      return {
        kind: "expression",
        expression: toPath(field.rawValue ?? [...field.relationships, field.field].join("."), scope),
        alias: "alias" in field ? field.alias : undefined,
      };
    case "FieldFunctionExpression":
      return { kind: "expression", expression: toCall(field, scope), alias: field.alias };
    case "FieldSubquery":
      return {
        kind: "subquery",
        relationship: field.subquery.relationshipName,
        query: toStatement(field.subquery, field.subquery.relationshipName, scope.source),
      };
    case "FieldTypeof":
      return {
        kind: "typeof",
        relationship: field.field,
        branches: field.conditions.map((branch) => ({ object: branch.objectType, fields: branch.fieldList })),
      };
  }
}

function toGroup(clause: GroupByClause, scope: Scope): Expression {
  return "fn" in clause ? toCall(clause.fn, scope) : toPath(clause.field, scope);
}

function toOrder(clause: OrderByClause, scope: Scope): Order {
  return {
    expression: "fn" in clause ? toCall(clause.fn, scope) : toPath(clause.field, scope),
    isDescending: clause.order === "DESC",
    // Nulls come first in both directions unless asked otherwise.
    areNullsLast: clause.nulls === "LAST",
  };
}

/** The parser gives a chain of conditions with counts of parentheses; precedence is worked out here. */
function toCondition(where: WhereClause | HavingClause, scope: Scope): Condition {
  const tokens: Token[] = [];
  let node: WhereClause | HavingClause | undefined = where;
  while (node !== undefined) {
    const left: WhereClause["left"] | HavingClause["left"] = node.left;
    for (let count = left?.openParen ?? 0; count > 0; count--) tokens.push("(");
    if (left !== null && "operator" in left) {
      tokens.push(toComparison(left, scope));
      for (let count = left.closeParen ?? 0; count > 0; count--) tokens.push(")");
    }
    if (!("operator" in node)) break;
    tokens.push(node.operator);
    node = node.right;
  }
  const reader = { tokens, position: 0 };
  const condition = readChain(reader, scope);
  if (reader.position < tokens.length)
    throw unexpectedToken(scope.source, tokenText(tokens[reader.position]));
  return condition;
}

interface TokenReader {
  readonly tokens: readonly Token[];
  position: number;
}

function tokenText(token: Token | undefined): string {
  return token === undefined ? "<EOF>" : typeof token === "string" ? token : "(";
}

/** AND and OR may not stand side by side without parentheses: the vendor refuses the second one. */
function readChain(reader: TokenReader, scope: Scope): Condition {
  const parts = [readUnit(reader, scope)];
  let joint: "and" | "or" | undefined;
  for (;;) {
    const token = reader.tokens[reader.position];
    if (token !== "AND" && token !== "OR") break;
    const kind = token === "AND" ? "and" : "or";
    if (joint !== undefined && joint !== kind) throw unexpectedToken(scope.source, token);
    joint = kind;
    reader.position++;
    parts.push(readUnit(reader, scope));
  }
  const [first] = parts;
  if (first === undefined) throw unexpectedToken(scope.source, "<EOF>");
  return joint === undefined ? first : { kind: joint, parts };
}

function readUnit(reader: TokenReader, scope: Scope): Condition {
  const token = reader.tokens[reader.position++];
  if (token === "NOT") return { kind: "not", part: readUnit(reader, scope) };
  if (token === "(") {
    const inner = readChain(reader, scope);
    if (reader.tokens[reader.position++] !== ")") throw unexpectedToken(scope.source, "<EOF>");
    return inner;
  }
  if (token === undefined || typeof token === "string") throw unexpectedToken(scope.source, tokenText(token));
  return token;
}

type Comparison = Extract<NonNullable<WhereClause["left"] | HavingClause["left"]>, { operator: unknown }>;

function toComparison(condition: Comparison, scope: Scope): Condition {
  const left = "fn" in condition ? toCall(condition.fn, scope) : toPath(condition.field, scope);
  const operator: Operator = condition.operator;
  if ("valueQuery" in condition) {
    if (operator !== "IN" && operator !== "NOT IN") throw unexpectedToken(scope.source, "SELECT");
    const query = toStatement(condition.valueQuery, condition.valueQuery.sObject ?? "", scope.source);
    return { kind: "in_query", left, isNegated: operator === "NOT IN", query };
  }
  const texts = listOf<string>(condition.value);
  const types = listOf<string>(condition.literalType);
  const values = texts.map((text, index) => toLiteral(text, types[index] ?? types[0] ?? "STRING", scope));
  const isList = Array.isArray(condition.value);
  const wantsList = ["IN", "NOT IN", "INCLUDES", "EXCLUDES"].includes(operator);
  if (isList !== wantsList) throw unexpectedToken(scope.source, isList ? "(" : (texts[0] ?? "<EOF>"));
  return { kind: "compare", left, operator, values };
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  '"': '"',
  "'": "'",
  "\\": "\\",
  // A wildcard meant literally: LIKE sees the escape again.
  "%": "\\%",
  _: "\\_",
};

function unquote(text: string, scope: Scope): string {
  const inner = text.slice(1, -1);
  if (inner.length > MAX_LITERAL) {
    throw malformed(`WHERE clause string literals cannot be longer than ${MAX_LITERAL} characters.`);
  }
  return inner.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (whole, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    const plain = ESCAPES[escape.toLowerCase()];
    if (plain === undefined) {
      throw soqlError(
        scope.source,
        offsetOf(scope.source, whole),
        "MALFORMED_QUERY",
        `Illegal string escape sequence '${whole}' (character following the '\\' is invalid)`,
      );
    }
    return plain;
  });
}

function toLiteral(text: string, type: string, scope: Scope): Literal {
  switch (type) {
    case "NULL":
      return { kind: "null" };
    case "BOOLEAN":
      return { kind: "boolean", isTrue: text.toUpperCase() === "TRUE" };
    case "INTEGER":
    case "DECIMAL":
      return { kind: "number", number: Number(text) };
    case "INTEGER_WITH_CURRENCY_PREFIX":
    case "DECIMAL_WITH_CURRENCY_PREFIX":
      return { kind: "number", number: Number(text.slice(3)) };
    case "DATE":
      return { kind: "date", text };
    case "DATETIME":
      return { kind: "datetime", text };
    case "DATE_LITERAL":
      return { kind: "date_literal", name: text.toUpperCase(), count: 1 };
    case "DATE_N_LITERAL": {
      const [name, count] = text.split(":");
      return { kind: "date_literal", name: (name ?? "").toUpperCase(), count: Number(count) };
    }
    default:
      if (!text.startsWith("'")) throw unexpectedToken(scope.source, text);
      return { kind: "text", text: unquote(text, scope) };
  }
}
