// What an error number of flock(2) means to the driver: held elsewhere, unsupported, or an error; never ignored.
import { chmodSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Driver } from "../../src/driver.ts";
import { flockDriver } from "../../src/drivers/flock.ts";
import { LockUnsupported } from "../../src/errors.ts";
import { asNobody, publicDirectory } from "../support/as-nobody.ts";
import { temporaryLockFile } from "../support/directory.ts";
import {
  descriptorsOf,
  granted,
  isHeld,
  nativeError,
  notingFlock,
  opened,
  refusal,
} from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

everyTestLeavesNothing();

const ERRORS = [
  ["ENOLCK", 37],
  ["EMFILE", 24],
  ["ENFILE", 23],
  ["ENOMEM", 12],
  ["ENOSPC", 28],
  ["EIO", 5],
  ["EBADF", 9],
  ["EINVAL", 22],
  ["ESTALE", 116],
] as const;

/** As fs-ext reports them: it has no name for 524, which is the kernel's own ENOTSUPP. */
const UNSUPPORTED = [
  ["ENOSYS", 38],
  ["ENOTSUP", 95],
  ["EOPNOTSUPP", 95],
  ["", 524],
] as const;

const failingDriver = (code: string, errno: number, times = Infinity) => {
  const noting = notingFlock((operation) => {
    if (operation === "lock" && times-- > 0) throw nativeError(code, errno);
    return undefined;
  });
  return { ...noting, driver: flockDriver(noting.flock) };
};

describe("An error of flock(2)", () => {
  test.each(ERRORS)(
    "%s is thrown at once, with its code and the path, and nothing is left open",
    (code, errno) => {
      const path = temporaryLockFile();
      const { driver, calls } = failingDriver(code, errno);
      const error = refusal(path, driver);
      expect(error).toMatchObject({ name: "Error", code, errno, syscall: "Flock", cause: { code } });
      expect(error.message).toBe(`Cannot lock '${path}' (${code})`);
      expect(calls).toHaveLength(1);
      expect(descriptorsOf(path)).toEqual([]);
    },
  );

  test.each(ERRORS)("%s is no verdict: the next try of the same attempt wins", (code, errno) => {
    const path = temporaryLockFile();
    const { driver } = failingDriver(code, errno, 1);
    const attempt = opened(path, {}, driver);
    expect(() => attempt.tryLock()).toThrow();
    const grant = attempt.tryLock()!;
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
  });

  test("after a refusal closes what the refusal has kept open", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    let refusals = 0;
    const { flock } = notingFlock(() => {
      if (++refusals > 1) throw nativeError("EIO", 5);
      return undefined;
    });
    const attempt = opened(path, {}, flockDriver(flock));
    expect(attempt.tryLock()).toBeNull();
    expect(descriptorsOf(path)).toHaveLength(2);
    expect(() => attempt.tryLock()).toThrow(expect.objectContaining({ code: "EIO" }));
    expect(descriptorsOf(path)).toEqual([String(holder.fd)]);
    holder.release({ remove: false });
  });

  // 1. A waits.   2. Its way to the lock file is closed.   3. A wins what it has open, and cannot compare it with the path.
  test("is no other than one of the look at the path after a win: what was won is given back", () => {
    const directory = publicDirectory();
    const path = join(directory, "work.lock");
    const holder = granted(path);
    chmodSync(path, 0o666);
    const waiter = asNobody(() => opened(path));
    expect(asNobody(() => waiter.tryLock())).toBeNull();
    chmodSync(directory, 0o000);
    holder.release({ remove: false });
    expect(() => asNobody(() => waiter.tryLock())).toThrow(
      expect.objectContaining({ code: "EACCES", message: `Cannot lock '${path}' (EACCES)` }),
    );
    expect(descriptorsOf(path)).toEqual([]);
    chmodSync(directory, 0o777);
    expect(isHeld(path)).toBe(false);
  });

  test("of back ends that do not load is passed on as it is", () => {
    const path = temporaryLockFile();
    const cause = Object.assign(new Error("Cannot lock: none of …"), { code: "HOLDFAST_NO_BACKEND" });
    const driver = flockDriver(() => {
      throw cause;
    });
    expect(refusal(path, driver)).toBe(cause);
    expect(descriptorsOf(path)).toEqual([]);
  });
});

/** The LockUnsupported that an attempt on `path` throws. */
function unsupported(path: string, driver: Driver): LockUnsupported {
  try {
    opened(path, {}, driver).tryLock();
  } catch (error: unknown) {
    if (error instanceof LockUnsupported) return error;
    throw error;
  }
  throw new Error(`Expected an attempt on '${path}' to throw`);
}

describe("A file system without flock(2)", () => {
  test.each(UNSUPPORTED)(
    "(%j, %i) is LockUnsupported, which names the file system and the remedy",
    (code, errno) => {
      const path = temporaryLockFile();
      const { driver, calls } = failingDriver(code, errno);
      const error = unsupported(path, driver);
      expect(error).toMatchObject({ name: "LockUnsupported", lockFile: path, cause: { errno } });
      expect(error.fileSystem).toMatch(/^[a-z0-9]+$/);
      expect(error.message).toContain(
        `Cannot lock '${path}': its file system (${error.fileSystem!}) does not support flock(2)`,
      );
      expect(error.message).toContain("use SoftFileLock");
      expect(calls).toHaveLength(1);
      expect(descriptorsOf(path)).toEqual([]);
    },
  );

  test.each(UNSUPPORTED)("(%j, %i) has a code that is not empty", (code, errno) => {
    const error = unsupported(temporaryLockFile(), failingDriver(code, errno).driver);
    expect(error.code).toBe(code === "" ? "ENOTSUP" : code);
    expect(error.message).toContain(`(${error.code}). Put the lock file on a local file system`);
  });

  // Its type is a union, so that a switch over the codes of the errors narrows.
  test("has a code of the file system's, whatever name is made up for 524", () => {
    const error = unsupported(temporaryLockFile(), failingDriver("Unknown system error 524", 524).driver);
    expect(error).toMatchObject({ code: "ENOTSUP", cause: { code: "Unknown system error 524" } });
  });

  test("is told of negative error numbers too, as node:fs has them", () => {
    expect(refusal(temporaryLockFile(), failingDriver("", -524).driver)).toBeInstanceOf(LockUnsupported);
  });

  test("is not taken for contention: there is no silent fallback", () => {
    const path = temporaryLockFile();
    const { driver } = failingDriver("ENOSYS", 38);
    const attempt = opened(path, {}, driver);
    for (let tries = 0; tries < 3; tries++) expect(() => attempt.tryLock()).toThrow(LockUnsupported);
    expect(existsSync(dirname(path))).toBe(true);
  });
});
