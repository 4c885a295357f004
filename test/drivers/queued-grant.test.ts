// What was won standing in line: when the place in line goes.
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Grant } from "../../src/driver.ts";
import { FileLock } from "../../src/index.ts";
import { flockDriver } from "../../src/drivers/flock.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { granted, nativeError, notingFlock, opened } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { tickets } from "../support/places.ts";
import { soon } from "../support/promises.ts";

everyTestLeavesNothing();

/** A grant that was waited for, standing in line. */
function wonInLine(lockFile: string, by = flockDriver()): Grant {
  const holder = granted(lockFile);
  const attempt = opened(lockFile, { order: "fifo" }, by);
  attempt.watch(() => {});
  expect(attempt.tryLock()).toBeNull();
  expect(tickets(lockFile)).toHaveLength(1);
  holder.release({ remove: false });
  return attempt.tryLock()!;
}

describe("The place in line goes", () => {
  test("a turn after the win", async () => {
    const lockFile = temporaryLockFile();
    const grant = wonInLine(lockFile);
    await turn();
    expect(tickets(lockFile)).toEqual([]);
    grant.release({ remove: false });
  });

  test("with the release, where that comes first, and once", async () => {
    const lockFile = temporaryLockFile();
    wonInLine(lockFile).release({ remove: false });
    expect(tickets(lockFile)).toEqual([]);
    await turn();
  });

  test("a turn after the win, where the release fails", async () => {
    const lockFile = temporaryLockFile();
    let fails = false;
    const { flock } = notingFlock((operation) => {
      if (operation === "unlock" && fails) throw nativeError("EIO", 5);
      return undefined;
    });
    const grant = wonInLine(lockFile, flockDriver(flock));
    fails = true;
    expect(() => {
      grant.release({ remove: false });
    }).toThrow("still held");
    fails = false;
    await turn();
    expect(tickets(lockFile)).toEqual([]);
    grant.release({ remove: false });
  });
});

// 1. Wins after a wait. 2. Releases in the same turn. 3. Nobody else wants the lock.
test("whoever releases in the turn of the win gets the lock again at one attempt", async () => {
  const lockFile = temporaryLockFile();
  const lock = new FileLock(lockFile, { order: "fifo" });
  const holder = granted(lockFile);
  const waiting = lock.acquire();
  holder.release({ remove: false });
  const hold = await soon(waiting, "it is free");
  await hold.release();
  const again = await lock.tryAcquire();
  expect(again).toBeDefined();
  await again!.release();
  await turn(); // the watch of the lock file is closed
});
