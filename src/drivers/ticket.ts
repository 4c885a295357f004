/**
 * A ticket: a file whose name is a place in a line, held flocked by the process that waits there. When that process dies,
 * the kernel frees the flock, and anybody can see that the ticket is dead.
 */
import { constants, fstatSync } from "node:fs";
import type { Flock } from "../native/flock.ts";
import { closeQuietly, isNamed, setMode, touch } from "./flock-grant.ts";
import { isHeld } from "./is-held.ts";
import { openItself } from "./open-itself.ts";
import type { OpenLockFile } from "./open-lock-file.ts";
import { pinned } from "./pinned-directory.ts";
import { isOfLine, queueOf, ticketIn, ticketOf } from "./queue-directory.ts";
import { removeQuietly } from "./remove-quietly.ts";

const { O_CREAT, O_EXCL, O_RDWR } = constants;

export interface TicketOptions {
  readonly mode: number | undefined;
  readonly flock: Flock;
}

export class Ticket {
  readonly number: number;
  readonly #lockFile: string;
  readonly #file: OpenLockFile;
  readonly #flock: Flock;

  /**
   * Takes a ticket. Under the gate only: until it is flocked, it looks dead. Throws the system error; EBUSY where
   * somebody looked at it at that very moment: try again.
   *
   * @param options.within a path of the directory that is good for the moment.
   */
  constructor(
    lockFile: string,
    number: number,
    { mode, flock: call, within }: TicketOptions & { readonly within: string },
  ) {
    this.number = number;
    this.#lockFile = lockFile;
    this.#flock = call;
    const path = ticketIn(within, number);
    const fd = openItself(path, O_RDWR | O_CREAT | O_EXCL, mode ?? 0o666);
    try {
      if (mode !== undefined) setMode(fd, mode);
      const { dev, ino } = fstatSync(fd, { bigint: true });
      this.#file = { fd, dev, ino };
      if (!call(fd, "lock")) throw Object.assign(new Error(`'${path}' is locked`), { code: "EBUSY" });
    } catch (error) {
      removeQuietly(path);
      closeQuietly(fd);
      throw error;
    }
  }

  /** Whether it is still where others look for it: cleaners of temporary directories remove tickets. */
  isThere(): boolean {
    return isNamed(ticketOf(this.#lockFile, this.number), this.#file);
  }

  /**
   * Gives it up: removed while it is still flocked, and so by nobody else. The other way round:
   *
   *   1. A unlocks ticket 1, and sees that the name is still its own. 2. B takes it for dead, removes it, and as the last
   *   one out the directory. 3. C makes a new one, and takes ticket 1. 4. A removes C's.
   *
   * The touch comes last: whoever hears it looks at once, and finds it gone.
   */
  leave(): void {
    try {
      this.#remove();
      this.#flock(this.#file.fd, "unlock");
      touch(this.#file.fd);
    } catch {
      // the close unlocks it too, and then it is dead to those who scan
    }
    closeQuietly(this.#file.fd);
  }

  #remove(): void {
    try {
      pinned(queueOf(this.#lockFile), (directory) => {
        const path = ticketIn(directory, this.number);
        if (isNamed(path, this.#file)) removeQuietly(path);
      });
    } catch {
      // no such directory any more, or no descriptor to look with: then whoever is behind removes it
    }
  }
}

/**
 * Whether the ticket's owner lives. What is created and not yet flocked looks dead, unless one stands under the gate. Throws where the
 * directory cannot be looked into.
 */
export function isLive(lockFile: string, number: number, call: Flock): boolean {
  return looked(lockFile, (directory) => isHeld(ticketIn(directory, number), call, "share"));
}

/**
 * Whether the ticket's owner lives; removes it where it does not. Only for those who have a ticket behind it, or stand
 * under the gate: a newcomer could remove one that is not yet flocked.
 */
export function isLiveOrRemoved(lockFile: string, number: number, call: Flock): boolean {
  try {
    return looked(lockFile, (directory) => isLiveOrRemovedIn(directory, number, call));
  } catch {
    return true; // in a directory that cannot be looked into somebody may live
  }
}

/** The same, where the directory is pinned already. */
export function isLiveOrRemovedIn(directory: string, number: number, call: Flock): boolean {
  const path = ticketIn(directory, number);
  return isHeld(path, call, "share", (fd) => {
    const file = fstatSync(fd, { bigint: true });
    if (isOfLine(file) && isNamed(path, file)) removeQuietly(path);
  });
}

/** What `look` says; in a directory that is not there nobody lives. */
function looked(lockFile: string, look: (directory: string) => boolean): boolean {
  try {
    return pinned(queueOf(lockFile), look);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
