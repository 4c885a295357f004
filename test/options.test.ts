// Options of locks and of calls: what they are when nothing is said, and which of two wins. Of bad ones see
// bad-options.test.ts.
import { describe, expect, test } from "vitest";
import { FileLock, Timeout } from "../src/index.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { MemoryLock, memoryDriver } from "./support/memory-driver.ts";

const PATH = "/memory/work.lock";

describe("what applies", () => {
  test("when nothing is said", () => {
    const lock = new FileLock("x.lock");
    expect(Object.fromEntries(Object.entries(lock))).toEqual({
      lockFile: "x.lock",
      timeout: -1,
      blocking: true,
      pollInterval: 0.05,
      shared: false,
      mode: undefined,
      remove: false,
      owner: "task",
      order: "any",
      signal: undefined,
      onWait: undefined,
      wrap: expect.any(Function),
    });
    expect(new FileLock("x.lock", { timeout: undefined, owner: undefined })).toMatchObject({
      timeout: -1,
      owner: "task",
    });
  });

  test("what the constructor was given, also when its argument changes later", () => {
    const { signal } = new AbortController();
    const onWait = (): void => {};
    const given = {
      timeout: 0.5,
      blocking: false,
      pollInterval: 0.001,
      mode: 0o640,
      remove: true,
      owner: "object" as const,
      order: "any" as const,
      signal,
      onWait,
    };
    const options = { ...given };
    const lock = new FileLock("x.lock", options);
    options.timeout = 7;
    expect(lock).toMatchObject(given);
  });

  test("what the call was given, and undefined is nothing given", async () => {
    const driver = memoryDriver();
    driver.seize(PATH);
    const lock = new MemoryLock(driver, PATH, { timeout: 0.02 });
    const timeouts = async (options?: object): Promise<number> => {
      const error = await lock.acquire(options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Timeout);
      return (error as Timeout).timeout;
    };
    expect(await timeouts()).toBe(0.02);
    expect(await timeouts({ timeout: undefined })).toBe(0.02);
    expect(await timeouts({ timeout: 0.01 })).toBe(0.01);
    expect(await timeouts({ timeout: 0 })).toBe(0);
    expect(await timeouts({ blocking: false })).toBe(0);
    expect(lock.timeout).toBe(0.02);
  });

  test.each([
    ["of the lock", { blocking: false, timeout: 60 }, {}],
    ["of the call", { timeout: 60 }, { blocking: false }],
    ["of the lock, with the timeout of the call", { blocking: false }, { timeout: 60 }],
    ["for ever", { blocking: false, timeout: -1 }, {}],
  ])("blocking: false %s wins over the timeout: one attempt", async (_, ofLock, ofCall) => {
    const driver = memoryDriver();
    driver.seize(PATH);
    const acquired = new MemoryLock(driver, PATH, ofLock).acquire(ofCall);
    await expect(acquired).rejects.toMatchObject({ name: "Timeout", timeout: 0 });
    expect([driver.attempts, driver.openAttempts]).toEqual([1, 0]);
  });

  test("blocking: true of the call lets a lock wait that does not", async () => {
    const driver = memoryDriver();
    driver.seize(PATH);
    const lock = new MemoryLock(driver, PATH, { blocking: false, timeout: 0.01 });
    await expect(lock.acquire({ blocking: true })).rejects.toMatchObject({ name: "Timeout", timeout: 0.01 });
  });

  test("mode is set when the lock is won, whatever the file had", async () => {
    const driver = memoryDriver();
    for (const mode of [undefined, 0o600, 0o666]) {
      const hold = await new MemoryLock(driver, PATH, { mode }).acquire();
      expect(driver.modeOf(PATH)).toBe(mode);
      await hold.release();
    }
  });

  test("remove: the last one out takes the lock file away, and without it the file stays", async () => {
    const driver = memoryDriver();
    for (const remove of [false, true]) {
      const lock = new MemoryLock(driver, PATH, { remove });
      await lock.run(() => lock.run(() => expect(driver.exists(PATH)).toBe(true)));
      expect(driver.exists(PATH)).toBe(!remove);
    }
  });
});

test("making a lock does no I/O", () => {
  const driver = memoryDriver();
  driver.failNext("identify", "EIO");
  driver.failNext("open", "EIO");
  expect(new MemoryLock(driver, PATH).lockFile).toBe(PATH);
  const lock = new FileLock(temporaryLockFile());
  expect(lock.isLocked).toBe(false);
});
