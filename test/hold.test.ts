// What acquire() gives: how a hold ends, what it carries, and how it tells that it was lost.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fstatSync, lstatSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { detached, FileLock, LockLost, type Hold } from "../src/index.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { MemoryLock, memoryDriver } from "./support/memory-driver.ts";
import { blocked, soon } from "./support/promises.ts";
import { nothingLeft, resources } from "./support/resources.ts";
import { isLinux } from "./support/needs.ts";

let lock: FileLock;

beforeEach(() => {
  lock = new FileLock(temporaryLockFile());
});

test("release() ends the hold once, and only this one", async () => {
  const hold = await lock.acquire();
  expect([hold.lockFile, hold.released]).toEqual([lock.lockFile, false]);
  await hold.release();
  expect([hold.released, lock.isLocked]).toEqual([true, false]);
  const next = await lock.acquire();
  await hold.release();
  await hold[Symbol.asyncDispose]();
  expect([next.released, lock.lockCounter]).toEqual([false, 1]);
  await next.release();
});

test("await using releases at the end of the scope, the inner hold first, also on an error", async () => {
  const order: string[] = [];
  const noted = (name: string, hold: Hold): AsyncDisposable => ({
    async [Symbol.asyncDispose]() {
      await hold[Symbol.asyncDispose]();
      order.push(`${name} of ${String(lock.lockCounter + 1)}`);
    },
  });
  const work = async (): Promise<void> => {
    await using _outer = noted("outer", await lock.acquire());
    await using _inner = noted("inner", await lock.acquire());
    expect(lock.lockCounter).toBe(2);
    throw new Error("of the work");
  };
  await expect(work()).rejects.toThrow("of the work");
  expect(order).toEqual(["inner of 2", "outer of 1"]);
  {
    await using hold = await lock.acquire();
    expect(hold.released).toBe(false);
  }
  expect(lock.isLocked).toBe(false);
});

// 1. release() looks whether the lock file was lost, or announces itself. 2. What listens releases the same hold: it has
// ended, and the next one has the lock. 3. The first release goes on, and must not end the hold of that one.
test.each(["the loss", "the release"])(
  "release() from a listener that is told of %s ends it once",
  async (what) => {
    const driver = memoryDriver();
    const [first, second, third] = [1, 2, 3].map(() => new MemoryLock(driver, "/memory/work.lock"));
    const hold = await first!.acquire();
    const next = detached(() => second!.acquire());
    const last = detached(() => third!.acquire());
    let told = 0;
    const again = (): void => {
      if (told++ === 0) void hold.release();
    };
    if (what === "the loss") {
      hold.signal.addEventListener("abort", again);
      driver.replace("/memory/work.lock");
    } else {
      subscribe("holdfast:release", again);
      onTestFinished(() => {
        unsubscribe("holdfast:release", again);
      });
    }
    await hold.release();
    const handedOn = await soon(next, "the next one");
    await blocked(last);
    expect([handedOn.released, second!.lockCounter, driver.grants]).toEqual([false, 1, 1]);
    await handedOn.release();
    await (await soon(last, "the last one")).release();
  },
);

describe("fd", () => {
  test("is the open lock file, one for all holds that are nested, and closed with the last", async () => {
    const before = resources();
    const outer = await lock.acquire();
    const inner = await lock.acquire();
    expect(fstatSync(outer.fd!).ino).toBe(lstatSync(lock.lockFile).ino);
    expect(inner.fd).toBe(outer.fd);
    if (isLinux) expect(readlinkSync(`/proc/self/fd/${String(inner.fd)}`)).toBe(lock.lockFile);
    await inner.release();
    expect(fstatSync(outer.fd!).isFile()).toBe(true);
    await outer.release();
    await nothingLeft(before);
  });

  test("throws once the hold is released, since the number may belong to another file", async () => {
    const outer = await lock.acquire();
    const inner = await lock.acquire();
    await inner.release();
    expect(() => inner.fd).toThrow(`The hold of '${lock.lockFile}' was released, and its descriptor with it`);
    expect(outer.fd).toEqual(expect.any(Number));
    await outer.release();
    expect(() => outer.fd).toThrow("Use hold.fd before release()");
  });

  test("is undefined for a driver without one", async () => {
    await new MemoryLock(memoryDriver(), "/memory/work.lock").run((hold) => expect(hold.fd).toBeUndefined());
  });
});

describe("signal", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  const losses: Record<string, (lockFile: string) => void> = {
    removed: (lockFile) => rmSync(lockFile),
    renamed: (lockFile) => renameSync(lockFile, `${lockFile}.old`),
    replaced: (lockFile) => {
      writeFileSync(`${lockFile}.new`, "");
      renameSync(`${lockFile}.new`, lockFile);
    },
  };

  test.each(Object.keys(losses))(
    "aborts within a second when a stranger has %s the lock file",
    async (loss) => {
      const hold = await lock.acquire();
      const { signal } = hold;
      const aborted = vi.fn();
      signal.addEventListener("abort", aborted);
      vi.advanceTimersByTime(5000);
      expect(signal.aborted).toBe(false);
      losses[loss]!(lock.lockFile);
      vi.advanceTimersByTime(1000);
      expect(signal.reason).toBeInstanceOf(LockLost);
      expect(signal.reason).toMatchObject({ name: "LockLost", code: "ELOCKLOST", lockFile: lock.lockFile });
      expect((signal.reason as Error).message).toContain("was removed or replaced while it was held");
      vi.advanceTimersByTime(5000);
      await hold.release();
      expect(aborted).toHaveBeenCalledTimes(1);
      expect(hold.signal).toBe(signal);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test.each(Object.keys(losses))("aborts at the release at the latest: %s", async (loss) => {
    const hold = await lock.acquire();
    const { signal } = hold;
    losses[loss]!(lock.lockFile);
    await hold.release();
    expect(signal.reason).toBeInstanceOf(LockLost);
  });

  test("aborts for each of the holds that are nested", async () => {
    const outer = await lock.acquire();
    const inner = await lock.acquire();
    const signals = [outer.signal, inner.signal];
    rmSync(lock.lockFile);
    vi.advanceTimersByTime(1000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await inner.release();
    await outer.release();
  });

  test("does not abort on release, nor when the lock file changes after it", async () => {
    for (const remove of [false, true]) {
      const hold = await new FileLock(lock.lockFile, { remove }).acquire();
      const { signal } = hold;
      await hold.release();
      rmSync(lock.lockFile, { force: true });
      vi.advanceTimersByTime(5000);
      expect(signal.aborted).toBe(false);
    }
  });

  test("does not notice a file that is put back in between", async () => {
    const hold = await lock.acquire();
    const { signal } = hold;
    renameSync(lock.lockFile, `${lock.lockFile}.aside`);
    renameSync(`${lock.lockFile}.aside`, lock.lockFile);
    vi.advanceTimersByTime(1000);
    await hold.release();
    expect(signal.aborted).toBe(false);
  });

  test("does not take a look that fails for a loss", async () => {
    const driver = memoryDriver();
    const hold = await new MemoryLock(driver, "/memory/work.lock").acquire();
    const { signal } = hold;
    driver.failNext("isCurrent", "EIO", "EIO");
    vi.advanceTimersByTime(2000);
    expect(signal.aborted).toBe(false);
    driver.replace("/memory/work.lock");
    vi.advanceTimersByTime(1000);
    expect(signal.aborted).toBe(true);
    await hold.release();
  });

  test("costs a timer only while it is wanted, and one that keeps nothing alive", async () => {
    const hold = await lock.acquire();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    const before = process.getActiveResourcesInfo();
    expect(hold.signal.aborted).toBe(false);
    expect(process.getActiveResourcesInfo()).toEqual(before);
    await hold.release();
    vi.useFakeTimers();
    expect([hold.signal.aborted, vi.getTimerCount()]).toEqual([false, 0]);
    const late = await lock.acquire();
    await late.release();
    expect([late.signal.aborted, vi.getTimerCount()]).toEqual([false, 0]);
  });
});
