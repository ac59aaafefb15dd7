import { MINUTE_MS } from "../src/core/time.ts";
import type { CycleJobData } from "./cycle.ts";
import { jobId } from "./queue-kit/job-options.ts";
import type { Schedule } from "./queue-kit/schedules.ts";
import { schedule } from "./schedule.ts";

/** The job schedules of one connection. @param cadence of the fast streams, and the zone of nightly jobs (IANA) */
export function schedulesOf(cadence: {
  readonly fastMinutes: number;
  readonly timeZone: string;
}): readonly Schedule<CycleJobData>[] {
  return schedule.flatMap(({ job, every, attempts }) => {
    if (every === null) return [];
    return {
      id: jobId("schedule", job),
      name: job,
      data: { cycleId: job, request: { streams: "due", classes: "due" } },
      repeat:
        every === "fast"
          ? { everyMs: cadence.fastMinutes * MINUTE_MS }
          : { pattern: `${every.minute} ${every.hour} * * *`, timeZone: cadence.timeZone },
      attempts,
    };
  });
}
