import { RECONCILE_AT, SWEEP_AT } from "../src/core/cycle.ts";

/**
 * Every job, as data: what runs, how often, how long it may take. `worker.ts` runs them, `start` makes the schedules.
 * One queue a connection and one job of it at a time: the steps of a cycle never overlap.
 */
export interface JobSpec {
  readonly job: "tick" | "pull" | "compute" | "push" | "reconcile" | "sweep";
  /** The step whose end starts this one; the first step is started by a tick or by a command. */
  readonly after: "pull" | "compute" | null;
  /**
   * How often a schedule adds the job: at the cadence of the fast streams, or each night at a wall time of the
   * workspace; null: it is only added by others.
   */
  readonly every: "fast" | { readonly hour: number; readonly minute: number } | null;
  readonly timeoutMinutes: number;
  readonly attempts: number;
}

export const schedule = [
  // A tick adds a cycle unless one is under way. Which streams and publishing classes are due is decided in the steps.
  { job: "tick", after: null, every: "fast", timeoutMinutes: 1, attempts: 1 },
  // A first load of a large org takes hours; what was read stays, so that a time-out only means "go on".
  { job: "pull", after: null, every: null, timeoutMinutes: 240, attempts: 5 },
  { job: "compute", after: "pull", every: null, timeoutMinutes: 60, attempts: 3 },
  { job: "push", after: "compute", every: null, timeoutMinutes: 120, attempts: 5 },
  // Ids against the CRM's. Before the sweep, which then finds rows of ours that nothing stands behind any more.
  { job: "reconcile", after: null, every: RECONCILE_AT, timeoutMinutes: 240, attempts: 3 },
  // Rows of ours beyond their retention. After the day was closed, and before anybody reads the numbers.
  { job: "sweep", after: null, every: SWEEP_AT, timeoutMinutes: 120, attempts: 3 },
] as const satisfies readonly JobSpec[];

export type JobName = (typeof schedule)[number]["job"];

/** @throws RangeError for a name that is not in the schedule */
export function jobSpec(name: string): (typeof schedule)[number] {
  const spec = schedule.find((candidate) => candidate.job === name);
  if (spec === undefined) throw new RangeError(`no job is called ${name}`);
  return spec;
}
