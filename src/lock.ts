/**
 * The lock as people use it: a path, options, and the verbs. It reads as the algorithm: who asks, what that nests in,
 * what to do with the answer. No system call in it, and no queue.
 */
import { ownBareHolds, warnNothingReleased } from "./bare-release.ts";
import { innermost, latest, mark, under } from "./context.ts";
import type { Driver, Order } from "./driver.ts";
import { SuppressedError, Timeout, type Holder } from "./errors.ts";
import { Hold, letGo, SyncHold } from "./hold.ts";
import { absolute, checkedPath } from "./lock-path.ts";
import { knownState, stateOf } from "./lock-file-state.ts";
import { tell, traced } from "./observe.ts";
import {
  checkLockOptions,
  checkReleaseOptions,
  checkWork,
  termsOf,
  type AcquireOptions,
  type LockOptions,
  type ReleaseOptions,
  type SyncAcquireOptions,
  type Terms,
  type WaitEvent,
} from "./options.ts";
import { Owner, type Domain, type OwnerKind, type Party } from "./owner.ts";
import { shared } from "./registry.ts";
import { wrapWith, type Wrap } from "./wrap.ts";

const DEFAULT_POLL_INTERVAL = 0.05;
const counter = shared("counter", () => ({ holdId: 0 }));

/**
 * What {@link FileLock}, {@link ProcessLock} and {@link SoftFileLock} have in common: a type, for functions that take any of them.
 */
export abstract class Lock {
  /** The path of the lock file, as it was given; a `file:` URL as the path that it names. */
  readonly lockFile: string;
  /** How long acquire() waits, in seconds; negative: for ever. */
  readonly timeout: number;
  /** False: acquire() makes one attempt, whatever `timeout` says. */
  readonly blocking: boolean;
  /** The longest pause between two attempts, in seconds. */
  readonly pollInterval: number;
  /** The permission bits of the lock file; undefined: as the umask has it. */
  readonly mode: number | undefined;
  /** Whether the last one out removes the lock file. */
  readonly remove: boolean;
  /** Who owns a bare acquire(). */
  readonly owner: "task" | "object";
  /** In which order waiting processes get the lock. */
  readonly order: Order;
  /** Ends the waits that have no signal of their own. */
  readonly signal: AbortSignal | undefined;
  /** Is told of the waits that have no `onWait` of their own. */
  readonly onWait: ((event: WaitEvent) => unknown) | undefined;
  /** Whether its holds are shared, unless the call says otherwise. */
  readonly shared: boolean;
  readonly #driver: Driver;
  readonly #path: string;
  readonly #party: Party = { held: new Set(), waiting: 0 };

  /**
   * Configures a lock. Does no I/O: a relative path is fixed to the working directory of this moment.
   *
   * @internal
   */
  constructor(driver: Driver, path: string | URL, options: LockOptions = {}) {
    this.lockFile = checkedPath(path);
    checkLockOptions(options);
    this.#path = absolute(this.lockFile);
    this.#driver = driver;
    this.timeout = options.timeout ?? -1;
    this.blocking = options.blocking ?? true;
    this.pollInterval = options.pollInterval ?? DEFAULT_POLL_INTERVAL;
    this.mode = options.mode;
    this.remove = options.remove ?? false;
    this.owner = options.owner ?? "task";
    this.order = options.order ?? "any";
    this.signal = options.signal;
    this.onWait = options.onWait;
    this.shared = options.shared ?? false;
    if (this.shared) this.#mustShare();
  }

  /**
   * Acquires the lock, waiting for it as long as `timeout` allows (**seconds**; for ever by default). A later
   * acquire() on this object by the same task nests, and needs a release of its own; other tasks and other objects
   * wait. Call it before the `try`. Which code counts as the same task has limits (docs/ownership.md): keep the Hold
   * and release that, or use {@link Lock.run}, where there are none.
   *
   * @returns the hold.
   * @throws Timeout where it was not acquired in time; then nothing is held.
   * @throws `signal.reason` itself, once the signal has aborted.
   * @throws Deadlock where it waits for a hold of this process and nothing is left to run that could release it; and at
   * once, where it asks inside a shared hold for an exclusive one.
   * @throws LockUnsupported where the file system has no flock(2).
   * @throws TypeError, RangeError for a bad option; otherwise the system error, with its `code`.
   * @example
   * await lock.acquire({ timeout: 10 });
   * try {
   *   await work();
   * } finally {
   *   await lock.release();
   * }
   */
  acquire(options?: AcquireOptions): Promise<Hold> {
    return this.#acquireBare("acquire", options, this.#timedOut);
  }

  /**
   * Makes one attempt. It neither waits behind the tasks of this process that queue for the lock, nor gets past them.
   * Never call it in a loop without a pause: no timer and no I/O runs in between, and a holder of this process may need
   * those to release.
   *
   * @returns the hold, as from {@link Lock.acquire}; undefined where the lock is held elsewhere or others wait for it.
   * @throws as acquire() does, but no Timeout, and Deadlock only inside a shared hold.
   * @example
   * const hold = await lock.tryAcquire();
   * if (hold === undefined) return; // somebody else is at it
   */
  tryAcquire(options?: Omit<AcquireOptions, "timeout" | "blocking" | "onWait">): Promise<Hold | undefined> {
    return this.#acquireBare("tryAcquire", options, () => undefined);
  }

  /**
   * As {@link Lock.acquire}, but **blocks the event loop** while it waits: no timer, no I/O and no other task runs. For
   * start-up code of a process that has nothing else to do yet. Nothing can abort it.
   *
   * @returns the hold: release it with {@link SyncHold.releaseSync}.
   * @throws as acquire() does; the Timeout does not know who holds the lock, unless this process does. Deadlock, at once,
   * where it would have to wait while this process itself holds the lock or waits for it.
   * @example
   * const hold = lock.acquireSync({ timeout: 5 });
   * hold.releaseSync();
   */
  acquireSync(options?: SyncAcquireOptions): SyncHold {
    return this.#obtainSync("acquireSync", options, (...refused) => {
      throw this.refusedSync(timeoutOf(...refused));
    });
  }

  /**
   * As {@link Lock.tryAcquire}, without a promise: makes one attempt, and does not block.
   *
   * @returns the hold: release it with {@link SyncHold.releaseSync}; undefined where the lock is held elsewhere.
   * @throws as tryAcquire() does.
   * @example
   * const hold = lock.tryAcquireSync();
   * if (hold === undefined) process.exit(1); // another one is at it
   */
  tryAcquireSync(options?: Omit<SyncAcquireOptions, "timeout" | "blocking">): SyncHold | undefined {
    return this.#obtainSync("tryAcquireSync", options, () => undefined);
  }

  /**
   * Acquires the lock, calls `fn`, and releases it on every path. The form to prefer: whatever is started from `fn`
   * and acquires this lock file, through any object, nests; everything else waits.
   *
   * @param fn gets the hold.
   * @param options as for {@link Lock.acquire}.
   * @returns what `fn` returns, awaited.
   * @throws what acquire() throws; what `fn` throws; what the release throws, as `error` of a `SuppressedError` with
   * the error of `fn` as `suppressed` where both fail.
   * @example
   * const count = await lock.run(async () => increment("counter"));
   */
  run<Result>(fn: (hold: Hold) => Result, options?: AcquireOptions): Promise<Awaited<Result>> {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- not called: it says where the caller's frames begin
    return this.#run(fn, options, this.run);
  }

  /** @param from the function that was called by whoever acquires. */
  async #run<Result>(
    fn: (hold: Hold) => Result,
    options: AcquireOptions | undefined,
    from: Callable,
  ): Promise<Awaited<Result>> {
    checkWork(fn, "run");
    const owner = this.#newOwner("run", from);
    const hold = await traced(owner, () => this.#obtain(owner, options, this.#timedOut));
    let result: Awaited<Result>;
    try {
      result = await (owner.kind === "scope" ? under(owner, begun, fn, hold) : fn(hold));
    } catch (error) {
      try {
        letGo(owner);
      } catch (releaseError) {
        throw new SuppressedError(releaseError, error);
      }
      throw error;
    }
    letGo(owner);
    return result;
  }

  /**
   * Makes a function that does with `fn` what {@link Lock.run} does. Keeps `this`, arguments and name. Also a standard
   * decorator of methods, as in `@lock.wrap` and `@lock.wrap({ timeout: 10 })`.
   *
   * @param options as for {@link Lock.acquire}.
   * @throws TypeError, RangeError for a bad option; TypeError for what is no function and no method, and for a legacy decorator
   * (TypeScript's `experimentalDecorators`).
   * @example
   * const guarded = lock.wrap(work);
   * await guarded();
   */
  readonly wrap: Wrap = wrapWith((fn, options, from) => this.#run(fn, options, from));

  /**
   * Ends the innermost hold that a bare acquire() or tryAcquire() of the calling task got through this object. Where
   * there is none it does nothing, so that a `finally` does not hide a Timeout; and warns, where another task holds
   * through this object and this one did not just fail to. Never ends a hold of run(), nor another task's.
   *
   * @throws the system error where the lock could not be released: then it is still held, and release() may be called
   * again.
   * @example
   * await lock.acquire();
   * await lock.acquire(); // the same task: counts up
   * await lock.release({ force: true }); // ends both
   */
  release(options: ReleaseOptions = {}): Promise<void> {
    try {
      checkReleaseOptions(options);
      const mine = ownBareHolds(this.#party, this.owner);
      if (mine.length === 0) warnNothingReleased(this.#party, this.lockFile);
      for (const owner of options.force === true ? mine : mine.slice(0, 1)) letGo(owner);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Whether a hold lives that came through this object. */
  get isLocked(): boolean {
    return this.#party.held.size > 0;
  }

  /** How many holds of this lock file live in this process (this JavaScript thread), through whichever object. */
  get lockCounter(): number {
    return this.#domain()?.live ?? 0;
  }

  /**
   * Who is known to hold the lock file now. On Linux the kernel tells, of foreign processes too; a holder in another
   * PID namespace is not listed, so that an empty list does not prove it free. Elsewhere only this process's own hold
   * is known. `since` is told of own holds, and of those that a marker file stands for.
   *
   * @example
   * const [holder] = await lock.holder();
   * if (holder !== undefined) console.log(`held by pid ${holder.pid} (${holder.command})`);
   */
  async holder(): Promise<Holder[]> {
    const domain = this.#domain();
    return domain?.holders() ?? this.#driver.holders(this.#driver.identify(this.#path));
  }

  #acquireBare<Otherwise>(
    verb: "acquire" | "tryAcquire",
    options: AcquireOptions | undefined,
    otherwise: Refusal<Otherwise>,
  ): Promise<Hold | Otherwise> {
    const owner = this.#newOwner(verb);
    const obtained = traced(owner, () => this.#obtain(owner, options, otherwise));
    // Not inside the traced call: a tracer's own context ends there, and on Node 24 it would take the mark with it.
    if (owner.kind === "task") mark(owner);
    return obtained;
  }

  /**
   * Asks for the hold, synchronously as far as that goes. It admits from the very microtask that settles the promise:
   * not sooner, or a task that was started in the same turn would nest in it, and not later, or the caller's own next
   * acquire() would not.
   */
  async #obtain<Otherwise>(
    owner: Owner,
    options: AcquireOptions | undefined,
    otherwise: Refusal<Otherwise>,
  ): Promise<Hold | Otherwise> {
    const began = performance.now();
    let terms: Terms;
    try {
      terms = this.#begin(owner, termsOf(this, options, { once: otherwise !== this.#timedOut }));
      const state = stateOf(this.#driver, this.#driver.identify(this.#path));
      if (await state.ask(owner, holderFor(owner, state), terms)) return new Hold(admitting(owner));
    } catch (error) {
      owner.refuse();
      throw error;
    }
    owner.refuse();
    return otherwise(owner, terms, (performance.now() - began) / 1000);
  }

  /** As #obtain, but the caller goes on before any other code runs: so it admits at once. */
  #obtainSync<Otherwise>(
    verb: "acquireSync" | "tryAcquireSync",
    options: SyncAcquireOptions | undefined,
    otherwise: (...refused: Parameters<Refusal<unknown>>) => Otherwise,
  ): SyncHold | Otherwise {
    const began = performance.now();
    const owner = this.#newOwner(verb);
    if (owner.kind === "task") mark(owner);
    let terms: Terms;
    try {
      terms = this.#begin(owner, termsOf(this, options, { once: verb === "tryAcquireSync", sync: true }));
      const state = stateOf(this.#driver, this.#driver.identify(this.#path));
      if (state.askSync(owner, holderFor(owner, state), terms)) return new SyncHold(admitting(owner));
    } catch (error) {
      owner.refuse();
      throw error;
    }
    owner.refuse();
    return otherwise(owner, terms, (performance.now() - began) / 1000);
  }

  #begin(owner: Owner, terms: Terms): Terms {
    tell("attempt", owner);
    terms.signal?.throwIfAborted();
    owner.shared = terms.shared;
    if (terms.shared) this.#mustShare();
    return terms;
  }

  #mustShare(): void {
    if (this.#driver.canShare) return;
    throw new TypeError(
      `Expected \`shared\` to be left out: a ${this.constructor.name} is held by one at a time. Use a FileLock for shared holds`,
    );
  }

  #newOwner(
    verb: "acquire" | "tryAcquire" | "run" | "acquireSync" | "tryAcquireSync",
    // eslint-disable-next-line @typescript-eslint/unbound-method -- not called: it says where the caller's frames begin
    from: Callable = this[verb],
  ): Owner {
    const bare = verb !== "run";
    const kind: OwnerKind = this.owner === "object" ? "object" : bare ? "task" : "scope";
    const { lockFile, mode, remove, order } = this;
    const owner = new Owner(this.#party, { lockFile, id: ++counter.holdId, kind, bare, mode, remove, order });
    if (kind !== "object") {
      owner.outer = innermost();
      owner.failed = latest()?.failed ?? owner.failed;
    }
    if (owner.acquired !== undefined) Error.captureStackTrace(owner.acquired, from);
    return owner;
  }

  /** The error of an acquisition that was not granted in time: a lock that has another one for it says so here. */
  protected refused(timeout: Timeout): Error | Promise<Error> {
    return timeout;
  }

  /** As `refused`, where nothing can be awaited. */
  protected refusedSync(timeout: Timeout): Error {
    return timeout;
  }

  /** Ends all holds that came through this object, as the end of the process would. Throws as release() does. */
  protected endAll(): void {
    for (const { domain } of this.#party.held) domain?.stepBack();
    for (const owner of [...this.#party.held]) letGo(owner);
  }

  readonly #timedOut: Refusal<never> = async (...refusal) => {
    throw await this.refused(await timeoutAfterLook(...refusal));
  };

  /** What this process knows of the lock file: the one that this object holds, else the one its path leads to. */
  #domain(): Domain | undefined {
    const [own] = this.#party.held;
    if (own !== undefined) return own.domain;
    try {
      return knownState(this.#driver, this.#driver.identify(this.#path));
    } catch {
      return undefined; // nobody can hold what cannot be reached
    }
  }
}

/** A function of whatever kind. */
type Callable = (...args: never) => unknown;

/** Calls `fn`. A query of a builder begins in its `then`: that belongs to `fn`, and so is called here, not by an `await` around it. */
function begun<Result>(fn: (hold: Hold) => Result, hold: Hold): Result | Promise<Awaited<Result>> {
  const result = fn(hold);
  if (!isThenable(result) || (result instanceof Promise && result.then === Promise.prototype.then))
    return result;
  return new Promise((resolve, reject) => {
    result.then(resolve, reject);
  });
}

function isThenable<Value>(value: Value): value is Value & PromiseLike<Awaited<Value>> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** What becomes of an acquisition that was refused. */
type Refusal<Otherwise> = (owner: Owner, terms: Terms, waited: number) => Otherwise | Promise<Otherwise>;

async function timeoutAfterLook(owner: Owner, terms: Terms, waited: number): Promise<Timeout> {
  const { domain } = owner;
  // Whoever waited has had somebody look shortly before the deadline, unless the event loop was blocked then.
  if (terms.once || domain?.looked === false) await domain?.look({ alone: true });
  return timeoutOf(owner, terms, waited);
}

function timeoutOf({ lockFile, domain, ahead }: Owner, { timeout }: Terms, waited: number): Timeout {
  const holder = domain?.known ?? [];
  return new Timeout(lockFile, { timeout, waited, ahead, holder, obstacle: domain?.obstacle() });
}

/** Has an owner that was granted its hold admit others. */
function admitting(owner: Owner): Owner {
  owner.phase = "admitting";
  tell("acquired", owner);
  return owner;
}

/** What it nests in: the innermost hold of the lock file, of those its context remembers, that admits it. */
function holderFor(owner: Owner, domain: Domain): Owner | undefined {
  let holder = owner.outer;
  while (holder !== undefined && !(holder.domain === domain && holder.admits(owner))) holder = holder.outer;
  return holder;
}
