/**
 * The driver contract: what a way of locking must be able to do. Prose first, since the type says little.
 *
 * A driver *tries*. It never waits for a holder, never retries on contention, knows no deadline, no queue and no task:
 * whoever calls it sees to those. All its calls but `holders` are synchronous and short; none runs foreign code.
 *
 * 1. `identify` tells two spellings of one lock file to be one, without creating anything. The same key means
 *    the same lock file, for as long as nobody moves directories about.
 * 2. `open` prepares attempts on a key: nothing is locked yet. An error of the system surfaces here or in
 *    `tryLock`, with its `code`, and leaves nothing open behind it.
 * 3. `tryLock` gives a `Grant`, or `null` for "held elsewhere", which is no error. A refused attempt stays
 *    usable for the next try; a won one is spent, and its resources are the grant's. After it has thrown, it
 *    holds nothing either, and may be tried again.
 * 4. At any moment at most one live grant exists for a key, over all processes: `Grant` is mutual exclusion. Only those
 *    that were asked for as `shared` may live side by side, each on its own. It lasts until `release` has returned, or its
 *    process has died.
 * 5. `release` either returns, and then nothing is held or open; or throws, and then the lock is still held
 *    and `release` may be called again. It never leaves the two apart.
 * 6. `watch` asks for hints: from then on, and until the attempt wins or is closed, `onHint` is called when it may be
 *    worth trying again, by every release that the driver can hear of. A hint is no promise: it may come early, twice
 *    or never, and holders that are no participants send none, so the caller polls as well. A release between the last
 *    refusal and `watch` is not hinted at: try once more after it. `watch` never throws; where nothing can be heard, it
 *    does nothing. `onHint` is never called synchronously, neither by `watch` nor by `tryLock` nor by `release`.
 * 7. `release` sends its hint after the lock is free, not before.
 * 8. With `order: "fifo"` a watched attempt stands in line, in the order in which processes began to wait, and wins only
 *    when nobody is ahead: but a process that is stopped, or does not try, is passed after a while, and where no line
 *    can be had it contends like any other. `close` gives its place up. An attempt that nobody watches takes no place
 *    beyond its one try, and wins nothing while others stand in line. The line never decides who holds: point 4 does.
 * 9. `isCurrent` tells whether the name still leads to what is locked: false once a stranger has removed or
 *    replaced it, so that newcomers would not be excluded. Only a current grant may be handed on to the next
 *    waiter of this process.
 */
import type { Holder } from "./errors.ts";

export interface Driver {
  /** Names the driver; lock files of different drivers never share a state. */
  readonly name: string;
  /** Whether it knows shared grants. */
  readonly canShare: boolean;
  /** The canonical key of the lock file at an absolute path. Creates nothing. Throws what the system says of the path. */
  identify(path: string): string;
  /** Prepares attempts on the lock file `key`. May create the file and its parent directories. */
  open(key: string, options: OpenOptions): Attempt;
  /** How many processes stand in line for `key`. Zero where the driver knows no order. Never throws. */
  inLine(key: string): number;
  /** Who holds `key` now, in any process, as far as that can be seen. Never rejects; empty does not prove free. */
  holders(key: string): Promise<Holder[]>;
  /** Why `key` may stay held for ever though nobody is known to hold it, and what to do: a sentence. Never throws. */
  obstacle(key: string): string | undefined;
}

export interface OpenOptions {
  /** Permission bits for a lock file that has to be created; without it, 0o666 less the umask. */
  readonly mode?: number | undefined;
  readonly order?: Order | undefined;
  /** For a grant that may live beside other shared ones, and beside no other. */
  readonly shared?: boolean | undefined;
}

/** In which order waiting processes get a lock: whoever is quickest, or whoever began to wait first. */
export type Order = "any" | "fifo";

export interface Attempt {
  /** How many processes are ahead of it in line; undefined where there is no order. */
  readonly ahead: number | undefined;
  tryLock(): Grant | null;
  watch(onHint: () => void): void;
  /** Lets go of what a refused attempt keeps open. Idempotent; without effect on a grant. */
  close(): void;
}

export interface Grant {
  /** The descriptor that carries the lock, where the driver has one. */
  readonly fd: number | undefined;
  isCurrent(): boolean;
  /** Sets the permission bits of the lock file, where this process may. */
  setMode(mode: number): void;
  release(options: ReleaseOptions): void;
}

export interface ReleaseOptions {
  /**
   * Whether the lock file is to be removed, where it is still the one that is locked, and nobody else shares it. Where the
   * file is the lock, it goes anyway.
   */
  readonly remove: boolean;
}
