// Types of the verbs, options, properties and errors: compiled, never run.
import { expectTypeOf } from "vitest";
import {
  CannotAcquireLock,
  Deadlock,
  detached,
  FileLock,
  LockLost,
  LockUnsupported,
  ProcessLock,
  SoftFileLock,
  Timeout,
  type AcquireOptions,
  type Hold,
  type Holder,
  type Lock,
  type LockOptions,
  type ReleaseOptions,
  type WaitEvent,
} from "../../src/index.ts";

declare const lock: FileLock;
declare const hold: Hold;
declare const maybe: { timeout: number | undefined; signal: AbortSignal | undefined };

export function verbs(): void {
  expectTypeOf(lock.acquire()).toEqualTypeOf<Promise<Hold>>();
  expectTypeOf(lock.tryAcquire()).toEqualTypeOf<Promise<Hold | undefined>>();
  expectTypeOf(lock.release({ force: true })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(lock.holder()).toEqualTypeOf<Promise<Holder[]>>();

  expectTypeOf(lock.run(() => 5)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(lock.run(async () => "five")).toEqualTypeOf<Promise<string>>();
  expectTypeOf(lock.run(() => Promise.resolve(Promise.resolve(5n)))).toEqualTypeOf<Promise<bigint>>();
  expectTypeOf(lock.run((given) => given.fd)).toEqualTypeOf<Promise<number | undefined>>();
  expectTypeOf(lock.run(() => {})).toEqualTypeOf<Promise<void>>();
  expectTypeOf(detached(() => "now")).toEqualTypeOf<string>();

  // @ts-expect-error -- what may be undefined is not a hold
  void lock.tryAcquire().then((given) => given.release());
  // @ts-expect-error -- run() calls a function
  void lock.run("work");
}

declare function take(lock: FileLock): void;

export function options(): void {
  take(
    new FileLock("work.lock", {
      timeout: 10,
      blocking: true,
      pollInterval: 0.1,
      mode: 0o600,
      remove: true,
      owner: "object",
      order: "any",
      signal: new AbortController().signal,
      onWait: (event) => {
        expectTypeOf(event).toEqualTypeOf<WaitEvent>();
        expectTypeOf(event.holder).toEqualTypeOf<readonly Holder[]>();
      },
    }),
  );
  take(new FileLock(new URL("file:///work.lock")));
  take(FileLock.inDirectory("work", { timeout: 1 }));
  // Whoever has an option that may be undefined can hand it on, exactOptionalPropertyTypes or not.
  void lock.acquire(maybe);
  void lock.tryAcquire({ signal: maybe.signal });

  // @ts-expect-error -- a text where a number of seconds belongs
  void lock.acquire({ timeout: "10" });
  // @ts-expect-error -- an option of the lock, not of an acquisition
  void lock.acquire({ remove: true });
  // @ts-expect-error -- no such option
  void lock.run(() => 5, { retries: 3 });
  // @ts-expect-error -- one attempt knows no timeout
  void lock.tryAcquire({ timeout: 1 });
  // @ts-expect-error -- no such owner
  take(new FileLock("work.lock", { owner: "thread" }));
  // @ts-expect-error -- a file descriptor is no path
  take(new FileLock(3));
  // @ts-expect-error -- a lock needs a lock file
  take(new FileLock());
  expectTypeOf<LockOptions>().toExtend<AcquireOptions>();
  expectTypeOf<ReleaseOptions>().toEqualTypeOf<{ readonly force?: boolean | undefined }>();
}

/** What takes any of the three kinds. */
export async function anyLock(any: Lock): Promise<number> {
  const program = new ProcessLock({ name: "x" });
  const all: Lock[] = [lock, program, new SoftFileLock("soft.lock")];
  // @ts-expect-error -- a type only
  all.filter((each) => each instanceof Lock);
  // @ts-expect-error -- of a ProcessLock alone
  expectTypeOf(any.forever).toBeFunction();
  await using hold = await any.acquire({ timeout: 1 });
  expectTypeOf(hold).toEqualTypeOf<Hold>();
  return await any.run(() => all.length);
}

export function properties(): void {
  expectTypeOf(lock.lockFile).toEqualTypeOf<string>();
  expectTypeOf(lock.isLocked).toEqualTypeOf<boolean>();
  expectTypeOf(lock.lockCounter).toEqualTypeOf<number>();
  expectTypeOf(lock.timeout).toEqualTypeOf<number>();
  expectTypeOf(lock.mode).toEqualTypeOf<number | undefined>();
  expectTypeOf(hold.signal).toEqualTypeOf<AbortSignal>();
  expectTypeOf(hold).toExtend<AsyncDisposable>();
  // @ts-expect-error -- options are fixed when the lock is made
  lock.timeout = 5;
  // @ts-expect-error -- only acquire() makes holds
  hold.released = true;
}

export function errors(error: unknown): unknown {
  if (error instanceof Timeout) return [error.lockFile, error.timeout, error.holder[0]?.since?.getTime()];
  if (error instanceof LockUnsupported) return error.fileSystem;
  return error instanceof LockLost || error instanceof Deadlock ? error.lockFile : undefined;
}

// So that a switch over `name` or `code` narrows.
expectTypeOf<Timeout["name"]>().toEqualTypeOf<"Timeout">();
expectTypeOf<Timeout["code"]>().toEqualTypeOf<"ETIMEDOUT">();
expectTypeOf<Timeout["holder"]>().toEqualTypeOf<readonly Holder[]>();
expectTypeOf<Deadlock["code"]>().toEqualTypeOf<"EDEADLK">();
expectTypeOf<LockLost["code"]>().toEqualTypeOf<"ELOCKLOST">();
expectTypeOf<LockUnsupported["code"]>().toEqualTypeOf<"ENOSYS" | "ENOTSUP" | "EOPNOTSUPP">();

/** A code that may be any string would keep the others from telling the errors apart. */
export function byCode(
  error: Timeout | Deadlock | LockUnsupported | CannotAcquireLock | LockLost,
): readonly Holder[] | string | number | undefined {
  switch (error.code) {
    case "ETIMEDOUT":
      return error.holder;
    case "EALREADY":
      return error.pid;
    case "EDEADLK":
    case "ELOCKLOST":
      return error.lockFile;
    case "ENOSYS":
    case "ENOTSUP":
    case "EOPNOTSUPP":
      return error.fileSystem;
  }
}

/** A lock of a program: found by its name, and refused with an error of its own. */
export function processes(): void {
  const program = new ProcessLock({ name: "x", die: true, directory: new URL("file:///x") });
  expectTypeOf(program.forever({ timeout: 1 })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(program.acquire()).toEqualTypeOf<Promise<Hold>>();
  expectTypeOf(program.lockfile).toEqualTypeOf<string>();
  // @ts-expect-error -- an option of an acquisition
  new ProcessLock({ timeout: 1 });
  // @ts-expect-error -- for its subclasses
  program.endAll();
}

export function refusals(error: unknown): void {
  if (!(error instanceof CannotAcquireLock)) return;
  expectTypeOf<CannotAcquireLock["code"]>().toEqualTypeOf<"EALREADY">();
  expectTypeOf(error.pid).toEqualTypeOf<number | undefined>();
  expectTypeOf(error.lockName).toEqualTypeOf<string>();
}
