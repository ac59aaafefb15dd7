import type { Settings } from "../../src/core/settings.ts";

/** Overrides by section: what a test says about one section leaves the rest of it as it is. */
export type SettingsPatch = {
  readonly [Key in keyof Settings]?: Settings[Key] extends readonly unknown[]
    ? Settings[Key]
    : Partial<Settings[Key]>;
};

const base: Settings = {
  workspace: { id: "w", name: "Acme", timeZone: "UTC", currency: "USD", fiscalYearStartMonth: 1 },
  connections: [{ id: "sf", crm: "salesforce" }],
  connectionId: "sf",
  rot: {
    startFrom: "2020-01-01T00:00:00Z",
    restart: "untouched",
    coldAfterDays: 14,
    deliveryExpiryHours: 24,
    maxUnlogged: 0.2,
    policies: [{ name: "default", match: {}, expiryHours: 24, calendar: "wall_clock" }],
    calendars: [],
  },
  touch: {
    by: "anyone",
    taskTypes: ["Call", "Email"],
    sequences: "first_step",
    automatedSubjects: [],
    cancelledSubjects: [],
  },
  statuses: {
    disqualified: ["Closed - Not Converted", "Unqualified", "Disqualified", "Junk"],
    recycled: ["Recycled", "Nurture"],
    working: null,
  },
  scope: { recordTypes: [], excludedEmailDomains: [], excludedCreators: [] },
  reps: {
    profiles: [],
    roles: [],
    users: [],
    ignoredOwners: [],
    robotAbove: 200,
    capacity: null,
    capacityByRole: {},
    capacityByUser: {},
    availability: {},
    away: [],
    weights: { handoff: 1, opportunity: 1 },
  },
  pipeline: {
    types: ["new", "expansion"],
    stage: null,
    typeMap: {},
    stalledAfterDays: 14,
    stalledAfterDaysByStage: {},
  },
  investment: { parents: {}, twins: [], orphanAfterDays: 30, loadBy: "own_cost" },
  report: { months: 24, cohortAges: [90, 180, 365] },
  writeback: { mode: "fields", maxPerHour: 5000, repMetrics: "named" },
  api: { ceiling: 0.25 },
};

/** The defaults of ripeline.yaml, in UTC and USD, for workspace `w` and connection `sf`. */
export function metricsSettings(patch: SettingsPatch = {}): Settings {
  return {
    ...base,
    ...patch,
    workspace: { ...base.workspace, ...patch.workspace },
    rot: { ...base.rot, ...patch.rot },
    touch: { ...base.touch, ...patch.touch },
    statuses: { ...base.statuses, ...patch.statuses },
    scope: { ...base.scope, ...patch.scope },
    reps: { ...base.reps, ...patch.reps },
    pipeline: { ...base.pipeline, ...patch.pipeline },
    investment: { ...base.investment, ...patch.investment },
    report: { ...base.report, ...patch.report },
    writeback: { ...base.writeback, ...patch.writeback },
    api: { ...base.api, ...patch.api },
    connectionId: base.connectionId,
  };
}
