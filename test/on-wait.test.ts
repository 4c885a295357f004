// onWait: when it is called, what it is told, and in whose async context.
import { AsyncLocalStorage } from "node:async_hooks";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { WaitEvent } from "../src/index.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { deferred, soon } from "./support/promises.ts";

const PATH = "/memory/work.lock";

let driver: MemoryDriver;
let lock: MemoryLock;

beforeEach(() => {
  driver = memoryDriver();
  lock = new MemoryLock(driver, PATH);
});

/** In the place of those who would take it for a fault of the test. */
function firstUnhandledRejection(): Promise<unknown> {
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  return new Promise((resolve) => {
    process.once("unhandledRejection", (reason) => {
      for (const each of listeners) process.on("unhandledRejection", each);
      resolve(reason);
    });
  });
}

describe("onWait", () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
    });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  test("is not called where nothing is waited for", async () => {
    const onWait = vi.fn();
    await (await lock.acquire({ onWait })).release();
    driver.seize(PATH);
    await expect(lock.acquire({ onWait, timeout: 0 })).rejects.toThrow();
    expect(onWait).not.toHaveBeenCalled();
  });

  test("is called when the wait begins and every second, with elapsed seconds and the holder", async () => {
    const letGo = driver.seize(PATH, { pid: 4711, command: "make all" });
    const seen: WaitEvent[] = [];
    const waiting = lock.acquire({ onWait: (event) => seen.push(event) });
    const holder = [{ pid: 4711, command: "make all" }];
    await vi.advanceTimersByTimeAsync(0); // somebody has to look who it is
    expect(seen).toEqual([{ lockFile: PATH, elapsed: expect.closeTo(0), holder }]);
    await vi.advanceTimersByTimeAsync(999);
    expect(seen).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2001);
    expect(seen.map(({ elapsed }) => elapsed)).toEqual([0, 1, 2, 3].map((s): unknown => expect.closeTo(s)));
    letGo();
    await vi.advanceTimersByTimeAsync(999);
    await (await waiting).release();
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is told of a hold of this process, with since", async () => {
    const hold = await new MemoryLock(driver, PATH).acquire();
    const onWait = vi.fn<(event: WaitEvent) => unknown>();
    const waiting = lock.acquire({ onWait });
    expect(onWait.mock.calls[0]![0].holder).toEqual([
      { pid: process.pid, command: process.argv.join(" "), since: expect.any(Date) },
    ]);
    await hold.release();
    await (await waiting).release();
  });

  test("of the lock is called where the call has none, and that of the call in its place", async () => {
    driver.seize(PATH);
    const [ofLock, ofCall] = [vi.fn(), vi.fn()];
    const patient = new MemoryLock(driver, PATH, { onWait: ofLock });
    const stop = new AbortController();
    const { signal } = stop;
    const waits = Promise.allSettled([
      patient.acquire({ signal }),
      patient.acquire({ signal, onWait: ofCall }),
    ]);
    await vi.advanceTimersByTimeAsync(0);
    stop.abort();
    await waits;
    expect([ofLock.mock.calls.length, ofCall.mock.calls.length]).toEqual([1, 1]);
  });

  test("ends the wait with what a promise that it gives rejects with", async () => {
    driver.seize(PATH);
    const error = new Error("nobody to tell");
    const waiting = lock.acquire({ onWait: async () => Promise.reject(error) });
    await expect(waiting).rejects.toBe(error);
    expect(lock.lockCounter).toBe(0);
  });

  test("says no more of a wait that it has ended", async () => {
    driver.seize(PATH);
    const stop = new AbortController();
    const onWait = async (): Promise<never> => {
      await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
      throw new Error("the log is down");
    };
    const waiting = lock.acquire({ onWait, signal: stop.signal });
    await vi.advanceTimersByTimeAsync(2500);
    stop.abort();
    await expect(waiting).rejects.toBe(stop.signal.reason);
    await vi.advanceTimersByTimeAsync(100); // an unhandled rejection would fail the run
  });

  test("is heard of as any other promise where that rejects after the wait", async () => {
    vi.useRealTimers();
    const letGo = driver.seize(PATH);
    const told = deferred();
    const onWait = async (): Promise<never> => {
      await told.promise;
      throw new Error("too late");
    };
    const waiting = lock.acquire({ onWait });
    letGo();
    const hold = await waiting;
    const unhandled = firstUnhandledRejection();
    told.resolve();
    expect(await soon(unhandled, "nobody hears of it")).toMatchObject({ message: "too late" });
    expect(lock.isLocked).toBe(true);
    await hold.release();
  });

  test("runs in the async context of its caller, at each of its calls", async () => {
    vi.useRealTimers(); // the fake ones call from wherever the clock is turned
    const storage = new AsyncLocalStorage<string>();
    const letGo = driver.seize(PATH);
    const seen: unknown[] = [];
    const all = deferred();
    const onWait = (): void => {
      if (seen.push(storage.getStore()) === 6) all.resolve();
    };
    const patient = new MemoryLock(driver, PATH, { onWait });
    const waits = [
      storage.run("bare", () => patient.acquire().then((hold) => hold.release())),
      storage.run("scope", () => patient.run(() => {})),
      patient.run(() => {}),
    ];
    await soon(all.promise, "the second calls");
    expect(seen).toEqual(["bare", "scope", undefined, "bare", "scope", undefined]);
    letGo();
    await Promise.all(waits);
  });
});
