/**
 * The flock(2) driver for a lock file that names its holder: who wins writes its process id into the file. A driver of
 * its own and not a way to use the other: within a process a grant is handed on only to those who want the same file,
 * and nobody gets one on a file that was not looked at (writePid).
 */
import type { Attempt, Driver, Grant } from "../driver.ts";
import { flockDriver } from "./flock.ts";
import { writePid } from "./pid-file.ts";

/** Locks exclude each other whichever of the two drivers they use: it is the same flock(2). */
export function flockWithPidDriver(flock: Driver = flockDriver()): Driver {
  return {
    name: "flock-with-pid",
    canShare: false, // one process id is in it
    identify: (path) => flock.identify(path),
    open: (key, options) => new AttemptWithPid(flock.open(key, options), key),
    inLine: (key) => flock.inLine(key),
    holders: (key) => flock.holders(key),
    obstacle: (key) => flock.obstacle(key),
  };
}

class AttemptWithPid implements Attempt {
  readonly #inner: Attempt;
  readonly #key: string;
  /** What was won, and not written to. */
  #unwanted: Grant | undefined;

  constructor(inner: Attempt, key: string) {
    this.#inner = inner;
    this.#key = key;
  }

  get ahead(): number | undefined {
    return this.#inner.ahead;
  }

  /** A file that may be somebody's is not removed either. */
  tryLock(): Grant | null {
    this.#giveBack();
    const grant = this.#inner.tryLock();
    if (grant?.fd === undefined) return grant;
    try {
      writePid(grant.fd, this.#key);
      return grant;
    } catch (error) {
      this.#unwanted = grant;
      this.close();
      throw error;
    }
  }

  watch(onHint: () => void): void {
    this.#inner.watch(onHint);
  }

  close(): void {
    this.#inner.close();
    try {
      this.#giveBack();
    } catch {
      // the next try says why
    }
  }

  #giveBack(): void {
    this.#unwanted?.release({ remove: false });
    this.#unwanted = undefined;
  }
}
