import { DateTime } from "luxon";
import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { PUBLISH_CLASSES, type PublishClass } from "./targets/target.ts";

const Published = z.object({ class: z.string(), published_at: z.date() });

/** When each publishing class was last written completely (the CRM's clock); a class never written is absent. */
export async function readPublished(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<ReadonlyMap<string, Date>> {
  const rows = await db.any(
    Published,
    sql`select class, published_at from writeback.published
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`,
  );
  return new Map(rows.map((row) => [row.class, row.published_at]));
}

/** Working hours in which metric rows are renewed, wall clock of the workspace. */
const FIRST_HOUR = 8;
const LAST_HOUR = 19;

/** Last moment at or before `now` at which metric rows are due: each full hour of a working day, and 00:15 every day. */
function lastMetricTime(now: DateTime): DateTime {
  const hour = now.startOf("hour");
  const isWorking = now.weekday <= 5 && now.hour >= FIRST_HOUR && now.hour <= LAST_HOUR;
  if (isWorking) return hour;
  const closing = now.startOf("day").set({ minute: 15 });
  const latestWork = now.startOf("day").set({ hour: LAST_HOUR });
  if (now.weekday <= 5 && now >= latestWork) return latestWork;
  return now >= closing ? closing : closing.minus({ days: 1 });
}

/**
 * Publishing classes that a scheduled push writes at `asOf`. Record flags and the status record (which itself waits for
 * its hour) always; metric rows hourly in working hours and once after midnight, to close the day; campaign fields once a
 * night, after 01:00. A sync by hand takes all of PUBLISH_CLASSES instead.
 */
export function dueClasses(
  published: ReadonlyMap<string, Date>,
  asOf: Date,
  timeZone: string,
): readonly PublishClass[] {
  const now = DateTime.fromJSDate(asOf, { zone: timeZone });
  const night = now.startOf("day").set({ hour: 1 });
  const lastNight = now >= night ? night : night.minus({ days: 1 });
  const isDue = (which: PublishClass): boolean => {
    const last = published.get(which);
    switch (which) {
      case "record_flags":
      case "status":
        return true;
      case "metric_rows":
        return last === undefined || last.getTime() < lastMetricTime(now).toMillis();
      case "campaign_fields":
        return last === undefined || last.getTime() < lastNight.toMillis();
    }
  };
  return PUBLISH_CLASSES.filter(isDue);
}
