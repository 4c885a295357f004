/** The lock that a marker file stands for: the soft driver and its defaults, and nothing else. */
import { breakMarker, isOurs, namedAt, softDriver } from "./drivers/soft.ts";
import { absolute } from "./lock-path.ts";
import { Lock } from "./lock.ts";
import { checkLockOptions, quote, type LockOptions } from "./options.ts";

const driver = softDriver();

/**
 * An inter-process lock for file systems without flock(2): the lock file is there while the lock is held, and says who
 * holds it. Same contract as {@link FileLock}, and the same file as that of py-filelock's `SoftFileLock`.
 *
 * A holder that ends in an ordinary way, by a signal too, takes its lock file with it. One that is killed or crashes
 * leaves it behind; the next contender removes it, once there is proof on the same host that the holder has died.
 *
 * What it does not promise: that a lock frees itself whose holder died on another host, or left an empty lock file, as
 * old versions of py-filelock do (`Timeout` says so; {@link SoftFileLock.breakLock} is for that); exclusion between
 * containers that share a host name and not their processes; an order among waiting processes. A holder that runs in a
 * worker thread which is terminated keeps the lock until its process ends. Use FileLock where flock(2) works.
 *
 * @example
 * const lock = new SoftFileLock("/mnt/share/work.lock", { timeout: 10 }); // seconds
 * await lock.run(async () => {
 *   // nobody else is in here
 * });
 */
export class SoftFileLock extends Lock {
  readonly #path: string;

  /**
   * Configures a lock; does no I/O. A relative path is fixed to the working directory of this moment.
   *
   * @param path the lock file: a string or a `file:` URL.
   * @param options as for FileLock, but that releasing always removes the file, and that there is no order.
   * @throws TypeError, RangeError for a bad path or option, `order: "fifo"` and `remove: false` among them.
   */
  constructor(path: string | URL, options: LockOptions = {}) {
    checkLockOptions(options);
    if (options.order === "fifo") {
      throw new RangeError(
        `Expected \`order\` to be "any", got ${quote(options.order)}: a SoftFileLock keeps no line. FileLock does`,
      );
    }
    if (options.remove === false) {
      throw new RangeError(
        `Expected \`remove\` to be true, got ${quote(options.remove)}: the file of a SoftFileLock is the lock, and goes with it`,
      );
    }
    super(driver, path, { ...options, remove: true });
    this.#path = absolute(this.lockFile);
  }

  /**
   * The process that the lock file names, whether it lives or not, and on whatever host. Undefined where there is no
   * lock file, and where it names nobody.
   */
  get pid(): number | undefined {
    return namedAt(this.#path)?.pid;
  }

  /** Whether the lock file names this very process: not only its pid, which another one may have had before. */
  get isLockHeldByUs(): boolean {
    return isOurs(this.#path);
  }

  /**
   * Removes the lock file, **whoever holds it**: to be called by somebody who knows that the holder is gone. One that is
   * not goes on, and finds out where it looks at `hold.signal`. Does nothing where there is no lock file.
   *
   * @throws Error with `code` "EINVAL" or "EFBIG" where what lies there is not a lock file of this kind, "EBUSY" where
   * another process is about to remove it and was stopped; otherwise the system error. Then it is still there.
   * @example
   * const [holder] = await lock.holder();
   * if (holder?.hostname === "a-host-that-was-switched-off") await new SoftFileLock(lock.lockFile).breakLock();
   */
  breakLock(): Promise<void> {
    return breakMarker(this.#path, this.mode);
  }
}
