/** Rows that an index leaves to look at. */
import { toId18 } from "../ids.ts";
import type { Entity } from "../org-state.ts";
import { isMember, plainText } from "./comparisons.ts";
import type { SubqueryIds } from "./conditions.ts";
import type { QueryContext } from "./scope.ts";
import type { Condition, Expression } from "./statement.ts";

/** More values than this are not worth looking up one by one. */
const LOOKUP_LIMIT = 20_000;

/**
 * Rows that can satisfy the condition, found through an index; undefined when only a scan can tell. Every row must
 * still be tested: this narrows, it does not decide.
 */
export function candidateRows(
  context: QueryContext,
  entity: Entity,
  condition: Condition,
  subqueryIds: SubqueryIds,
): readonly number[] | undefined {
  if (condition.kind === "and") {
    let best: readonly number[] | undefined;
    for (const part of condition.parts) {
      const rows = candidateRows(context, entity, part, subqueryIds);
      if (rows !== undefined && (best === undefined || rows.length < best.length)) best = rows;
    }
    return best;
  }
  if (condition.kind === "in_query" && !condition.isNegated) {
    const ids = subqueryIds(condition.query);
    return ids.size > LOOKUP_LIMIT ? undefined : rowsByTexts(context, entity, condition.left, [...ids]);
  }
  if (condition.kind !== "compare" || !isMember(condition.operator)) return undefined;
  const texts: string[] = [];
  for (const value of condition.values) {
    if (value.kind === "text" && value.text !== "") texts.push(value.text);
    else if (value.kind === "number") texts.push(String(value.number));
    else return undefined;
  }
  return texts.length > LOOKUP_LIMIT ? undefined : rowsByTexts(context, entity, condition.left, texts);
}

function rowsByTexts(
  context: QueryContext,
  entity: Entity,
  left: Expression,
  texts: readonly string[],
): readonly number[] | undefined {
  const name = left.kind === "path" && left.path.length === 1 ? left.path[0] : undefined;
  const field = name === undefined ? undefined : entity.fields.get(name.toLowerCase());
  if (field === undefined || !(field.isIndexed || field.isExternalId || field.isUnique)) return undefined;
  if (field.derived !== undefined || field.formula !== undefined) return undefined;
  if (!context.access.canReadField(entity, field)) return undefined;
  const rows = new Set<number>();
  const isIdLike = (field.type === "id" || field.type === "reference") && !field.textKey;
  for (const text of texts) {
    if (!isIdLike) {
      for (const row of entity.table.rowsByText(field, plainText(text))) rows.add(row);
      continue;
    }
    const id = toId18(text);
    if (id === undefined) return undefined;
    if (field.type === "id") {
      const row = entity.table.rowOfId(id);
      if (row >= 0) rows.add(row);
    } else for (const row of entity.table.rowsByReference(field, id)) rows.add(row);
  }
  return [...rows].sort((a, b) => a - b);
}
