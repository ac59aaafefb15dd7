/** Names in a statement to readers of values: fields, parents, functions of dates. */
import { DateTime } from "luxon";
import { DAY_MS } from "../../../../core/time.ts";
import type { FieldType, RecordsFor, Session } from "../../org.ts";
import { type Entity, fiscalStartMonth, type OrgState, zoneOf } from "../org-state.ts";
import {
  type Accessor,
  computedAccessor,
  fieldAccessor,
  type Moment,
  momentOf,
  type ParentLink,
  parentAccessor,
  parentLink,
} from "../read-field.ts";
import type { FieldDef } from "../schema/definitions.ts";
import { field as makeField, text } from "../schema/fields.ts";
import { type Access, accessOf } from "../visibility.ts";
import type { CalendarOf } from "./date-literals.ts";
import { type Clause, malformed, noSuchColumn, noSuchRelationship } from "./soql-error.ts";
import type { Expression } from "./statement.ts";

export interface QueryContext {
  readonly state: OrgState;
  readonly moment: Moment;
  readonly access: Access;
  readonly calendar: CalendarOf;
  readonly isTooling: boolean;
  /** queryAll: deleted and archived rows too. */
  readonly isAll: boolean;
  /** `json`: records are for `JSON.stringify` alone. */
  readonly recordsFor: RecordsFor;
  readonly source: string;
  /** Clause of the outermost statement that is being read, for the place of an error. */
  readonly clause: Clause | undefined;
}

/** The same context while a clause is read; inside a subquery the outer clause stays. */
export const inClause = (context: QueryContext, clause: Clause): QueryContext =>
  context.clause === undefined ? { ...context, clause } : context;

/** A cell of a record: a plain value, or one that prints as the vendor's JSON. */
export const recordCell = (context: QueryContext, accessor: Accessor, row: number): unknown =>
  context.recordsFor === "json" ? accessor.json(row) : accessor.cell(row);

export function queryContext(
  state: OrgState,
  session: Session,
  source: string,
  options: Pick<QueryContext, "isAll" | "isTooling" | "recordsFor">,
): QueryContext {
  const moment = momentOf(state);
  const calendar = {
    now: moment.now,
    zone: zoneOf(state, session),
    fiscalStartMonth: fiscalStartMonth(state),
  };
  return { state, moment, access: accessOf(state, session), calendar, source, clause: undefined, ...options };
}

const DATE_FUNCTIONS = new Set([
  "CALENDAR_MONTH",
  "CALENDAR_QUARTER",
  "CALENDAR_YEAR",
  "DAY_IN_MONTH",
  "DAY_IN_WEEK",
  "DAY_IN_YEAR",
  "DAY_ONLY",
  "FISCAL_MONTH",
  "FISCAL_QUARTER",
  "FISCAL_YEAR",
  "HOUR_IN_DAY",
  "WEEK_IN_MONTH",
  "WEEK_IN_YEAR",
]);
const TRANSPARENT = new Set(["TOLABEL", "FORMAT", "CONVERTCURRENCY"]);

export function isDateFunction(name: string): boolean {
  return DATE_FUNCTIONS.has(name);
}

function visibleField(context: QueryContext, entity: Entity, name: string): FieldDef | undefined {
  const found = entity.fields.get(name.toLowerCase());
  return found !== undefined && context.access.canReadField(entity, found) ? found : undefined;
}

/** @throws VendorError INVALID_FIELD for a field or relationship that is not there or not visible. */
export function pathAccessor(context: QueryContext, entity: Entity, path: readonly string[]): Accessor {
  const [name, ...rest] = path;
  if (name === undefined) throw malformed("unexpected token: '<EOF>'");
  if (rest.length === 0) {
    const found = visibleField(context, entity, name);
    if (found === undefined) throw noSuchColumn(context, name, entity.def.name);
    return fieldAccessor(context.moment, entity, found);
  }
  const link = relationship(context, entity, name);
  return link.targets.length === 1 ? throughOne(context, link, rest) : throughMany(context, link, rest);
}

export function relationship(context: QueryContext, entity: Entity, name: string): ParentLink {
  const reference = entity.relationships.get(name.toLowerCase());
  if (reference === undefined || !context.access.canReadField(entity, reference)) {
    throw noSuchRelationship(context, name);
  }
  const link = parentLink(context.moment, entity, reference);
  if (!link.targets.some((target) => context.access.canRead(target))) {
    throw noSuchRelationship(context, name);
  }
  return link;
}

function throughOne(context: QueryContext, link: ParentLink, rest: readonly string[]): Accessor {
  const target = link.targets[0];
  if (target === undefined) throw noSuchRelationship(context, rest[0] ?? "");
  const reader = pathAccessor(context, target, rest);
  return parentAccessor(link, reader.field, reader.type, new Map([[target, reader]]));
}

/** What the vendor's `Name` object offers through Owner, Who and What. */
const NAME_FIELDS = new Set([
  "id",
  "name",
  "firstname",
  "lastname",
  "type",
  "email",
  "username",
  "alias",
  "title",
  "phone",
  "isactive",
  "profileid",
  "userroleid",
  "recordtypeid",
  "profile",
  "userrole",
]);

function throughMany(context: QueryContext, link: ParentLink, rest: readonly string[]): Accessor {
  const name = rest[0] ?? "";
  if (!NAME_FIELDS.has(name.toLowerCase())) throw noSuchColumn(context, name, "Name");
  if (name.toLowerCase() === "type") {
    return computedAccessor(text("Type", 40), (row) => {
      const parent = link.follow(row);
      if (parent === undefined) return null;
      // A queue is stored as a Group but shows its kind.
      const isQueue = parent.entity.def.name === "Group";
      return isQueue ? "Queue" : parent.entity.def.name;
    });
  }
  const readers = new Map<Entity, Accessor>();
  for (const target of link.targets) {
    const has =
      rest.length === 1
        ? target.fields.has(name.toLowerCase())
        : target.relationships.has(name.toLowerCase());
    if (has) readers.set(target, pathAccessor(context, target, rest));
  }
  const sample = [...readers.values()][0];
  if (sample === undefined) throw noSuchColumn(context, name, "Name");
  return parentAccessor(link, sample.field, sample.type, readers);
}

/** Reader of a path or of a function that works row by row. */
export function expressionAccessor(context: QueryContext, entity: Entity, expression: Expression): Accessor {
  if (expression.kind === "path") return pathAccessor(context, entity, expression.path);
  const argument = expression.args[0];
  if (TRANSPARENT.has(expression.name) && argument !== undefined)
    return expressionAccessor(context, entity, argument);
  if (DATE_FUNCTIONS.has(expression.name) && argument !== undefined) {
    return dateFunction(context, entity, expression.name, argument);
  }
  throw malformed(`unexpected token: '${expression.name}'`);
}

function dateFunction(context: QueryContext, entity: Entity, name: string, argument: Expression): Accessor {
  const converts = argument.kind === "call" && argument.name === "CONVERTTIMEZONE";
  const inner = converts ? argument.args[0] : argument;
  if (inner === undefined) throw malformed(`unexpected token: ')'`);
  const source = expressionAccessor(context, entity, inner);
  if (source.type !== "date" && source.type !== "datetime") {
    throw malformed(`Function ${name} is not supported on field ${inner.raw} of type ${source.type}`);
  }
  const zone = converts ? context.calendar.zone : "UTC";
  const type: FieldType = name === "DAY_ONLY" ? "date" : "int";
  return computedAccessor(makeField(name, type), (row) => {
    const raw = source.raw(row);
    if (typeof raw !== "number") return null;
    const moment =
      source.type === "date"
        ? DateTime.fromMillis(raw * DAY_MS, { zone: "UTC" })
        : DateTime.fromMillis(raw, { zone });
    return datePart(name, moment, context.calendar.fiscalStartMonth);
  });
}

function datePart(name: string, moment: DateTime, fiscalStart: number): number {
  switch (name) {
    case "CALENDAR_MONTH":
      return moment.month;
    case "CALENDAR_QUARTER":
      return moment.quarter;
    case "CALENDAR_YEAR":
      return moment.year;
    case "DAY_IN_MONTH":
      return moment.day;
    case "DAY_IN_WEEK":
      return (moment.weekday % 7) + 1;
    case "DAY_IN_YEAR":
      return moment.ordinal;
    case "FISCAL_MONTH":
      return ((moment.month - fiscalStart + 12) % 12) + 1;
    case "FISCAL_QUARTER":
      return Math.floor(((moment.month - fiscalStart + 12) % 12) / 3) + 1;
    case "FISCAL_YEAR":
      // Named after the calendar year it ends in, as the vendor's default has it.
      return fiscalStart > 1 && moment.month >= fiscalStart ? moment.year + 1 : moment.year;
    case "HOUR_IN_DAY":
      return moment.hour;
    case "WEEK_IN_MONTH":
      return Math.floor((moment.day - 1) / 7) + 1;
    case "WEEK_IN_YEAR":
      return Math.floor((moment.ordinal - 1) / 7) + 1;
    default:
      return Date.UTC(moment.year, moment.month - 1, moment.day) / DAY_MS;
  }
}
