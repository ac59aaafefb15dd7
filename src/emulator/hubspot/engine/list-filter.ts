import { z } from "zod";
import { DAY_MS } from "../../../core/time.ts";
import type { ObjectType } from "./object-types.ts";
import type { Portal } from "./portal.ts";
import { readerOf } from "./read-property.ts";
import { HubSpotRefusal } from "./refusal.ts";
import { pointInstant, type TimePoint, timePoint } from "./time-points.ts";

const operation = z.looseObject({
  operationType: z.string().optional(),
  /** Ranges of time say their kind here. */
  type: z.string().optional(),
  operator: z.string(),
  includeObjectsWithNoValueSet: z.boolean().optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  values: z.array(z.string()).optional(),
  lowerBound: z.number().optional(),
  upperBound: z.number().optional(),
  timePoint: timePoint.optional(),
  endpointBehavior: z.enum(["INCLUSIVE", "EXCLUSIVE"]).optional(),
  lowerBoundTimePoint: timePoint.optional(),
  upperBoundTimePoint: timePoint.optional(),
  lowerBoundEndpointBehavior: z.enum(["INCLUSIVE", "EXCLUSIVE"]).optional(),
  upperBoundEndpointBehavior: z.enum(["INCLUSIVE", "EXCLUSIVE"]).optional(),
  numberOfDays: z.number().optional(),
});

const filter = z.looseObject({ filterType: z.literal("PROPERTY"), property: z.string(), operation });

interface Branch {
  readonly filterBranchType: "AND" | "OR";
  readonly filters: readonly z.infer<typeof filter>[];
  readonly filterBranches: readonly Branch[];
}

const branch: z.ZodType<Branch> = z.lazy(() =>
  z.looseObject({
    filterBranchType: z.enum(["AND", "OR"]),
    filters: z.array(filter).default([]),
    filterBranches: z.array(branch).default([]),
  }),
);

/** The outermost branch joins others by OR and has no filter of its own. */
const rootBranch = z.looseObject({
  filterBranchType: z.literal("OR"),
  filters: z.array(filter).max(0).default([]),
  filterBranches: z.array(branch).min(1),
});

type Operation = z.infer<typeof operation>;
type Test = (row: number) => boolean;

const refuse = (reason: string) => new HubSpotRefusal("list_definition", { reason });

/** @throws HubSpotRefusal list_definition for branches and filters of other kinds than are emulated */
export function readBranch(value: unknown): Branch {
  const parsed = rootBranch.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(z.prettifyError(parsed.error));
}

function instantOf(point: TimePoint | undefined, now: number): number {
  if (point === undefined) throw refuse("a time point is missing");
  return pointInstant(point, now);
}

const daysOf = ({ numberOfDays, operator }: Operation): number => {
  if (numberOfDays === undefined) throw refuse(`${operator} needs numberOfDays`);
  return numberOfDays * DAY_MS;
};

function timeTest(asked: Operation, now: number): (at: number) => boolean {
  const isIn = (behavior: string | undefined) => behavior === "INCLUSIVE";
  switch (asked.operator) {
    case "IS_BEFORE": {
      const point = instantOf(asked.timePoint, now);
      return (at) => at < point || (isIn(asked.endpointBehavior) && at === point);
    }
    case "IS_AFTER": {
      const point = instantOf(asked.timePoint, now);
      return (at) => at > point || (isIn(asked.endpointBehavior) && at === point);
    }
    case "IS_BETWEEN": {
      const low = instantOf(asked.lowerBoundTimePoint, now);
      const high = instantOf(asked.upperBoundTimePoint, now);
      const isOutside = (at: number) =>
        (at === low && asked.lowerBoundEndpointBehavior === "EXCLUSIVE") ||
        (at === high && asked.upperBoundEndpointBehavior === "EXCLUSIVE");
      return (at) => at >= low && at <= high && !isOutside(at);
    }
    default:
      return rollingTest(asked, now);
  }
}

/** So many days from now, either way. */
function rollingTest(asked: Operation, now: number): (at: number) => boolean {
  switch (asked.operator) {
    case "IS_LESS_THAN_X_DAYS_AGO": {
      const span = daysOf(asked);
      return (at) => at <= now && at > now - span;
    }
    case "IS_MORE_THAN_X_DAYS_AGO": {
      const span = daysOf(asked);
      return (at) => at < now - span;
    }
    case "IS_LESS_THAN_X_DAYS_FROM_NOW": {
      const span = daysOf(asked);
      return (at) => at >= now && at < now + span;
    }
    case "IS_MORE_THAN_X_DAYS_FROM_NOW": {
      const span = daysOf(asked);
      return (at) => at > now + span;
    }
    default:
      throw refuse(`operator ${asked.operator} of ${kindOf(asked)} is not emulated`);
  }
}

const kindOf = ({ operationType, type }: Operation): string => operationType ?? type ?? "no operationType";

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
      throw refuse(`operator ${operation.operator} of ${kindOf(operation)} is not emulated`);
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
      throw refuse(`operator ${operation.operator} of ${kindOf(operation)} is not emulated`);
  }
}

function filterTest(portal: Portal, type: ObjectType, one: z.infer<typeof filter>): Test {
  const reader = readerOf(portal, type, one.property);
  if (reader === undefined) throw refuse(`property ${one.property} does not exist`);
  const { operation: asked } = one;
  const whenEmpty = asked.includeObjectsWithNoValueSet ?? false;
  if (asked.operator === "IS_KNOWN") return (row) => reader.text(row) !== null;
  if (asked.operator === "IS_UNKNOWN") return (row) => reader.text(row) === null;
  switch (kindOf(asked)) {
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
      throw refuse(`operationType ${kindOf(asked)} is not emulated`);
  }
}

/** All of an AND's filters and branches, or any of an OR's; an AND of nothing lets all pass. */
function testOf(
  portal: Portal,
  type: ObjectType,
  { filterBranchType, filters, filterBranches }: Branch,
): Test {
  const tests = [
    ...filters.map((one) => filterTest(portal, type, one)),
    ...filterBranches.map((one) => testOf(portal, type, one)),
  ];
  return filterBranchType === "AND"
    ? (row) => tests.every((test) => test(row))
    : (row) => tests.some((test) => test(row));
}

/** Whether a row belongs to the list now; times are compared with the emulated clock. @throws HubSpotRefusal */
export const branchTest = (portal: Portal, type: ObjectType, root: Branch): Test =>
  testOf(portal, type, root);
