/**
 * flock(2) as the drivers see it: one function, a descriptor and an operation in, won or held elsewhere out.
 * What a back end answers is understood here. Loads one at the first call and no earlier, and keeps it.
 */
import { choose, type Choice } from "./choice.ts";

/**
 * `LOCK_EX | LOCK_NB`, `LOCK_SH | LOCK_NB` and `LOCK_UN`: the values are the same on every system that has flock(2).
 */
export type Operation = "lock" | "share" | "unlock";
const OPERATIONS = { lock: 2 | 4, share: 1 | 4, unlock: 8 } as const;

/**
 * Applies a non-blocking `operation` to `fd`. True: done. False: another open file description has the lock.
 * Throws the system error otherwise.
 */
export type Flock = (fd: number, operation: Operation) => boolean;

let chosen: Choice | undefined;

/** Whether the system call can be reached without loading anything. */
export function isFlockLoaded(): boolean {
  return chosen !== undefined;
}

/**
 * Loads what reaches the system call, unless that was done before.
 * @throws an Error whose `code` is HOLDFAST_NO_BACKEND, where nothing here does.
 */
export function loadFlock(): Choice {
  return (chosen ??= choose());
}

/**
 * EWOULDBLOCK is EAGAIN wherever Node runs, except that Windows and old systems tell them apart; EACCES is what
 * some systems that build flock on fcntl answer. EINTR can come from a file system that waits inside the call.
 */
export const flock: Flock = (fd, operation) => {
  const { call } = loadFlock();
  for (;;) {
    try {
      call(fd, OPERATIONS[operation]);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EINTR") continue;
      if (operation !== "unlock" && (code === "EAGAIN" || code === "EWOULDBLOCK" || code === "EACCES"))
        return false;
      throw error;
    }
  }
};
