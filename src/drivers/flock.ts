/**
 * The flock(2) driver. The lock is the kernel's: it belongs to an open file description, and goes when the last
 * descriptor of that is closed, so a holder that dies leaves nothing stale behind.
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
import {
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lstatSync,
  openSync,
  realpathSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Attempt, Driver, Grant, OpenOptions, ReleaseOptions } from "../driver.ts";
import { LockUnsupported, systemError, type Holder } from "../errors.ts";
import { flock as nativeFlock, isFlockLoaded, type Flock } from "../native/flock.ts";
import { warn } from "../warn.ts";
import { fileSystemOf } from "./file-system.ts";
import { explained, openLockFile, type OpenLockFile } from "./open-lock-file.ts";
import { flockHolders } from "./proc-locks.ts";
import { watchFile, type Unwatch } from "./watch-file.ts";

/** After this many replaced files in a row, somebody replaces them faster than we lock: contention, as far as we know. */
const MOST_REPLACED = 20;

/** The lock file, one to read a package.json with, and one to spare. */
const DESCRIPTORS_TO_LOAD = 3;

/** Linux: what some file systems answer where flock is not supported (ENOTSUPP, which has no name in userland). */
const ENOTSUPP = 524;

export function flockDriver(flock: Flock = nativeFlock): Driver {
  return {
    name: "flock",
    identify,
    open: (key, options) => {
      if (flock === nativeFlock && !isFlockLoaded()) seeToDescriptors(key);
      return new FlockAttempt(key, options, flock);
    },
    holders,
  };
}

/**
 * The parent's real path, and the last component as it is. Parents that do not exist yet are kept as they are
 * written, below the real path of what does.
 */
function identify(path: string): string {
  const name = basename(path);
  let rest = name;
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    try {
      const real = realpathSync.native(parent);
      if (rest !== name) return join(real, rest);
      return real === "/" ? `/${name}` : `${real}/${name}`;
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (cause.code !== "ENOENT" || parent === dirname(parent)) throw explained(path, error);
      rest = join(basename(parent), rest);
    }
  }
}

async function holders(key: string): Promise<Holder[]> {
  try {
    return await flockHolders(lstatSync(key, { bigint: true }));
  } catch {
    return []; // no such file, or no /proc: nothing is known
  }
}

/**
 * 1. The lock file takes the last descriptor. 2. The native module is loaded, and Node finds none to read its
 * package.json with. 3. It takes that for a missing package, and remembers it for as long as the process lives.
 */
function seeToDescriptors(key: string): void {
  const fds: number[] = [];
  try {
    for (let i = 0; i < DESCRIPTORS_TO_LOAD; i++) fds.push(openSync("/", constants.O_RDONLY));
  } catch (error) {
    throw explained(key, error);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

class FlockAttempt implements Attempt {
  readonly #key: string;
  readonly #options: OpenOptions;
  readonly #flock: Flock;
  #file: OpenLockFile | undefined;
  #onHint: (() => void) | undefined;
  #unwatch: Unwatch | undefined;

  constructor(key: string, options: OpenOptions, flock: Flock) {
    this.#key = key;
    this.#options = options;
    this.#flock = flock;
  }

  tryLock(): Grant | null {
    for (let replaced = 0; replaced < MOST_REPLACED; replaced++) {
      this.#file ??= openLockFile(this.#key, this.#options.mode);
      const file = this.#file;
      try {
        // A release between the refusal and a new watch was heard by nobody: hence another try.
        if (!this.#flock(file.fd, "lock") && !(this.#listen() && this.#flock(file.fd, "lock"))) return null;
        if (isNamed(this.#key, file)) {
          this.#deafen();
          this.#file = undefined;
          return new FlockGrant(this.#key, file, this.#flock);
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
    if (this.#file !== undefined) this.#listen();
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

class FlockGrant implements Grant {
  readonly fd: number;
  readonly #key: string;
  readonly #file: OpenLockFile;
  readonly #flock: Flock;
  /** Why the lock file could not be removed. */
  #notRemoved: Error | undefined;

  constructor(key: string, file: OpenLockFile, flock: Flock) {
    this.#key = key;
    this.#file = file;
    this.#flock = flock;
    this.fd = file.fd;
  }

  isCurrent(): boolean {
    return isNamed(this.#key, this.#file);
  }

  /** As chmod(2) has it, only the owner of the file may; the others go on with the bits it has. */
  setMode(mode: number): void {
    try {
      fchmodSync(this.fd, mode);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EPERM" && code !== "EROFS") throw error;
    }
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
    touch(this.fd);
    closeQuietly(this.fd);
    if (this.#notRemoved === undefined) return;
    const { message } = this.#notRemoved;
    warn(
      "HOLDFAST_NOT_REMOVED",
      `The lock file '${this.#key}' was released, but could not be removed: ${message}.`,
    );
  }

  #remove(): void {
    try {
      if (this.isCurrent()) unlinkSync(this.#key);
    } catch (error) {
      this.#notRemoved = error as Error;
    }
  }
}

/** Whether `path` leads to the file that is open: the check of cargo, Go's lockedfile and py-filelock. */
function isNamed(path: string, file: OpenLockFile): boolean {
  try {
    const named = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return named?.ino === file.ino && named.dev === file.dev;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return false; // its directory was replaced by a file
    throw error;
  }
}

/**
 * A hint to those who watch the file. Only its owner may send one (utimensat(2)); the others' releases are found by
 * polling. It has to be sent after the unlock: whoever hears it tries at once, and only once.
 */
function touch(fd: number): void {
  const now = Date.now() / 1000;
  try {
    futimesSync(fd, now, now);
  } catch {
    // EPERM, EROFS: nobody hears of this release
  }
}

/** close(2) frees the descriptor even where it reports an error, and the lock is gone already. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // nothing is held by then, and there is nothing that a caller could do
  }
}

function refused(key: string, cause: NodeJS.ErrnoException): Error {
  if (
    cause.code === "ENOSYS" ||
    cause.code === "ENOTSUP" ||
    cause.code === "EOPNOTSUPP" ||
    isErrno(cause, ENOTSUPP)
  ) {
    return new LockUnsupported(key, fileSystemOf(key), cause);
  }
  if (cause.syscall === undefined && cause.errno === undefined) return cause; // the native module did not load
  return systemError(`Cannot lock '${key}'`, cause);
}

/** Node's own errors have negative numbers, those of native modules positive ones. */
function isErrno(error: NodeJS.ErrnoException, errno: number): boolean {
  return Math.abs(error.errno ?? 0) === errno;
}
