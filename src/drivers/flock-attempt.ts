/**
 * Attempts to win a lock file with flock(2), and hears when it is worth trying again.
 *
 * A lock file may be removed or replaced at any time, by participants (`remove`) and by strangers. Therefore
 * nobody who won believes it before the path has been compared with what was locked:
 *
 *   1. A holds the lock on inode 1.   2. B opens inode 1 and waits.   3. A removes the file and unlocks.
 *   4. C creates inode 2 and locks it.   5. B wins inode 1, which nobody can reach any more.
 *
 * B sees at step 5 that the path names inode 2, and starts over. Device and inode of the open file are read once,
 * when it is opened: neither can change while it is open, so that only the path has to be asked again.
 */
import type { Attempt, Grant } from "../driver.ts";
import { LockUnsupported, systemError } from "../errors.ts";
import type { Flock } from "../native/flock.ts";
import { fileSystemOf } from "./file-system.ts";
import { closeQuietly, FlockGrant, namedAs } from "./flock-grant.ts";
import { openLockFile, type OpenLockFile } from "./open-lock-file.ts";
import { watchFile, type Unwatch } from "./watch-file.ts";

/** After this many replaced files in a row, somebody replaces them faster than we lock: contention, as far as we know. */
const MOST_REPLACED = 20;

/** Linux: what some file systems answer where flock is not supported (ENOTSUPP, which has no name in userland). */
const ENOTSUPP = 524;

export interface FlockAttemptOptions {
  readonly mode: number | undefined;
  readonly shared: boolean | undefined;
  readonly flock: Flock;
}

export class FlockAttempt implements Attempt {
  readonly ahead = undefined;
  readonly #key: string;
  readonly #mode: number | undefined;
  readonly #shared: boolean;
  readonly #flock: Flock;
  #file: OpenLockFile | undefined;
  #onHint: (() => void) | undefined;
  #unwatch: Unwatch | undefined;

  constructor(key: string, { mode, shared = false, flock }: FlockAttemptOptions) {
    this.#key = key;
    this.#mode = mode;
    this.#shared = shared;
    this.#flock = flock;
  }

  tryLock(): Grant | null {
    for (let replaced = 0; replaced < MOST_REPLACED; replaced++) {
      this.#file ??= openLockFile(this.#key, this.#mode);
      const file = this.#file;
      try {
        // A release between the refusal and a new watch was heard by nobody: hence another try.
        const operation = this.#shared ? "share" : "lock";
        if (!this.#flock(file.fd, operation) && !(this.#listen() && this.#flock(file.fd, operation)))
          return null;
        const named = namedAs(this.#key, file);
        if (named !== undefined) {
          this.#onHint = undefined;
          if (this.#unwatch !== undefined) setImmediate(this.#unwatch); // the caller first, who has waited
          this.#unwatch = this.#file = undefined;
          return new FlockGrant(this.#key, file, { named, shared: this.#shared, flock: this.#flock });
        }
      } catch (error) {
        this.close();
        throw refused(this.#key, error as NodeJS.ErrnoException);
      }
      this.close();
    }
    return null;
  }

  watch(onHint: () => void): void {
    this.#onHint = onHint;
    try {
      this.#file ??= openLockFile(this.#key, this.#mode);
    } catch {
      return; // the next try says why
    }
    this.#listen();
  }

  /** Watches the lock file, if hints are wanted and nobody does yet. Whether a watch was put up. */
  #listen(): boolean {
    if (this.#onHint === undefined || this.#unwatch !== undefined) return false;
    // Where it is moved or unlinked it goes on: we wait for what we have open, whose release is still to be heard.
    this.#unwatch = watchFile(this.#key, (deaf) => {
      if (deaf) this.#deafen(); // the next refusal watches again
      this.#onHint?.();
    });
    return this.#unwatch !== undefined;
  }

  #deafen(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  close(): void {
    this.#deafen();
    if (this.#file === undefined) return;
    const { fd } = this.#file;
    this.#file = undefined;
    closeQuietly(fd);
  }
}

/** The error of a flock(2) that was not refused because somebody has the lock. */
export function refused(key: string, cause: NodeJS.ErrnoException): Error {
  if (
    cause.code === "ENOSYS" ||
    cause.code === "ENOTSUP" ||
    cause.code === "EOPNOTSUPP" ||
    isErrno(cause, ENOTSUPP)
  ) {
    return new LockUnsupported(key, fileSystemOf(key), cause);
  }
  if (cause.syscall === undefined && cause.errno === undefined) return cause; // nothing reaches flock(2)
  return systemError(`Cannot lock '${key}'`, cause);
}

/** Node's own errors have negative numbers, those of native modules positive ones. */
function isErrno(error: NodeJS.ErrnoException, errno: number): boolean {
  return Math.abs(error.errno ?? 0) === errno;
}
