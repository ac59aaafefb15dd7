import type { SalesforceRoute } from "../../connectors/registry.ts";
import type { Start, StepName } from "./world.ts";

/** A way in which the vendor or the wire fails. */
export interface Fault {
  readonly name: string;
  /** As `POST control/faults` takes it, less the requests that it meets. `now`: the org's clock. */
  readonly spec: (now: Date) => Readonly<Record<string, unknown>>;
  /**
   * How a sync ends: `through`, by sending again or going on; `waits`: through, saying what waits for calls; both also with
   * one of the codes; `stops` with one of them.
   */
  readonly ends: "through" | "waits" | "stops";
  readonly codes: readonly string[];
  /** Put right before the command is given again. */
  readonly lift?: Readonly<Record<string, unknown>>;
  /** The answer must have a body for it. */
  readonly needsBody?: true;
}

const always = (spec: Readonly<Record<string, unknown>>) => () => spec;
const dateOff = (minutes: number) => (now: Date) => ({
  setHeaders: { Date: new Date(now.getTime() + minutes * 60_000).toUTCString() },
});
const through = { ends: "through", codes: [] } as const;

export const faults: readonly Fault[] = [
  { name: "the token has expired", spec: always({ preset: "expired_token" }), ...through },
  {
    name: "the app's approval was revoked",
    spec: always({ preset: "revoked_token" }),
    ends: "stops",
    codes: ["AUTH"],
    lift: { salesforce: { appRevoked: false } },
  },
  {
    name: "the day's calls are spent",
    spec: always({ preset: "request_limit" }),
    ends: "waits",
    codes: ["QUOTA_EXHAUSTED"],
  },
  { name: "too many calls at once", spec: always({ preset: "concurrent_limit" }), ...through },
  { name: "500 with a page", spec: always({ preset: "server_error" }), ...through },
  { name: "502 with a page", spec: always({ preset: "bad_gateway" }), ...through },
  { name: "503 with a page", spec: always({ preset: "unavailable" }), ...through },
  // A request is sent three times; then the step fails, and the queue tries it again.
  { name: "503 three times", spec: always({ preset: "unavailable", times: 3 }), ...through },
  { name: "reset before it took effect", spec: always({ reset: true }), ...through },
  { name: "reset after it took effect", spec: always({ reset: true, when: "after" }), ...through },
  {
    name: "reset after it took effect, three times",
    spec: always({ reset: true, when: "after", times: 3 }),
    ...through,
  },
  { name: "the body is cut", spec: always({ truncateAfterBytes: 20 }), ...through, needsBody: true },
  { name: "the body is slow", spec: always({ bytesPerSecond: 50_000 }), ...through, needsBody: true },
  {
    name: "the body ends early and looks whole",
    spec: always({ endAfterCharacters: 25 }),
    ends: "through",
    codes: ["WIRE_SHAPE"],
    needsBody: true,
  },
  { name: "the locator has expired", spec: always({ preset: "expired_locator" }), ...through },
  { name: "wrong JSON", spec: always({ preset: "wrong_json" }), ends: "through", codes: ["WIRE_SHAPE"] },
  { name: "a clock five minutes ahead", spec: dateOff(5), ...through },
  { name: "a clock five minutes behind", spec: dateOff(-5), ...through },
];

/** What a case runs: the command, and where it was stopped, the command again. */
export type Flow = "apply" | "sync" | "sweep" | "reconcile";

/** A request of the cycle. */
export interface Step {
  readonly name: string;
  readonly flow: Flow;
  /** The fault waits for this step of the flow. */
  readonly during: StepName;
  readonly meets: Readonly<Record<string, unknown>>;
  readonly isBulk?: true;
  readonly traits: readonly ("no token" | "not metered" | "locator" | "no body" | "csv")[];
}

export const startOf: Readonly<Record<Flow, Start>> = {
  apply: "new",
  sync: "synced",
  sweep: "synced",
  reconcile: "synced",
};

/** So that 40 rows take several pages, whatever the route. */
export const QUERY_PAGE_ROWS = 8;
export const BULK_ROUTE: SalesforceRoute = { bulkAboveRows: 8, bulkPageRows: 10, bulkWriteAboveRows: 5 };

const pull = { flow: "sync", during: "pull" } as const;
const push = { flow: "sync", during: "push" } as const;
const apply = { flow: "apply", during: "apply" } as const;

export const steps: readonly Step[] = [
  { name: "sign-in", ...pull, meets: { operation: "oauth2/token" }, traits: ["no token", "not metered"] },
  { name: "the org's clock", ...pull, meets: { operation: "versions" }, traits: ["no token", "not metered"] },
  { name: "describe", ...pull, meets: { operation: "composite", nth: 1 }, traits: [] },
  { name: "apply: deploy", ...apply, meets: { operation: "metadata/deployRequest POST" }, traits: [] },
  { name: "apply: deploy status", ...apply, meets: { operation: "metadata/deployRequest GET" }, traits: [] },
  { name: "apply: assignment", ...apply, meets: { operation: "sobjects/object POST" }, traits: [] },
  { name: "pull, first page", ...pull, meets: { operation: "composite", object: "Task" }, traits: [] },
  { name: "pull, next page", ...pull, meets: { operation: "composite", nth: 9 }, traits: ["locator"] },
  { name: "Bulk pull: job", ...pull, isBulk: true, meets: { operation: "jobs/query POST" }, traits: [] },
  { name: "Bulk pull: state", ...pull, isBulk: true, meets: { operation: "jobs/query GET" }, traits: [] },
  {
    name: "Bulk pull: page",
    ...pull,
    isBulk: true,
    meets: { operation: "jobs/query/results", nth: 2 },
    traits: ["locator", "csv"],
  },
  {
    name: "push of leads",
    ...push,
    meets: { operation: "composite", object: "Lead" },
    traits: [],
  },
  {
    name: "push of handoffs",
    ...push,
    meets: { operation: "composite", object: "Ripeline_Handoff__c" },
    traits: [],
  },
  { name: "Bulk push: job", ...push, isBulk: true, meets: { operation: "jobs/ingest POST" }, traits: [] },
  {
    name: "Bulk push: upload",
    ...push,
    isBulk: true,
    meets: { operation: "jobs/ingest PUT" },
    traits: ["no body"],
  },
  { name: "Bulk push: close", ...push, isBulk: true, meets: { operation: "jobs/ingest PATCH" }, traits: [] },
  {
    name: "Bulk push: results",
    ...push,
    isBulk: true,
    meets: { operation: "jobs/ingest/successfulResults" },
    traits: ["csv"],
  },
  {
    name: "status record",
    ...push,
    meets: { operation: "composite", object: "Ripeline_Status__c" },
    traits: [],
  },
  { name: "sweep", flow: "sweep", during: "sweep", meets: { operation: "composite" }, traits: [] },
  {
    name: "reconcile",
    flow: "reconcile",
    during: "reconcile",
    meets: { operation: "composite" },
    traits: [],
  },
];

/** Why a fault cannot come at a step; null where it can. `compute` sends nothing, so that no fault reaches it. */
export function whyNot(fault: Fault, step: Step): string | null {
  const is = (trait: Step["traits"][number]): boolean => step.traits.includes(trait);
  if (fault.name === "the token has expired" && is("no token")) return "the request carries no token";
  if (fault.name === "the app's approval was revoked" && step.name === "the org's clock") {
    return "the request carries no token";
  }
  if (/calls/.test(fault.name) && is("not metered")) return "the request is not counted";
  if (fault.name === "the locator has expired" && !is("locator")) return "the request has no locator";
  if (fault.needsBody === true && is("no body")) return "the answer has no body";
  return null;
}
