import { describe, expect, test } from "vitest";
import { targetObjects } from "../../src/writeback/targets.ts";
import { decide, type WrittenRow } from "../../src/writeback/undo-decision.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";

function targetOf(object: string) {
  const found = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG }).find(
    (each) => each.object === object,
  );
  if (found === undefined) throw new Error(`no target ${object}`);
  return found;
}

const lead = targetOf("Lead");
const handoff = targetOf("Ripeline_Handoff__c");

/** The run set clock, deadline and number of a lead that had nothing, and the CRM still holds them, in its own form. */
const flagged: WrittenRow = {
  key: "00Q000000000001AAA",
  recordId: "00Q000000000001AAA",
  isCreated: false,
  isRemoved: false,
  previous: {},
  written: {
    Ripeline_Clock__c: "open",
    Ripeline_Rots_At__c: "2026-06-02T08:00:00.000Z",
    Ripeline_Undelivered__c: true,
  },
  acknowledged: {
    Ripeline_Clock__c: "open",
    Ripeline_Rots_At__c: "2026-06-02T08:00:00.000Z",
    Ripeline_Undelivered__c: true,
  },
  present: {
    Ripeline_Clock__c: "open",
    Ripeline_Rots_At__c: "2026-06-02T08:00:00.000+0000",
    Ripeline_Undelivered__c: true,
  },
};
const blank = { Ripeline_Clock__c: null, Ripeline_Rots_At__c: null, Ripeline_Undelivered__c: false };

describe("an update", () => {
  test("is taken back where the CRM holds what the run wrote; what was never written becomes blank", () => {
    expect(decide(lead, flagged)).toEqual({ action: "restore", changes: blank, skips: [] });
    const previous = { Ripeline_Clock__c: "held" };
    expect(decide(lead, { ...flagged, previous })).toMatchObject({ changes: { ...blank, ...previous } });
  });

  test("leaves what somebody changed, and what a later run of ours wrote, each with its reason", () => {
    const present = { ...flagged.present, Ripeline_Clock__c: "mine", Ripeline_Undelivered__c: false };
    const acknowledged = { ...flagged.acknowledged, Ripeline_Rots_At__c: "2026-06-09T08:00:00.000Z" };
    const row = {
      ...flagged,
      present: { ...present, Ripeline_Rots_At__c: "2026-06-09T08:00:00.000+0000" },
      acknowledged,
    };
    expect(decide(lead, row)).toEqual({
      action: "restore",
      // Blank in the CRM and not noted: an undo that died had put it back; it is sent once more, to be noted.
      changes: { Ripeline_Undelivered__c: false },
      skips: [
        { field: "Ripeline_Clock__c", reason: "changed" },
        { field: "Ripeline_Rots_At__c", reason: "later_run" },
      ],
    });
  });

  test("that was taken back before is left in peace", () => {
    expect(decide(lead, { ...flagged, present: blank, acknowledged: blank })).toEqual({
      action: "none",
      skips: [],
    });
  });

  test("of a record that is gone, converted or closed is left", () => {
    const gone = { action: "none", skips: [{ field: null, reason: "gone" }] };
    expect(decide(lead, { ...flagged, present: null })).toEqual(gone);
    expect(decide(lead, { ...flagged, acknowledged: null })).toEqual(gone);
  });
});

describe("a row of ours", () => {
  const written = {
    Ripeline_Key__c: "h1",
    Ripeline_Lead_Id__c: "00Q000000000001AAA",
    Ripeline_Handoff_Number__c: 1,
  };
  const made: WrittenRow = { ...flagged, isCreated: true, written, acknowledged: written, present: written };

  test("that the run made is deleted, unless anybody has written to it since", () => {
    expect(decide(handoff, made)).toEqual({ action: "remove", skips: [] });
    const later = { ...written, Ripeline_Outcome__c: "recycled" };
    expect(decide(handoff, { ...made, present: later, acknowledged: later })).toEqual({
      action: "none",
      skips: [{ field: "Ripeline_Outcome__c", reason: "later_run" }],
    });
    expect(decide(handoff, { ...made, present: later })).toMatchObject({ skips: [{ reason: "changed" }] });
    expect(decide(handoff, { ...made, present: null, acknowledged: null })).toEqual({
      action: "none",
      skips: [],
    });
  });

  test("that the run deleted is made again, unless somebody or a later run did", () => {
    const removed = { ...made, isCreated: false, isRemoved: true, previous: written, written: {} };
    const gone = { ...removed, present: null, acknowledged: null };
    const { Ripeline_Key__c: _key, ...changes } = written;
    expect(decide(handoff, gone)).toMatchObject({
      action: "recreate",
      changes: { Ripeline_Lead_Id__c: changes.Ripeline_Lead_Id__c },
    });
    expect(decide(handoff, { ...gone, present: written })).toMatchObject({ skips: [{ reason: "restored" }] });
    const other = { ...written, Ripeline_Lead_Id__c: "00Q000000000002AAA" };
    expect(decide(handoff, { ...gone, acknowledged: other })).toMatchObject({
      skips: [{ reason: "later_run" }],
    });
    expect(decide(handoff, { ...gone, previous: {} })).toMatchObject({ skips: [{ reason: "unknown" }] });
  });
});
