/** Conditions to predicates over row numbers: the logic between comparisons. */
import type { Entity } from "../org-state.ts";
import type { Accessor } from "../read-field.ts";
import { compileComparison, type Predicate } from "./comparisons.ts";
import { expressionAccessor, type QueryContext } from "./scope.ts";
import type { Condition, Expression, Statement } from "./statement.ts";

/** Runs the inner statement of a semi-join and hands back the ids it selects. */
export type SubqueryIds = (query: Statement) => ReadonlySet<string>;

/** Turns the left side of a condition into a reader: fields in WHERE, aggregates in HAVING. */
export type Resolve = (expression: Expression) => Accessor;

export function compileCondition(
  context: QueryContext,
  condition: Condition,
  resolve: Resolve,
  subqueryIds: SubqueryIds,
): Predicate {
  switch (condition.kind) {
    case "and": {
      const parts = condition.parts.map((part) => compileCondition(context, part, resolve, subqueryIds));
      return (row) => {
        for (const part of parts) if (!part(row)) return false;
        return true;
      };
    }
    case "or": {
      const parts = condition.parts.map((part) => compileCondition(context, part, resolve, subqueryIds));
      return (row) => {
        for (const part of parts) if (part(row)) return true;
        return false;
      };
    }
    case "not": {
      const part = compileCondition(context, condition.part, resolve, subqueryIds);
      return (row) => !part(row);
    }
    case "in_query": {
      const left = resolve(condition.left);
      const ids = subqueryIds(condition.query);
      const { isNegated } = condition;
      return (row) => {
        const raw = left.raw(row);
        return (typeof raw === "string" && ids.has(raw)) !== isNegated;
      };
    }
    case "compare":
      return compileComparison(context, condition, resolve(condition.left));
  }
}

export function whereResolve(context: QueryContext, entity: Entity): Resolve {
  return (expression) => expressionAccessor(context, entity, expression);
}
