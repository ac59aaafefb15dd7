import { expect } from "vitest";
import type { AfterStep } from "./read-after.ts";
import { recordId } from "./read-records.ts";
import { numbered, symbols } from "./symbols.ts";

/** H01 after step 1, while the rule refuses the seven leads without an industry. In an org of several cases too. */
export function checkH01(after: AfterStep): void {
  // At risk after 18 h, deadline after 24.
  after.lead("lead:H01-001", {
    Ripeline_Clock__c: "open",
    Ripeline_Handed_Off_At__c: "2026-03-02T09:00:00Z",
    Ripeline_Handed_Off_To__c: "user:H01-rep",
    Ripeline_At_Risk_At__c: "2026-03-03T03:00:00Z",
    Ripeline_Rots_At__c: "2026-03-03T09:00:00Z",
  });
  // 09:00 + 92 min.
  after.lead("lead:H01-093", { Ripeline_Rots_At__c: "2026-03-03T10:32:00Z" });
  const rotting = [...after.leads.values()].filter(
    (lead) => lead["LeadSource"] === "H01" && lead["Ripeline_Rotting__c"] === true,
  );
  expect
    .soft(rotting.map((lead) => String(lead["Id"])).toSorted())
    .toEqual(numbered("lead:H01-", 1, 93, 3).map(recordId).toSorted());
  after.lead(numbered("lead:H01-", 94, 100, 3), {
    Ripeline_Clock__c: null,
    Ripeline_Handed_Off_At__c: null,
    Ripeline_Rots_At__c: null,
    Ripeline_Rotting__c: false,
  });
  // R = 100, U = 100, W = 0: the numbers come from the mirror, the refusal does not touch them.
  after.has("source[H01] pit", { rotting_lead_rate: 1, rotting_share_of_untouched: 1, open_leads: 100 });
  after.noReason("source[H01] pit", "rotting_lead_rate", "small");
  after.has("source[H01] in lifetime", { rot_cohort_rate: 1 });
}

/** H02, but for the rows of the workspace. */
export function checkH02(after: AfterStep): void {
  // U = a, b, c; R = a (06-15 00:00) and c; W = d.
  after.has("source[H02] pit", {
    rotting_lead_rate: 2 / 4,
    rotting_share_of_untouched: 2 / 3,
    open_leads: 4,
    // Ages at 12:00: e 48, f 12, h 6, h2 36; past 24 h: e, h2; median (12 + 36) / 2.
    undelivered_count: 4,
    undelivered_past_expiry_rate: 2 / 4,
    undelivered_age_hours_median: 24,
  });
  after.has("source[H02 sync] pit", {
    undelivered_count: 201,
    undelivered_past_expiry_rate: 1,
    open_leads: 0,
  });
  after.has("source[H02 busy] pit", { rotting_lead_rate: 200 / 200, undelivered_count: 0 });
  after.has("rep[user:H02-rep] pit", { rotting_lead_rate: 0.5 });
  after.has("rep[user:H02-busy] pit", { rotting_lead_rate: 1 });
  after.has("rep[user:H02-left1] pit", { rotting_lead_rate: 1, load: null, headroom: null });
  const left = after.row("rep[user:H02-left1] pit");
  expect.soft(`${left?.label} ${JSON.stringify(left?.reasons)}`).toContain("inactive");
  const robots = ["user:H02-api", "user:H02-int", "user:H02-sync"].map(recordId);
  expect
    .soft(after.rows.filter((row) => row.row_type === "rep" && robots.includes(row.member ?? "")))
    .toEqual([]);
  // Two active reps of the role, fewer than three.
  after.has("team[role:H02-team] pit", { load_gini: null });
  after.lead("lead:H02-a", {
    Ripeline_Clock__c: "open",
    Ripeline_Rots_At__c: "2026-06-15T00:00:00Z",
    Ripeline_Rotting__c: true,
  });
  after.lead("lead:H02-b", {
    Ripeline_Rots_At__c: "2026-06-16T06:00:00Z",
    Ripeline_Rot_Status__c: "waiting",
  });
  after.lead("lead:H02-c", {
    Ripeline_Rots_At__c: "2026-06-11T00:00:00Z",
    Ripeline_Rotting__c: true,
    Ripeline_Handed_Off_To__c: "user:H02-left1",
  });
  after.lead("lead:H02-d", {
    Ripeline_First_Touch_At__c: "2026-06-10T05:00:00Z",
    Ripeline_Cold_At__c: "2026-06-24T05:00:00Z",
    Ripeline_Rot_Status__c: "worked",
  });
  after.lead(
    ["lead:H02-e", "lead:H02-f", "lead:H02-h", "lead:H02-h2", ...numbered("lead:H02-g", 1, 201, 3)],
    {
      Ripeline_Undelivered__c: true,
      Ripeline_Clock__c: null,
      Ripeline_Handed_Off_To__c: null,
      Ripeline_Rots_At__c: null,
    },
  );
  after.lead("lead:H02-i200", { Ripeline_Undelivered__c: false, Ripeline_Rotting__c: true });
}

/** H07, but for the rows of the workspace. */
export function checkH07(after: AfterStep): void {
  // a, c, d ended untouched before the deadline; b and e were touched through the contact's task: D = b, e.
  after.has("source[H07] in June", {
    rot_cohort_ended_untouched: 3,
    rot_cohort_rate: 0 / 2,
    rot_cohort_not_yet_due: 0,
    disposed_untouched_rate: 3 / 5,
    leads: 5,
    converted: 5,
  });
  after.reason("source[H07] in June", "disposed_untouched_rate", "small");
  after.has("source[H07] pit", { unlogged_work_share: 3 / 5 });
  after.reason("source[H07] pit", "unlogged_work_share", "small");
  after.has("rep[user:H07-rep] pit", { open_leads: 0, open_opportunities: 3, in_process: 3 });
  expect.soft(after.row("source[H07] pit")?.["rotting_lead_rate"] ?? null).toBeNull();
  // The 100 seen at 06-15 lie on 06-01 to 06-15; 1000 + 2000 + 500.
  after.has("campaign[campaign:H07-c] in June", {
    investment: 100,
    inquiries: 2,
    inquirers: 2,
    cost_per_lead: 50,
    opportunities: 3,
    pipeline: 3500,
    pipeline_per_dollar: 35,
  });
  // a's person has a record of 2025; c's is new.
  after.has("campaign[campaign:H07-c] cohort June", { people_acquired: 1 });
  for (const lead of symbols("lead:H07-", "abcde")) {
    expect.soft(after.writesTo("Lead", lead), lead).toBe(0);
    after.lead(lead, { Ripeline_Clock__c: null });
  }
}

/** H10, but for the rows of the workspace. */
export function checkH10(after: AfterStep): void {
  const of = (name: string): string => `campaign[campaign:H10-${name}] in June`;
  // 01 1000, 02 blank, 03 3000 (reopened), 04 -500, 05 lost: last non-zero 700, 06 won 2000, 08 100: 6300 in 7.
  after.has(of("c"), {
    opportunities: 7,
    opportunities_without_amount: 1,
    investment: 1000,
    pipeline: 6300,
    pipeline_per_dollar: 6.3,
  });
  // Lost 05 and 09, won 06; 06-05 to 06-14: 9 days.
  after.has(of("c"), {
    won: 1,
    lost: 2,
    won_amount: 2000,
    win_rate: 1 / 3,
    sales_cycle_days_median: 9,
    sales_cycle_days_mean: 9,
  });
  after.has(of("z"), {
    opportunities: 1,
    opportunities_without_amount: 1,
    pipeline: null,
    pipeline_per_dollar: null,
  });
  after.has("source[H10] in June", { opportunities: 8, pipeline: 6300, pipeline_without_cost: 400 });
  after.has("rep[user:H10-rep] pit", { open_opportunities: 8, in_process: 8 });
  for (const closed of ["05", "06", "09"]) {
    expect.soft(after.writesTo("Opportunity", `opp:H10-${closed}`), closed).toBe(0);
  }
}

/** H14 after step 1. */
export function checkH14First(after: AfterStep): void {
  after.has("source[H14] pit", { rotting_lead_rate: 1 / 1 });
  after.lead("lead:H14-a", { Ripeline_Rotting__c: true });
}

/** H14 after step 2. */
export function checkH14Second(after: AfterStep): void {
  after.has("source[H14] pit", { rotting_lead_rate: 0 / 2, open_leads: 2 });
  after.lead("lead:H14-a", {
    Ripeline_First_Touch_At__c: "2026-06-15T11:55:00Z",
    Ripeline_Rot_Status__c: "worked_late",
  });
  after.lead("lead:H14-b", { Ripeline_Clock__c: "open", Ripeline_Rots_At__c: "2026-06-16T11:52:00Z" });
  after.lead("lead:H14-q", {
    Ripeline_Handed_Off_At__c: "2026-06-15T11:54:00Z",
    Ripeline_Rots_At__c: "2026-06-16T11:54:00Z",
  });
}

/** H18 after step 1. */
export function checkH18(after: AfterStep): void {
  // Seen: a, b, c; c's call is not.
  after.has("source[H18] pit", { rotting_lead_rate: 2 / 3, open_leads: 3 });
  after.lead(symbols("lead:H18-", "ac"), { Ripeline_Rotting__c: true });
  after.lead("lead:H18-b", { Ripeline_Clock__c: null, Ripeline_First_Touch_At__c: null });
  // a, and the person of whom the id of hidden lead d is all we know: 100 / 2.
  after.has("campaign[campaign:H18-c] in June", { inquiries: 2, inquirers: 2, cost_per_lead: 50 });
}
