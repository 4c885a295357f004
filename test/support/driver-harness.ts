// What the driver suite needs beside a driver: lock files that nobody uses yet, a stranger who gets in the way, calls
// that fail when told to, and a count of what is open.
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { constants as os, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { flockDriver } from "../../src/drivers/flock.ts";
import type { Driver } from "../../src/driver.ts";
import { flock, type Flock } from "../../src/native/flock.ts";
import { nativeError, replaceFile } from "./flock-steps.ts";
import { memoryDriver } from "./memory-driver.ts";
import { inotifyDescriptors, isOpen, openDescriptors, watches } from "./resources.ts";

export interface DriverHarness {
  readonly driver: Driver;
  /** Whether a release removes the lock file, whatever it is asked to. */
  readonly alwaysRemoves?: boolean;
  /** After how many milliseconds a hint that has not come will not come; without it, after a time that is certain. */
  readonly patience?: number;
  /** The absolute path of a lock file that nobody has used yet, in a directory that exists. */
  freshPath(): string;
  /** Another spelling of a path. */
  respelled(path: string): string;
  exists(path: string): boolean;
  modeOf(path: string): number | undefined;
  readonly stranger: Stranger;
  /** Makes the driver's next call that locks or unlocks fail with `code`. */
  failNext(call: "tryLock" | "release", code: string): void;
  /** Calls `fn` once, inside the next release: the lock is free by then, and `release` has not returned. */
  onceUnlocked(fn: () => void): void;
  /** Changes with every hint that a release sends to those who watch `path`. */
  lastHint(path: string): unknown;
  /** How many descriptors, or what stands for them, the driver has open. */
  open(): number;
  /** How many files the driver watches. */
  watches(): number;
  dispose(): void;
}

/** Somebody who does not go through the driver. */
export interface Stranger {
  /** Locks the lock file that the path leads to now, and returns what lets go of it; undefined where it is held. */
  seize(path: string, options?: { readonly shared: boolean }): (() => void) | undefined;
  remove(path: string): void;
  /** Puts another, free file in its place. */
  replace(path: string): void;
  /** Does something to the lock file that whoever watches it notices, and that means nothing. */
  stir(path: string): void;
}

export function memoryHarness(): DriverHarness {
  const driver = memoryDriver();
  let files = 0;
  return {
    driver,
    freshPath: () => `/memory/${String(++files)}.lock`,
    respelled: (path) => `${dirname(path)}/./elsewhere/../${basename(path)}`,
    exists: (path) => driver.exists(path),
    modeOf: (path) => driver.modeOf(path),
    stranger: {
      seize: (path, options) => (driver.isHeld(path) ? undefined : driver.seize(path, undefined, options)),
      remove: (path) => driver.remove(path),
      replace: (path) => driver.replace(path),
      stir: (path) => driver.hint(path),
    },
    failNext: (call, code) => driver.failNext(call, code),
    onceUnlocked: (fn) => driver.onceUnlocked(fn),
    lastHint: () => driver.hints,
    open: () => driver.openAttempts + driver.grants,
    watches: () => driver.watches,
    dispose: () => {},
  };
}

/** Real files in a directory of their own. `make` builds the driver over a flock(2) that the harness controls. */
export function flockHarness(make: (flock: Flock) => Driver = flockDriver): DriverHarness {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-driver-"));
  symlinkSync(directory, join(directory, "alias"));
  const before = new Set(openNumbers());
  const watched = watches();
  const strangers = new Set<number>();
  const controls = controlledFlock();
  let files = 0;
  const ours = (): number[] => openNumbers().filter((fd) => !before.has(fd) && !strangers.has(fd));
  return {
    driver: make(controls.flock),
    freshPath: () => join(directory, `${String(++files)}.lock`),
    respelled: (path) => `${dirname(path)}/./alias//${basename(path)}`,
    exists: existsSync,
    modeOf: (path) => statSync(path, { throwIfNoEntry: false })?.mode,
    stranger: {
      seize: (path, options) => {
        const fd = seized(path, options?.shared === true ? "share" : "lock");
        if (fd === undefined) return undefined;
        strangers.add(fd);
        return () => {
          strangers.delete(fd);
          closeSync(fd);
        };
      },
      remove: unlinkSync,
      replace: replaceFile,
      stir: (path) => chmodSync(path, statSync(path).mode),
    },
    failNext: (call, code) => controls.failNext(call === "tryLock" ? "lock" : "unlock", code),
    onceUnlocked: controls.onceUnlocked,
    lastHint: (path) => statSync(path, { bigint: true }).mtimeNs,
    open: () => ours().length,
    watches: () => watches() - watched,
    dispose: () => {
      // A broken driver may have closed a stranger's.
      for (const fd of [...ours(), ...strangers].filter(isOpen)) closeSync(fd);
      rmSync(directory, { recursive: true });
    },
  };
}

/** Locks `path` through a descriptor of its own, which it returns; undefined where it is held. */
function seized(path: string, operation: "share" | "lock"): number | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT);
  if (flock(fd, operation)) return fd;
  closeSync(fd);
  return undefined;
}

/** flock(2) itself, which can be told to fail, and to tell when it has unlocked. */
function controlledFlock() {
  const failures: { operation: string; code: string }[] = [];
  let whenUnlocked: (() => void) | undefined;
  const controlled: Flock = (fd, operation) => {
    const failure = failures.find((candidate) => candidate.operation === operation);
    if (failure !== undefined) {
      failures.splice(failures.indexOf(failure), 1);
      throw nativeError(failure.code, (os.errno as Record<string, number>)[failure.code]!);
    }
    const done = flock(fd, operation);
    if (operation === "unlock") {
      const fn = whenUnlocked;
      whenUnlocked = undefined;
      fn?.();
    }
    return done;
  };
  return {
    flock: controlled,
    failNext: (operation: "lock" | "unlock", code: string) => void failures.push({ operation, code }),
    onceUnlocked: (fn: () => void) => void (whenUnlocked = fn),
  };
}

/** The open descriptors of this process, but for the one of the listing and the one that libuv watches files with. */
export function openNumbers(): number[] {
  const watching = inotifyDescriptors();
  return openDescriptors()
    .map(({ fd }) => fd)
    .filter((fd) => isOpen(fd) && !watching.includes(fd));
}
