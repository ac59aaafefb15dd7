/**
 * What a marketing operations person decides in ripeline.yaml, as plain data. `src/config` reads and checks the file and
 * fills in the defaults; everything below `src/app.ts` takes its part of this as an argument.
 */
import type { CrmName } from "./errors.ts";

/** One connected org or portal of the workspace. */
export interface ConnectionSettings {
  readonly id: string;
  readonly crm: CrmName;
}

/** Which leads a rot policy covers; every given list must match, an absent one matches all. */
export interface RotPolicyMatch {
  readonly sources?: readonly string[];
  /** User ids. */
  readonly reps?: readonly string[];
  readonly teams?: readonly string[];
}

export interface RotPolicy {
  readonly name: string;
  readonly match: RotPolicyMatch;
  readonly expiryHours: number;
  /** `wall_clock`, `org_default` (the org's default BusinessHours), or a BusinessHours name or config calendar's name. */
  readonly calendar: string;
}

/** A weekly calendar given in ripeline.yaml instead of the org's BusinessHours. */
export interface Calendar {
  readonly name: string;
  readonly timeZone: string;
  /** ISO weekday 1 (Monday) .. 7 to opening and closing wall times `HH:mm`; an absent day is closed. */
  readonly days: Readonly<Record<string, { readonly open: string; readonly close: string }>>;
  /** Dates `YYYY-MM-DD`, closed all day. */
  readonly holidays: readonly string[];
}

export interface RepSettings {
  /** Given lists replace the default rule (UserType Standard, profile not API-only, no integration licence). */
  readonly profiles: readonly string[];
  readonly roles: readonly string[];
  readonly users: readonly string[];
  readonly ignoredOwners: readonly string[];
  /** Most leads a user may both create and own in 30 days and still count as a person. */
  readonly robotAbove: number;
  /** Weighted open handoffs + opportunities a rep can carry; null: unknown. */
  readonly capacity: number | null;
  readonly capacityByRole: Readonly<Record<string, number>>;
  readonly capacityByUser: Readonly<Record<string, number>>;
  /** 0..1 by user id: part time. */
  readonly availability: Readonly<Record<string, number>>;
  readonly away: readonly { readonly user: string; readonly from: string; readonly to: string }[];
  readonly weights: { readonly handoff: number; readonly opportunity: number };
}

export interface Settings {
  readonly workspace: {
    readonly id: string;
    readonly name: string;
    /** IANA zone: days, months and fiscal years are cut in it. */
    readonly timeZone: string;
    /** ISO 4217; null: the org's corporate currency. */
    readonly currency: string | null;
    /** 1..12 */
    readonly fiscalYearStartMonth: number;
  };
  /** Every connection of the workspace; the metrics are computed over all of them as one. */
  readonly connections: readonly ConnectionSettings[];
  /** The connection that a piece of work is on, where it is on one. */
  readonly connectionId: string;
  readonly rot: {
    /** Earliest handoff that is flagged in the CRM; null: the CRM's clock at the first apply. */
    readonly startFrom: string | null;
    readonly restart: "untouched" | "always" | "never";
    readonly coldAfterDays: number;
    readonly deliveryExpiryHours: number;
    /** 0..1 */
    readonly maxUnlogged: number;
    /** First match wins; the last one matches everything. */
    readonly policies: readonly RotPolicy[];
    readonly calendars: readonly Calendar[];
  };
  readonly touch: {
    readonly by: "owner" | "team" | "anyone";
    readonly taskTypes: readonly string[];
    /** Which e-mails of a HubSpot sequence are touches. */
    readonly sequences: "first_step" | "all" | "none";
    /** Case-insensitive POSIX regular expressions of subjects that machines write. */
    readonly automatedSubjects: readonly string[];
    readonly cancelledSubjects: readonly string[];
  };
  readonly statuses: {
    readonly disqualified: readonly string[];
    readonly recycled: readonly string[];
    /** Null: any status that is not the default, converted, disqualified or recycled. */
    readonly working: readonly string[] | null;
  };
  readonly scope: {
    readonly recordTypes: readonly string[];
    readonly excludedEmailDomains: readonly string[];
    readonly excludedCreators: readonly string[];
  };
  readonly reps: RepSettings;
  readonly pipeline: {
    readonly types: readonly ("new" | "expansion" | "renewal")[];
    /** API name of the first stage that counts; null: the first open stage. */
    readonly stage: string | null;
    /** Opportunity.Type (lower case) to our type; beside the built-in rule. */
    readonly typeMap: Readonly<Record<string, "new" | "expansion" | "renewal">>;
    /** Days without a touch or a change of stage after which an open opportunity is stalled. */
    readonly stalledAfterDays: number;
    /** The same by stage: API name or label, case ignored. */
    readonly stalledAfterDaysByStage: Readonly<Record<string, number>>;
  };
  readonly investment: {
    /** Parents whose own cost repeats their children's: campaign id to what holds the money. */
    readonly parents: Readonly<Record<string, "parent" | "children">>;
    readonly orphanAfterDays: number;
    /** A campaign of one CRM that is the same as one of another, by id: `holder` has the money, `twin` has none of it. */
    readonly twins: readonly { readonly twin: string; readonly holder: string }[];
    /** How a month's operations are spread over its programs in loaded cost. */
    readonly loadBy: "own_cost" | "evenly";
  };
  readonly report: {
    /** Months of history in report rows, the current one included. */
    readonly months: number;
    readonly cohortAges: readonly number[];
  };
  readonly writeback: {
    readonly mode: "fields" | "side_object";
    /** Rows an object an hour. */
    readonly maxPerHour: number;
    readonly repMetrics: "named" | "team_only";
  };
  readonly api: {
    /** Share of the org's daily calls that ripeline may use, 0..1. */
    readonly ceiling: number;
  };
}
