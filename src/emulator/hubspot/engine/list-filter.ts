import { z } from "zod";
import { DAY_MS } from "../../../core/time.ts";
import type { ObjectType } from "./object-types.ts";
import type { Portal } from "./portal.ts";
import { readerOf } from "./read-property.ts";
import { HubSpotRefusal } from "./refusal.ts";

/** Filter branches as the Lists API writes them: OR of ANDs of property filters. */
const timePoint = z.looseObject({
  timeType: z.enum(["DATE", "INDEXED"]),
  year: z.int().optional(),
  month: z.int().optional(),
  day: z.int().optional(),
  hour: z.int().optional(),
  minute: z.int().optional(),
  second: z.int().optional(),
  zoneId: z.string().optional(),
  indexReference: z.looseObject({ referenceType: z.enum(["NOW", "TODAY"]) }).optional(),
  offset: z
    .looseObject({
      days: z.number().optional(),
      hours: z.number().optional(),
      minutes: z.number().optional(),
    })
    .optional(),
});

const operation = z.looseObject({
  operationType: z.string(),
  operator: z.string(),
  includeObjectsWithNoValueSet: z.boolean().optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  values: z.array(z.string()).optional(),
  lowerBound: z.number().optional(),
  upperBound: z.number().optional(),
  timePoint: timePoint.optional(),
  lowerBoundTimePoint: timePoint.optional(),
  upperBoundTimePoint: timePoint.optional(),
  numberOfDays: z.number().optional(),
});

const filter = z.looseObject({ filterType: z.literal("PROPERTY"), property: z.string(), operation });

const andBranch = z.looseObject({
  filterBranchType: z.literal("AND"),
  filters: z.array(filter),
  filterBranches: z.array(z.unknown()).max(0).default([]),
});

const rootBranch = z.looseObject({
  filterBranchType: z.literal("OR"),
  filters: z.array(filter).max(0).default([]),
  filterBranches: z.array(andBranch).min(1),
});

type Operation = z.infer<typeof operation>;
type RootBranch = z.infer<typeof rootBranch>;
type Test = (row: number) => boolean;

const refuse = (reason: string) => new HubSpotRefusal("list_definition", { reason });

/** @throws HubSpotRefusal list_definition for branches and filters of other kinds than are emulated */
export function readBranch(value: unknown): RootBranch {
  const parsed = rootBranch.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(z.prettifyError(parsed.error));
}

function instantOf(point: z.infer<typeof timePoint> | undefined, now: number): number {
  if (point === undefined) throw refuse("a time point is missing");
  if (point.timeType === "DATE") {
    const { year, month, day, hour = 0, minute = 0, second = 0 } = point;
    if (year === undefined || month === undefined || day === undefined)
      throw refuse("a DATE needs year, month and day");
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }
  const base = point.indexReference?.referenceType === "TODAY" ? now - (now % DAY_MS) : now;
  const { days = 0, hours = 0, minutes = 0 } = point.offset ?? {};
  return base + days * DAY_MS + hours * 3_600_000 + minutes * 60_000;
}

function timeTest(operation: Operation, now: number): (at: number) => boolean {
  const point = () => instantOf(operation.timePoint, now);
  switch (operation.operator) {
    case "IS_BEFORE":
      return (at) => at < point();
    case "IS_AFTER":
      return (at) => at > point();
    case "IS_BETWEEN": {
      const [low, high] = [operation.lowerBoundTimePoint, operation.upperBoundTimePoint];
      return (at) => at >= instantOf(low, now) && at <= instantOf(high, now);
    }
    case "IS_LESS_THAN_X_DAYS_AGO":
      return (at) => at <= now && at > now - (operation.numberOfDays ?? 0) * DAY_MS;
    case "IS_MORE_THAN_X_DAYS_AGO":
      return (at) => at < now - (operation.numberOfDays ?? 0) * DAY_MS;
    default:
      throw refuse(`operator ${operation.operator} of ${operation.operationType} is not emulated`);
  }
}

function numberTest(operation: Operation): (value: number) => boolean {
  const wanted = Number(operation.value);
  switch (operation.operator) {
    case "IS_EQUAL_TO":
      return (value) => value === wanted;
    case "IS_NOT_EQUAL_TO":
      return (value) => value !== wanted;
    case "IS_GREATER_THAN":
      return (value) => value > wanted;
    case "IS_GREATER_THAN_OR_EQUAL_TO":
      return (value) => value >= wanted;
    case "IS_LESS_THAN":
      return (value) => value < wanted;
    case "IS_LESS_THAN_OR_EQUAL_TO":
      return (value) => value <= wanted;
    case "IS_BETWEEN":
      return (value) => value >= (operation.lowerBound ?? 0) && value <= (operation.upperBound ?? 0);
    default:
      throw refuse(`operator ${operation.operator} of ${operation.operationType} is not emulated`);
  }
}

function textTest(operation: Operation): (value: string) => boolean {
  const wanted = (operation.values ?? (operation.value === undefined ? [] : [String(operation.value)])).map(
    (one) => one.toLowerCase(),
  );
  switch (operation.operator) {
    case "IS_EQUAL_TO":
    case "IS_ANY_OF":
      return (value) => wanted.includes(value.toLowerCase());
    case "IS_NOT_EQUAL_TO":
    case "IS_NONE_OF":
      return (value) => !wanted.includes(value.toLowerCase());
    case "CONTAINS":
      return (value) => wanted.some((one) => value.toLowerCase().includes(one));
    case "DOES_NOT_CONTAIN":
      return (value) => !wanted.some((one) => value.toLowerCase().includes(one));
    case "STARTS_WITH":
      return (value) => wanted.some((one) => value.toLowerCase().startsWith(one));
    default:
      throw refuse(`operator ${operation.operator} of ${operation.operationType} is not emulated`);
  }
}

function filterTest(portal: Portal, type: ObjectType, one: z.infer<typeof filter>): Test {
  const reader = readerOf(portal, type, one.property);
  if (reader === undefined) throw refuse(`property ${one.property} does not exist`);
  const { operation: asked } = one;
  const whenEmpty = asked.includeObjectsWithNoValueSet ?? false;
  if (asked.operator === "IS_KNOWN") return (row) => reader.text(row) !== null;
  if (asked.operator === "IS_UNKNOWN") return (row) => reader.text(row) === null;
  switch (asked.operationType) {
    case "TIME_POINT":
    case "TIME_RANGED":
    case "ROLLING_DATE_RANGE": {
      const test = timeTest(asked, portal.now());
      return (row) => (reader.text(row) === null ? whenEmpty : test(reader.number(row)));
    }
    case "NUMBER": {
      const test = numberTest(asked);
      return (row) => (reader.text(row) === null ? whenEmpty : test(reader.number(row)));
    }
    case "STRING":
    case "MULTISTRING":
    case "ENUMERATION":
    case "BOOL": {
      const test = textTest(asked);
      return (row) => {
        const value = reader.text(row);
        return value === null ? whenEmpty : test(value);
      };
    }
    default:
      throw refuse(`operationType ${asked.operationType} is not emulated`);
  }
}

/** Whether a row belongs to the list now; times are compared with the emulated clock. @throws HubSpotRefusal */
export function branchTest(portal: Portal, type: ObjectType, branch: RootBranch): Test {
  const groups = branch.filterBranches.map((group) =>
    group.filters.map((one) => filterTest(portal, type, one)),
  );
  return (row) => groups.some((tests) => tests.every((test) => test(row)));
}
