// This process as a contender for the OS lock: what one waiter's attempt must not do to the next one's.
import { expect, onTestFinished, test, vi } from "vitest";
import { Timeout } from "../src/index.ts";
import { MemoryLock, memoryDriver } from "./support/memory-driver.ts";

const PATH = "/memory/work.lock";

// 1. A stranger holds. The head of the queue asks for a mode, and has its attempt refused. 2. The head leaves; the next
// one asks for another. 3. The lock file is removed. 4. The next one wins, and creates it.
test.each([
  [0o600, undefined],
  [undefined, 0o600],
  [0o600, 0o640],
])("a waiter with the mode %o leaves the file of the next one its own, %o", async (first, second) => {
  const driver = memoryDriver();
  driver.seize(PATH);
  const head = new MemoryLock(driver, PATH, { mode: first }).acquire({ timeout: 0.02 });
  const next = new MemoryLock(driver, PATH, { mode: second, pollInterval: 0.005 }).acquire();
  await expect(head).rejects.toThrow(Timeout);
  const fresh = memoryDriver();
  driver.remove(PATH);
  const hold = await next;
  const reference = await new MemoryLock(fresh, PATH, { mode: second }).acquire();
  expect(driver.modeOf(PATH)).toBe(fresh.modeOf(PATH));
  await Promise.all([hold.release(), reference.release()]);
});

// 1. This process's turn is over, and it rests. For its first waiter, who asks for a mode, a lock file is prepared. 2. That
// one leaves; the next asks for no mode, and to poll faster, so that the polling begins anew, within the rest. 3. What
// was prepared is not the next one's.
test("a waiter for whom something was prepared in a rest leaves the next one its own", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const driver = memoryDriver();
  const hold = await new MemoryLock(driver, PATH).acquire();
  const leaving = new AbortController();
  const first = new MemoryLock(driver, PATH, { mode: 0o600 }).acquire({ signal: leaving.signal });
  const next = new MemoryLock(driver, PATH, { pollInterval: 0.005 }).acquire();
  await vi.advanceTimersByTimeAsync(10);
  await hold.release();
  driver.remove(PATH);
  leaving.abort();
  await expect(first).rejects.toBe(leaving.signal.reason);
  await vi.advanceTimersByTimeAsync(2);
  expect(driver.modeOf(PATH)).toBeUndefined();
  await (await next).release();
});

// 1. The lock is won. 2. Its file does not get the mode that was asked for. 3. It cannot be released either, just then.
test("a lock that was won for nobody, and could not be released, is released before the next attempt", async () => {
  const driver = memoryDriver();
  driver.failNext("setMode", "EIO");
  driver.failNext("release", "ENOLCK", "ENOLCK");
  const strict = new MemoryLock(driver, PATH, { mode: 0o600 });
  await expect(strict.acquire()).rejects.toMatchObject({ code: "EIO" });
  expect(driver.grants).toBe(1);
  const once = new MemoryLock(driver, PATH, { timeout: 0 });
  await expect(once.acquire()).rejects.toMatchObject({ code: "ENOLCK" });
  const hold = await once.acquire();
  expect(driver.grants).toBe(1);
  await hold.release();
  expect(driver.isHeld(PATH)).toBe(false);
});
