import type { CrmName } from "./errors.ts";
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

/** Why a connection could not be read; what was read before stays. */
export interface ConnectionFailure {
  readonly code: string;
  readonly message: string;
}

/** One connection's part in a pull. */
export interface ConnectionPull {
  readonly connectionId: string;
  readonly crm: CrmName;
  /** The CRM's clock when its pull ended, ISO UTC; null where it failed. */
  readonly asOf: string | null;
  readonly apiCalls: number;
  readonly quota: QuotaState | null;
  /** Null where it was read: then its touches are as new as `asOf`. */
  readonly failure: ConnectionFailure | null;
}

/** A pull of all connections: the sum of theirs. `asOf` is the latest, `quota` the first that is not null. */
export interface WorkspacePull extends PullSummary {
  /** In the order of `settings.connections`. */
  readonly connections: readonly ConnectionPull[];
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

/** One connection's part in a push. */
export interface ConnectionPush {
  readonly connectionId: string;
  readonly crm: CrmName;
  readonly apiCalls: number;
  /** Why nothing was written; null where it was its turn. */
  readonly skipped: string | null;
}

/** A push to all connections: the sum of theirs. */
export interface WorkspacePush extends PushSummary {
  readonly connections: readonly ConnectionPush[];
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
  readonly pull: WorkspacePull;
  readonly compute: ComputeSummary;
  readonly push: WorkspacePush;
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
    apiCalls: apiCallsOf(result),
    connections: pull.connections.map(({ connectionId, crm, asOf, quota, failure }) => ({
      id: connectionId,
      crm,
      asOf,
      quota: quota === null ? null : { ...quota },
      failure: failure === null ? null : { ...failure },
      notWritten: push.connections.find((each) => each.connectionId === connectionId)?.skipped ?? null,
    })),
    seconds: {
      pull: pull.seconds,
      compute: compute.seconds,
      push: push.seconds,
      total: pull.seconds + compute.seconds + push.seconds,
    },
  };
}

/** Metered requests of a cycle to each CRM. */
export function apiCallsOf({ pull, push }: CycleResult): Readonly<Record<CrmName, number>> {
  const of = (crm: CrmName): number =>
    [...pull.connections, ...push.connections]
      .filter((each) => each.crm === crm)
      .reduce((sum, { apiCalls }) => sum + apiCalls, 0);
  return { salesforce: of("salesforce"), hubspot: of("hubspot") };
}
