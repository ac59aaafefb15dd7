import { describe, expect, it } from "vitest";
import { streams } from "../../connectors/registry.ts";
import { pullRequest, type StreamState } from "../../src/mirror/stream-state.ts";

const lead = streams.salesforce.find(({ object }) => object === "Lead") ?? expect.fail("no stream of leads");
const read: StreamState = {
  stream: lead.name,
  watermark: new Date("2026-06-01T08:00:00Z"),
  historyBeginsAt: null,
  interrupted: null,
  specHash: "as before",
  hiddenFields: [],
  isAbsent: false,
};

describe("what is asked of the connector", () => {
  it("begins the overlap before the watermark: rows become visible late", () => {
    // 08:00 less ten minutes.
    expect(lead.overlapMinutes).toBe(10);
    expect(pullRequest(lead, lead.fields, read, "as before").since).toEqual(new Date("2026-06-01T07:50:00Z"));
  });

  it("is everything where fields or patterns have changed, or nothing was read yet", () => {
    expect(pullRequest(lead, lead.fields, read, "another").since).toBeNull();
    expect(pullRequest(lead, lead.fields, undefined, "as before").since).toBeNull();
  });

  it("goes on where an interrupted pull of the same content stopped, else begins anew", () => {
    const since = new Date("2026-06-01T06:00:00Z");
    const checkpoint = { route: "rest" };
    const state = { ...read, interrupted: { since, checkpoint } };
    expect(pullRequest(lead, lead.fields, state, "as before")).toMatchObject({ since, resume: checkpoint });
    expect(pullRequest(lead, lead.fields, state, "another")).toMatchObject({ since: null, resume: null });
  });
});
