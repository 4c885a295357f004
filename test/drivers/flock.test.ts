// The flock driver keeps the contract; and no way of removing, renaming or replacing a lock file makes two holders.
import {
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { describeDriver } from "../driver-suite.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { flockHarness } from "../support/driver-harness.ts";
import {
  descriptorsOf,
  granted,
  isHeld,
  isRefused,
  notingFlock,
  opened,
  replaceFile,
} from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

describeDriver("flock", () => flockHarness());

everyTestLeavesNothing();

const inodeOf = (path: string): bigint => statSync(path, { bigint: true }).ino;

describe("An attempt", () => {
  test("keeps its descriptor from one refusal to the next, and gives it to the grant", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    const { flock, calls } = notingFlock();
    const attempt = opened(path, {}, flockDriver(flock));
    for (let refusals = 0; refusals < 3; refusals++) expect(attempt.tryLock()).toBeNull();
    holder.release({ remove: false });
    const grant = attempt.tryLock()!;
    expect(new Set(calls.map(({ fd }) => fd))).toEqual(new Set([grant.fd]));
    grant.release({ remove: false });
  });

  test("asks flock(2) once to lock, and its grant once to unlock, before it closes", () => {
    const path = temporaryLockFile();
    const { flock, calls } = notingFlock((operation) => {
      expect(descriptorsOf(path), operation).toHaveLength(1);
      return undefined;
    });
    granted(path, {}, flockDriver(flock)).release({ remove: false });
    expect(calls.map(({ operation }) => operation)).toEqual(["lock", "unlock"]);
    expect(descriptorsOf(path)).toEqual([]);
  });

  test("does not lock what it is opened for before it is tried", () => {
    const path = temporaryLockFile();
    const attempt = opened(path);
    expect(existsSync(path)).toBe(false);
    attempt.close();
  });
});

describe("A lock file that is removed, renamed or replaced while it is waited for", () => {
  // 1. A holds the lock on inode 1.   2. B opens inode 1 and waits.   3. A removes the file and unlocks.
  // 4. C creates inode 2 and locks it.   5. B wins inode 1, which nobody can reach any more.
  test("is not won by B while C holds the new one", () => {
    const path = temporaryLockFile();
    const a = granted(path); // 1
    const inode1 = inodeOf(path);
    const b = opened(path);
    expect(b.tryLock()).toBeNull(); // 2
    a.release({ remove: true }); // 3
    const c = granted(path); // 4
    expect(inodeOf(path)).not.toBe(inode1);
    expect(b.tryLock()).toBeNull(); // 5
    c.release({ remove: false });
    const grant = b.tryLock()!;
    expect(grant.isCurrent()).toBe(true);
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
  });

  test("is created anew by the waiter where nobody else does", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    const waiter = opened(path);
    expect(waiter.tryLock()).toBeNull();
    holder.release({ remove: true });
    expect(existsSync(path)).toBe(false);
    const grant = waiter.tryLock()!;
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
  });

  test("is followed by its name, not by its inode, where it is renamed", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    const waiter = opened(path);
    expect(waiter.tryLock()).toBeNull();
    renameSync(path, `${path}.old`);
    holder.release({ remove: false });
    const grant = waiter.tryLock()!;
    expect([isHeld(path), isHeld(`${path}.old`)]).toEqual([true, false]);
    grant.release({ remove: false });
  });

  test("is still the one where it was renamed and put back", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    renameSync(path, `${path}.old`);
    expect(holder.isCurrent()).toBe(false);
    renameSync(`${path}.old`, path);
    expect(holder.isCurrent()).toBe(true);
    expect(isRefused(path)).toBe(true);
    holder.release({ remove: false });
  });

  test("is still the one while one of its two names is left, and it is ours", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    linkSync(path, `${path}.other`);
    unlinkSync(`${path}.other`);
    expect(holder.isCurrent()).toBe(true);
    linkSync(path, `${path}.other`);
    unlinkSync(path);
    expect(holder.isCurrent()).toBe(false);
    holder.release({ remove: false });
  });

  test("is found again where its whole directory was removed", () => {
    const path = join(temporaryDirectory(), "sub/work.lock");
    const holder = granted(path);
    const waiter = opened(path);
    expect(waiter.tryLock()).toBeNull();
    rmSync(dirname(path), { recursive: true });
    holder.release({ remove: true });
    const grant = waiter.tryLock()!;
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
  });

  test("is refused, with nothing left open, where something else than a file has taken its place", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    const waiter = opened(path);
    expect(waiter.tryLock()).toBeNull();
    unlinkSync(path);
    mkdirSync(path);
    holder.release({ remove: true });
    expect(() => waiter.tryLock()).toThrow(expect.objectContaining({ code: "EISDIR" }));
    expect(descriptorsOf(path)).toEqual([]);
    expect(statSync(path).isDirectory()).toBe(true);
  });

  // A opens the file. B removes it. A locks what it has opened, which nobody can reach any more.
  test("is opened again where it is removed between open and flock", () => {
    const path = temporaryLockFile();
    let removals = 3;
    const { flock, calls } = notingFlock((operation) => {
      if (operation === "lock" && removals-- > 0) unlinkSync(path);
      return undefined;
    });
    const grant = granted(path, {}, flockDriver(flock));
    expect(calls).toHaveLength(4);
    expect(isHeld(path)).toBe(true);
    expect(descriptorsOf(path)).toEqual([String(grant.fd)]);
    grant.release({ remove: false });
  });

  test("counts as held where it is replaced faster than it can be locked, and can be tried again", () => {
    const path = temporaryLockFile();
    let replacing = true;
    const { flock, calls } = notingFlock((operation) => {
      if (operation === "lock" && replacing) replaceFile(path);
      return undefined;
    });
    const attempt = opened(path, {}, flockDriver(flock));
    expect(attempt.tryLock()).toBeNull();
    expect(calls.length).toBeLessThan(100);
    expect(descriptorsOf(path)).toEqual([]);
    replacing = false;
    attempt.tryLock()!.release({ remove: false });
  });
});

describe("A lock file that is removed or replaced while it is held", () => {
  test("lets one newcomer in, and the damage ends with that hold", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    unlinkSync(path);
    const newcomer = granted(path);
    expect([holder.isCurrent(), newcomer.isCurrent()]).toEqual([false, true]);
    expect(isRefused(path)).toBe(true);
    holder.release({ remove: true });
    expect([newcomer.isCurrent(), isRefused(path)]).toEqual([true, true]);
    newcomer.release({ remove: false });
    granted(path).release({ remove: false });
  });

  test("is not current where a directory, or nothing at all, stands in its place", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    unlinkSync(path);
    mkdirSync(path);
    expect(holder.isCurrent()).toBe(false);
    rmdirSync(path);
    expect(holder.isCurrent()).toBe(false);
    holder.release({ remove: true });
  });

  // The path leads nowhere: newcomers create the directory and the file anew, as soon as they can.
  test("is not current where its directory is gone, or has become a file", () => {
    const path = join(temporaryDirectory(), "sub/work.lock");
    const holder = granted(path);
    try {
      rmSync(dirname(path), { recursive: true });
      expect(holder.isCurrent()).toBe(false);
      writeFileSync(dirname(path), "");
      expect(holder.isCurrent()).toBe(false);
    } finally {
      holder.release({ remove: false });
    }
  });
});
