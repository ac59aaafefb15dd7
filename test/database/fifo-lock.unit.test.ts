import { expect, test } from "vitest";
import { FifoLock } from "../../src/database/fifo-lock.ts";

test("the lock is handed on in the order of asking, also after a failure", async () => {
  const lock = new FifoLock();
  const order: number[] = [];
  const take = (n: number) =>
    lock.run(async () => {
      await Promise.resolve();
      order.push(n);
      if (n === 2) throw new Error("two");
    });
  const results = await Promise.allSettled([take(1), take(2), take(3)]);
  expect(order).toEqual([1, 2, 3]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("giving the lock up twice does not let two in", async () => {
  const lock = new FifoLock();
  const release = await lock.acquire();
  release();
  const second = await lock.acquire();
  release();
  let third = false;
  const waiting = lock.acquire().then(() => {
    third = true;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(third).toBe(false);
  second();
  await waiting;
});
