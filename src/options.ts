/** The options of a lock and of a call: their meaning, their defaults, and what is said of a bad one. */
import type { Order } from "./driver.ts";
import type { Holder } from "./errors.ts";
import { inspect } from "./node-util.ts";

/** What `onWait` is told. */
export interface WaitEvent {
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;
  /** How long this caller has waited, in seconds. */
  readonly elapsed: number;
  /** Who is known to hold it now; empty where nothing is known. */
  readonly holder: readonly Holder[];
  /**
   * Its place in the queue as that stands now, 1 for whoever is next. Undefined where there is no order to tell it by:
   * with `order: "any"`, unless it waits to nest in a hold of its own process.
   */
  readonly position: number | undefined;
}

/** Options of one acquisition. What is left out, or undefined, is as the lock was configured. */
export interface AcquireOptions {
  /** How long to wait, in **seconds**: negative waits for ever, 0 tries once. Default -1. */
  readonly timeout?: number | undefined;
  /** False makes one attempt, whatever `timeout` says. Default true. */
  readonly blocking?: boolean | undefined;
  /** The longest pause between two attempts while another process holds the lock, in **seconds**. Default 0.05. */
  readonly pollInterval?: number | undefined;
  /** Ends the wait: acquire() then rejects with `signal.reason` itself. Without effect once the lock is held. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when a wait begins, and about every second while it lasts; not at all where the lock is acquired at
   * once. What it throws, or what a promise that it returns rejects with, ends the wait, and acquire() rejects with it.
   */
  readonly onWait?: ((event: WaitEvent) => unknown) | undefined;
  /**
   * True: the hold is shared. Any number of shared holds may live at a time, in one process and across processes, but
   * none beside an exclusive one: many readers, one writer. Default false. Leave it out where the reader may find that it
   * has to write: a shared hold cannot be made exclusive.
   */
  readonly shared?: boolean | undefined;
}

/** Options of an acquisition that blocks the thread: nothing could abort it, and nobody could be told. */
export type SyncAcquireOptions = Omit<AcquireOptions, "signal" | "onWait">;

/** Options of a lock. */
export interface LockOptions extends AcquireOptions {
  /**
   * Permission bits of the lock file, such as 0o600: it is created with them, and gets them when the lock is
   * acquired, where this process owns it, it is empty, and it has no other name (which makes it somebody's). Default: as
   * the umask has it. Leave it out unless others must be kept from opening the file: whoever may open it may hold it.
   * With `order: "fifo"` the files of the line get them too.
   */
  readonly mode?: number | undefined;
  /**
   * Whether the last one out removes the lock file. Default false, which is faster: an empty file that stays
   * costs nothing.
   */
  readonly remove?: boolean | undefined;
  /**
   * Who owns a bare acquire(): "task", the object and the calling task; "object", the object, whoever calls.
   * Default "task". With "object" nothing excludes the tasks that share the object from each other.
   */
  readonly owner?: "task" | "object" | undefined;
  /**
   * In which order waiting processes get the lock: "any", whoever is quickest; "fifo", whoever began to wait first, of
   * those processes that ask for "fifo" too. The tasks of one process always queue. Default "any", which is faster
   * and needs nothing but the lock file; "fifo" keeps a directory beside it (`<lock file>.queue`) while somebody waits,
   * and a waiter whose process is stopped holds up each of those behind it for about a second.
   */
  readonly order?: Order | undefined;
}

/** Options of `release()`. */
export interface ReleaseOptions {
  /** Whether to end all bare holds of the calling task on this object, not only the innermost. Default false. */
  readonly force?: boolean | undefined;
}

/** How one acquisition waits, every option settled. */
export interface Terms {
  readonly timeout: number;
  /** One attempt, no wait. */
  readonly once: boolean;
  readonly pollInterval: number;
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((event: WaitEvent) => unknown) | undefined;
  readonly shared: boolean;
}

export interface Check {
  readonly expected: string;
  /** What `typeof` has to say of it; undefined where whoever takes it checks that. */
  readonly type: string | undefined;
  readonly accepts: (value: never) => boolean;
}

const isFinite = (value: number): boolean => Number.isFinite(value);

/** Of one attempt: how long to wait, and whom to tell, is not to be asked of that. */
const TRY_SYNC_CHECKS: Record<string, Check> = {
  pollInterval: {
    expected: "a finite number of seconds, 0.001 or more",
    type: "number",
    accepts: (value: number) => isFinite(value) && value >= 0.001,
  },
  shared: { expected: "a boolean", type: "boolean", accepts: () => true },
};

const TRY_CHECKS: Record<string, Check> = {
  ...TRY_SYNC_CHECKS,
  signal: { expected: "an AbortSignal", type: "object", accepts: isSignal },
};

const SYNC_CHECKS: Record<string, Check> = {
  timeout: { expected: "a finite number of seconds (-1 waits for ever)", type: "number", accepts: isFinite },
  blocking: { expected: "a boolean", type: "boolean", accepts: () => true },
  ...TRY_SYNC_CHECKS,
};

const CALL_CHECKS: Record<string, Check> = {
  ...SYNC_CHECKS,
  ...TRY_CHECKS,
  onWait: { expected: "a function", type: "function", accepts: () => true },
};

const LOCK_CHECKS: Record<string, Check> = {
  ...CALL_CHECKS,
  mode: {
    expected: "an integer from 0 to 0o7777",
    type: "number",
    accepts: (value: number) => Number.isInteger(value) && value >= 0 && value <= 0o7777,
  },
  remove: { expected: "a boolean", type: "boolean", accepts: () => true },
  owner: {
    expected: '"task" or "object"',
    type: "string",
    accepts: (value: string) => value === "task" || value === "object",
  },
  order: {
    expected: '"any" or "fifo"',
    type: "string",
    accepts: (value: string) => value === "any" || value === "fifo",
  },
};

const RELEASE_CHECKS: Record<string, Check> = {
  force: { expected: "a boolean", type: "boolean", accepts: () => true },
};

/** What a lock says of every acquisition. */
interface Configured {
  readonly timeout: number;
  readonly blocking: boolean;
  readonly pollInterval: number;
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((event: WaitEvent) => unknown) | undefined;
  readonly shared: boolean;
}

/** How an acquisition is made, beside what its options say. */
export interface Manner {
  /** One attempt, whatever the options say. */
  readonly once: boolean;
  readonly sync?: boolean;
}

/** The terms of one acquisition: what the call says, else what the lock says. */
export function termsOf(lock: Configured, call: AcquireOptions | undefined, manner: Manner): Terms {
  if (call !== undefined) check(call, checksOf(manner));
  const timeout = call?.timeout ?? lock.timeout;
  const once = manner.once || !(call?.blocking ?? lock.blocking) || timeout === 0;
  return {
    timeout: once ? 0 : timeout,
    once,
    pollInterval: call?.pollInterval ?? lock.pollInterval,
    signal: call?.signal ?? lock.signal,
    onWait: call?.onWait ?? lock.onWait,
    shared: call?.shared ?? lock.shared,
  };
}

function checksOf({ once, sync = false }: Manner): Record<string, Check> {
  if (once) return sync ? TRY_SYNC_CHECKS : TRY_CHECKS;
  return sync ? SYNC_CHECKS : CALL_CHECKS;
}

export function checkLockOptions(options: LockOptions): void {
  check(options, LOCK_CHECKS);
}

export function checkAcquireOptions(options: AcquireOptions): void {
  check(options, CALL_CHECKS);
}

export function checkReleaseOptions(options: ReleaseOptions): void {
  check(options, RELEASE_CHECKS);
}

/** Of what run() or wrap() is to call. The body of a generator function would run when somebody asks for its values: unguarded. */
export function checkWork(fn: unknown, verb: "run" | "wrap"): void {
  if (typeof fn !== "function") {
    throw new TypeError(`Expected ${verb}() to be given a function, got ${quote(fn)}`);
  }
  if (!Object.prototype.toString.call(fn).includes("Generator")) return;
  throw new TypeError(
    `Expected ${verb}() to be given a function that does its work when it is called, got ${quote(fn)}, whose body ` +
      "would run after the release. Acquire inside it",
  );
}

export function checkIsObject(options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(`Expected the options to be an object, got ${quote(options)}`);
}

/** Throws of an unknown option. A wrong type is a TypeError; a right one with a value that has no meaning, a RangeError. */
export function check(options: object, checks: Record<string, Check>): void {
  checkIsObject(options);
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const isLeftOut = value === undefined && Object.hasOwn(CALL_CHECKS, name); // as options that serve several calls have it
    if (Object.hasOwn(checks, name) || isLeftOut) continue;
    throw new TypeError(`Unknown option \`${name}\`; expected one of ${Object.keys(checks).join(", ")}`);
  }
  for (const [name, rule] of Object.entries(checks)) {
    const value = (options as Record<string, unknown>)[name]; // also one that is inherited: it would be used
    if (value === undefined) continue;
    const message = `Expected \`${name}\` to be ${rule.expected}, got ${quote(value)}`;
    if (rule.type !== undefined && typeof value !== rule.type) throw new TypeError(message);
    if (rule.accepts(value as never)) continue;
    throw rule.type === "object" ? new TypeError(message) : new RangeError(message);
  }
}

function isSignal(value: Partial<AbortSignal> | null): boolean {
  return (
    typeof value?.aborted === "boolean" &&
    typeof value.addEventListener === "function" &&
    typeof value.throwIfAborted === "function"
  );
}

export function quote(value: unknown): string {
  return `\`${inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 100 })}\` (${value === null ? "null" : typeof value})`;
}
