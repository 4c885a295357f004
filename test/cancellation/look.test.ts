// A wait that has somebody look who holds the lock file. The look may be slow, and may never come back: the wait begins,
// goes on and ends as if it were not there.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Timeout, type Hold, type Holder } from "../../src/index.ts";
import { MemoryDriver, MemoryLock } from "../support/memory-driver.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/locks");

const PATH = "/memory/work.lock";
const [A, B] = [
  { pid: 7, command: "a" },
  { pid: 8, command: "b" },
];

/** Its looks come back when a test says so. */
class SlowDriver extends MemoryDriver {
  delay = 0;

  override async holders(key: string): Promise<Holder[]> {
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    return super.holders(key);
  }
}

let driver: SlowDriver;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  driver = new SlowDriver();
});

afterEach(() => {
  vi.useRealTimers();
});

/** What became of an acquisition, and when, in milliseconds from now. */
function outcome(acquired: Promise<Hold>): { error?: unknown; at?: number } {
  const began = performance.now();
  const seen: { error?: unknown; at?: number } = {};
  acquired.catch((error: unknown) => Object.assign(seen, { error, at: performance.now() - began }));
  return seen;
}

test("a Timeout names who held the lock file at the end", async () => {
  const letGo = driver.seize(PATH, A);
  const onWait = vi.fn();
  const waiting = outcome(
    new MemoryLock(driver, PATH, { pollInterval: 60, onWait }).acquire({ timeout: 1.5 }),
  );
  await vi.advanceTimersByTimeAsync(1200);
  expect(onWait.mock.calls.map(([event]: { holder: unknown }[]) => event!.holder)).toEqual([[A], [A]]);
  letGo();
  driver.seize(PATH, B);
  await vi.advanceTimersByTimeAsync(300);
  expect(waiting.error).toBeInstanceOf(Timeout);
  expect((waiting.error as Timeout).holder).toEqual([B]);
});

test.each([0.01, 0.05, 0.2])(
  "a look that does not come back does not put off a timeout of %f s",
  async (timeout) => {
    driver.delay = 1e6;
    driver.seize(PATH, A);
    const waiting = outcome(new MemoryLock(driver, PATH).acquire({ timeout }));
    await vi.advanceTimersByTimeAsync(timeout * 1000);
    expect(waiting.error).toMatchObject({ name: "Timeout", holder: [] });
    expect(waiting.at).toBeCloseTo(timeout * 1000);
  },
);

test("a look that does not come back delays the answer to one attempt by 50 ms at most", async () => {
  driver.delay = 1e6;
  driver.seize(PATH, A);
  const waiting = outcome(new MemoryLock(driver, PATH).acquire({ timeout: 0 }));
  await vi.advanceTimersByTimeAsync(50);
  expect(waiting.error).toMatchObject({ name: "Timeout", holder: [] });
});

test("a look that does not come back delays onWait by 50 ms at most", async () => {
  driver.delay = 1e6;
  driver.seize(PATH, A);
  const onWait = vi.fn();
  const waiting = outcome(new MemoryLock(driver, PATH).acquire({ onWait, timeout: 2.5 }));
  await vi.advanceTimersByTimeAsync(50);
  expect(onWait).toHaveBeenCalledTimes(1);
  expect(onWait).toHaveBeenCalledWith({ lockFile: PATH, elapsed: expect.closeTo(0.05), holder: [] });
  await vi.advanceTimersByTimeAsync(2450);
  expect(onWait).toHaveBeenCalledTimes(3);
  expect(waiting.error).toBeInstanceOf(Timeout);
});

test("a wait that is over when the look comes back is told nothing", async () => {
  driver.delay = 50;
  const letGo = driver.seize(PATH, A);
  const onWait = vi.fn();
  const acquired = new MemoryLock(driver, PATH).acquire({ onWait });
  letGo();
  await vi.advanceTimersByTimeAsync(20);
  const hold = await acquired;
  await vi.advanceTimersByTimeAsync(5000);
  expect(onWait).not.toHaveBeenCalled();
  await hold.release();
  expect(vi.getTimerCount()).toBe(0);
});

// 1. Somebody waits. 2. Another one makes its one attempt, in vain, and waits for the look. 3. The one who waits aborts.
test("a look that one wants goes on when another one no longer waits", async () => {
  driver.delay = 30;
  driver.seize(PATH, A);
  const stop = new AbortController();
  const waiting = outcome(new MemoryLock(driver, PATH).acquire({ signal: stop.signal }));
  const once = outcome(new MemoryLock(driver, PATH).acquire({ timeout: 0 }));
  await vi.advanceTimersByTimeAsync(10);
  stop.abort("over");
  await vi.advanceTimersByTimeAsync(20);
  expect(waiting.error).toBe("over");
  expect(once.error).toMatchObject({ name: "Timeout", holder: [A] });
});

test("all who time out together have one look made", async () => {
  driver.seize(PATH, A);
  const looks = vi.spyOn(driver, "holders");
  const waiting = Array.from({ length: 100 }, () =>
    outcome(new MemoryLock(driver, PATH).acquire({ timeout: 0.5 })),
  );
  await vi.advanceTimersByTimeAsync(500);
  expect(waiting.every(({ error }) => (error as Timeout).holder[0] === A)).toBe(true);
  expect(looks).toHaveBeenCalledTimes(1);
});

// 1. Nobody has looked yet: the deadline is not near. 2. The event loop is blocked until the deadline is past.
test("a Timeout names the holder also where the event loop was blocked when somebody should have looked", async () => {
  driver.seize(PATH, A);
  const waiting = outcome(new MemoryLock(driver, PATH, { pollInterval: 60 }).acquire({ timeout: 0.3 }));
  vi.setSystemTime(Date.now());
  const now = performance.now();
  const clock = vi.spyOn(performance, "now").mockReturnValue(now + 600);
  await vi.advanceTimersByTimeAsync(300);
  clock.mockRestore();
  expect((waiting.error as Timeout).holder).toEqual([A]);
});
