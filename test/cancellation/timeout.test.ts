// The end of a wait at its deadline, by a clock that the test turns: when it ends, how many attempts were made up to
// there, and by whom.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Timeout, type Hold } from "../../src/index.ts";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "../support/memory-driver.ts";

const PATH = "/memory/work.lock";

let driver: MemoryDriver;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
  // The longest pauses: 1, 2, 4, 8, … ms.
  vi.spyOn(Math, "random").mockReturnValue(1);
  driver = memoryDriver();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Outcome {
  hold?: Hold;
  error?: unknown;
  /** In milliseconds of the test's clock. */
  at?: number;
}

/** What becomes of an acquisition, to be looked at while the clock is turned. */
function outcome(acquired: Promise<Hold>): Outcome {
  const seen: Outcome = {};
  const note = (more: Outcome): void => void Object.assign(seen, more, { at: performance.now() });
  acquired.then(
    (hold) => note({ hold }),
    (error: unknown) => note({ error }),
  );
  return seen;
}

function lock(): MemoryLock {
  return new MemoryLock(driver, PATH, { pollInterval: 60 });
}

test("nothing ends before the deadline, and the head of the queue makes a last attempt at it", async () => {
  driver.seize(PATH);
  const began = performance.now();
  const head = outcome(lock().acquire({ timeout: 0.1 }));
  await vi.advanceTimersByTimeAsync(99);
  const attempts = driver.attempts;
  expect(head).toEqual({});
  await vi.advanceTimersByTimeAsync(1);
  expect(driver.attempts).toBe(attempts + 1);
  expect(head.error).toBeInstanceOf(Timeout);
  expect(head.at).toBe(began + 100);
  expect(vi.getTimerCount()).toBe(0);
  expect([driver.grants, driver.openAttempts]).toEqual([0, 0]);
});

test("the last attempt at the deadline may win", async () => {
  const letGo = driver.seize(PATH);
  const head = outcome(lock().acquire({ timeout: 0.1 }));
  await vi.advanceTimersByTimeAsync(99);
  letGo();
  expect(head).toEqual({});
  await vi.advanceTimersByTimeAsync(1);
  expect(head.hold?.released).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
  await head.hold!.release();
  expect(driver.grants).toBe(0);
});

test("an error at the last attempt is what the head of the queue is told", async () => {
  driver.seize(PATH);
  const head = outcome(lock().acquire({ timeout: 0.1 }));
  await vi.advanceTimersByTimeAsync(99);
  driver.failNext("tryLock", "EIO");
  await vi.advanceTimersByTimeAsync(1);
  expect(head.error).toMatchObject({ code: "EIO" });
  expect(vi.getTimerCount()).toBe(0);
});

test("those behind the head end at their deadlines without an attempt", async () => {
  const letGo = driver.seize(PATH);
  const began = performance.now();
  const head = outcome(lock().acquire());
  const behind = [0.1, 0.1, 0.09, 0.11].map((timeout) => outcome(lock().acquire({ timeout })));
  await vi.advanceTimersByTimeAsync(89);
  const attempts = driver.attempts;
  letGo();
  await vi.advanceTimersByTimeAsync(30);
  expect(driver.attempts).toBe(attempts); // the next one is due after 127 ms
  expect(behind.every(({ error }) => error instanceof Timeout)).toBe(true);
  expect(behind.map(({ at }) => at! - began)).toEqual([100, 100, 90, 110]);
  await vi.advanceTimersByTimeAsync(60);
  await head.hold!.release();
});

test("those behind a hold of this process end without an attempt", async () => {
  const hold = await lock().acquire();
  const attempts = driver.attempts;
  const waiting = [0.1, 0.1].map((timeout) => outcome(lock().acquire({ timeout })));
  await vi.advanceTimersByTimeAsync(100);
  expect(waiting.map(({ error }) => error)).toEqual([expect.any(Timeout), expect.any(Timeout)]);
  expect(driver.attempts).toBe(attempts);
  await hold.release();
  expect(vi.getTimerCount()).toBe(0);
});

test("one attempt serves all whose time is up by then", async () => {
  driver.seize(PATH);
  const waiting = Array.from({ length: 5 }, () => outcome(lock().acquire({ timeout: 0.1 })));
  await vi.advanceTimersByTimeAsync(99);
  const attempts = driver.attempts;
  await vi.advanceTimersByTimeAsync(1);
  expect(waiting.every(({ error }) => error instanceof Timeout)).toBe(true);
  expect(driver.attempts).toBe(attempts + 1);
});

// pollInterval is the longest pause between two attempts, and the head of the queue has them made: 1. The head allows
// pauses of a minute, and one of them has begun. 2. It leaves. 3. The next one allows 5 ms.
test("when the head has timed out, the next one is polled for, with its own pause", async () => {
  const letGo = driver.seize(PATH);
  const head = outcome(lock().acquire({ timeout: 0.1 }));
  const next = outcome(new MemoryLock(driver, PATH, { pollInterval: 0.005 }).acquire());
  await vi.advanceTimersByTimeAsync(100);
  expect(head.error).toBeInstanceOf(Timeout);
  expect(next).toEqual({});
  letGo();
  await vi.advanceTimersByTimeAsync(5);
  expect(next.hold?.released).toBe(false);
  await next.hold!.release();
});

test("a timeout of more than 2^31 milliseconds is waited for in full", async () => {
  const overflow = 2 ** 31;
  const hold = await lock().acquire();
  const waiting = outcome(lock().acquire({ timeout: (2 * overflow + 7) / 1000 }));
  await vi.advanceTimersByTimeAsync(overflow);
  await vi.advanceTimersByTimeAsync(overflow + 6);
  expect(waiting).toEqual({});
  await vi.advanceTimersByTimeAsync(1);
  expect(waiting.error).toBeInstanceOf(Timeout);
  await hold.release();
  // It waited for another task of this process, and for long.
  expect((await takeWarnings()).map((warning) => warning.message)).toEqual([
    expect.stringContaining("has waited for over a second"),
  ]);
});

test("a negative timeout, whatever its size, waits for ever", async () => {
  const hold = await lock().acquire();
  const waiting = [-1, -0.001, -1e300].map((timeout) => outcome(lock().acquire({ timeout })));
  await vi.advanceTimersByTimeAsync(900);
  expect(waiting).toEqual([{}, {}, {}]);
  await hold.release();
  for (const next of waiting) {
    await vi.advanceTimersByTimeAsync(2); // a turn as long as this one is followed by a rest
    await next.hold!.release();
  }
});
