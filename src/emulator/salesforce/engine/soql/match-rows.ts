/** FROM, WHERE, ORDER BY, LIMIT: the row numbers a statement selects. */
import { archiveTest } from "../derived-values.ts";
import { type Entity, findEntity } from "../org-state.ts";
import type { Accessor } from "../read-field.ts";
import { candidateRows } from "./candidate-rows.ts";
import type { Predicate } from "./comparisons.ts";
import { compileCondition, whereResolve } from "./conditions.ts";
import { expressionAccessor, inClause, type QueryContext } from "./scope.ts";
import { malformed, noSuchObject, offsetOf, soqlError } from "./soql-error.ts";
import { sortRows } from "./sort-rows.ts";
import type { Expression, Statement } from "./statement.ts";

/** @throws VendorError INVALID_TYPE for an object that is not there, not visible, or not of this API. */
export function queryEntity(context: QueryContext, name: string): Entity {
  const entity = findEntity(context.state, name);
  const reach = entity?.def.reach;
  const isReachable = reach === "both" || reach === (context.isTooling ? "tooling" : "rest");
  if (entity === undefined || !isReachable || !context.access.canRead(entity)) {
    throw noSuchObject(context.source, name);
  }
  return entity;
}

/** Rows that satisfy WHERE and are visible to this kind of query. */
export function* matchRows(outer: QueryContext, entity: Entity, statement: Statement): Generator<number> {
  const context = inClause(outer, "WHERE");
  const { table } = entity;
  const subqueries = new Map<Statement, ReadonlySet<string>>();
  const subqueryIds = (query: Statement) => {
    const known = subqueries.get(query) ?? semiJoin(context, query);
    subqueries.set(query, known);
    return known;
  };
  const where = statement.where;
  const test: Predicate =
    where === undefined
      ? () => true
      : compileCondition(context, where, whereResolve(context, entity), subqueryIds);
  const isVisible = visibility(context, entity);
  const candidates = where === undefined ? undefined : candidateRows(context, entity, where, subqueryIds);
  if (candidates !== undefined) {
    for (const row of candidates) if (isVisible(row) && test(row)) yield row;
    return;
  }
  const end = table.rowCount;
  for (let row = 0; row < end; row++) if (isVisible(row) && test(row)) yield row;
}

/** Deleted and archived rows show in queryAll only; what sharing hides shows in neither. */
export function visibility(context: QueryContext, entity: Entity): Predicate {
  const { table } = entity;
  const isPurged = (row: number) => table.purgedCount > 0 && table.isPurged(row);
  const hides = context.access.hides(entity);
  if (context.isAll) return (row) => !isPurged(row) && hides?.(row) !== true;
  const mark = entity.fields.get("IsDeleted");
  const deleted = mark === undefined ? undefined : table.column(mark);
  const archived = entity.fields.has("isarchived") ? archiveTest(context.state, entity) : undefined;
  return (row) =>
    !isPurged(row) && deleted?.raw(row) !== 1 && archived?.(row) !== true && hides?.(row) !== true;
}

/** Ids that the inner statement of IN (SELECT ...) selects. */
export function semiJoin(context: QueryContext, query: Statement): ReadonlySet<string> {
  const entity = queryEntity(context, query.from);
  const item = query.select[0];
  if (query.select.length !== 1 || item?.kind !== "expression") {
    throw malformed("The inner select query must have exactly one field");
  }
  const accessor = expressionAccessor(context, entity, item.expression);
  if (accessor.type !== "id" && accessor.type !== "reference") {
    throw soqlError(
      context.source,
      offsetOf(context.source, item.expression.raw, context.clause),
      "MALFORMED_QUERY",
      "The inner select field must be an ID or reference field",
    );
  }
  const ids = new Set<string>();
  for (const row of matchRows(context, entity, query)) {
    const raw = accessor.raw(row);
    if (typeof raw === "string") ids.add(raw);
  }
  return ids;
}

/** Rows in order, between OFFSET and LIMIT. */
export function arrange(
  context: QueryContext,
  entity: Entity,
  statement: Statement,
  matches: Iterable<number>,
): number[] {
  const limit = statement.limit ?? Number.POSITIVE_INFINITY;
  const end = statement.offset + limit;
  if (statement.orderBy.length === 0) {
    const rows: number[] = [];
    for (const row of matches) {
      if (rows.length >= end) break;
      rows.push(row);
    }
    return statement.offset === 0 ? rows : rows.slice(statement.offset);
  }
  const ordering = inClause(context, "ORDER");
  const keys = statement.orderBy.map((order) => ({
    ...order,
    accessor: sortable(ordering, expressionAccessor(ordering, entity, order.expression), order.expression),
  }));
  const sorted = sortRows([...matches], keys, end);
  return statement.offset === 0 ? sorted : sorted.slice(statement.offset);
}

function sortable(context: QueryContext, accessor: Accessor, expression: Expression): Accessor {
  if (accessor.field.isFilterable && accessor.type !== "multipicklist") return accessor;
  throw soqlError(
    context.source,
    offsetOf(context.source, expression.raw, context.clause),
    "MALFORMED_QUERY",
    `field '${expression.raw}' can not be sorted in a query call`,
  );
}
