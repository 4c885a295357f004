/** The lock that lets one instance of a program run: a name in place of a path, no wait, and who is in the way. */
import { fileThatMakes } from "./caller.ts";
import { atExit } from "./drivers/at-exit.ts";
import { die } from "./drivers/die.ts";
import { flockWithPidDriver } from "./drivers/flock-with-pid.ts";
import { pidIn } from "./drivers/pid-file.ts";
import { processLockDirectory, processLockFileName } from "./drivers/process-lock-file.ts";
import { CannotAcquireLock, type Timeout } from "./errors.ts";
import { absolute, checkedPath } from "./lock-path.ts";
import { Lock } from "./lock.ts";
import { check, type AcquireOptions, type Check } from "./options.ts";

/** Options of a {@link ProcessLock}. */
export interface ProcessLockOptions {
  /**
   * What there is to be one of: any text that is not empty. Default: the absolute path of the file that says
   * `new ProcessLock()`; in eval and the REPL there is none, and a name has to be given.
   */
  readonly name?: string | undefined;
  /** Whether a process that does not get the lock says so on standard error and exits with 1; not with tryAcquire(). Default false. */
  readonly die?: boolean | undefined;
  /**
   * Where the lock file lies: a string or a `file:` URL. Default: `/var/lock`, or else `$XDG_RUNTIME_DIR`, or else the
   * directory for temporary files; the first that this user may write to, when the lock is made.
   */
  readonly directory?: string | URL | undefined;
}

const CHECKS: Record<string, Check> = {
  name: {
    expected: "a string that is neither empty nor has half a surrogate pair",
    type: "string",
    accepts: (value: string) => value !== "" && !/\p{Surrogate}/u.test(value),
  },
  die: { expected: "a boolean", type: "boolean", accepts: () => true },
  directory: { expected: "a path", type: undefined, accepts: () => true },
};

const driver = flockWithPidDriver();

/**
 * Lets one process at a time run a program, or a part of it: an inter-process lock on a file that is found by a name, and
 * says which process holds it. Whoever comes second is refused at once, unless it says how long to wait. The
 * kernel frees the lock when its holder dies, whatever the file says.
 *
 * It guards a program against other processes. Inside the process the object owns it, whoever calls: acquisitions through
 * one object count up, so that two tasks that share it are both inside. Another object is refused, also in the same process.
 *
 * Whoever is refused gets a CannotAcquireLock in place of a Timeout, also after a wait (`acquire({ timeout: 10 })`). There
 * are no shared holds of it.
 *
 * While it is held the file has the process id and a line feed in it; with the last hold it goes. What is left of a
 * process that ends before that keeps nobody out. A file with anything else in it, or with a second name, is an error
 * and stays as it is. One that belongs to another user can be locked all the same where it may be read: then it says
 * nothing, or the wrong thing, and may not be removed.
 *
 * What it does not promise: that users who may write to different directories exclude each other, unless they
 * give the same `directory`; that nobody stands in the way on purpose, since whoever may open the file may lock it. It has
 * the permission bits that the umask leaves.
 *
 * @example
 * const lock = new ProcessLock({ die: true }); // one for each program file
 * await lock.forever();
 */
export class ProcessLock extends Lock {
  /** What there is to be one of. */
  readonly name: string;
  /** Whether a process that does not get the lock exits. */
  readonly die: boolean;
  #kept = false;

  /**
   * Configures a lock. Looks which directory may be written to, if none is given; does no other I/O. A relative directory
   * is fixed to the working directory of this moment.
   *
   * @param options fixed here; how to wait is up to each call.
   * @throws TypeError where there is no name and no file to take it from; TypeError, RangeError for a bad option.
   */
  constructor(options: ProcessLockOptions = {}) {
    check(options, CHECKS);
    const { directory, name = fileThatMakes(new.target), die: dies = false } = options;
    if (name === undefined) {
      throw new TypeError(
        'Cannot name a ProcessLock after the file that makes it: it is not made in a file. Give it a name: new ProcessLock({ name: "…" })',
      );
    }
    const parent = directory === undefined ? processLockDirectory() : checkedPath(directory, "directory");
    const path = `${absolute(parent).replace(/\/+$/, "")}/${processLockFileName(name)}`;
    super(driver, path, { timeout: 0, owner: "object", remove: true });
    this.name = name;
    this.die = dies;
  }

  /** The path of the lock file: as {@link Lock.lockFile}, in the spelling of exclusiveprocess. */
  get lockfile(): string {
    return this.lockFile;
  }

  /**
   * Acquires the lock, and holds it until the process ends: no release() ends that. The lock file is removed then, unless
   * the process is killed or crashes, and the process dies of what it dies of. Does not keep the process alive.
   * Called again, it does nothing. What it does not promise: that a signal ends the process while it blocks its event loop; it
   * does so when the loop turns (SIGKILL does at once).
   *
   * @param options as for {@link Lock.acquire}.
   * @throws CannotAcquireLock where another process is running; otherwise as acquire() does.
   * @example
   * await new ProcessLock({ name: "nightly backup" }).forever();
   */
  forever(options?: AcquireOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const keep = (): Promise<void> | undefined => {
        resolve();
        if (this.#kept) return undefined;
        this.#kept = true;
        atExit(() => {
          this.#endWithProcess();
        });
        return new Promise(() => undefined); // so that run() never ends
      };
      if (this.#kept) resolve();
      else this.run(keep, options).catch(reject);
    });
  }

  #endWithProcess(): void {
    this.#kept = false; // a signal may have been meant to end the process, and somebody else may have kept it alive
    try {
      this.endAll();
    } catch {
      // the kernel frees it in a moment
    }
  }

  /** Not a Timeout, but who is running; or the end of this process. */
  protected override async refused(timeout: Timeout): Promise<Error> {
    return this.#cannotAcquire(await this.#pidOfHolder(timeout), timeout);
  }

  protected override refusedSync(timeout: Timeout): Error {
    return this.#cannotAcquire(timeout.holder[0]?.pid ?? pidIn(timeout.lockFile), timeout);
  }

  #cannotAcquire(pid: number | undefined, timeout: Timeout): Error {
    const error = new CannotAcquireLock(this.name, pid, timeout);
    if (this.die) die(error.message);
    return error;
  }

  /**
   * The kernel knows better than the file, which is empty before its holder has written to it, and names a dead process
   * where one was killed and the next one cannot write. But it does not see into other PID namespaces.
   */
  async #pidOfHolder({ holder, lockFile }: Timeout): Promise<number | undefined> {
    const written = pidIn(lockFile);
    // A Timeout does not wait for a look that takes long.
    const seen = (holder.length > 0 ? holder : await this.holder()).map(({ pid }) => pid);
    return seen.length === 0 || (written !== undefined && seen.includes(written)) ? written : seen[0];
  }
}
