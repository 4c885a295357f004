/**
 * Opens the file that has a name, never what a symbolic link of that name leads to, and waits for nothing. Knows which system lacks what
 * for that; does not know what the descriptor is for.
 */
import { closeSync, constants, lstatSync, openSync } from "node:fs";

/** Each is undefined where the system does not have it: Windows has none of them. */
export type Flags = Partial<Record<"O_NOFOLLOW" | "O_NONBLOCK" | "O_NOCTTY", number>>;

export type Open = (path: string, flags: number, mode?: number) => number;

/** Throws the system error, ELOOP for a link. */
export const openItself: Open = openerWith(constants);

/** O_NONBLOCK: a FIFO without a writer would hang the process. libuv adds O_CLOEXEC, so no child inherits the lock. */
export function openerWith({ O_NOFOLLOW, O_NONBLOCK = 0, O_NOCTTY = 0 }: Flags): Open {
  if (O_NOFOLLOW === undefined) return openAndLookAgain;
  const always = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  return (path, flags, mode) => openSync(path, flags | always, mode);
}

/**
 * It is looked at before, or what a dangling link leads to would be created; and after:
 *
 *   1. We see no link. 2. Somebody puts one there. 3. We open what it leads to.
 *
 * One that has gone again by then is found by whoever compares the file with its name (isNamed).
 */
function openAndLookAgain(path: string, flags: number, mode?: number): number {
  refuseLink(path);
  const fd = openSync(path, flags, mode);
  try {
    refuseLink(path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  const message = `ELOOP: a symbolic link, open '${path}'`;
  throw Object.assign(new Error(message), { code: "ELOOP", syscall: "open", path });
}
