/** The SELECT list: flat columns, and records with parents nested and children listed. */
import { type Entity, type OrgState } from "../org-state.ts";
import { type Accessor, fieldAccessor, type ParentLink } from "../read-field.ts";
import type { FieldDef } from "../schema/definitions.ts";
import type { Predicate } from "./comparisons.ts";
import { compileCondition, whereResolve } from "./conditions.ts";
import { arrange, semiJoin, visibility } from "./match-rows.ts";
import {
  expressionAccessor,
  inClause,
  pathAccessor,
  type QueryContext,
  recordCell,
  relationship,
} from "./scope.ts";
import { malformed, noSuchChildRelationship, noSuchRelationship, offsetOf, soqlError } from "./soql-error.ts";
import type { Expression, SelectSubquery, SelectTypeof, Statement } from "./statement.ts";

const MAX_FIELDS_LIMIT = 200;

/** Adds one output to the record of a row. */
export type Writer = (record: Record<string, unknown>, row: number) => void;

export interface Output {
  readonly columns: readonly { readonly name: string; readonly accessor: Accessor }[];
  readonly write: Writer;
}

export function recordAttributes(
  entity: Entity,
  row: number,
  version: string,
): { type: string; url: string } {
  const id = entity.table.ids.text(row) ?? "";
  return { type: entity.def.name, url: `/services/data/v${version}/sobjects/${entity.def.name}/${id}` };
}

export function writeRecord(
  entity: Entity,
  row: number,
  version: string,
  write: Writer,
): Record<string, unknown> {
  const record: Record<string, unknown> = { attributes: recordAttributes(entity, row, version) };
  write(record, row);
  return record;
}

interface PathItem {
  readonly path: readonly string[];
  readonly key: string;
  readonly expression: Expression;
}

/** Columns and record writer of a SELECT list. */
export function outputOf(outer: QueryContext, entity: Entity, statement: Statement, version: string): Output {
  const context = inClause(outer, "SELECT");
  const items: PathItem[] = [];
  const extra: Writer[] = [];
  let unnamed = 0;
  for (const item of statement.select) {
    if (item.kind === "subquery") extra.push(childWriter(context, entity, item, version));
    else if (item.kind === "typeof") extra.push(typeofWriter(context, entity, item, version));
    else if (item.expression.kind === "path") {
      const { expression } = item;
      items.push({ path: expression.path, key: expression.path.at(-1) ?? "", expression });
    } else if (item.expression.name === "FIELDS") {
      items.push(...allFields(context, entity, statement, item.expression.args[0]?.raw ?? ""));
    } else {
      const inner = item.expression.args[0];
      const isRenamed = item.expression.name === "TOLABEL" && inner?.kind === "path";
      const key = item.alias ?? (isRenamed ? (inner.path.at(-1) ?? "") : `expr${unnamed++}`);
      items.push({ path: [key], key, expression: item.expression });
    }
  }
  refuseDuplicates(context, items);
  const write = nestedWriter(context, entity, items, version);
  return {
    columns: items.map((item) => ({
      name: columnName(entity, item),
      accessor: expressionAccessor(context, entity, item.expression),
    })),
    write: (record, row) => {
      write(record, row);
      for (const writer of extra) writer(record, row);
    },
  };
}

/** Names come out as the schema spells them, whatever the statement's case. */
function columnName(entity: Entity, item: PathItem): string {
  if (item.path.length > 1) return item.path.join(".");
  return entity.fields.get(item.key.toLowerCase())?.name ?? item.key;
}

function refuseDuplicates(context: QueryContext, items: readonly PathItem[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    const key = item.path.join(".").toLowerCase();
    if (seen.has(key)) {
      throw soqlError(
        context.source,
        offsetOf(context.source, item.expression.raw),
        "INVALID_FIELD",
        `duplicate field selected: ${item.expression.raw}`,
      );
    }
    seen.add(key);
  }
}

function allFields(context: QueryContext, entity: Entity, statement: Statement, which: string): PathItem[] {
  const kind = which.toUpperCase();
  if (kind !== "STANDARD" && (statement.limit === undefined || statement.limit > MAX_FIELDS_LIMIT)) {
    throw malformed(`The SOQL FIELDS function must have a LIMIT of at most ${MAX_FIELDS_LIMIT}`);
  }
  return entity.def.fields
    .filter((field) => context.access.canReadField(entity, field))
    .filter((field) => kind === "ALL" || field.isCustom === (kind === "CUSTOM"))
    .map((field) => ({
      path: [field.name],
      key: field.name,
      expression: { kind: "path", path: [field.name], raw: field.name },
    }));
}

/** Fields of the row itself and, below each relationship's name, the parent's record or null. */
function nestedWriter(
  context: QueryContext,
  entity: Entity,
  items: readonly PathItem[],
  version: string,
  depth = 0,
): Writer {
  const writers: Writer[] = [];
  const parents = new Set<string>();
  for (const item of items) {
    const name = item.path[depth] ?? "";
    if (depth === item.path.length - 1) {
      const accessor =
        depth === 0
          ? expressionAccessor(context, entity, item.expression)
          : pathAccessor(context, entity, item.path.slice(depth));
      const key = entity.fields.get(name.toLowerCase())?.name ?? name;
      writers.push((record, row) => {
        record[key] = recordCell(context, accessor, row);
      });
      continue;
    }
    const lower = name.toLowerCase();
    if (parents.has(lower)) continue;
    parents.add(lower);
    const below = items.filter(
      (other) => other.path.length > depth + 1 && other.path[depth]?.toLowerCase() === lower,
    );
    writers.push(parentWriter(context, relationship(context, entity, name), below, version, depth + 1));
  }
  return (record, row) => {
    for (const writer of writers) writer(record, row);
  };
}

function parentWriter(
  context: QueryContext,
  link: ParentLink,
  below: readonly PathItem[],
  version: string,
  depth: number,
): Writer {
  const key = link.reference.relationshipName ?? "";
  const isPolymorphic = link.targets.length > 1;
  const writers = new Map<Entity, Writer>();
  for (const target of link.targets) {
    const known = isPolymorphic ? below.filter((item) => existsOn(target, item.path[depth] ?? "")) : below;
    writers.set(target, nestedWriter(context, target, known, version, depth));
  }
  const typed = below.some((item) => item.path[depth]?.toLowerCase() === "type");
  return (record, row) => {
    const parent = link.follow(row);
    if (parent === undefined) {
      record[key] = null;
      return;
    }
    const written = writeRecord(
      parent.entity,
      parent.row,
      version,
      writers.get(parent.entity) ?? (() => undefined),
    );
    if (isPolymorphic) {
      written["attributes"] = { ...recordAttributes(parent.entity, parent.row, version), type: "Name" };
      for (const item of below) {
        const name = item.path[depth] ?? "";
        if (!(name in written) && item.path.length === depth + 1) written[name] = null;
      }
      if (typed) written["Type"] = parent.entity.def.name === "Group" ? "Queue" : parent.entity.def.name;
    }
    record[key] = written;
  };
}

function existsOn(entity: Entity, name: string): boolean {
  const lower = name.toLowerCase();
  return lower !== "type" && (entity.fields.has(lower) || entity.relationships.has(lower));
}

function childWriter(context: QueryContext, entity: Entity, item: SelectSubquery, version: string): Writer {
  const found = childRelationship(context.state, entity, item.relationship);
  if (found === undefined || !context.access.canRead(found.child)) {
    throw noSuchChildRelationship(context.source, item.relationship);
  }
  const { child, reference } = found;
  const output = outputOf(context, child, item.query, version);
  const where = item.query.where;
  const test: Predicate =
    where === undefined
      ? () => true
      : compileCondition(context, where, whereResolve(context, child), (query) => semiJoin(context, query));
  const isVisible = visibility(context, child);
  return (record, row) => {
    const id = entity.table.ids.text(row) ?? "";
    const matches = child.table
      .rowsByReference(reference, id)
      .filter((other) => isVisible(other) && test(other))
      .sort((a, b) => a - b);
    const rows = arrange(context, child, item.query, matches);
    record[item.relationship] =
      rows.length === 0
        ? null
        : {
            totalSize: rows.length,
            done: true,
            records: rows.map((other) => writeRecord(child, other, version, output.write)),
          };
  };
}

function childRelationship(
  state: OrgState,
  entity: Entity,
  name: string,
): { readonly child: Entity; readonly reference: FieldDef } | undefined {
  for (const child of state.entities.values()) {
    for (const reference of child.def.fields) {
      if (reference.childRelationshipName?.toLowerCase() !== name.toLowerCase()) continue;
      if (reference.referenceTo.includes(entity.def.name)) return { child, reference };
    }
  }
  return undefined;
}

function typeofWriter(context: QueryContext, entity: Entity, item: SelectTypeof, version: string): Writer {
  const link = relationship(context, entity, item.relationship);
  if (link.targets.length < 2) throw noSuchRelationship(context, item.relationship);
  const key = link.reference.relationshipName ?? item.relationship;
  const fallback = item.branches.find((branch) => branch.object === undefined);
  const readers = new Map<Entity, readonly Accessor[]>();
  for (const target of link.targets) {
    const branch =
      item.branches.find((each) => each.object?.toLowerCase() === target.def.name.toLowerCase()) ?? fallback;
    readers.set(
      target,
      (branch?.fields ?? []).map((name) => {
        const known = target.fields.get(name.toLowerCase());
        return known === undefined
          ? pathAccessor(context, target, [name])
          : fieldAccessor(context.moment, target, known);
      }),
    );
  }
  return (record, row) => {
    const parent = link.follow(row);
    if (parent === undefined) {
      record[key] = null;
      return;
    }
    const written: Record<string, unknown> = {
      attributes: recordAttributes(parent.entity, parent.row, version),
    };
    for (const accessor of readers.get(parent.entity) ?? []) {
      written[accessor.field.name] = recordCell(context, accessor, parent.row);
    }
    record[key] = written;
  };
}
