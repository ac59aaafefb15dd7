import { type Clock, DAY_MS, SECOND_MS } from "../../../../core/time.ts";
import type { Session } from "../../org.ts";
import { notFound } from "../vendor-answer.ts";
import { vendorId, vendorInstant } from "../vendor-text.ts";
import type { WireSettings } from "../wire-settings.ts";
import { type CsvForm, invalidJobState, JOB_LIFE_DAYS } from "./job-body.ts";

export const INGEST_OPERATIONS = ["insert", "update", "upsert", "delete", "hardDelete"] as const;

export type IngestOperation = (typeof INGEST_OPERATIONS)[number];

export type IngestState = "Open" | "UploadComplete" | "InProgress" | "JobComplete" | "Failed" | "Aborted";

/** What became of one row of the upload. */
export interface RowOutcome {
  /** The columns of the upload, in its order. */
  readonly cells: readonly string[];
  readonly id: string;
  readonly created: boolean;
  /** `STATUS_CODE:message:fields--`; undefined for a row that was written. */
  readonly error: string | undefined;
}

export interface IngestJob extends CsvForm {
  readonly id: string;
  readonly object: string;
  readonly operation: IngestOperation;
  readonly externalIdField: string | undefined;
  readonly assignmentRuleId: string | undefined;
  readonly session: Session;
  readonly version: string;
  readonly createdAt: Date;
  state: IngestState;
  changedAt: Date;
  upload: Uint8Array | undefined;
  /** Column names of the upload. */
  columns: readonly string[];
  readonly outcomes: RowOutcome[];
  /** Rows that were never tried, because the job ended before. */
  readonly unprocessed: (readonly string[])[];
  errorMessage: string | undefined;
  readyAt: number;
  pollsLeft: number;
}

type NewIngestJob = Pick<
  IngestJob,
  | "object"
  | "operation"
  | "externalIdField"
  | "assignmentRuleId"
  | "session"
  | "version"
  | "columnDelimiter"
  | "lineEnding"
>;

export interface IngestJobs {
  create(job: NewIngestJob): IngestJob;
  /** @throws VendorError NOT_FOUND, also when the job is older than seven days. */
  find(id: string): IngestJob;
  list(): readonly IngestJob[];
  /** What a client is told: a job that is done early is still in progress until its time has come. */
  visibleState(job: IngestJob): IngestState;
  look(job: IngestJob): IngestState;
  setState(job: IngestJob, state: IngestState): void;
  /** @throws VendorError INVALIDJOBSTATE unless the job has ended or is waiting to be worked on. */
  remove(job: IngestJob): void;
  countBatches(batches: number): void;
  batchesToday(): number;
  clear(): void;
}

const ENDED: ReadonlySet<IngestState> = new Set(["JobComplete", "Failed", "Aborted"]);

export const hasEnded = (state: IngestState) => ENDED.has(state);

export function createIngestJobs(clock: Clock, settings: WireSettings): IngestJobs {
  const jobs = new Map<string, IngestJob>();
  let batches: { readonly at: number; readonly count: number }[] = [];
  let made = 0;
  const age = (job: IngestJob) => clock.now().getTime() - job.createdAt.getTime();
  const visibleState = (job: IngestJob): IngestState => {
    if (job.state !== "JobComplete" && job.state !== "Failed") return job.state;
    return job.pollsLeft <= 0 && clock.now().getTime() >= job.readyAt ? job.state : "InProgress";
  };
  return {
    create: (job) => {
      made += 1;
      const createdAt = clock.now();
      const created: IngestJob = {
        ...job,
        id: vendorId("750", 500_000 + made),
        createdAt,
        state: "Open",
        changedAt: createdAt,
        upload: undefined,
        columns: [],
        outcomes: [],
        unprocessed: [],
        errorMessage: undefined,
        readyAt: createdAt.getTime(),
        pollsLeft: settings.bulkPolls,
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
    visibleState,
    look: (job) => {
      const state = visibleState(job);
      if (job.state !== "Open") job.pollsLeft -= 1;
      return state;
    },
    setState: (job, state) => {
      job.state = state;
      job.changedAt = clock.now();
      if (state === "UploadComplete") {
        job.readyAt = job.changedAt.getTime() + settings.bulkDelaySeconds * SECOND_MS;
      }
    },
    remove: (job) => {
      if (job.state === "Open" || job.state === "InProgress") {
        throw invalidJobState(`Deleting a job that is ${job.state} not allowed; abort it first`);
      }
      jobs.delete(job.id);
    },
    countBatches: (count) => {
      batches.push({ at: clock.now().getTime(), count });
    },
    batchesToday: () => {
      const since = clock.now().getTime() - DAY_MS;
      batches = batches.filter((one) => one.at > since);
      return batches.reduce((sum, one) => sum + one.count, 0);
    },
    clear: () => {
      jobs.clear();
      batches = [];
    },
  };
}

/** Keys every reply about a job has. */
const commonBody = (job: IngestJob, state: IngestState) => ({
  id: job.id,
  operation: job.operation,
  object: job.object,
  createdById: job.session.userId,
  createdDate: vendorInstant(job.createdAt),
  systemModstamp: vendorInstant(job.changedAt),
  state,
  ...(job.externalIdField === undefined ? {} : { externalIdFieldName: job.externalIdField }),
  ...(job.assignmentRuleId === undefined ? {} : { assignmentRuleId: job.assignmentRuleId }),
  concurrencyMode: "Parallel",
  contentType: "CSV",
  // Prints as 67.0.
  apiVersion: JSON.rawJSON(job.version),
});

/** The reply to the state PATCH: no contentUrl, lineEnding or columnDelimiter, as recorded. */
export const changedJobBody = commonBody;

export const createdJobBody = (job: IngestJob) => ({
  ...commonBody(job, job.state),
  contentUrl: `services/data/v${job.version}/jobs/ingest/${job.id}/batches`,
  lineEnding: job.lineEnding,
  columnDelimiter: job.columnDelimiter,
});

export function ingestJobBody(job: IngestJob, state: IngestState) {
  const isVisible = hasEnded(state);
  return {
    ...createdJobBody(job),
    state,
    jobType: "V2Ingest",
    retries: 0,
    totalProcessingTime: isVisible ? 100 : 0,
    apiActiveProcessingTime: isVisible ? 80 : 0,
    apexProcessingTime: 0,
    numberRecordsProcessed: isVisible ? job.outcomes.length : 0,
    numberRecordsFailed: isVisible ? job.outcomes.filter((one) => one.error !== undefined).length : 0,
    ...(isVisible && job.errorMessage !== undefined ? { errorMessage: job.errorMessage } : {}),
  };
}
