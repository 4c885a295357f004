// acquireSync() and tryAcquireSync(): the same lock and the same rules, without a promise; and what they must not wait for.
import { readdirSync } from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Deadlock, FileLock, Timeout, type Hold } from "../src/index.ts";
import { Task } from "./ownership/task.ts";
import { startChild } from "./support/child.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { everyTestLeavesNothing } from "./support/leaves-nothing.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { blocked, soon } from "./support/promises.ts";

everyTestLeavesNothing();

const PATH = "/memory/work.lock";

let driver: MemoryDriver;

beforeEach(() => {
  driver = memoryDriver();
});

function lock(options: ConstructorParameters<typeof MemoryLock>[2] = {}): MemoryLock {
  return new MemoryLock(driver, PATH, { pollInterval: 0.005, ...options });
}

/** In a turn of its own: what a test acquires synchronously marks the rest of the turn. */
function inTurn<Result>(act: () => Result): Promise<Awaited<Result>> {
  return new Task().does(act);
}

describe("a free lock", () => {
  test("is held when the call returns, and free when releaseSync() does", () =>
    inTurn(() => {
      const hold = lock().acquireSync();
      expect(driver.isHeld(PATH)).toBe(true);
      expect(hold.released).toBe(false);
      hold.releaseSync();
      expect(driver.isHeld(PATH)).toBe(false);
      hold.releaseSync();
      expect(hold.released).toBe(true);
    }));

  test("is held for as long as `using` says", () =>
    inTurn(() => {
      {
        using hold = lock().tryAcquireSync();
        expect(hold?.lockFile).toBe(PATH);
        expect(driver.isHeld(PATH)).toBe(true);
      }
      expect(driver.isHeld(PATH)).toBe(false);
    }));

  test("is a real one: by flock(2)", () =>
    inTurn(() => {
      const lockFile = temporaryLockFile();
      const hold = new FileLock(lockFile).acquireSync({ timeout: 1 });
      expect(typeof hold.fd).toBe("number");
      expect(new FileLock(lockFile).tryAcquireSync()).toBeUndefined();
      hold.releaseSync();
    }));
});

describe("what nests", () => {
  test("both ways: a synchronous hold in run(), and acquire() in a synchronous hold", async () => {
    await lock().run(() => {
      const hold = lock().acquireSync();
      expect(lock().lockCounter).toBe(2);
      hold.releaseSync();
    });
    await inTurn(async () => {
      const object = lock();
      const outer = object.acquireSync();
      const inner = await object.acquire({ timeout: 0 });
      expect(object.lockCounter).toBe(2);
      await object.release();
      expect(inner.released).toBe(true);
      await object.release();
      expect(outer.released).toBe(true);
    });
  });

  test("other objects and other tasks wait", async () => {
    const hold = await inTurn(() => lock().acquireSync());
    const waiting = lock().acquire();
    await blocked(waiting);
    hold.releaseSync();
    await (await waiting).release();
  });

  test("shared holds", async () => {
    const [one, other] = [
      await inTurn(() => lock().acquireSync({ shared: true })),
      await inTurn(() => lock().tryAcquireSync({ shared: true })),
    ];
    expect(driver.grants).toBe(1);
    expect(await inTurn(() => lock().tryAcquireSync())).toBeUndefined();
    other!.releaseSync();
    one.releaseSync();
  });
});

async function namedInStacks(acquire: () => Promise<Hold>): Promise<Hold> {
  await Promise.resolve(); // a turn of its own
  return acquire();
}

describe("what would never end is a Deadlock at once", () => {
  test("a wait for a hold of this process", async () => {
    const hold = await lock().acquire();
    const error = await inTurn(() => lock().acquireSync({ timeout: 1 })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Deadlock);
    expect((error as Deadlock).message).toMatch(
      /^The file lock '\/memory\/work\.lock' is held or waited for by this process itself, .* acquired at .*sync\.test\.ts/,
    );
    expect(await inTurn(() => lock().tryAcquireSync())).toBeUndefined();
    await expect(inTurn(() => lock().acquireSync({ timeout: 0 }))).rejects.toThrow(Timeout);
    await hold.release();
    expect(driver.isHeld(PATH)).toBe(false);
  });

  test("a wait inside a hold, for another that is nested in it: that one is what it names", async () => {
    await lock().run(async () => {
      const inner = await namedInStacks(() => lock().acquire());
      const error = await inTurn(() => lock().acquireSync()).catch((reason: unknown) => reason);
      expect(((error as Deadlock).cause as Error).stack).toContain("namedInStacks");
      await inner.release();
    });
  });

  test("a wait behind those of this process who wait", async () => {
    const letGo = driver.seize(PATH);
    const waiting = lock().acquire();
    await expect(inTurn(() => lock().acquireSync({ timeout: 1 }))).rejects.toThrow(Deadlock);
    letGo();
    expect(await inTurn(() => lock().tryAcquireSync()), "nor does it pass them").toBeUndefined();
    await (await waiting).release();
  });
});

describe("a wait for another process", () => {
  test("ends in a Timeout, not before its time, and leaves nothing", async () => {
    driver.seize(PATH);
    const began = performance.now();
    const error = await inTurn(() => lock().acquireSync({ timeout: 0.05 })).catch(
      (reason: unknown) => reason,
    );
    expect(performance.now() - began).toBeGreaterThanOrEqual(50);
    expect(error).toBeInstanceOf(Timeout);
    expect(error).toMatchObject({ timeout: 0.05, lockFile: PATH });
    expect((error as Timeout).message).toMatch(
      /^The file lock '.*' could not be acquired\. Waited [\d.]+ s; who holds it/,
    );
    expect(driver.openAttempts + driver.grants + driver.watches).toBe(0);
    expect(driver.attempts).toBeGreaterThan(3);
  });

  // The pauses double: 1, 2, 4, ... 128 ms make 255, and the next one would end at about 500 ms.
  test("is not late, however long the pauses are by then", async () => {
    driver.seize(PATH);
    const patient = lock({ pollInterval: 1000 });
    vi.useFakeTimers({ toFake: ["performance"] });
    const wait = vi.spyOn(Atomics, "wait");
    onTestFinished(() => {
      wait.mockRestore();
      vi.useRealTimers();
    });
    wait.mockImplementation((_, __, ___, milliseconds) => {
      vi.advanceTimersByTime(Math.ceil(milliseconds!));
      return "timed-out";
    });
    const began = performance.now();
    await expect(inTurn(() => patient.acquireSync({ timeout: 0.3 }))).rejects.toThrow(Timeout);
    expect(performance.now() - began).toBe(300);
  });

  test("is one attempt with `timeout: 0`, with `blocking: false` and for tryAcquireSync()", async () => {
    driver.seize(PATH);
    await expect(inTurn(() => lock().acquireSync({ timeout: 0 }))).rejects.toThrow("Tried once");
    await expect(inTurn(() => lock({ timeout: 9 }).acquireSync({ blocking: false }))).rejects.toThrow(
      Timeout,
    );
    expect(await inTurn(() => lock({ timeout: 9 }).tryAcquireSync())).toBeUndefined();
    expect(driver.attempts).toBe(3);
    expect(driver.openAttempts).toBe(0);
  });

  test("ends with what an attempt throws, and leaves nothing", async () => {
    driver.seize(PATH);
    const fails = lock();
    driver.failNext("identify", "EACCES");
    await expect(inTurn(() => fails.acquireSync())).rejects.toMatchObject({ code: "EACCES" });
    const failing = inTurn(() => {
      driver.failNext("tryLock", "EIO");
      return fails.acquireSync();
    });
    await expect(failing).rejects.toMatchObject({ code: "EIO" });
    expect(driver.openAttempts + driver.grants).toBe(0);
  });

  test("does not begin where the lock's signal has aborted", async () => {
    const reason = new Error("enough");
    const aborted = lock({ signal: AbortSignal.abort(reason) });
    await expect(inTurn(() => aborted.acquireSync())).rejects.toBe(reason);
    expect(driver.attempts).toBe(0);
  });

  test.each([["any"], ["fifo"]] as const)("ends when that process lets go: order %s", async (order) => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile).acquire();
    const child = startChild("holdSync", lockFile, { options: { order } });
    await child.says("ready");
    const held = child.says("held");
    await blocked(held);
    if (order === "fifo") {
      await soon(
        vi.waitFor(() => expect(readdirSync(`${lockFile}.queue`)).toHaveLength(2), { timeout: 10_000 }),
        "it has taken its place in line",
      );
    }
    await hold.release();
    await held;
    expect(await new FileLock(lockFile).tryAcquire()).toBeUndefined();
    child.tell("release");
    expect(await child.ends()).toEqual({ code: 0, signal: null });
  });
});
