// A process that waits for another one hears of its release: what it makes of hints that come, that mean nothing, that
// are late, and that are lost. The clock stands still unless the test turns it, so that polling finds nothing by itself.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Timeout, type Hold } from "../src/index.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { soon } from "./support/promises.ts";

const PATH = "/memory/work.lock";
const PATIENT = { pollInterval: 100 };

let driver: MemoryDriver;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
  driver = memoryDriver();
});

afterEach(() => {
  expect([driver.watches, driver.openAttempts, driver.grants, vi.getTimerCount()]).toEqual([0, 0, 0, 0]);
  vi.useRealTimers();
});

function acquired(options: object = {}): Promise<Hold> {
  return new MemoryLock(driver, PATH, { ...PATIENT, ...options }).acquire();
}

/** The hold that is acquired although no time passes. */
async function atOnce(acquiring: Promise<Hold>): Promise<Hold> {
  return soon(acquiring, "the lock is free, and nobody gets it");
}

/** Lets all be heard that is on its way, and all be done that follows. */
async function allIsHeard(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/** Has waited for long, so that the pause between two attempts is long too. */
async function longAfter(): Promise<void> {
  await vi.advanceTimersByTimeAsync(500);
}

describe("A hint", () => {
  test("wins what another process lets go of, without a wait for the next attempt", async () => {
    const letGo = driver.seize(PATH);
    const acquiring = acquired();
    await longAfter();
    letGo();
    driver.hint(PATH);
    await (await atOnce(acquiring)).release();
  });

  test("comes to one watch a process, however many wait", async () => {
    const letGo = driver.seize(PATH);
    const all = [1, 2, 3].map(() => acquired());
    await longAfter();
    expect(driver.watches).toBe(1);
    letGo();
    driver.hint(PATH);
    for (const acquiring of all) await (await atOnce(acquiring)).release();
  });

  test("of a file that has replaced the one which was waited for is heard", async () => {
    const letGo = driver.seize(PATH);
    const acquiring = acquired();
    driver.replace(PATH);
    letGo();
    const newcomer = driver.seize(PATH);
    driver.hint(PATH);
    await allIsHeard();
    newcomer();
    driver.hint(PATH);
    await (await atOnce(acquiring)).release();
  });

  test("that means nothing has one attempt made, and the wait goes on", async () => {
    const letGo = driver.seize(PATH);
    const acquiring = acquired();
    await longAfter();
    for (let hints = 1; hints <= 5; hints++) {
      const before = driver.attempts;
      driver.hint(PATH);
      await allIsHeard();
      expect(driver.attempts).toBe(before + 1);
    }
    letGo();
    driver.hint(PATH);
    await (await atOnce(acquiring)).release();
  });

  test("that came before the unlock is followed by short pauses again", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const letGo = driver.seize(PATH);
    const acquiring = acquired();
    await longAfter();
    driver.hint(PATH);
    await allIsHeard();
    letGo();
    await vi.advanceTimersByTimeAsync(1);
    await (await atOnce(acquiring)).release();
    vi.restoreAllMocks();
  });

  test("that is lost costs time and no more: the lock is found by polling", async () => {
    const letGo = driver.seize(PATH);
    const acquiring = acquired({ pollInterval: 0.05 });
    await longAfter();
    letGo();
    await vi.advanceTimersByTimeAsync(50);
    await (await atOnce(acquiring)).release();
  });

  test("is heard by the next one when the first has left, whatever mode it asks for", async () => {
    const letGo = driver.seize(PATH);
    const aborting = new AbortController();
    const first = acquired({ signal: aborting.signal });
    const next = acquired({ mode: 0o600 });
    await longAfter();
    aborting.abort();
    await expect(first).rejects.toBe(aborting.signal.reason);
    await longAfter();
    expect(driver.watches).toBe(1);
    letGo();
    driver.hint(PATH);
    await (await atOnce(next)).release();
  });

  // 1. The first one leaves. 2. The second one is due before the poll tries for it: its last attempt opens the file with the
  // bits that it wants. 3. The third one wants the same.
  test("is heard by those behind one that has opened the file anew at its deadline", async () => {
    const letGo = driver.seize(PATH);
    const first = acquired({ timeout: 0.5 });
    const second = acquired({ mode: 0o600, timeout: 0.501 });
    const third = acquired({ mode: 0o600 });
    const refused = [expect(first).rejects.toThrow(Timeout), expect(second).rejects.toThrow(Timeout)];
    await longAfter();
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all(refused);
    await longAfter();
    letGo();
    driver.hint(PATH);
    await (await atOnce(third)).release();
  });

  test("is heard still after an attempt that failed has ended the wait before", async () => {
    const letGo = driver.seize(PATH);
    const first = acquired();
    await longAfter();
    driver.failNext("tryLock", "EIO");
    driver.hint(PATH);
    await expect(first).rejects.toMatchObject({ code: "EIO" });
    const next = acquired();
    await longAfter();
    letGo();
    driver.hint(PATH);
    await (await atOnce(next)).release();
  });
});

describe("Nobody hears anything any more", () => {
  test("after an abort, with a hint on its way", async () => {
    const letGo = driver.seize(PATH);
    const aborting = new AbortController();
    const acquiring = acquired({ signal: aborting.signal });
    await longAfter();
    letGo();
    driver.hint(PATH);
    aborting.abort();
    expect([driver.watches, driver.openAttempts]).toEqual([0, 0]);
    await expect(acquiring).rejects.toBe(aborting.signal.reason);
    const { attempts } = driver;
    await allIsHeard();
    expect(driver.attempts).toBe(attempts);
  });

  test("after a timeout, with a hint on its way", async () => {
    driver.seize(PATH);
    const acquiring = acquired({ timeout: 0.1 }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(99);
    driver.hint(PATH);
    vi.advanceTimersByTime(1);
    expect([driver.watches, driver.openAttempts]).toEqual([0, 0]);
    await allIsHeard();
    expect(await acquiring).toBeInstanceOf(Timeout);
  });

  test("after the win, while the lock is held and when it has been released", async () => {
    const letGo = driver.seize(PATH);
    const acquiring = acquired();
    letGo();
    driver.hint(PATH);
    const hold = await atOnce(acquiring);
    expect(driver.watches).toBe(0);
    const { attempts } = driver;
    driver.hint(PATH);
    await allIsHeard();
    await hold.release();
    driver.hint(PATH);
    await allIsHeard();
    expect(driver.attempts).toBe(attempts);
  });

  test("in a process that waits for itself alone: it knows of its own releases", async () => {
    const hold = await acquired();
    const acquiring = acquired();
    expect(driver.watches).toBe(0);
    await hold.release();
    await (await atOnce(acquiring)).release();
  });
});

// In the order: the hint is handled, the caller aborts; and the other way round. The caller has the hold or the reason.
test.each([0, 1, 2, 3])(
  "an abort %i microtasks after the hint is handled leaves nothing",
  async (microtasks) => {
    const letGo = driver.seize(PATH);
    const aborting = new AbortController();
    const acquiring = acquired({ signal: aborting.signal });
    const outcome = acquiring.then(
      (hold) => hold,
      () => undefined,
    );
    await longAfter();
    letGo();
    driver.hint(PATH);
    const attempt = driver.nextAttempt();
    await attempt;
    for (let passed = 0; passed < microtasks; passed++) await Promise.resolve();
    aborting.abort();
    const hold = await outcome;
    expect(driver.grants).toBe(hold === undefined ? 0 : 1);
    await hold?.release();
  },
);
