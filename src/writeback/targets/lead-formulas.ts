/**
 * The lead's formulas. Salesforce computes them when somebody looks, so a flag turns at the second and costs no call.
 * None refers to another formula of ours: a reference is expanded into the compiled size. Every comparison of a field
 * that may be blank is guarded. NOW() is never indexable, so list views filter on Ripeline_Clock__c first.
 * @see https://help.salesforce.com/s/articleView?id=sf.customize_functions.htm
 */

/** Longest formula we ship, in bytes of source; a test holds it. */
export const MAX_FORMULA_BYTES = 3_000;

const TOUCHED = "NOT(ISBLANK(Ripeline_First_Touch_At__c))";
const DEADLINE_PASSED = "AND(NOT(ISBLANK(Ripeline_Rots_At__c)), NOW() >= Ripeline_Rots_At__c)";
const AT_RISK = "AND(NOT(ISBLANK(Ripeline_At_Risk_At__c)), NOW() >= Ripeline_At_Risk_At__c)";
const WENT_COLD = "AND(NOT(ISBLANK(Ripeline_Cold_At__c)), NOW() > Ripeline_Cold_At__c)";
const LATE =
  "AND(NOT(ISBLANK(Ripeline_Rots_At__c)), NOT(ISBLANK(Ripeline_First_Touch_At__c)), Ripeline_First_Touch_At__c > Ripeline_Rots_At__c)";

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/**
 * True while the clock of this lead runs for the person who owns it now. The owner check keeps the flag honest between
 * an owner change and our next look.
 */
function clockRuns(closedStatuses: readonly string[]): readonly string[] {
  const conditions = [
    'Ripeline_Clock__c = "open"',
    "NOT(IsConverted)",
    "NOT(Ripeline_Exclude__c)",
    "CASESAFEID(OwnerId) = Ripeline_Handed_Off_To__c",
  ];
  if (closedStatuses.length === 0) return conditions;
  const cases = closedStatuses.map((status) => `${quoted(status)}, 1, `).join("");
  return [...conditions, `CASE(Status, ${cases}0) = 0`];
}

/** Checkbox. @param closedStatuses picklist values in which no lead rots, as the org spells them */
export function rottingFormula(closedStatuses: readonly string[]): string {
  return `AND(${[...clockRuns(closedStatuses), "ISBLANK(Ripeline_First_Touch_At__c)", DEADLINE_PASSED].join(", ")})`;
}

interface Outcomes {
  readonly rotting: string;
  readonly atRisk: string;
  readonly waiting: string;
  readonly cold: string;
  readonly late: string;
  readonly worked: string;
}

function byState(closedStatuses: readonly string[], outcomes: Outcomes): string {
  const untouched = `IF(${DEADLINE_PASSED}, ${outcomes.rotting}, IF(${AT_RISK}, ${outcomes.atRisk}, ${outcomes.waiting}))`;
  const touched = `IF(${WENT_COLD}, ${outcomes.cold}, IF(${LATE}, ${outcomes.late}, ${outcomes.worked}))`;
  return `IF(AND(${clockRuns(closedStatuses).join(", ")}), IF(${TOUCHED}, ${touched}, ${untouched}), "")`;
}

/** Text: waiting, at_risk, rotting, worked, worked_late, gone_cold; blank where no clock runs. */
export function rotStatusFormula(closedStatuses: readonly string[]): string {
  return byState(closedStatuses, {
    rotting: '"rotting"',
    atRisk: '"at_risk"',
    waiting: '"waiting"',
    cold: '"gone_cold"',
    late: '"worked_late"',
    worked: '"worked"',
  });
}

function light(colour: "red" | "yellow" | "green", meaning: string): string {
  // Reports do not scale images: both sizes are given.
  return `IMAGE("/img/samples/light_${colour}.gif", "${meaning}", 12, 12)`;
}

/** Text: a traffic light; the alternative text carries the meaning. */
export function rotLightFormula(closedStatuses: readonly string[]): string {
  return byState(closedStatuses, {
    rotting: light("red", "Rotting: no recorded touch, deadline passed"),
    atRisk: light("yellow", "At risk: the deadline is near"),
    waiting: light("green", "Waiting: in time"),
    cold: light("yellow", "Gone cold: touched long ago"),
    late: light("green", "Worked, first touch late"),
    worked: light("green", "Worked"),
  });
}

/** Number, one decimal: hours by the wall clock until the deadline, below zero after it; blank once touched. */
export function hoursLeftFormula(closedStatuses: readonly string[]): string {
  const conditions = [
    ...clockRuns(closedStatuses),
    "ISBLANK(Ripeline_First_Touch_At__c)",
    "NOT(ISBLANK(Ripeline_Rots_At__c))",
  ];
  return `IF(AND(${conditions.join(", ")}), ROUND((Ripeline_Rots_At__c - NOW()) * 24, 1), NULL)`;
}
