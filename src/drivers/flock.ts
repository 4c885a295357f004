/**
 * The flock(2) driver. The lock is the kernel's: it belongs to an open file description, and goes when the last
 * descriptor of that is closed, so a holder that dies leaves nothing stale behind.
 */
import { closeSync, constants, lstatSync, openSync } from "node:fs";
import type { Attempt, Driver, OpenOptions } from "../driver.ts";
import type { Holder } from "../errors.ts";
import { flock as nativeFlock, isFlockLoaded, type Flock } from "../native/flock.ts";
import { FlockAttempt } from "./flock-attempt.ts";
import { flockHolders } from "./flock-holders.ts";
import { identify } from "./identify.ts";
import { isHeld } from "./is-held.ts";
import { explained } from "./open-lock-file.ts";
import { inLine } from "./queue-directory.ts";
import { QueuedAttempt } from "./queued-attempt.ts";

/** The lock file, one to read a package.json with, and one to spare. */
const DESCRIPTORS_TO_LOAD = 3;

export function flockDriver(flock: Flock = nativeFlock): Driver {
  return {
    name: "flock",
    canShare: true,
    identify,
    open: (key, options) => {
      if (flock === nativeFlock && !isFlockLoaded()) seeToDescriptors(key);
      return attemptOn(key, options, flock);
    },
    inLine,
    holders,
    obstacle: () => undefined,
  };
}

function attemptOn(key: string, { mode, order, shared }: OpenOptions, flock: Flock): Attempt {
  const attempt = new FlockAttempt(key, { mode, shared, flock });
  if (order !== "fifo") return attempt;
  return new QueuedAttempt(attempt, key, { mode, flock, isFree: () => !isHeld(key, flock, "lock") });
}

async function holders(key: string): Promise<Holder[]> {
  try {
    return await flockHolders(key, lstatSync(key, { bigint: true }));
  } catch {
    return []; // no such file, or no /proc: nothing is known
  }
}

/**
 * 1. The lock file takes the last descriptor. 2. The native module is loaded, and Node finds none to read its
 * package.json with. 3. It takes that for a missing package, and remembers it for as long as the process lives.
 */
export function seeToDescriptors(key: string): void {
  const fds: number[] = [];
  try {
    for (let i = 0; i < DESCRIPTORS_TO_LOAD; i++) fds.push(openSync("/", constants.O_RDONLY));
  } catch (error) {
    // Whoever must not read that directory finds out later whether there are enough.
    if (isLackOfDescriptors(error)) throw explained(key, error);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function isLackOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}
