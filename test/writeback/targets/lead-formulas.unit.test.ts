import { type FormulonLiteral, parse } from "formulon";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  hoursLeftFormula,
  MAX_FORMULA_BYTES,
  rotLightFormula,
  rotStatusFormula,
  rottingFormula,
} from "../../../src/writeback/targets/lead-formulas.ts";

/** formulon is somebody else's reading of Salesforce's formula language: our formulas must mean to it what we say. */
const CLOSED = ["Closed - Not Converted", "Junk"];
const REP = "005000000000001AAA";
const DEADLINE = new Date("2026-06-02T09:00:00Z");
const AT_RISK = new Date("2026-06-02T03:00:00Z");

interface Lead {
  readonly clock: string | null;
  readonly converted: boolean;
  readonly excluded: boolean;
  readonly owner: string;
  readonly status: string;
  readonly firstTouch: Date | null;
  readonly coldAt: Date | null;
  readonly rotsAt: Date | null;
}

const WAITING: Lead = {
  clock: "open",
  converted: false,
  excluded: false,
  owner: "005000000000001",
  status: "Open - Not Contacted",
  firstTouch: null,
  coldAt: null,
  rotsAt: DEADLINE,
};

function text(value: string | null, length: number): FormulonLiteral {
  return value === null
    ? { type: "literal", dataType: "null", value: null }
    : { type: "literal", dataType: "text", value, options: { length } };
}

function datetime(value: Date | null): FormulonLiteral {
  return value === null
    ? { type: "literal", dataType: "null", value: null }
    : { type: "literal", dataType: "datetime", value };
}

function evaluate(formula: string, lead: Lead): unknown {
  const checkbox = (value: boolean): FormulonLiteral => ({ type: "literal", dataType: "checkbox", value });
  const answer = parse(formula, {
    Ripeline_Clock__c: text(lead.clock ?? "", 16),
    IsConverted: checkbox(lead.converted),
    Ripeline_Exclude__c: checkbox(lead.excluded),
    OwnerId: text(lead.owner, 18),
    Ripeline_Handed_Off_To__c: text(REP, 18),
    Status: { type: "literal", dataType: "picklist", value: lead.status, options: { values: [lead.status] } },
    Ripeline_First_Touch_At__c: datetime(lead.firstTouch),
    Ripeline_Cold_At__c: datetime(lead.coldAt),
    Ripeline_At_Risk_At__c: datetime(lead.rotsAt === null ? null : AT_RISK),
    Ripeline_Rots_At__c: datetime(lead.rotsAt),
  });
  if (answer.type === "error") throw new Error(answer.message ?? "formulon refused the formula");
  return answer.value;
}

function at(instant: Date, seconds: number): void {
  vi.setSystemTime(new Date(instant.getTime() + seconds * 1000));
}

const formulas = {
  rotting: rottingFormula(CLOSED),
  status: rotStatusFormula(CLOSED),
  light: rotLightFormula(CLOSED),
  hours: hoursLeftFormula(CLOSED),
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the rotting checkbox", () => {
  it("is off one second before the deadline and on from the deadline", () => {
    at(DEADLINE, -1);
    expect(evaluate(formulas.rotting, WAITING)).toBe(false);
    at(DEADLINE, 0);
    expect(evaluate(formulas.rotting, WAITING)).toBe(true);
    at(DEADLINE, 1);
    expect(evaluate(formulas.rotting, WAITING)).toBe(true);
  });

  it.each<readonly [string, Partial<Lead>]>([
    ["converted", { converted: true }],
    ["excluded by people", { excluded: true }],
    ["owned by somebody else since our last look", { owner: "005000000000002" }],
    ["touched", { firstTouch: new Date("2026-06-01T10:00:00Z") }],
    ["in a closed status", { status: "Junk" }],
    ["without a running clock", { clock: null }],
    ["without a deadline", { rotsAt: null }],
  ])("is off a second after the deadline for a lead that is %s", (_, change) => {
    at(DEADLINE, 1);
    expect(evaluate(formulas.rotting, { ...WAITING, ...change })).toBe(false);
  });
});

describe("the rot status", () => {
  it("goes from waiting over at_risk to rotting by the clock alone", () => {
    at(AT_RISK, -1);
    expect(evaluate(formulas.status, WAITING)).toBe("waiting");
    at(AT_RISK, 0);
    expect(evaluate(formulas.status, WAITING)).toBe("at_risk");
    at(DEADLINE, -1);
    expect(evaluate(formulas.status, WAITING)).toBe("at_risk");
    at(DEADLINE, 0);
    expect(evaluate(formulas.status, WAITING)).toBe("rotting");
  });

  it("tells a touch at the deadline (in time) from one a second later", () => {
    at(DEADLINE, 60);
    const coldAt = new Date("2026-06-16T09:00:00Z");
    expect(evaluate(formulas.status, { ...WAITING, firstTouch: DEADLINE, coldAt })).toBe("worked");
    const late = new Date(DEADLINE.getTime() + 1000);
    expect(evaluate(formulas.status, { ...WAITING, firstTouch: late, coldAt })).toBe("worked_late");
  });

  it("says gone_cold once the last touch is older than the limit", () => {
    const coldAt = new Date("2026-06-16T09:00:00Z");
    const worked = { ...WAITING, firstTouch: new Date("2026-06-01T10:00:00Z"), coldAt };
    at(coldAt, 0);
    expect(evaluate(formulas.status, worked)).toBe("worked");
    at(coldAt, 1);
    expect(evaluate(formulas.status, worked)).toBe("gone_cold");
  });

  it("is blank when the owner changed and we have not looked yet", () => {
    at(DEADLINE, 1);
    expect(evaluate(formulas.status, { ...WAITING, owner: "005000000000002" })).toBe("");
  });
});

describe("the light and the hours", () => {
  it("shows a red light whose text says that the lead rots", () => {
    at(DEADLINE, 0);
    const image = String(evaluate(formulas.light, WAITING));
    expect(image).toContain("light_red.gif");
    expect(image).toContain("Rotting: no recorded touch, deadline passed");
  });

  it("counts clock hours to the deadline and below zero after it", () => {
    at(DEADLINE, -90 * 60);
    expect(evaluate(formulas.hours, WAITING)).toBe(1.5);
    at(DEADLINE, 30 * 60);
    expect(evaluate(formulas.hours, WAITING)).toBe(-0.5);
  });

  it("has no hours left to show for a touched lead", () => {
    at(DEADLINE, -60);
    expect(evaluate(formulas.hours, { ...WAITING, firstTouch: AT_RISK })).toBeNull();
  });
});

describe("the formulas as text", () => {
  const usual = ["Closed - Not Converted", "Unqualified", "Disqualified", "Junk", "Recycled", "Nurture"];
  const each = [rottingFormula, rotStatusFormula, rotLightFormula, hoursLeftFormula];

  it("stay under 3,000 bytes with twenty closed statuses of 30 characters", () => {
    const many = Array.from({ length: 20 }, (_, index) => `A status with a long name ${1000 + index}`);
    for (const formula of each) {
      expect(Buffer.byteLength(formula([...usual, ...many]))).toBeLessThan(MAX_FORMULA_BYTES);
    }
  });

  it("refer to no other formula of ours", () => {
    for (const formula of each) {
      expect(formula(usual)).not.toMatch(/Ripeline_(Rotting|Rot_Status|Rot_Light|Hours_Left)__c/);
    }
  });

  it("escape quotes and backslashes in a status", () => {
    expect(rottingFormula(['Say "no"', "a\\b"])).toContain(
      'CASE(Status, "Say \\"no\\"", 1, "a\\\\b", 1, 0) = 0',
    );
  });

  it("work for an org that names no closed status", () => {
    at(DEADLINE, 1);
    expect(evaluate(rottingFormula([]), WAITING)).toBe(true);
  });
});
