import { jsonAnswer } from "../../../server/answer.ts";
import type { Call, WireContext } from "../call.ts";

/** A record costs 2 KB of data storage. */
const RECORDS_PER_MB = 512;

/** Data storage of an Enterprise org with 50 licences: 10 GB + 50 x 20 MB. */
const DATA_STORAGE_MB = 11_264;

/** More is sold in blocks. */
const STORAGE_BLOCK_MB = 500;

/** A company that fills a tenth of its room buys more, so that the start company has ten times what it needs. */
function allottedMegabytes(recordsAtStart: number): number {
  const wanted = (10 * recordsAtStart) / RECORDS_PER_MB - DATA_STORAGE_MB;
  return DATA_STORAGE_MB + Math.max(0, Math.ceil(wanted / STORAGE_BLOCK_MB)) * STORAGE_BLOCK_MB;
}

/** Storage in megabytes; an org whose room was set has just that. */
function dataStorage({ org }: WireContext) {
  const used = org.recordCount();
  const limit = org.storageLimit();
  if (limit === undefined) {
    return partly(allottedMegabytes(org.recordCountAtStart()), Math.ceil(used / RECORDS_PER_MB));
  }
  const free = Math.max(0, limit - used);
  return { Max: Math.ceil(limit / RECORDS_PER_MB), Remaining: Math.floor(free / RECORDS_PER_MB) };
}

const DAY_BULK_BATCHES = 15_000;
const DAY_QUERY_JOBS = 10_000;
const DAY_RESULT_MB = 976_562;

const untouched = (max: number) => ({ Max: max, Remaining: max });
const partly = (max: number, used: number) => ({ Max: max, Remaining: Math.max(0, max - used) });

export const limits = (context: WireContext, _call: Call) =>
  jsonAnswer(200, {
    ActiveScratchOrgs: untouched(40),
    AnalyticsExternalDataSizeMB: untouched(40_960),
    ConcurrentAsyncGetReportInstances: untouched(200),
    ConcurrentSyncReportRuns: untouched(20),
    DailyAnalyticsDataflowJobExecutions: untouched(60),
    DailyApiRequests: { Max: context.usage.max, Remaining: context.usage.remaining() },
    DailyAsyncApexExecutions: untouched(250_000),
    DailyBulkApiBatches: partly(DAY_BULK_BATCHES, context.ingestJobs.batchesToday()),
    DailyBulkV2QueryFileStorageMB: untouched(DAY_RESULT_MB),
    DailyBulkV2QueryJobs: partly(DAY_QUERY_JOBS, context.queryJobs.jobsToday()),
    DailyDurableStreamingApiEvents: untouched(200_000),
    DailyGenericStreamingApiEvents: untouched(200_000),
    DailyScratchOrgs: untouched(80),
    DailyStandardVolumePlatformEvents: untouched(25_000),
    DailyStreamingApiEvents: untouched(200_000),
    DailyWorkflowEmails: untouched(50_000),
    DataStorageMB: dataStorage(context),
    FileStorageMB: untouched(112_640),
    HourlyAsyncReportRuns: untouched(1_200),
    HourlyDashboardRefreshes: untouched(200),
    HourlyDashboardResults: untouched(5_000),
    HourlyDashboardStatuses: untouched(999_999_999),
    HourlyODataCallout: untouched(20_000),
    HourlySyncReportRuns: untouched(500),
    HourlyTimeBasedWorkflow: untouched(1_000),
    MassEmail: untouched(5_000),
    PermissionSets: untouched(1_500),
    SingleEmail: untouched(5_000),
    StreamingApiConcurrentClients: untouched(1_000),
  });

/** `limits/recordCount`: live records by object, those asked for or all. Unknown and empty objects are left out. */
export function recordCount(context: WireContext, call: Call) {
  const asked = call.incoming.query.get("sObjects");
  const wanted =
    asked === null || asked === ""
      ? undefined
      : new Set(asked.split(",").map((name) => name.trim().toLowerCase()));
  const visible = new Set(context.org.describeGlobal(call.session).map((one) => one["name"]));
  return jsonAnswer(200, {
    sObjects: context.org
      .recordCounts()
      .filter(({ name }) => visible.has(name) && wanted?.has(name.toLowerCase()) !== false)
      .map(({ name, count }) => ({ count, name })),
  });
}
