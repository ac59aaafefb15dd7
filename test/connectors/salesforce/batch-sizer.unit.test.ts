import { describe, expect, it } from "vitest";
import { createBatchSizer } from "../../../connectors/salesforce/batch-sizer.ts";

/** A sizer for one object that begins with `start` rows. */
function sizerFrom(start: number) {
  const sizer = createBatchSizer();
  sizer.size("Lead", start);
  return {
    sizer,
    size: () => sizer.size("Lead", start),
    clean: (...rows: readonly number[]) => {
      for (const each of rows) sizer.clean("Lead", each);
    },
    strained: (...rows: readonly number[]) => {
      for (const each of rows) sizer.strained("Lead", each);
    },
  };
}

describe("the size of a batch", () => {
  it("doubles after three clean batches, up to 200", () => {
    const { size, clean } = sizerFrom(50);
    clean(50, 50);
    expect(size()).toBe(50);
    clean(50);
    expect(size()).toBe(100);
    clean(100, 100, 100);
    expect(size()).toBe(200);
    clean(200, 200, 200);
    expect(size()).toBe(200);
  });

  it("is not proved by batches smaller than it, such as the rest of a page or those sent before it grew", () => {
    const { size, clean } = sizerFrom(50);
    clean(49, 49, 49, 7);
    expect(size()).toBe(50);
    // Five of one call: three double it, the other two were of the old size.
    clean(50, 50, 50, 50, 50);
    expect(size()).toBe(100);
    clean(100, 100);
    expect(size()).toBe(100);
  });

  it("is halved by a batch that fails, down to 1", () => {
    const { size, strained } = sizerFrom(200);
    const seen: number[] = [];
    for (let times = 0; times < 9; times += 1) {
      strained(size());
      seen.push(size());
    }
    expect(seen).toEqual([100, 50, 25, 13, 7, 4, 2, 1, 1]);
  });

  it("is halved once by five batches of one call, and by half of what failed where that was less than the size", () => {
    const { size, strained } = sizerFrom(200);
    strained(200, 200, 200, 200, 200);
    expect(size()).toBe(100);
    strained(30);
    expect(size()).toBe(15);
  });

  it("counts clean batches anew after a failure", () => {
    const { size, clean, strained } = sizerFrom(50);
    clean(50, 50);
    strained(50);
    clean(25, 25);
    expect(size()).toBe(25);
    clean(25);
    expect(size()).toBe(50);
  });

  it("is halved by rows that others have locked in a full batch, not by a few rows that stay locked", () => {
    const { sizer, size } = sizerFrom(200);
    sizer.locked("Lead", 3);
    expect(size()).toBe(200);
    sizer.locked("Lead", 200);
    sizer.locked("Lead", 200);
    expect(size()).toBe(100);
  });

  it("goes back where it was when a single row was at fault, and never down to there", () => {
    const { sizer, size, strained } = sizerFrom(200);
    strained(200, 100, 50);
    expect(size()).toBe(25);
    sizer.restore("Lead", 200);
    expect(size()).toBe(200);
    sizer.restore("Lead", 50);
    expect(size()).toBe(200);
  });

  it("begins anew where the org's automation came or went, each object for itself", () => {
    const { sizer, size, strained } = sizerFrom(50);
    strained(50);
    expect(size()).toBe(25);
    expect(sizer.size("Opportunity", 200)).toBe(200);
    expect(sizer.size("Lead", 200)).toBe(200);
    expect(sizer.size("Lead", 50)).toBe(50);
  });
});
