import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Calendar, Settings } from "../core/settings.ts";
import type { Queries, Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { openIntervals, type WeeklyCalendar } from "./calendar.ts";
import { type Holiday, type Recurrence, recurrenceTypes } from "./holiday.ts";

/** The calendar of the org's default BusinessHours, as policies name it. */
const ORG_DEFAULT = "org_default";
const WALL_CLOCK = "wall_clock";

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const hoursRow = z.object({
  name: z.string().nullable(),
  isdefault: z.boolean().nullable(),
  timezonesidkey: z.string().nullable(),
  times: z.array(z.string().nullable()).length(14),
});

const holidayRow = z.object({
  starts_on: z.string().nullable(),
  isallday: z.boolean().nullable(),
  starttimeinminutes: z.number().nullable(),
  endtimeinminutes: z.number().nullable(),
  isrecurrence: z.boolean().nullable(),
  ends_on: z.string().nullable(),
  recurrencetype: z.string().nullable(),
  recurrenceinterval: z.number().nullable(),
  recurrencedayofweekmask: z.number().nullable(),
  recurrencedayofmonth: z.number().nullable(),
  recurrenceinstance: z.string().nullable(),
  recurrencemonthofyear: z.string().nullable(),
});

interface Scope {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly asOf: Date;
}

interface OrgCalendar extends WeeklyCalendar {
  readonly isDefault: boolean;
}

/**
 * Writes `metrics.calendar_interval` for every connection and calendar that a rot policy names, and for the default hours
 * that response times are measured in, which it notes in `metrics.run_connection`.
 * A CRM without business hours works by those of the workspace's other orgs: the same people sell from both.
 * @throws ConfigError for a policy whose calendar is neither an org's nor in the configuration.
 */
export async function writeCalendars(tx: Transaction, settings: Settings, asOf: Date): Promise<void> {
  const workspaceId = settings.workspace.id;
  await tx.execute(sql`delete from metrics.calendar_interval where workspace_id = ${workspaceId}`);
  const own = new Map<string, readonly OrgCalendar[]>();
  for (const { id, crm } of settings.connections) {
    own.set(
      id,
      crm === "salesforce" ? await readOrgCalendars(tx, { workspaceId, connectionId: id, asOf }) : [],
    );
  }
  const all = [...own.values()].flat();
  for (const { id: connectionId } of settings.connections) {
    const calendars = own.get(connectionId) ?? [];
    const org = calendars.length > 0 ? calendars : all;
    const responseCalendar = await writeOf(tx, settings, { workspaceId, connectionId, asOf }, org);
    await tx.execute(sql`
      update metrics.run_connection set response_calendar = ${responseCalendar}
      where workspace_id = ${workspaceId} and connection_id = ${connectionId}`);
  }
}

/** @returns the response calendar's name, null where there are no default hours. */
async function writeOf(
  db: Queries,
  settings: Settings,
  scope: Scope,
  org: readonly OrgCalendar[],
): Promise<string | null> {
  const orgDefault = org.find((calendar) => calendar.isDefault);
  const named = new Map<string, WeeklyCalendar>();
  for (const calendar of org) named.set(calendar.name, calendar);
  if (orgDefault !== undefined) named.set(ORG_DEFAULT, orgDefault);
  for (const calendar of settings.rot.calendars) named.set(calendar.name, fromSettings(calendar));
  const expiry = new Map<string, number>();
  if (orgDefault !== undefined) expiry.set(ORG_DEFAULT, 0);
  for (const policy of settings.rot.policies) {
    if (policy.calendar === WALL_CLOCK) continue;
    if (!named.has(policy.calendar)) {
      throw new ConfigError(
        `rot policy "${policy.name}" names the calendar "${policy.calendar}", which is neither in rot.calendars nor among ` +
          `the org's active business hours (${org.map((one) => one.name).join(", ") || "none"}); ` +
          "name one of them, or wall_clock",
      );
    }
    expiry.set(policy.calendar, Math.max(expiry.get(policy.calendar) ?? 0, policy.expiryHours * 3600));
  }
  const from = await earliestLead(db, scope);
  for (const [name, seconds] of expiry) {
    const calendar = named.get(name);
    if (calendar === undefined) continue;
    const open = openIntervals(calendar, from, scope.asOf, seconds);
    await db.execute(sql`
      insert into metrics.calendar_interval (
        workspace_id, connection_id, calendar, opens_at, closes_at, open_seconds_before, open_seconds_after
      )
      select ${scope.workspaceId}, ${scope.connectionId}, ${name}, opens_at, closes_at, before, after
      from unnest(
        ${open.map((one) => one.opensAt)}::timestamptz[],
        ${open.map((one) => one.closesAt)}::timestamptz[],
        ${open.map((one) => one.openSecondsBefore)}::numeric[],
        ${open.map((one) => one.openSecondsAfter)}::numeric[]
      ) as opening (opens_at, closes_at, before, after)`);
  }
  return orgDefault === undefined ? null : ORG_DEFAULT;
}

async function earliestLead(db: Queries, scope: Scope): Promise<Date> {
  const row = await db.one(
    z.object({ earliest: z.date().nullable() }),
    sql`select min(created_at) as earliest from metrics.stg_lead
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`,
  );
  return row.earliest ?? scope.asOf;
}

function fromSettings(calendar: Calendar): WeeklyCalendar {
  const days = new Map<number, { open: number; close: number }>();
  for (const [day, hours] of Object.entries(calendar.days)) {
    const open = minuteOf(hours.open);
    const close = minuteOf(hours.close);
    if (open === null || close === null || close <= open) {
      throw new ConfigError(
        `calendar "${calendar.name}" opens at ${hours.open} and closes at ${hours.close} on weekday ${day}; ` +
          "closing must come after opening, at 24:00 at the latest",
      );
    }
    days.set(Number(day), { open, close });
  }
  const holidays = calendar.holidays.map(
    (startsOn): Holiday => ({ startsOn, fromMinute: 0, toMinute: 1440, recurrence: null }),
  );
  return { name: calendar.name, timeZone: calendar.timeZone, days, holidays };
}

async function readOrgCalendars(db: Queries, scope: Scope): Promise<readonly OrgCalendar[]> {
  // The link between Holiday and BusinessHours is not readable for every user: all holidays close all hours.
  const holidays = await readHolidays(db, scope);
  const rows = await db.any(
    hoursRow,
    sql`select name, isdefault, timezonesidkey, array[
          mondaystarttime, mondayendtime, tuesdaystarttime, tuesdayendtime, wednesdaystarttime, wednesdayendtime,
          thursdaystarttime, thursdayendtime, fridaystarttime, fridayendtime, saturdaystarttime, saturdayendtime,
          sundaystarttime, sundayendtime
        ] as times
        from mirror.salesforce_business_hours
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and valid_from <= ${scope.asOf} and (valid_to is null or valid_to > ${scope.asOf})
          and isactive is not false
        order by isdefault desc nulls last, name`,
  );
  return rows.map((row) => {
    const days = new Map<number, { open: number; close: number }>();
    weekdays.forEach((_, index) => {
      const open = minuteOf(row.times[index * 2] ?? null);
      const close = minuteOf(row.times[index * 2 + 1] ?? null);
      // Midnight at the end is the end of the day; midnight at both ends is the whole day.
      if (open !== null && close !== null) days.set(index + 1, { open, close: close === 0 ? 1440 : close });
    });
    return {
      name: row.name ?? "business hours",
      timeZone: row.timezonesidkey ?? "UTC",
      days,
      holidays,
      isDefault: row.isdefault ?? false,
    };
  });
}

async function readHolidays(db: Queries, scope: Scope): Promise<readonly Holiday[]> {
  const rows = await db.any(
    holidayRow,
    sql`select coalesce(recurrencestartdate, activitydate)::text as starts_on, isallday, starttimeinminutes,
          endtimeinminutes, isrecurrence, recurrenceenddateonly::text as ends_on, recurrencetype, recurrenceinterval,
          recurrencedayofweekmask, recurrencedayofmonth, recurrenceinstance, recurrencemonthofyear
        from mirror.salesforce_holiday
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and valid_from <= ${scope.asOf} and (valid_to is null or valid_to > ${scope.asOf})`,
  );
  return rows.flatMap((row): readonly Holiday[] => {
    if (row.starts_on === null) return [];
    const isAllDay = row.isallday ?? row.starttimeinminutes === null;
    return [
      {
        startsOn: row.starts_on,
        fromMinute: isAllDay ? 0 : (row.starttimeinminutes ?? 0),
        toMinute: isAllDay ? 1440 : (row.endtimeinminutes ?? 1440),
        recurrence: toRecurrence(row),
      },
    ];
  });
}

function toRecurrence(row: z.infer<typeof holidayRow>): Recurrence | null {
  const type = recurrenceTypes.find((one) => one === row.recurrencetype);
  if (row.isrecurrence !== true || type === undefined) return null;
  const instances = ["First", "Second", "Third", "Fourth", "Last"] as const;
  const month = months.indexOf(row.recurrencemonthofyear ?? "");
  return {
    type,
    interval: Math.max(1, row.recurrenceinterval ?? 1),
    dayOfWeekMask: row.recurrencedayofweekmask ?? 0,
    dayOfMonth: row.recurrencedayofmonth,
    instance: instances.find((one) => one === row.recurrenceinstance) ?? null,
    month: month < 0 ? null : month + 1,
    endsOn: row.ends_on,
  };
}

/** Minutes of the day in "09:30" or "09:30:00.000Z"; null for anything else. */
function minuteOf(time: string | null): number | null {
  const match = /^(\d{1,2}):(\d{2})/.exec(time ?? "");
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}
