// Through the package's own name, so that `exports` is part of what is compiled. Nothing in it is of Node.js.
import * as holdfast from "holdfast";
import { FileLock, LockUnsupported, Timeout, type Hold, type SyncHold } from "holdfast";

const lock = new FileLock(new URL("file:///work.lock"), { signal: AbortSignal.timeout(1000) });

export async function use(): Promise<string> {
  await using hold: Hold = await lock.acquire();
  using nested: SyncHold = lock.acquireSync();
  return hold.lockFile + nested.lockFile;
}

export function refused(error: unknown): unknown {
  return error instanceof Timeout || error instanceof LockUnsupported ? error.code : undefined;
}

/** Holds are types only: to import them as values fails when the program starts. */
export function isHold(given: unknown): boolean {
  // @ts-expect-error -- no value
  if (given instanceof holdfast.Hold) return true;
  // @ts-expect-error -- no value
  return given instanceof holdfast.SyncHold;
}
