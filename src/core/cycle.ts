import type { Json } from "./json.ts";

/** What one step of a cycle reports; the same words as `sync --json`. Calls are metered requests. */
export interface PullSummary {
  /** The CRM's clock when the pull ended, ISO UTC: the compute's as_of. */
  readonly asOf: string;
  readonly streams: Readonly<Record<string, { readonly rows: number; readonly calls: number }>>;
  readonly hiddenFields: Readonly<Record<string, readonly string[]>>;
  readonly apiCalls: number;
  readonly seconds: number;
  /** What waits since the day's calls are spent; null where nothing does. */
  readonly quota: QuotaState | null;
}

/** The day's calls are spent, by us or by the org's other clients. Instants are ISO UTC, the CRM's clock. */
export interface QuotaState {
  /** `flags`: those on records are read and written from the reserve. `nothing`: the reserve is spent too. */
  readonly mode: "flags" | "nothing";
  readonly since: string;
  /** When it goes on; null where that is up to the org's other clients. */
  readonly until: string | null;
  /** Why, and what to do. */
  readonly message: string;
}

/** True where the day's calls did not even reach for flags: there is nothing new to compute or to write. */
export function isOnlyWaiting({ quota, streams }: PullSummary): boolean {
  return quota !== null && Object.keys(streams).length === 0;
}

export interface ComputeSummary {
  readonly asOf: string;
  /** Rows by model. */
  readonly models: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface PushSummary {
  readonly objects: Readonly<
    Record<
      string,
      {
        readonly changed: number;
        readonly written: number;
        readonly rejected: number;
        readonly calls: number;
      }
    >
  >;
  /** Rows of ours deleted from the CRM, by object; objects of which nothing was due are not here. */
  readonly removed: RemovalCounts;
  readonly apiCalls: number;
  readonly seconds: number;
  /** Objects of which rows wait, since the day's calls are spent. */
  readonly waiting: readonly string[];
}

export type RemovalCounts = Readonly<
  Record<
    string,
    {
      readonly due: number;
      readonly removed: number;
      readonly refused: number;
      readonly deferred: number;
      readonly calls: number;
    }
  >
>;

/** When the night's comparison of ids is due, wall clock of the workspace. */
export const RECONCILE_AT = { hour: 1, minute: 30 } as const;

/** When the night's sweep is due, wall clock of the workspace. */
export const SWEEP_AT = { hour: 2, minute: 30 } as const;

/** The night's look for rows of ours that should not be in the CRM any more. */
export interface SweepSummary {
  readonly asOf: string;
  readonly removed: RemovalCounts;
  readonly apiCalls: number;
  readonly seconds: number;
}

/** Which streams a cycle reads and which publishing classes it writes. */
export interface CycleRequest {
  readonly streams: "due" | "all";
  readonly classes: "due" | "all";
}

export interface CycleResult {
  readonly pull: PullSummary;
  readonly compute: ComputeSummary;
  readonly push: PushSummary;
}

/** One line of progress: a step, what it is at, and how far, where that is known. */
export interface CycleProgress {
  readonly step: "pull" | "compute" | "push";
  readonly item: string;
  readonly done: number;
  readonly total: number | null;
}

/** `sync --json`. */
export function cycleJson(result: CycleResult): { readonly [key: string]: Json } {
  const { pull, compute, push } = result;
  return {
    asOf: pull.asOf,
    pulled: pull.streams,
    computed: compute.models,
    pushed: push.objects,
    removed: push.removed,
    hiddenFields: pull.hiddenFields,
    quota: pull.quota === null ? null : { ...pull.quota },
    waiting: push.waiting,
    apiCalls: { salesforce: pull.apiCalls + push.apiCalls, hubspot: 0 },
    seconds: {
      pull: pull.seconds,
      compute: compute.seconds,
      push: push.seconds,
      total: pull.seconds + compute.seconds + push.seconds,
    },
  };
}
