/** Evaluates a statement: rows found, ordered, and read when asked. */
import { type CellValue, type QueryResult, type RecordsFor, type Session, VendorError } from "../../org.ts";
import { refreshDefinitions } from "../metadata/definition-rows.ts";
import { type Entity, findEntity, isDeleted, type OrgState } from "../org-state.ts";
import { fieldAccessor } from "../read-field.ts";
import type { FieldDef } from "../schema/definitions.ts";
import { aggregate, isGrouped } from "./aggregate.ts";
import { arrange, matchRows, queryEntity } from "./match-rows.ts";
import { parseStatement } from "./parse-statement.ts";
import { type Output, outputOf, recordAttributes, writeRecord } from "./record-output.ts";
import { type QueryContext, queryContext, recordCell } from "./scope.ts";
import type { Statement } from "./statement.ts";

export interface QueryOptions {
  readonly all: boolean;
  readonly tooling?: boolean;
  readonly recordsFor?: RecordsFor;
  /** Version in the records' `attributes.url`, for example `67.0`. */
  readonly apiVersion?: string;
}

const DEFAULT_VERSION = "67.0";
/** Page sizes seen in recorded traffic: two custom long texts, one long text or 20 columns, anything else. */
const SMALL_PAGE = 200;
const MEDIUM_PAGE = 1_000;
const FULL_PAGE = 2_000;
const MANY_COLUMNS = 20;

/** @throws VendorError for everything the vendor refuses. */
export function runQuery(
  state: OrgState,
  session: Session,
  soql: string,
  options: QueryOptions,
): QueryResult {
  const statement = parseStatement(soql);
  if (/definition/i.test(soql)) refreshDefinitions(state);
  const context = queryContext(state, session, soql, {
    isAll: options.all,
    isTooling: options.tooling === true,
    recordsFor: options.recordsFor ?? "reading",
  });
  return evaluate(context, statement, options.apiVersion ?? DEFAULT_VERSION);
}

function evaluate(context: QueryContext, statement: Statement, version: string): QueryResult {
  const entity = queryEntity(context, statement.from);
  const matches = matchRows(context, entity, statement);
  if (statement.isCountOnly) return countResult(entity, matches, statement);
  if (isGrouped(statement)) return groupedResult(context, entity, statement, matches);
  // The SELECT list first: its errors come before those of the clauses behind it.
  const output = outputOf(context, entity, statement, version);
  const rows = arrange(context, entity, statement, matches);
  return recordResult(entity, output, rows, version);
}

function countResult(entity: Entity, matches: Iterable<number>, statement: Statement): QueryResult {
  let count = 0;
  for (const _row of matches) count++;
  return {
    entity: entity.def.name,
    columns: [],
    totalSize: Math.min(Math.max(0, count - statement.offset), statement.limit ?? count),
    isCountOnly: true,
    maxPageRows: FULL_PAGE,
    record: () => ({}),
    cells: () => [],
  };
}

function groupedResult(
  context: QueryContext,
  entity: Entity,
  statement: Statement,
  matches: Iterable<number>,
): QueryResult {
  const { columns, groups } = aggregate(context, entity, statement, matches);
  return {
    entity: "AggregateResult",
    columns: columns.map((column) => column.name),
    totalSize: groups.length,
    isCountOnly: false,
    maxPageRows: FULL_PAGE,
    record: (index) => {
      const group = groups[index] ?? 0;
      const record: Record<string, unknown> = { attributes: { type: "AggregateResult" } };
      for (const column of columns) record[column.name] = recordCell(context, column.accessor, group);
      return record;
    },
    cells: (index) => columns.map((column) => column.accessor.csv(groups[index] ?? 0)),
  };
}

function recordResult(entity: Entity, output: Output, rows: readonly number[], version: string): QueryResult {
  const { columns } = output;
  const readers = columns.map((column) => column.accessor);
  return {
    entity: entity.def.name,
    columns: columns.map((column) => column.name),
    totalSize: rows.length,
    isCountOnly: false,
    maxPageRows: pageRows(columns.map((column) => column.accessor.field)),
    record: (index) => writeRecord(entity, rows[index] ?? 0, version, output.write),
    cells: (index) => {
      const row = rows[index] ?? 0;
      const cells: CellValue[] = [];
      for (const reader of readers) cells.push(reader.csv(row));
      return cells;
    },
  };
}

function pageRows(fields: readonly FieldDef[]): number {
  const longTexts = fields.filter((field) => !field.isFilterable);
  if (longTexts.filter((field) => field.isCustom).length >= 2) return SMALL_PAGE;
  return longTexts.length > 0 || fields.length >= MANY_COLUMNS ? MEDIUM_PAGE : FULL_PAGE;
}

/** One record by its id, for retrieve. @throws VendorError NOT_FOUND, INVALID_FIELD */
export function retrieveRecord(
  state: OrgState,
  session: Session,
  object: string,
  id: string,
  fields: readonly string[] | undefined,
  recordsFor: RecordsFor = "reading",
  version: string = DEFAULT_VERSION,
): Record<string, unknown> {
  const context = queryContext(state, session, "", { isAll: true, isTooling: false, recordsFor });
  const entity = findEntity(state, object);
  if (entity === undefined || !context.access.canRead(entity)) {
    throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
  }
  const row = entity.table.rowOfId(id);
  if (row < 0 || context.access.hides(entity)?.(row) === true) {
    throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
  }
  if (isDeleted(entity, row)) throw new VendorError(404, "ENTITY_IS_DELETED", "entity is deleted", []);
  const visible = entity.def.fields.filter((field) => context.access.canReadField(entity, field));
  const wanted = fields ?? visible.map((field) => field.name);
  const record: Record<string, unknown> = { attributes: recordAttributes(entity, row, version) };
  for (const name of wanted) {
    const found = visible.find((field) => field.key === name.toLowerCase());
    if (found === undefined) {
      throw new VendorError(
        400,
        "INVALID_FIELD",
        `No such column '${name}' on sobject of type ${entity.def.name}`,
      );
    }
    record[found.name] = recordCell(context, fieldAccessor(context.moment, entity, found), row);
  }
  return record;
}
