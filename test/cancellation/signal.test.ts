// What ends a wait besides its deadline: signals, shared ones and odd moments among them; an onWait that throws; an
// error of the system. Each ends the wait that it belongs to, and no other.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEventListeners } from "node:events";
import { existsSync } from "node:fs";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { FileLock, type AcquireOptions, type Hold } from "../../src/index.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "../support/memory-driver.ts";
import { blocked, soon } from "../support/promises.ts";
import { nothingLeft, resources } from "../support/resources.ts";
import { countTimers } from "../support/timers.ts";

const PATH = "/memory/work.lock";
const REASON = { why: "the test says so" };

let driver: MemoryDriver;
let listeners: number;

beforeEach(() => {
  listeners = process.listenerCount("beforeExit");
  driver = memoryDriver();
});

function acquire(options?: AcquireOptions): Promise<Hold> {
  return new MemoryLock(driver, PATH).acquire(options);
}

/** The reason for which it rejects. */
function rejection(acquired: Promise<unknown>): Promise<unknown> {
  const reason = acquired.then(
    () => "it did not reject",
    (error: unknown) => error,
  );
  return soon(reason, "not rejected");
}

async function expectNothingHeld(): Promise<void> {
  expect([driver.grants, driver.openAttempts]).toEqual([0, 0]);
  expect(process.listenerCount("beforeExit")).toBe(listeners);
  const hold = await new MemoryLock(driver, PATH).tryAcquire();
  await hold!.release();
}

test("a thousand waiters put one listener on their signal, and all of them reject with its reason", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const lockFile = temporaryLockFile();
  const before = resources();
  const timers = countTimers();
  const holder = await new FileLock(lockFile).acquire();
  const reasons = Array.from({ length: 1000 }, () => rejection(new FileLock(lockFile).acquire({ signal })));
  const other = new FileLock(lockFile).acquire();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  controller.abort(REASON);
  expect(new Set(await Promise.all(reasons))).toEqual(new Set([REASON]));
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  await blocked(other);
  await holder.release();
  await (await soon(other, "the one without the signal")).release();
  expect(timers()).toBe(0);
  await nothingLeft(before);
  // A MaxListenersExceededWarning, had there been one, fails the test too.
});

test("the listener stays while one of those who share the signal still waits", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  driver.seize(PATH);
  const long = rejection(acquire({ signal }));
  await expect(acquire({ signal, timeout: 0.001 })).rejects.toMatchObject({ name: "Timeout" });
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  controller.abort(REASON);
  expect(await long).toBe(REASON);
  driver.letGo(PATH);
  await expectNothingHeld();
});

test("a signal that was aborted before: no attempt, not even where the lock is free", async () => {
  const signal = AbortSignal.abort(REASON);
  const lock = new FileLock(temporaryLockFile());
  expect(await rejection(lock.acquire({ signal }))).toBe(REASON);
  expect(await rejection(lock.tryAcquire({ signal }))).toBe(REASON);
  expect(await rejection(lock.run(() => expect.unreachable(), { signal }))).toBe(REASON);
  expect(existsSync(lock.lockFile)).toBe(false);
});

test("a signal of the lock itself, and one of the call in its place", async () => {
  driver.seize(PATH);
  const ofLock = new AbortController();
  const ofCall = new AbortController();
  const lock = new MemoryLock(driver, PATH, { signal: ofLock.signal });
  const one = rejection(lock.acquire());
  const other = rejection(lock.acquire({ signal: ofCall.signal }));
  ofLock.abort(REASON);
  expect(await one).toBe(REASON);
  await blocked(other);
  ofCall.abort("another reason");
  expect(await other).toBe("another reason");
});

test("an abort without a reason rejects with the AbortError that the signal made", async () => {
  driver.seize(PATH);
  const controller = new AbortController();
  const reason = rejection(acquire({ signal: controller.signal }));
  controller.abort();
  expect(await reason).toBe(controller.signal.reason);
  expect(await reason).toMatchObject({ name: "AbortError" });
});

test("an abort has no effect on a hold", async () => {
  const controller = new AbortController();
  const hold = await acquire({ signal: controller.signal });
  controller.abort(REASON);
  await blocked(acquire({ timeout: 0.02 }).catch(() => {}));
  expect([hold.released, driver.grants]).toEqual([false, 1]);
  await hold.release();
});

test.each(["foreign", "own"])("a signal that is aborted in onWait (the holder is %s)", async (whose) => {
  const hold = whose === "own" ? await acquire() : undefined;
  if (whose === "foreign") driver.seize(PATH);
  const timers = countTimers();
  const controller = new AbortController();
  const onWait = vi.fn(() => {
    controller.abort(REASON);
  });
  expect(await rejection(acquire({ signal: controller.signal, onWait, timeout: 1 }))).toBe(REASON);
  expect(onWait).toHaveBeenCalledTimes(1);
  expect(timers()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  await hold?.release();
  if (whose === "foreign") driver.letGo(PATH);
  await expectNothingHeld();
});

// 1. The signal is found fresh. 2. A subscriber of holdfast:attempt aborts it. 3. The wait listens to a signal that
// will never tell again.
test("a signal that is aborted while the attempt is announced", async () => {
  driver.seize(PATH);
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort(REASON);
  };
  subscribe("holdfast:attempt", abort);
  onTestFinished(() => {
    unsubscribe("holdfast:attempt", abort);
  });
  expect(await rejection(acquire({ signal: controller.signal, timeout: 0.1 }))).toBe(REASON);
  driver.letGo(PATH);
  await expectNothingHeld();
});

test.each(["foreign", "own"])(
  "an onWait that throws ends that wait only (the holder is %s)",
  async (whose) => {
    const hold = whose === "own" ? await acquire() : undefined;
    if (whose === "foreign") driver.seize(PATH);
    const timers = countTimers();
    const waiting = timers();
    const fault = new Error("of onWait");
    const thrower = (): never => {
      throw fault;
    };
    expect(await rejection(acquire({ onWait: thrower, timeout: 1 }))).toBe(fault);
    expect(timers()).toBe(waiting);
    const behind = acquire();
    expect(await rejection(acquire({ onWait: thrower }))).toBe(fault);
    await blocked(behind);
    if (hold === undefined) driver.letGo(PATH);
    await hold?.release();
    await (await soon(behind, "the one behind")).release();
    await expectNothingHeld();
  },
);

test.each(["release", "abort"])("an onWait that ends the wait from inside, by %s", async (how) => {
  const hold = await acquire();
  const timers = countTimers();
  const controller = new AbortController();
  const onWait = (): void => {
    if (how === "release") void hold.release();
    else controller.abort(REASON);
  };
  const waiting = acquire({ onWait, timeout: 60, signal: controller.signal });
  if (how === "abort") expect(await rejection(waiting)).toBe(REASON);
  else await (await soon(waiting, "not handed on")).release();
  expect([timers(), getEventListeners(controller.signal, "abort").length]).toEqual([0, 0]);
  await hold.release();
  await expectNothingHeld();
});

test("an onWait that throws later, at one of its further calls", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  driver.seize(PATH);
  const fault = new Error("of onWait");
  let calls = 0;
  const onWait = (): void => {
    if (++calls === 3) throw fault;
  };
  const reason = rejection(acquire({ onWait, timeout: 5 }));
  await vi.advanceTimersByTimeAsync(1999);
  expect(calls).toBe(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(await reason).toBe(fault);
  expect(vi.getTimerCount()).toBe(0);
});

test("errors in the middle of waiting reject one waiter each, and the next is polled for", async () => {
  driver.seize(PATH);
  const waiting = Array.from({ length: 3 }, () => acquire());
  const reasons = waiting.map((acquired) => rejection(acquired));
  await driver.nextAttempt();
  driver.failNext("tryLock", "EIO", "EMFILE");
  expect(await reasons[0]).toMatchObject({ code: "EIO" });
  expect(await reasons[1]).toMatchObject({ code: "EMFILE" });
  await blocked(waiting[2]!);
  driver.letGo(PATH);
  await (await soon(waiting[2]!, "the one without an error")).release();
  await expectNothingHeld();
});

test.each(["identify", "open", "tryLock"] as const)("an error of %s at the first attempt", async (call) => {
  driver.failNext(call, "EIO");
  expect(await rejection(acquire())).toMatchObject({ code: "EIO" });
  await expectNothingHeld();
});

test("a mode that cannot be set gives the win back, and rejects that waiter only", async () => {
  const letGo = driver.seize(PATH);
  const refused = rejection(new MemoryLock(driver, PATH, { mode: 0o600 }).acquire());
  const behind = acquire();
  driver.failNext("setMode", "EIO");
  letGo();
  expect(await refused).toMatchObject({ code: "EIO" });
  await (await soon(behind, "the one behind")).release();
  await expectNothingHeld();
});
