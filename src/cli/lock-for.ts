/** Which lock the command line means. The one place that knows which kind of lock each option stands for. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileLock, type LockOptions } from "../index.ts";
import { misuse } from "./failure.ts";

export interface LockChoice {
  /** The lock file, or the directory; undefined where there is a name. */
  readonly path?: string | undefined;
  readonly dir?: boolean | undefined;
  readonly name?: string | undefined;
  readonly fifo?: boolean | undefined;
}

/** @throws Failure for a path or a name that cannot be one. */
export function lockFor(choice: LockChoice): FileLock {
  try {
    return chosen(choice);
  } catch (error) {
    if (error instanceof TypeError) throw misuse(error.message);
    throw error;
  }
}

function chosen({ path = "", dir = false, name, fifo = false }: LockChoice): FileLock {
  // A command knows nothing of tasks, and nothing nests in it.
  const options = { owner: "object", order: fifo ? "fifo" : "any" } as const;
  if (name !== undefined) return named(name, { ...options, remove: true });
  if (!dir && path.endsWith("/")) throw misuse(`'${path}' names a directory. To guard it, say --dir`);
  return dir ? FileLock.inDirectory(path, options) : new FileLock(path, options);
}

/** The lock file of a name is for nothing else, so that nobody misses it. */
function named(name: string, options: LockOptions): FileLock {
  if (name === "") throw misuse("The name of the lock is empty");
  return new FileLock(join(tmpdir(), `holdfast-${encodeURIComponent(name)}.lock`), options);
}
