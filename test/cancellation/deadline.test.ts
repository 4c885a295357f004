// Deadlines by the real clock: never early, with the smallest and the largest timeouts, and while the queue moves.
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { FileLock, Timeout } from "../../src/index.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { MemoryLock, memoryDriver } from "../support/memory-driver.ts";
import { blocked, soon } from "../support/promises.ts";
import { nothingLeft, resources } from "../support/resources.ts";
import { countTimers } from "../support/timers.ts";

const PATH = "/memory/work.lock";

/** How long it took to time out, in milliseconds. */
async function timedOutAfter(lock: FileLock | MemoryLock, timeout: number): Promise<number> {
  const began = performance.now();
  await expect(soon(lock.acquire({ timeout }), "no Timeout")).rejects.toThrow(Timeout);
  return performance.now() - began;
}

test.each([1e-6, 0.0004, 0.001, 0.0015, 0.01, 0.0333])(
  "a timeout of %f s is never early",
  async (timeout) => {
    const driver = memoryDriver();
    driver.seize(PATH);
    const held = new FileLock(temporaryLockFile());
    const hold = await held.acquire();
    for (let round = 0; round < 10; round++) {
      const took = await Promise.all([
        timedOutAfter(new MemoryLock(driver, PATH), timeout),
        timedOutAfter(new MemoryLock(driver, PATH), timeout),
        timedOutAfter(new FileLock(held.lockFile), timeout),
      ]);
      expect(Math.min(...took)).toBeGreaterThanOrEqual(timeout * 1000);
    }
    await hold.release();
  },
);

test("the smallest timeout gets what is free", async () => {
  const lock = new FileLock(temporaryLockFile());
  const hold = await lock.acquire({ timeout: Number.MIN_VALUE });
  await hold.release();
});

// setTimeout() takes a signed 32-bit number of milliseconds: one more, and it fires at once, with a process warning.
test.each([2 ** 31 / 1000, 2 ** 32 / 1000, Number.MAX_VALUE])(
  "a timeout of %d s does not fire",
  async (timeout) => {
    const lock = new FileLock(temporaryLockFile());
    const hold = await lock.acquire();
    const waiting = new FileLock(lock.lockFile).acquire({ timeout });
    await blocked(waiting);
    await hold.release();
    await (await soon(waiting, "not handed on")).release();
  },
);

// 1. The holder lets go in the turn in which the deadline of the next one comes. 2. Either that one has it, or it has
// left the queue and the one behind has it.
test("a timeout while the queue moves disturbs nobody", async () => {
  const lockFile = temporaryLockFile();
  const before = resources();
  const timers = countTimers();
  const ends = { held: 0, timedOut: 0 };
  for (let round = 0; round < 40; round++) {
    const holder = await new FileLock(lockFile).acquire();
    const inside: number[] = [];
    const turns = Promise.allSettled(
      [-1, 0.004, -1, 0.004, -1].map(async (timeout, index) => {
        const hold = await new FileLock(lockFile).acquire({ timeout });
        inside.push(index);
        expect(new FileLock(lockFile).lockCounter).toBe(1);
        await setTimeout(round % 2);
        await hold.release();
      }),
    );
    await setTimeout(2 + (round % 4));
    await holder.release();
    const settled = await soon(turns, "somebody waits for ever");
    const timedOut = settled.flatMap((turn, index) => (turn.status === "rejected" ? [index] : []));
    for (const turn of settled) if (turn.status === "rejected") expect(turn.reason).toBeInstanceOf(Timeout);
    expect(inside).toEqual([0, 1, 2, 3, 4].filter((index) => !timedOut.includes(index)));
    expect(inside).toEqual(expect.arrayContaining([0, 2, 4]));
    ends.timedOut += timedOut.length;
    ends.held += inside.length - 3;
  }
  expect(Math.min(ends.held, ends.timedOut)).toBeGreaterThan(0);
  expect(timers()).toBe(0);
  await nothingLeft(before);
});
