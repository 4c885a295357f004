// This process as a contender for the OS lock: what one waiter's attempt must not do to the next one's.
import { expect, test } from "vitest";
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
