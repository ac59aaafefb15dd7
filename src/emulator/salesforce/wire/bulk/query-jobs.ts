import { type Clock, DAY_MS, SECOND_MS } from "../../../../core/time.ts";
import type { QueryResult, Session } from "../../org.ts";
import { notFound } from "../vendor-answer.ts";
import { vendorId, vendorInstant } from "../vendor-text.ts";
import type { WireSettings } from "../wire-settings.ts";
import { type CsvForm, invalidJobState, JOB_LIFE_DAYS } from "./job-body.ts";

export type QueryJobState = "UploadComplete" | "InProgress" | "JobComplete" | "Aborted";

export interface QueryJob extends CsvForm {
  readonly id: string;
  readonly operation: "query" | "queryAll";
  readonly session: Session;
  /** API version it was created with; results are read with the same one. */
  readonly version: string;
  readonly result: QueryResult;
  /** Whether each column prints whole numbers with a decimal place. */
  readonly doubles: readonly boolean[];
  readonly createdAt: Date;
  readonly readyAt: number;
  pollsLeft: number;
  isAborted: boolean;
}

type NewQueryJob = Pick<
  QueryJob,
  "operation" | "session" | "version" | "result" | "doubles" | "columnDelimiter" | "lineEnding"
>;

export interface QueryJobs {
  create(job: NewQueryJob): QueryJob;
  /** @throws VendorError NOT_FOUND, also when the job is older than seven days. */
  find(id: string): QueryJob;
  list(): readonly QueryJob[];
  state(job: QueryJob): QueryJobState;
  /** As `state`, for a client's look at the job: it brings the job one step on. */
  look(job: QueryJob): QueryJobState;
  abort(job: QueryJob): void;
  remove(job: QueryJob): void;
  jobsToday(): number;
  clear(): void;
}

export function createQueryJobs(clock: Clock, settings: WireSettings): QueryJobs {
  const jobs = new Map<string, QueryJob>();
  let made = 0;
  const age = (job: QueryJob) => clock.now().getTime() - job.createdAt.getTime();
  const state = (job: QueryJob): QueryJobState => {
    if (job.isAborted) return "Aborted";
    const isReady = job.pollsLeft <= 0 && clock.now().getTime() >= job.readyAt;
    return isReady ? "JobComplete" : "InProgress";
  };
  return {
    create: (job) => {
      made += 1;
      const createdAt = clock.now();
      const created: QueryJob = {
        ...job,
        id: vendorId("750", made),
        createdAt,
        readyAt: createdAt.getTime() + settings.bulkDelaySeconds * SECOND_MS,
        pollsLeft: settings.bulkPolls,
        isAborted: false,
      };
      jobs.set(created.id, created);
      return created;
    },
    find: (id) => {
      const job = jobs.get(id) ?? [...jobs.values()].find((one) => one.id.startsWith(id) && id.length === 15);
      if (job === undefined || age(job) > JOB_LIFE_DAYS * DAY_MS) throw notFound();
      return job;
    },
    list: () => [...jobs.values()].filter((job) => age(job) <= JOB_LIFE_DAYS * DAY_MS),
    state,
    look: (job) => {
      const present = state(job);
      job.pollsLeft -= 1;
      return present;
    },
    abort: (job) => {
      if (job.isAborted) throw invalidJobState("Aborting already Aborted Job not allowed");
      if (state(job) === "JobComplete") throw invalidJobState("Aborting already Completed Job not allowed");
      job.isAborted = true;
    },
    remove: (job) => jobs.delete(job.id),
    jobsToday: () => [...jobs.values()].filter((job) => age(job) < DAY_MS).length,
    clear: () => jobs.clear(),
  };
}

/** The keys of the reply to the create. */
export const createdJobBody = (job: QueryJob, state: QueryJobState) => ({
  id: job.id,
  operation: job.operation,
  object: job.result.entity,
  createdById: job.session.userId,
  createdDate: vendorInstant(job.createdAt),
  systemModstamp: vendorInstant(job.createdAt),
  state,
  concurrencyMode: "Parallel",
  contentType: "CSV",
  // Prints as 67.0.
  apiVersion: JSON.rawJSON(job.version),
  lineEnding: job.lineEnding,
  columnDelimiter: job.columnDelimiter,
});

/** The keys of a look at the job. */
export const queryJobBody = (job: QueryJob, state: QueryJobState) => ({
  ...createdJobBody(job, state),
  jobType: "V2Query",
  numberRecordsProcessed: state === "JobComplete" ? job.result.totalSize : 0,
  retries: 0,
  totalProcessingTime: state === "JobComplete" ? 100 : 0,
  isPkChunkingSupported: true,
});
