/**
 * A lock that was won with flock(2): it is held for as long as the descriptor is open, and goes with the unlock. Knows
 * how to let go of it, and in which order; does not know how it was won.
 */
import { closeSync, fchmodSync, futimesSync, lstatSync, type BigIntStats } from "node:fs";
import type { Grant, ReleaseOptions } from "../driver.ts";
import { systemError } from "../errors.ts";
import type { Flock } from "../native/flock.ts";
import { warn } from "../warn.ts";
import type { OpenLockFile } from "./open-lock-file.ts";
import { removeName } from "./remove-name.ts";
import { isSameInode, type FileIdentity } from "./same-file.ts";

export interface FlockGrantOptions {
  /** What the path led to when the lock was won. */
  readonly named: Named;
  readonly shared: boolean;
  readonly flock: Flock;
}

export class FlockGrant implements Grant {
  readonly fd: number;
  readonly #key: string;
  readonly #file: OpenLockFile;
  readonly #named: Named;
  readonly #shared: boolean;
  readonly #flock: Flock;
  /** Why the lock file could not be removed. */
  #notRemoved: Error | undefined;

  constructor(key: string, file: OpenLockFile, { named, shared, flock }: FlockGrantOptions) {
    this.#key = key;
    this.#file = file;
    this.#named = named;
    this.#shared = shared;
    this.#flock = flock;
    this.fd = file.fd;
  }

  isCurrent(): boolean {
    return isNamed(this.#key, this.#file);
  }

  /** What has something in it, or another name, was put here by somebody, and may be anything: its bits are not ours. */
  setMode(mode: number): void {
    if (this.#named.size !== 0n || !hasOneName(this.#named)) return;
    explainingMode(this.#key, () => {
      if (isAlone(this.#key, this.#file)) setMode(this.fd, mode);
    });
  }

  /** The file goes while the lock is still held, or the next holder's file could be the one that goes. */
  release({ remove }: ReleaseOptions): void {
    if (remove) this.#remove();
    try {
      this.#flock(this.fd, "unlock");
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      throw systemError(`Cannot release the lock file '${this.#key}': it is still held. Try again`, cause);
    }
    if (hasOneName(this.#named)) touch(this.fd);
    closeQuietly(this.fd);
    if (this.#notRemoved === undefined) return;
    const { message } = this.#notRemoved;
    warn(
      "HOLDFAST_NOT_REMOVED",
      `The lock file '${this.#key}' was released, but could not be removed: ${message}.`,
    );
  }

  /**
   * Whoever shares it with others must not take the file from under them: a newcomer would have the new one for itself.
   * So it has to get the lock alone first. That may lose what it shared (flock(2): the conversion is not atomic), which
   * it is about to give up anyway; of those who leave at once, the last one gets it. Given up first, since Windows (LockFileEx) refuses to
   * lock alone what the same descriptor has shared.
   */
  #remove(): void {
    this.#notRemoved = undefined; // it may be tried again, after an unlock that failed
    try {
      if (this.#shared) {
        this.#flock(this.fd, "unlock");
        if (!this.#flock(this.fd, "lock")) return;
      }
      if (this.isCurrent()) removeName(this.#key);
    } catch (error) {
      this.#notRemoved = error as Error;
    }
  }
}

/** As chmod(2) has it, only the owner of the file may; the others go on with the bits it has. */
export function setMode(fd: number, mode: number): void {
  try {
    fchmodSync(fd, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "EROFS") throw error;
  }
}

/** Calls `fn`, which sets the mode of the lock file `key`; its error says so. */
export function explainingMode(key: string, fn: () => void): void {
  try {
    fn();
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    throw systemError(`Cannot change the permission bits of the lock file '${key}'`, cause);
  }
}

/** What a path leads to. */
export type Named = Pick<BigIntStats, "nlink" | "size">;

/**
 * Whether a path leads to a file that is reached by no other. One that has another name may be the file of somebody who
 * knows nothing of locks (link(2) asks for no right to it where fs.protected_hardlinks is 0): its bits and times stay.
 * To be asked of what the path led to once the file was open and locked, not of the descriptor:
 *
 *   1. A links somebody's file to the path. 2. B opens and locks it. 3. A removes the link: the descriptor has one name.
 */
export function hasOneName({ nlink }: Pick<Named, "nlink">): boolean {
  return nlink <= 1n;
}

/**
 * The same, looked at anew, for what is done with more than the times of a file. One look can be wrong, and two are not so
 * easily: 1. A links somebody's file to the path. 2. lstat(2) finds it. 3. A removes the link. 4. lstat(2) counts its names.
 */
export function isAlone(path: string, file: FileIdentity): boolean {
  const named = namedAs(path, file);
  return named !== undefined && hasOneName(named);
}

/** What `path` leads to, if that is the file that is open: the check of cargo, Go's lockedfile and py-filelock. */
export function namedAs(path: string, file: FileIdentity): BigIntStats | undefined {
  try {
    const named = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return named !== undefined && isSameInode(named, file) ? named : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined; // its directory was replaced by a file
    throw error;
  }
}

export function isNamed(path: string, file: FileIdentity): boolean {
  return namedAs(path, file) !== undefined;
}

/**
 * A hint to those who watch the file. Only its owner may send one (utimensat(2)); the others' releases are found by
 * polling. It has to be sent after the unlock: whoever hears it tries at once, and only once.
 */
export function touch(fd: number): void {
  const now = Date.now() / 1000;
  try {
    futimesSync(fd, now, now);
  } catch {
    // EPERM, EROFS: nobody hears of this release
  }
}

/** close(2) frees the descriptor even where it reports an error, and the lock is gone already. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // nothing is held by then, and there is nothing that a caller could do
  }
}
