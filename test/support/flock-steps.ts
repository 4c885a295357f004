// The steps that the tests of the flock driver are made of: on real files, with what flock(2) itself says as the judge.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Attempt, Driver, Grant, OpenOptions } from "../../src/driver.ts";
import { flockDriver } from "../../src/drivers/flock.ts";
import { isSameInode } from "../../src/drivers/same-file.ts";
import { flock, type Flock } from "../../src/native/flock.ts";
import { openDescriptors } from "./resources.ts";

const driver = flockDriver();

export function opened(path: string, options: OpenOptions = {}, by: Driver = driver): Attempt {
  return by.open(by.identify(path), options);
}

/** A grant on `path` at the first try. Throws where it is held. */
export function granted(path: string, options: OpenOptions = {}, by: Driver = driver): Grant {
  const grant = opened(path, options, by).tryLock();
  if (grant === null) throw new Error(`Expected to win '${path}'`);
  return grant;
}

/** Wins `path` and releases it. */
export function locked(path: string, options: OpenOptions = {}): void {
  granted(path, options).release({ remove: false });
}

/** What one attempt on `path` throws. */
export function refusal(path: string, by: Driver = driver): NodeJS.ErrnoException {
  try {
    opened(path, {}, by).tryLock()?.release({ remove: false });
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error(`Expected an attempt on '${path}' to throw`);
}

/** Whether an attempt on `path` is refused. */
export function isRefused(path: string): boolean {
  const attempt = opened(path);
  const grant = attempt.tryLock();
  grant?.release({ remove: false });
  attempt.close();
  return grant === null;
}

/** Whether flock(2) says that the file at `path`, which has to exist, is locked. */
export function isHeld(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return !flock(fd, "lock");
  } finally {
    closeSync(fd);
  }
}

/** Puts another file in the place of `path`. The old one exists until then, so that the two inodes differ. */
export function replaceFile(path: string): void {
  const old = existsSync(path) ? openSync(path, "r") : undefined;
  rmSync(path, { force: true });
  writeFileSync(path, "");
  if (old !== undefined) closeSync(old);
}

/** The descriptors of a process that lead to `path`; on Linux also to where it was before it was removed. */
export function descriptorsOf(path: string, pid: number | "self" = "self"): string[] {
  if (process.platform !== "linux" && pid === "self") return ownDescriptorsOf(path);
  const directory = `/proc/${String(pid)}/fd`;
  return readdirSync(directory).filter((fd) => {
    try {
      const target = readlinkSync(`${directory}/${fd}`);
      return target === path || target === `${path} (deleted)`;
    } catch {
      return false; // the one of the listing
    }
  });
}

function ownDescriptorsOf(path: string): string[] {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (file === undefined) return [];
  return openDescriptors()
    .filter(({ fd }) => isSameInode(fstatSync(fd, { bigint: true }), file))
    .map(({ fd }) => String(fd));
}

/** A system error as fs-ext throws it. */
export function nativeError(code: string, errno: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}, as the test asked`), { code, errno, syscall: "Flock" });
}

/** flock(2), noting what it is asked; `instead` may throw or answer in its place. */
export function notingFlock(
  instead: (operation: string, fd: number) => boolean | undefined = () => undefined,
): {
  flock: Flock;
  calls: { operation: string; fd: number }[];
} {
  const calls: { operation: string; fd: number }[] = [];
  return {
    calls,
    flock: (fd, operation) => {
      calls.push({ operation, fd });
      return instead(operation, fd) ?? flock(fd, operation);
    },
  };
}
