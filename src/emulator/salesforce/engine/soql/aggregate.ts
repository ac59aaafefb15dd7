/** GROUP BY and aggregate functions: each result row is a group. */
import { VendorError } from "../../org.ts";
import type { Entity } from "../org-state.ts";
import { type Accessor, computedAccessor } from "../read-field.ts";
import { field as makeField } from "../schema/fields.ts";
import type { Raw } from "../store/columns.ts";
import { compileCondition } from "./conditions.ts";
import { expressionAccessor, isDateFunction, type QueryContext } from "./scope.ts";
import { malformed, offsetOf, soqlError } from "./soql-error.ts";
import { sortRows } from "./sort-rows.ts";
import type { Expression, Statement } from "./statement.ts";

const AGGREGATES = new Set(["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"]);
/** queryMore does not work on groups: one page is all there is. */
const MAX_GROUPS = 2_000;

function isAggregate(expression: Expression): boolean {
  return expression.kind === "call" && AGGREGATES.has(expression.name);
}

/** True when the statement yields groups instead of records. */
export function isGrouped(statement: Statement): boolean {
  if (statement.groupBy.length > 0 || statement.having !== undefined) return true;
  return statement.select.some((item) => item.kind === "expression" && isAggregate(item.expression));
}

export interface AggregateColumn {
  readonly name: string;
  readonly accessor: Accessor;
}

export interface AggregateRows {
  readonly columns: readonly AggregateColumn[];
  /** Group numbers in result order, to be read with the columns' accessors. */
  readonly groups: readonly number[];
}

function keyOf(expression: Expression): string {
  const text = expression.kind === "path" ? expression.path.join(".") : expression.raw;
  return text.replace(/\s+/g, "").toLowerCase();
}

interface Fold {
  readonly accessor: Accessor;
  add(group: number, row: number): void;
}

function fold(context: QueryContext, entity: Entity, expression: Expression): Fold {
  if (expression.kind !== "call") throw malformed(`unexpected token: '${expression.raw}'`);
  const argument = expression.args[0];
  const { name } = expression;
  if (name === "COUNT" && argument === undefined) {
    const counts: number[] = [];
    return {
      accessor: computedAccessor(makeField(name, "int"), (group) => counts[group] ?? 0),
      add: (group) => {
        counts[group] = (counts[group] ?? 0) + 1;
      },
    };
  }
  if (argument === undefined) throw malformed(`unexpected token: ')'`);
  const source = expressionAccessor(context, entity, argument);
  if (!source.field.isFilterable) {
    throw soqlError(
      context.source,
      offsetOf(context.source, argument.raw),
      "INVALID_FIELD",
      `field ${argument.raw} does not support aggregate operator ${name}`,
    );
  }
  const isNumeric = ["int", "double", "currency", "percent"].includes(source.type);
  if ((name === "SUM" || name === "AVG") && !isNumeric) {
    throw soqlError(
      context.source,
      offsetOf(context.source, argument.raw),
      "INVALID_FIELD",
      `field ${argument.raw} does not support aggregate operator ${name}`,
    );
  }
  return foldOf(name, source);
}

function foldOf(name: string, source: Accessor): Fold {
  const counts: number[] = [];
  const sums: number[] = [];
  const extremes: Raw[] = [];
  const distinct: Set<Raw>[] = [];
  const sameType = (read: (group: number) => Raw) =>
    computedAccessor(makeField(name, source.type === "id" ? "string" : source.type), read);
  const whole = (read: (group: number) => Raw) => computedAccessor(makeField(name, "int"), read);
  const real = (read: (group: number) => Raw) => computedAccessor(makeField(name, "double"), read);
  const each = (visit: (group: number, raw: string | number) => void): Fold["add"] => {
    return (group, row) => {
      const raw = source.raw(row);
      if (raw !== null) visit(group, raw);
    };
  };
  switch (name) {
    case "COUNT":
      return {
        accessor: whole((group) => counts[group] ?? 0),
        add: each((group) => {
          counts[group] = (counts[group] ?? 0) + 1;
        }),
      };
    case "COUNT_DISTINCT":
      return {
        accessor: whole((group) => distinct[group]?.size ?? 0),
        add: each((group, raw) => {
          const known = distinct[group] ?? new Set<Raw>();
          distinct[group] = known.add(typeof raw === "string" ? raw.toLowerCase() : raw);
        }),
      };
    case "SUM":
    case "AVG":
      return {
        accessor: real((group) => {
          const sum = sums[group];
          if (sum === undefined) return null;
          return name === "SUM" ? sum : sum / (counts[group] ?? 1);
        }),
        add: each((group, raw) => {
          sums[group] = (sums[group] ?? 0) + Number(raw);
          counts[group] = (counts[group] ?? 0) + 1;
        }),
      };
    default: {
      const isBetter = (raw: string | number, best: Raw) =>
        best === null || (name === "MIN" ? raw < best : raw > best);
      return {
        accessor: sameType((group) => extremes[group] ?? null),
        add: each((group, raw) => {
          if (isBetter(raw, extremes[group] ?? null)) extremes[group] = raw;
        }),
      };
    }
  }
}

/** @throws VendorError MALFORMED_QUERY for a field that is neither grouped nor aggregated. */
export function aggregate(
  context: QueryContext,
  entity: Entity,
  statement: Statement,
  rows: Iterable<number>,
): AggregateRows {
  if (statement.groupBy.some((group) => group.kind === "call" && !isDateFunction(group.name))) {
    const name = statement.groupBy.find((group) => group.kind === "call")?.raw ?? "";
    throw malformed(`unexpected token: '${name.split("(")[0] ?? ""}'`);
  }
  const keys = statement.groupBy.map((expression) => ({
    key: keyOf(expression),
    source: groupable(context, entity, expression),
    values: new Array<Raw>(),
  }));
  const folds = new Map<string, Fold>();
  const byAlias = new Map<string, Accessor>();
  const accessorOf = (expression: Expression): Accessor => {
    const key = keyOf(expression);
    const grouped = keys.find((candidate) => candidate.key === key);
    if (grouped !== undefined) {
      return computedAccessor(grouped.source.field, (group) => grouped.values[group] ?? null);
    }
    const aliased = byAlias.get(key);
    if (aliased !== undefined) return aliased;
    if (!isAggregate(expression)) throw malformed(`Field must be grouped or aggregated: ${expression.raw}`);
    const known = folds.get(key) ?? fold(context, entity, expression);
    folds.set(key, known);
    return known.accessor;
  };
  const columns = outputColumns(statement, accessorOf);
  for (const column of columns) byAlias.set(column.name.toLowerCase(), column.accessor);
  const having = statement.having;
  const sortKeys = statement.orderBy.map((order) => ({ ...order, accessor: accessorOf(order.expression) }));
  const keeps =
    having === undefined
      ? () => true
      : compileCondition(context, having, accessorOf, () => new Set<string>());
  const count = collect(keys, [...folds.values()], rows);
  let groups: number[] = [];
  for (let group = 0; group < count; group++) if (keeps(group)) groups.push(group);
  groups = sortRows(groups, sortKeys, groups.length);
  const limited = groups.slice(statement.offset, statement.offset + (statement.limit ?? groups.length));
  if (limited.length > MAX_GROUPS) {
    throw new VendorError(
      400,
      "EXCEEDED_ID_LIMIT",
      "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
    );
  }
  return { columns, groups: limited };
}

interface GroupKey {
  readonly source: Accessor;
  readonly values: Raw[];
}

/** Number of groups; without GROUP BY there is always exactly one. */
function collect(keys: readonly GroupKey[], folds: readonly Fold[], rows: Iterable<number>): number {
  const numbers = new Map<string, number>();
  if (keys.length === 0) numbers.set("", 0);
  for (const row of rows) {
    const raws = keys.map((key) => key.source.raw(row));
    const text = raws
      .map((raw) => (typeof raw === "string" ? `s${raw.toLowerCase()}` : String(raw)))
      .join("\u0000");
    let group = numbers.get(text);
    if (group === undefined) {
      group = numbers.size;
      numbers.set(text, group);
      for (const [index, key] of keys.entries()) key.values[group] = raws[index] ?? null;
    }
    for (const each of folds) each.add(group, row);
  }
  return numbers.size;
}

function groupable(context: QueryContext, entity: Entity, expression: Expression): Accessor {
  const source = expressionAccessor(context, entity, expression);
  const isInstant = source.type === "datetime";
  if (!source.field.isFilterable || (isInstant && expression.kind === "path")) {
    throw soqlError(
      context.source,
      offsetOf(context.source, expression.raw),
      "MALFORMED_QUERY",
      `field '${expression.raw}' can not be grouped in a query call`,
    );
  }
  return source;
}

/** Fields keep their last name, functions become expr0, expr1, ... unless they have an alias. */
function outputColumns(
  statement: Statement,
  accessorOf: (expression: Expression) => Accessor,
): AggregateColumn[] {
  let unnamed = 0;
  return statement.select.map((item) => {
    if (item.kind !== "expression") throw malformed("unexpected token: '('");
    const { expression } = item;
    const plain = expression.kind === "path" ? expression.path.at(-1) : undefined;
    const name = item.alias ?? plain ?? `expr${unnamed}`;
    if (item.alias === undefined && plain === undefined) unnamed++;
    return { name, accessor: accessorOf(expression) };
  });
}
