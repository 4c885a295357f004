/**
 * What `acquire()` gives: one hold, to be released once. Knows its owner, and nothing of how the hold came to be.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { LockLost } from "./errors.ts";
import { tell } from "./observe.ts";
import type { LossWatch, Owner } from "./owner.ts";

/** How often a hold whose `signal` was asked for looks whether the path still leads to its lock file. */
const LOOK_MS = 1000;

/**
 * One hold of a lock file. Release it once, on every path: `await using` does, and so does `run()`.
 *
 * @example
 * const hold = await lock.acquire();
 * try {
 *   await work();
 * } finally {
 *   await hold.release();
 * }
 */
export class Hold {
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;
  readonly #owner: Owner;
  #lost: AbortController | undefined;

  /** @internal */
  constructor(owner: Owner) {
    this.#owner = owner;
    this.lockFile = owner.lockFile;
  }

  /** Whether this hold has ended. */
  get released(): boolean {
    return !this.#owner.live;
  }

  /**
   * The descriptor that carries the lock, for as long as this hold lasts; undefined for a driver without one. All
   * holds of this process that live side by side, or nested in one another, have the same. Do not close it. A child
   * process that is given it in `stdio` shares the lock: it keeps it should this process die, and loses it when this
   * process releases.
   *
   * @throws Error once the hold is released: the number may belong to another file by then.
   */
  get fd(): number | undefined {
    if (this.released) {
      throw new Error(
        `The hold of '${this.lockFile}' was released, and its descriptor with it. Use hold.fd before release().`,
      );
    }
    return this.#owner.domain?.fd;
  }

  /**
   * Aborts, with a `LockLost` as its reason, where the hold is lost: a stranger removed or replaced the lock file, so
   * that another process may get in. Once this has been read, the hold looks about every second, and when it is
   * released. A file that is replaced and put back in between goes unnoticed. Does not abort on release.
   */
  get signal(): AbortSignal {
    this.#lost ??= this.#watch(new AbortController());
    return this.#lost.signal;
  }

  /**
   * Ends this hold. Idempotent. The lock file is free again once the last of the holds that are nested in one another
   * has ended.
   *
   * @throws the system error where the lock could not be released: then it is still held, and release() may be
   * called again.
   */
  release(): Promise<void> {
    try {
      letGo(this.#owner);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As {@link Hold.release}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #watch(lost: AbortController): AbortController {
    if (this.released) return lost;
    const look = (): void => {
      if (lost.signal.aborted || isCurrent(this.#owner)) return;
      lost.abort(new LockLost(this.lockFile));
    };
    const timer = setInterval(look, LOOK_MS).unref();
    this.#owner.watch = {
      look,
      stop: () => {
        clearInterval(timer);
      },
    } satisfies LossWatch;
    return lost;
  }
}

/**
 * What acquireSync() and tryAcquireSync() give: a hold that can be released without a promise.
 *
 * @example
 * const hold = lock.acquireSync({ timeout: 5 });
 * try {
 *   migrate();
 * } finally {
 *   hold.releaseSync();
 * }
 */
export class SyncHold extends Hold {
  readonly #owner: Owner;

  /** @internal */
  constructor(owner: Owner) {
    super(owner);
    this.#owner = owner;
  }

  /**
   * As {@link Hold.release}, without a promise.
   *
   * @throws the system error where the lock could not be released: then it is still held, and may be released again.
   */
  releaseSync(): void {
    letGo(this.#owner);
  }

  /** As {@link SyncHold.releaseSync}, for `using`. */
  [Symbol.dispose](): void {
    this.releaseSync();
  }
}

/** Ends the hold of `owner`, unless it has ended. Throws where the lock could not be released; then nothing has changed. */
export function letGo(owner: Owner): void {
  if (!isLive(owner)) return;
  tell("release", owner);
  owner.watch?.look();
  // Those who were told may have released it.
  if (!isLive(owner)) return;
  owner.domain?.leave(owner);
  tell("released", owner);
}

/** Asked anew each time: a getter's narrowed type would outlast what happens in between. */
function isLive(owner: Owner): boolean {
  return owner.live;
}

/** A look that fails tells nothing, and nothing is no loss. */
function isCurrent({ domain }: Owner): boolean {
  try {
    return domain?.isCurrent() ?? true;
  } catch {
    return true;
  }
}
