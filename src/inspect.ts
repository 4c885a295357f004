/** Looks at a lock file from outside, for whoever wants to know and not to lock. Knows what is asked, not how it is seen. */
import { inspectLockFile, type Inspection } from "./drivers/inspect-lock-file.ts";
import { absolute, checkedPath } from "./lock-path.ts";

export type { Inspection, Waiter } from "./drivers/inspect-lock-file.ts";

/**
 * Tells who holds a lock file and who waits for it. Creates, opens and locks nothing, and so disturbs nobody. The answer is of a
 * moment that has passed: to do something while nobody else does, use {@link Lock.tryAcquire}.
 *
 * It is about flock(2): of what a SoftFileLock holds it knows nothing, and {@link Lock.holder} tells that.
 *
 * What it does not promise: that it sees everybody. Waiting processes of other users are seen by root alone, and those that only have the
 * file open count as waiting. Where there is no /proc, a lock file that is there is "unknown".
 *
 * @param path a lock file, or a directory, which means the `.lock` in it: a string or a `file:` URL.
 * @returns what is known; a lock file that is not there is free.
 * @throws TypeError for a path that cannot be one; the system error, with its `code`, where it cannot be looked at.
 * @example
 * const { state, holders } = await inspect("work.lock");
 * if (state === "held") console.log("held by", holders.map(({ pid }) => pid));
 */
export async function inspect(path: string | URL): Promise<Inspection> {
  const given = checkedPath(path, "lock file or directory");
  return inspectLockFile(absolute(given), given);
}
