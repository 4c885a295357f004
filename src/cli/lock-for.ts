/** Which lock the command line means. The one place that knows which kind of lock each option stands for. */
import { FileLock, ProcessLock } from "../index.ts";
import { misuse } from "./failure.ts";

export interface LockChoice {
  /** The lock file, or the directory; undefined where there is a name. */
  readonly path?: string | undefined;
  readonly dir?: boolean | undefined;
  readonly name?: string | undefined;
  readonly fifo?: boolean | undefined;
}

/** @throws Failure for a path or a name that cannot be one. */
export function lockFor(choice: LockChoice): FileLock | ProcessLock {
  try {
    return chosen(choice);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw misuse(error.message);
    throw error;
  }
}

function chosen({ path = "", dir = false, name, fifo = false }: LockChoice): FileLock | ProcessLock {
  if (name !== undefined) return new ProcessLock({ name });
  // A command knows nothing of tasks, and nothing nests in it.
  const options = { owner: "object", order: fifo ? "fifo" : "any" } as const;
  if (!dir && path.endsWith("/")) throw misuse(`'${path}' names a directory. To guard it, say --dir`);
  return dir ? FileLock.inDirectory(path, options) : new FileLock(path, options);
}
