/**
 * The errors a caller can meet, and how each is worded: what was tried, on which file, what stood
 * in the way, what to do about it. Knows nothing of how a lock is taken.
 */
import { constants } from "node:os";

/** Who holds a lock file, as far as it is known. */
export interface Holder {
  /** Process id, in this process's PID namespace. */
  readonly pid: number;
  /** Its command line, arguments separated by spaces; empty where it could not be read. */
  readonly command: string;
  /** The host that it runs on, where that is another one: `pid` and `command` are then of no use here. */
  readonly hostname?: string;
  /** Since when it holds; known for this process's own holds, and for those that a marker file stands for. */
  readonly since?: Date;
}

/** What a {@link Timeout} knows of the wait that ended. */
export interface TimeoutDetails {
  /** The timeout that applied, in seconds; 0 where one attempt was asked for. */
  readonly timeout: number;
  /** How long the caller waited, in seconds. */
  readonly waited: number;
  /** How many were ahead of it in the queue, where that is known. */
  readonly ahead: number | undefined;
  readonly holder: readonly Holder[];
  /** Why it may stay held for ever, and what to do: a sentence. */
  readonly obstacle?: string | undefined;
}

/**
 * The lock was not acquired in time (or, with `timeout: 0` or `blocking: false`, at the one attempt).
 * Nothing is held. The message begins as py-filelock's does.
 */
export class Timeout extends Error {
  override readonly name = "Timeout";
  readonly code = "ETIMEDOUT";
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;
  /** The timeout that applied, in seconds. */
  readonly timeout: number;
  /** Who is known to have held it at the end; empty where nothing is known. */
  readonly holder: readonly Holder[];
  /**
   * How many were ahead of it in the queue at the end. Undefined where there is no order to tell it by: with
   * `order: "any"`, unless it waited to nest in a hold of its own process.
   */
  readonly ahead: number | undefined;

  constructor(lockFile: string, { timeout, waited, ahead, holder, obstacle }: TimeoutDetails) {
    const tried = timeout === 0 ? "Tried once" : `Waited ${inSeconds(waited)}`;
    const held =
      holder.length === 0 ? "who holds it is not known" : `held by ${holder.map(describe).join(", ")}`;
    const queue = ahead === undefined ? "" : `; ${aheadOfIt(ahead)}`;
    const remedy = obstacle === undefined ? "" : ` ${obstacle}`;
    super(`The file lock '${lockFile}' could not be acquired. ${tried}; ${held}${queue}.${remedy}`);
    this.lockFile = lockFile;
    this.timeout = timeout;
    this.holder = holder;
    this.ahead = ahead;
  }
}

/**
 * Another process (or another object of this one) holds the lock of that name. Nothing is held. `cause` is the Timeout
 * that says how long was waited, and what is known of the holder.
 */
export class CannotAcquireLock extends Error {
  override readonly name = "CannotAcquireLock";
  readonly code = "EALREADY";
  /** The path of the lock file. */
  readonly lockFile: string;
  /** The name of the lock. */
  readonly lockName: string;
  /** The process that is running; undefined where that is not known. */
  readonly pid: number | undefined;

  constructor(lockName: string, pid: number | undefined, cause: Timeout) {
    super(`Another '${lockName}' process is already running (pid ${String(pid ?? "unknown")}).`, { cause });
    this.lockFile = cause.lockFile;
    this.lockName = lockName;
    this.pid = pid;
  }
}

/** Where something was done: an object whose stack was captured there. */
export interface Trace {
  stack?: string;
}

/** Why a wait could never end; the subject of each sentence is the lock file. */
const NEVER_ENDS = {
  drained: {
    why: "will never be released: this process holds it itself, and its event loop has nothing left to run",
    remedy: "Nest inside run(), acquire through the same object, or release the hold before waiting for it",
  },
  upgrade: {
    why:
      "cannot be acquired exclusively inside a shared hold of it: the wait would be for that very hold, and flock(2) " +
      "makes a shared lock exclusive by giving it up first, so that another process could get in between",
    remedy: "Release the shared hold first, or acquire exclusively from the start",
  },
  synchronous: {
    why:
      "is held or waited for by this process itself, and a synchronous wait would keep its event loop from ever " +
      "getting to the release",
    remedy: "Use acquire(), or tryAcquireSync(), which does not wait",
  },
} as const;

/**
 * An acquisition that could never end, because this very process holds the lock: its event loop has nothing left to
 * run; or it asks, inside a shared hold, to be alone; or it waits synchronously. `cause` is an error whose stack shows where
 * that hold was acquired.
 */
export class Deadlock extends Error {
  /** @internal */
  static override [Symbol.hasInstance](error: unknown): boolean {
    return isInstance(error, this, { of: Deadlock, name: "Deadlock" });
  }

  override readonly name = "Deadlock";
  readonly code = "EDEADLK";
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;

  constructor(lockFile: string, reason: keyof typeof NEVER_ENDS, acquired: Trace | undefined) {
    const { why, remedy } = NEVER_ENDS[reason];
    super(`The file lock '${lockFile}' ${why}. The hold was acquired ${where(acquired)}. ${remedy}.`, {
      cause: asError(acquired),
    });
    this.lockFile = lockFile;
  }
}

/** What a file system says that does not support flock(2). */
type Unsupported = "ENOSYS" | "ENOTSUP" | "EOPNOTSUPP";

/** The file system does not support flock(2). Retrying does not help. `cause` is the system error. */
export class LockUnsupported extends Error {
  /** @internal */
  static override [Symbol.hasInstance](error: unknown): boolean {
    return isInstance(error, this, { of: LockUnsupported, name: "LockUnsupported" });
  }

  override readonly name = "LockUnsupported";
  readonly code: Unsupported;
  /** The path of the lock file. */
  readonly lockFile: string;
  /** The type of its file system, where it is known. */
  readonly fileSystem: string | undefined;

  constructor(
    lockFile: string,
    fileSystem: string | undefined,
    cause: Error & { readonly code?: string | undefined },
  ) {
    // Error number 524 has no name in userland: its code is empty, or says that it is unknown.
    const code = cause.code === "ENOSYS" || cause.code === "EOPNOTSUPP" ? cause.code : "ENOTSUP";
    super(
      `Cannot lock '${lockFile}': its file system${fileSystem === undefined ? "" : ` (${fileSystem})`} does not ` +
        `support flock(2) (${code}). Put the lock file on a local file system, or use SoftFileLock, which needs no flock.`,
      { cause },
    );
    this.code = code;
    this.lockFile = lockFile;
    this.fileSystem = fileSystem;
  }
}

/** The reason with which `hold.signal` aborts: the path no longer leads to the file that is locked. */
export class LockLost extends Error {
  override readonly name = "LockLost";
  readonly code = "ELOCKLOST";
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;

  constructor(lockFile: string) {
    super(
      `The lock file '${lockFile}' was removed or replaced while it was held: another process may hold the new one. ` +
        "Stop what the lock guards, and let nobody but its holders remove the file.",
    );
    this.lockFile = lockFile;
  }
}

type Class = abstract new (...args: never) => Error;

/**
 * Where several copies of the package are loaded, the one that came first keeps the queues of the thread, and makes their errors: those
 * are instances for all of the copies. `asked` may be a class that somebody derives from `own.of`.
 */
function isInstance(
  error: unknown,
  asked: Class,
  own: { readonly of: Class; readonly name: string },
): boolean {
  const isOwn = Function.prototype[Symbol.hasInstance].call(asked, error);
  if (isOwn || asked !== own.of) return isOwn;
  return error instanceof Error && error.name === own.name && "lockFile" in error;
}

/** A system error told in full: keeps `code`, `errno` and `syscall`, and has the original as `cause`. */
export function systemError(sentence: string, cause: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const code = codeOf(cause);
  const error: NodeJS.ErrnoException = new Error(
    `${sentence} (${code === undefined || code === "" ? cause.message : code})`,
    { cause },
  );
  for (const key of ["errno", "syscall", "path"] as const) {
    if (cause[key] !== undefined) Object.assign(error, { [key]: cause[key] });
  }
  return code === undefined ? error : Object.assign(error, { code });
}

/** libuv has no name for some, such as ENOLCK: "Unknown system error -37", or "UNKNOWN". */
function codeOf({ code, errno }: NodeJS.ErrnoException): string | undefined {
  if (errno === undefined || !/^Unknown system error|^UNKNOWN$/.test(code ?? "")) return code;
  const [name] = Object.entries(constants.errno).find(([, number]) => number === -errno) ?? [code];
  return name;
}

/** Both errors where the release fails after the work has failed: the shape of the standard `SuppressedError`. */
export class SuppressedError extends Error {
  override readonly name = "SuppressedError";

  constructor(
    /** What failed last: the release. */
    readonly error: unknown,
    /** What failed first: the work. */
    readonly suppressed: unknown,
  ) {
    super("The work failed, and the release of the lock after it failed too.");
  }
}

/** Where a hold was acquired: the first line of its stack, for a message. */
export function where(acquired: Trace | undefined): string {
  return lines(acquired)[0]?.trim() ?? "at a place that is not known";
}

function asError(acquired: Trace | undefined): Error {
  const error = new Error("The hold was acquired here");
  error.stack = [`Error: ${error.message}`, ...lines(acquired)].join("\n");
  return error;
}

function lines(trace: Trace | undefined): string[] {
  return trace?.stack?.split("\n").filter((line) => line.trimStart().startsWith("at ")) ?? [];
}

function describe({ pid, command, hostname, since }: Holder): string {
  if (hostname !== undefined) return `pid ${String(pid)} on host '${hostname}'`;
  // Of what the kernel tells nobody knows since when: it is no hold that this thread and this kind of lock know of.
  const elsewhere = since === undefined ? ": another thread of it, or another kind of lock" : "";
  const own = pid === process.pid ? `, this process${elsewhere}` : "";
  if (command === "") return `pid ${String(pid)}${own}`;
  const text = command.length > 120 ? `${command.slice(0, 119)}…` : command;
  return `pid ${String(pid)} (${text}${own})`;
}

function aheadOfIt(ahead: number): string {
  if (ahead === 0) return "nobody was ahead of it in the queue";
  return ahead === 1
    ? "1 other was ahead of it in the queue"
    : `${String(ahead)} others were ahead of it in the queue`;
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 10 ? 3 : 1)} s`;
}
