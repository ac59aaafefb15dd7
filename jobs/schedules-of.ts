import { MINUTE_MS } from "../src/core/time.ts";
import type { CycleJobData } from "./cycle.ts";
import { jobId } from "./queue-kit/job-options.ts";
import type { Schedule } from "./queue-kit/schedules.ts";
import { schedule } from "./schedule.ts";

/** The job schedules of one connection. @param fastMinutes cadence of the fast streams */
export function schedulesOf(fastMinutes: number): readonly Schedule<CycleJobData>[] {
  return schedule
    .filter((job) => job.every === "fast")
    .map((job) => ({
      id: jobId("schedule", job.job),
      name: job.job,
      data: { cycleId: job.job, request: { streams: "due", classes: "due" } },
      repeat: { everyMs: fastMinutes * MINUTE_MS },
      attempts: job.attempts,
    }));
}
