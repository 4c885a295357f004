// An abort at every await point of an acquisition that meets no other task of its process: the caller has the hold or
// the reason, never neither and never both.
import { once } from "node:events";
import { setTimeout } from "node:timers";
import { describe, expect, test } from "vitest";
import { FileLock, type Hold, Timeout } from "../../src/index.ts";
import { startChild } from "../support/child.ts";
import { MemoryLock, memoryDriver } from "../support/memory-driver.ts";
import { deferred, soon } from "../support/promises.ts";
import { abortEverywhere } from "./points.ts";
import { expectFree, lockFiles } from "./stage.ts";

describe("nobody else wants the lock file", () => {
  test.each(["acquire", "tryAcquire"] as const)("%s", async (verb) => {
    const next = lockFiles();
    const tally = await abortEverywhere(() => {
      const lock = new FileLock(next());
      return {
        acquire: async (signal) => (await lock[verb]({ signal }))!,
        async end(hold) {
          await hold!.release();
          await expectFree(lock);
        },
      };
    });
    // The attempt is made before acquire() returns: no abort after that comes in time.
    expect(tally.aborted).toBe(0);
  });

  test("run", async () => {
    const next = lockFiles();
    const tally = await abortEverywhere(() => {
      const lock = new FileLock(next());
      const inside = deferred<Hold>();
      const leave = deferred();
      let running: Promise<void> | undefined;
      return {
        acquire(signal) {
          running = lock.run(
            (hold) => {
              inside.resolve(hold);
              return leave.promise;
            },
            { signal },
          );
          return inside.promise;
        },
        async end(hold) {
          leave.resolve();
          await running;
          expect(hold!.released).toBe(true);
          await expectFree(lock);
        },
      };
    });
    expect(tally.aborted).toBe(0);
  });
});

describe("another process holds it", () => {
  test("and never lets go", async () => {
    const lockFile = lockFiles()();
    const child = startChild("hold", lockFile);
    await child.says("held");
    const tally = await abortEverywhere(() => ({
      acquire: (signal) => new FileLock(lockFile).acquire({ signal, timeout: 60 }),
      end: async () => {},
    }));
    expect(tally.held).toBe(0);
    child.tell("release");
    await child.says("released");
    await expectFree(new FileLock(lockFile));
  });

  // 1. Somebody looks who holds the lock file, which takes a while: for onWait, or since the deadline is near. 2. The
  // caller aborts meanwhile.
  test.each([{ onWait: () => {} }, { timeout: 0.04 }])("and is being looked up, for %o", async (options) => {
    const lockFile = lockFiles()();
    const child = startChild("hold", lockFile);
    await child.says("held");
    const tally = await abortEverywhere(() => ({
      acquire: (signal) =>
        new FileLock(lockFile).acquire({ signal, ...options }).catch(async (error: unknown) => {
          if (!(error instanceof Timeout) || signal.aborted) throw error;
          await once(signal, "abort"); // a busy machine comes to the deadline first
          throw signal.reason;
        }),
      end: async () => {},
    }));
    expect(tally.held).toBe(0);
  });

  test("and never lets go: run() does not call", async () => {
    const driver = memoryDriver();
    const next = lockFiles();
    let calls = 0;
    const tally = await abortEverywhere(() => {
      const path = next();
      driver.seize(path);
      return {
        acquire: (signal) =>
          new MemoryLock(driver, path).run(
            (hold) => {
              calls++;
              return hold;
            },
            { signal },
          ),
        end: async () => {},
      };
    });
    expect([tally.held, calls, driver.grants, driver.openAttempts]).toEqual([0, 0, 0, 0]);
  });

  test("while another task waits behind: that one is polled for from then on", async () => {
    const driver = memoryDriver();
    const next = lockFiles();
    const tally = await abortEverywhere(() => {
      const path = next();
      const letGo = driver.seize(path);
      let behind: Promise<Hold> | undefined;
      return {
        busy: true,
        acquire(signal) {
          const acquired = new MemoryLock(driver, path).acquire({ signal, timeout: 60 });
          behind = new MemoryLock(driver, path).acquire();
          return acquired;
        },
        async end() {
          letGo();
          await (await soon(behind!, "the one behind does not get its turn")).release();
          expect([driver.grants, driver.openAttempts]).toEqual([0, 0]);
        },
      };
    });
    expect(tally.held).toBe(0);
  });

  // p-retry looks at its signal after a successful attempt too, and rejects: 1. The attempt wins. 2. The caller aborts,
  // within the microtasks that p-retry takes. 3. p-retry rejects. The win must have been handed over before.
  test("and lets go: an abort in each microtask after the attempt that wins", async () => {
    const driver = memoryDriver();
    const next = lockFiles();
    const tally = await abortEverywhere(() => {
      const path = next();
      const letGo = driver.seize(path);
      return {
        acquire: (signal) => new MemoryLock(driver, path).acquire({ signal, timeout: 60 }),
        trigger() {
          letGo();
          return driver.nextAttempt();
        },
        async end(hold) {
          expect(driver.grants).toBe(1);
          await hold!.release();
          expect([driver.grants, driver.openAttempts]).toEqual([0, 0]);
        },
      };
    });
    expect(tally.aborted).toBe(0);
  });

  test("and lets go in a timer turn near the abort", async () => {
    const driver = memoryDriver();
    const next = lockFiles();
    let scenes = 0;
    const tally = await abortEverywhere(() => {
      const path = next();
      const letGo = driver.seize(path);
      return {
        acquire: (signal) => new MemoryLock(driver, path).acquire({ signal, timeout: 60 }),
        trigger: () => void setTimeout(letGo, scenes++ % 4),
        async end(hold) {
          expect(driver.grants).toBe(hold === undefined ? 0 : 1);
          await hold?.release();
          letGo();
          expect([driver.grants, driver.openAttempts]).toEqual([0, 0]);
          await expectFree(new MemoryLock(driver, path));
        },
      };
    });
    expect(tally.aborted).toBeGreaterThan(0);
  });
});
