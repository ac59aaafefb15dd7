import type { Settings } from "../../src/core/settings.ts";

/** Settings of a small company; only what write-back and provisioning read is told apart from the defaults. */
export const SETTINGS: Settings = {
  workspace: { id: "acme", name: "Acme", timeZone: "UTC", currency: "EUR", fiscalYearStartMonth: 1 },
  connections: [{ id: "salesforce", crm: "salesforce" }],
  connectionId: "salesforce",
  rot: {
    startFrom: null,
    restart: "untouched",
    coldAfterDays: 14,
    deliveryExpiryHours: 24,
    maxUnlogged: 0.2,
    policies: [{ name: "default", match: {}, expiryHours: 24, calendar: "wall_clock" }],
    calendars: [],
  },
  touch: { by: "anyone", taskTypes: ["Call", "Email"], automatedSubjects: [], cancelledSubjects: [] },
  statuses: { disqualified: ["Unqualified"], recycled: ["Nurture"], working: null },
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
  writeback: { mode: "fields", maxPerHour: 5_000, repMetrics: "named" },
  api: { ceiling: 0.25 },
};
