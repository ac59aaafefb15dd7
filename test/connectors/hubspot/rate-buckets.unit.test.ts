import { describe, expect, it } from "vitest";
import { createGate, createRateBuckets } from "../../../connectors/hubspot/rate-buckets.ts";
import { manualClock } from "../../../src/core/time.ts";

function bench() {
  const clock = manualClock(new Date("2026-11-21T12:00:00Z"));
  const start = clock.now().getTime();
  const sentAt: number[] = [];
  const buckets = createRateBuckets(clock);
  const pacing = {
    random: () => 1,
    sleep: (ms: number) => {
      clock.advance(ms);
      return Promise.resolve();
    },
  };
  const send = async (bucket: "plain" | "search" | "associations", calls: number) => {
    for (let call = 0; call < calls; call += 1) {
      await buckets.take(bucket, pacing);
      sentAt.push(clock.now().getTime() - start);
    }
  };
  return { buckets, send, sentAt };
}

describe("the windows of seconds", () => {
  it("let four searches a second go, and a search waits for no other call", async () => {
    const { send, sentAt } = bench();
    await send("plain", 90);
    await send("search", 9);
    expect(sentAt.slice(90)).toEqual([0, 0, 0, 0, 1_000, 1_000, 1_000, 1_000, 2_000]);
  });

  it("let 90 calls go in ten seconds until a header tells the plan's, of which a tenth is left to others", async () => {
    const { buckets, send, sentAt } = bench();
    await send("plain", 91);
    expect(sentAt.filter((at) => at === 0)).toHaveLength(90);
    expect(sentAt.at(-1)).toBe(10_000);
    buckets.observe(
      new Headers({
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Remaining": "150",
      }),
    );
    // 171 in ten seconds; the one at 10,000 counts.
    await send("plain", 171);
    expect(sentAt.filter((at) => at === 10_000)).toHaveLength(171);
    expect(sentAt.at(-1)).toBe(20_000);
  });

  it("count an association read in its own window and in that of all", async () => {
    const { send, sentAt } = bench();
    await send("plain", 45);
    await send("associations", 46);
    expect(sentAt.filter((at) => at === 0)).toHaveLength(90);
    expect(sentAt.at(-1)).toBe(10_000);
  });

  it("hold a bucket that the vendor refused, and leave a window that others have used up", async () => {
    const { buckets, send, sentAt } = bench();
    buckets.hold("search", 1_000);
    await send("search", 1);
    expect(sentAt).toEqual([1_000]);
    buckets.observe(
      new Headers({
        "X-HubSpot-RateLimit-Max": "100",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Remaining": "0",
      }),
    );
    await send("plain", 1);
    expect(sentAt.at(-1)).toBe(2_000);
  });
});

describe("the gate", () => {
  it("lets two at a time pass, and the next one also after a failure", async () => {
    const gate = createGate(2);
    let inside = 0;
    let most = 0;
    const work = async (fails: string) => {
      inside += 1;
      most = Math.max(most, inside);
      await Promise.resolve();
      inside -= 1;
      if (fails === "fails") throw new Error("failed");
      return fails;
    };
    const done = await Promise.allSettled(["fails", "a", "b", "c"].map((name) => gate(() => work(name))));
    expect(done.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
    expect(most).toBe(2);
  });
});
