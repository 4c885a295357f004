/** The lock on a file that flock(2) guards: the flock driver and its defaults, and nothing else. */
import { flockDriver } from "./drivers/flock.ts";
import { checkedPath } from "./lock-path.ts";
import { Lock } from "./lock.ts";
import type { LockOptions } from "./options.ts";

const driver = flockDriver();

/**
 * An inter-process lock on a lock file, by flock(2). The kernel frees it when its holder dies, however that dies, so
 * it is never stale. It excludes every other process that locks the same file with flock(2), and every other task of
 * this process; which code counts as one task is told at {@link Lock.acquire} and {@link Lock.run}.
 *
 * What it does not promise: that a program which does not ask for the lock stays out (it is advisory); exclusion
 * where the file system only pretends (some network file systems); exclusion between holders whose lock file was removed
 * by a stranger while it was held; an order among waiting processes, unless all of them ask for `order: "fifo"`.
 *
 * The lock file is created where it is missing, with its directories, and never written to; a release sets its times.
 *
 * @example
 * const lock = new FileLock("work.lock", { timeout: 10 }); // seconds
 * await lock.run(async () => {
 *   // nobody else is in here
 * });
 */
export class FileLock extends Lock {
  /**
   * Configures a lock; does no I/O. A relative path is fixed to the working directory of this moment.
   *
   * @param path the lock file: a string or a `file:` URL.
   * @param options fixed here, and readable as properties; each call can override how it waits.
   * @throws TypeError, RangeError for a bad path or option, with its name, what was expected and what came.
   */
  constructor(path: string | URL, options?: LockOptions) {
    super(driver, path, options);
  }

  /**
   * Guards a shared working directory: the lock file is `<directory>/.lock`.
   *
   * @param directory a string or a `file:` URL; created with the first acquisition where it is missing.
   * @example
   * const lock = FileLock.inDirectory("shared/build", { timeout: 60 }); // seconds
   * await lock.run(async () => rebuild("shared/build"));
   */
  static inDirectory(directory: string | URL, options?: LockOptions): FileLock {
    return new FileLock(`${checkedPath(directory, "directory").replace(/\/+$/, "")}/.lock`, options);
  }
}
