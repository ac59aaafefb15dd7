import { describe, expect, test } from "vitest";
import { decideFlag, type Question } from "../../../src/app/rot/decide-flag.ts";
import { type FlagState, readFlagState } from "../../../src/app/rot/flag-state.ts";

// Handed off on Monday at 9, at risk on Tuesday at 3, deadline on Tuesday at 9; cold after 14 days.
const at = (text: string) => new Date(`2026-11-${text}:00.000Z`);
const WAITING: FlagState = {
  status: "waiting",
  isRotting: false,
  handedOffAt: at("02T09:00"),
  handedOffTo: "11",
  atRiskAt: at("03T03:00"),
  rotsAt: at("03T09:00"),
  firstTouchAt: null,
  coldAt: null,
};
const ask = (change: Partial<Question>, state: Partial<FlagState> = {}) =>
  decideFlag({
    state: { ...WAITING, ...state },
    record: { ownerId: "11", isClosed: false, isExcluded: false },
    touches: [],
    now: at("02T10:00"),
    coldAfterMs: 14 * 86_400_000,
    ...change,
  });

describe("an untouched lead", () => {
  test("waits, is at risk from three quarters on, and rots from the deadline on, to the millisecond", () => {
    expect(ask({})).toEqual({});
    expect(ask({ now: new Date(at("03T03:00").getTime() - 1) })).toEqual({});
    expect(ask({ now: at("03T03:00") })).toEqual({ ripeline_rot_status: "at_risk" });
    expect(ask({ now: new Date(at("03T09:00").getTime() - 1) }, { status: "at_risk" })).toEqual({});
    expect(ask({ now: at("03T09:00") }, { status: "at_risk" })).toEqual({
      ripeline_rot_status: "rotting",
      ripeline_rotting: true,
    });
    expect(ask({ now: at("09T09:00") }, { status: "rotting", isRotting: true })).toEqual({});
  });

  test("goes straight to rotting where nobody looked in between, and without an instant of risk", () => {
    const rotting = { ripeline_rot_status: "rotting", ripeline_rotting: true };
    expect(ask({ now: at("04T09:00") })).toEqual(rotting);
    expect(ask({ now: at("04T09:00") }, { atRiskAt: null })).toEqual(rotting);
    expect(ask({ now: at("03T08:00") }, { atRiskAt: null })).toEqual({});
  });
});

describe("a touch that nobody knew of", () => {
  test("before the deadline: worked, and no flag", () => {
    expect(ask({ touches: [{ at: at("02T20:00") }, { at: at("02T12:00") }], now: at("03T09:00") })).toEqual({
      ripeline_rot_status: "worked",
      ripeline_first_touch_at: "2026-11-02T12:00:00.000Z",
      // 14 days after the last one.
      ripeline_cold_at: "2026-11-16T20:00:00.000Z",
    });
  });

  test("at the deadline is in time, a millisecond later is late; the flag goes off", () => {
    const rotting = { status: "rotting", isRotting: true } as const;
    expect(ask({ touches: [{ at: at("03T09:00") }], now: at("03T10:00") }, rotting)).toMatchObject({
      ripeline_rot_status: "worked",
      ripeline_rotting: false,
    });
    const late = new Date(at("03T09:00").getTime() + 1);
    expect(ask({ touches: [{ at: late }], now: at("03T10:00") }, rotting)).toMatchObject({
      ripeline_rot_status: "worked_late",
      ripeline_rotting: false,
    });
  });

  test("so long ago that the lead has gone cold since", () => {
    expect(ask({ touches: [{ at: at("02T12:00") }], now: at("16T12:00") })).toMatchObject({
      ripeline_rot_status: "gone_cold",
    });
  });
});

describe("a worked lead", () => {
  const worked = { status: "worked", firstTouchAt: at("02T12:00"), coldAt: at("16T12:00") } as const;
  test("goes cold at its instant", () => {
    expect(ask({ now: new Date(at("16T12:00").getTime() - 1) }, worked)).toEqual({});
    expect(ask({ now: at("16T12:00") }, worked)).toEqual({ ripeline_rot_status: "gone_cold" });
  });

  test("stays worked where a later touch is found then, with a new instant", () => {
    expect(ask({ now: at("16T12:00"), touches: [{ at: at("15T09:00") }] }, worked)).toEqual({
      ripeline_cold_at: "2026-11-29T09:00:00.000Z",
    });
  });

  test("is not written for a later touch alone: that is the compute's, once a day", () => {
    expect(ask({ now: at("10T12:00"), touches: [{ at: at("09T09:00") }] }, worked)).toEqual({});
  });

  test("keeps its first touch, whatever is found later", () => {
    expect(ask({ now: at("10T12:00"), touches: [{ at: at("02T11:00") }] }, worked)).toEqual({});
  });
});

describe("a handoff that is over", () => {
  const off = { ripeline_rot_status: null, ripeline_rotting: false };
  test("has no flag: another owner, none, a closed stage, taken out by people", () => {
    const rotting = { status: "rotting", isRotting: true } as const;
    const now = at("04T09:00");
    const record = { ownerId: "11", isClosed: false, isExcluded: false };
    expect(ask({ now, record: { ...record, ownerId: "12" } }, rotting)).toEqual(off);
    expect(ask({ now, record: { ...record, ownerId: null } }, rotting)).toEqual(off);
    expect(ask({ now, record: { ...record, isClosed: true } }, rotting)).toEqual(off);
    expect(ask({ now, record: { ...record, isExcluded: true } }, rotting)).toEqual(off);
  });

  test("is not known by its owner where the portal had no room for that property", () => {
    const now = at("04T09:00");
    const record = { ownerId: "12", isClosed: false, isExcluded: false };
    expect(ask({ now, record }, { handedOffTo: null })).toMatchObject({ ripeline_rot_status: "rotting" });
  });

  test("is never begun here: that is the compute's", () => {
    expect(ask({ now: at("04T09:00") }, { status: null })).toEqual({});
  });
});

test("a state is read from what the CRM confirmed, whole or with the few properties of a small portal", () => {
  expect(
    readFlagState({
      ripeline_rot_status: "at_risk",
      ripeline_rotting: false,
      ripeline_rots_at: "2026-11-03T09:00:00.000Z",
      ripeline_first_touch_at: null,
      ripeline_outcome: "whatever else is ours",
    }),
  ).toEqual({
    ...WAITING,
    status: "at_risk",
    handedOffAt: null,
    handedOffTo: null,
    atRiskAt: null,
  });
  expect(readFlagState({ ripeline_undelivered: true }).status).toBeNull();
});
