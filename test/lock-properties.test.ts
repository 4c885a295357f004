// What can be read off a lock: who holds it, how often, and through which object; in camelCase as in py-filelock.
import { expect, test } from "vitest";
import { detached, FileLock } from "../src/index.ts";
import { startChild } from "./support/child.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { MemoryLock, memoryDriver } from "./support/memory-driver.ts";
import { needsLinux } from "./support/needs.ts";

test("isLocked is of this object, lockCounter of the lock file", async () => {
  const lockFile = temporaryLockFile();
  const [one, other] = [new FileLock(lockFile), new FileLock(lockFile)];
  const look = (): unknown => [one.isLocked, one.lockCounter, other.isLocked, other.lockCounter];
  expect(look()).toEqual([false, 0, false, 0]);
  await one.run(async () => {
    expect(look()).toEqual([true, 1, false, 1]);
    const nested = await other.acquire();
    expect(look()).toEqual([true, 2, true, 2]);
    await nested.release();
    expect(look()).toEqual([true, 1, false, 1]);
  });
  expect(look()).toEqual([false, 0, false, 0]);
});

test("they know nothing of other processes, and nothing of those who wait", async () => {
  const lockFile = temporaryLockFile();
  const child = startChild("hold", lockFile);
  await child.says("held");
  const lock = new FileLock(lockFile);
  const stop = new AbortController();
  const waiting = lock.acquire({ signal: stop.signal });
  expect([lock.isLocked, lock.lockCounter]).toEqual([false, 0]);
  stop.abort("over");
  await expect(waiting).rejects.toBe("over");
});

test("lockCounter of a path that cannot be reached is 0", () => {
  expect(new FileLock("/dev/null/not/there").lockCounter).toBe(0);
});

test("holder() tells of a hold of this process: pid, command and since when", async () => {
  const lockFile = temporaryLockFile();
  const began = Date.now();
  const hold = await new FileLock(lockFile).acquire();
  const [holder, ...others] = await new FileLock(lockFile).holder();
  expect(holder).toEqual({ pid: process.pid, command: process.argv.join(" "), since: expect.any(Date) });
  expect(holder!.since!.getTime()).toBeGreaterThanOrEqual(began);
  expect(holder!.since!.getTime()).toBeLessThanOrEqual(Date.now());
  expect(others).toEqual([]);
  await hold.release();
  expect(await new FileLock(lockFile).holder()).toEqual([]);
});

needsLinux("/proc/locks")("holder() names all who share it, this process once", async () => {
  const lockFile = temporaryLockFile();
  const shared = { shared: true };
  const child = startChild("hold", lockFile, { options: shared });
  await child.says("held");
  const holds = [await new FileLock(lockFile).acquire(shared), await new FileLock(lockFile).acquire(shared)];
  const holders = await new FileLock(lockFile).holder();
  expect(holders).toEqual([
    { pid: process.pid, command: expect.any(String), since: expect.any(Date) },
    { pid: child.pid, command: expect.stringContaining(lockFile) },
  ]);
  for (const hold of holds) await hold.release();
  child.tell("release");
  await child.says("released");
  const alone = await new FileLock(lockFile).acquire();
  expect(await new FileLock(lockFile).holder()).toMatchObject([{ pid: process.pid }]);
  await alone.release();
});

test("a hold that is handed on has a since of its own", async () => {
  const driver = memoryDriver();
  const lock = new MemoryLock(driver, "/memory/work.lock");
  const since = async (): Promise<number> => (await lock.holder())[0]!.since!.getTime();
  const hold = await lock.acquire();
  const next = detached(() => lock.acquire());
  const first = await since();
  while (Date.now() === first) await new Promise((resolve) => setImmediate(resolve));
  await hold.release();
  const handedOn = await next;
  expect(await since()).toBeGreaterThan(first);
  await handedOn.release();
});

needsLinux("/proc/locks")("holder() names a foreign process and its command", async () => {
  const lockFile = temporaryLockFile();
  const child = startChild("hold", lockFile);
  await child.says("held");
  const [holder, ...others] = await new FileLock(lockFile).holder();
  expect(holder).toEqual({ pid: child.pid, command: expect.stringMatching(/node .*child\.mjs hold /) });
  expect(holder!.command).toContain(lockFile);
  expect(others).toEqual([]);
  child.tell("release");
  await child.says("released");
  expect(await new FileLock(lockFile).holder()).toEqual([]);
});

test("holder() tells who holds it now, also while somebody waits who asked a moment ago", async () => {
  const driver = memoryDriver();
  const lock = new MemoryLock(driver, "/memory/work.lock", { pollInterval: 60 });
  const letGo = driver.seize("/memory/work.lock", { pid: 7, command: "first" });
  const stop = new AbortController();
  const waiting = lock.acquire({ signal: stop.signal, onWait: () => {} }).catch(() => {});
  expect(await lock.holder()).toEqual([{ pid: 7, command: "first" }]);
  letGo();
  driver.seize("/memory/work.lock", { pid: 8, command: "second" });
  expect(await lock.holder()).toEqual([{ pid: 8, command: "second" }]);
  stop.abort();
  await waiting;
});

test("holder() of a file that does not exist is empty, and creates nothing", async () => {
  const lock = new FileLock(`${temporaryLockFile()}.d/none`);
  expect(await lock.holder()).toEqual([]);
  expect(await lock.holder()).toEqual([]);
});

test("holder() rejects where the path itself is bad", async () => {
  await expect(new FileLock("/dev/null/not/there").holder()).rejects.toMatchObject({ code: "ENOTDIR" });
});
