/**
 * The gate through which processes enter a line, and the last one leaves it, one at a time: an empty file, held flocked
 * inside one synchronous block. Under it no ticket is half made, and a number that nobody has stays free.
 */
import { constants, fstatSync, rmdirSync } from "node:fs";
import type { Flock } from "../native/flock.ts";
import { closeQuietly, isAlone, namedAs, setMode } from "./flock-grant.ts";
import { openItself } from "./open-itself.ts";
import { PinnedDirectory } from "./pinned-directory.ts";
import { gateIn, gateOf, isOfLine, makeQueue, numbersIn, queueOf } from "./queue-directory.ts";
import { removeName } from "./remove-name.ts";
import { isLiveOrRemovedIn, type TicketOptions } from "./ticket.ts";

const { O_CREAT, O_RDWR } = constants;

/** Each try that fails so has lost a race against the last one out, who removes the gate; nobody loses so many. */
const MOST_TRIES = 20;

export class Gate {
  readonly #lockFile: string;
  readonly #directory: PinnedDirectory;
  readonly #fd: number;

  private constructor(lockFile: string, directory: PinnedDirectory, fd: number) {
    this.#lockFile = lockFile;
    this.#directory = directory;
    this.#fd = fd;
  }

  /**
   * Opens the gate for whoever arrives, and makes it where it is missing. Undefined: somebody is inside. To be closed
   * in the same turn. Throws the system error where there can be no gate.
   */
  static enter(lockFile: string, mode: number | undefined, flock: Flock): Gate | undefined {
    for (let tries = 1; ; tries++) {
      try {
        makeQueue(lockFile, mode);
        const gate = Gate.#open(lockFile, O_RDWR | O_CREAT, { mode, flock });
        if (gate !== "replaced") return gate;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== "ENOENT" && code !== "EEXIST") || tries === MOST_TRIES) throw error;
      }
      if (tries === MOST_TRIES) return undefined;
    }
  }

  /**
   * Removes the directory and the dead tickets in it, if nobody lives who is in line. Under the gate, and only under the
   * one that the path leads to, as those who enter do too:
   *
   *   1. A, the last one out, sees no ticket. 2. B is inside the gate and sees none either. 3. A removes the gate. 4. C
   *   makes a new one, and is inside as well. 5. Both take number 0.
   *
   * A directory without a gate goes too: who has made it could not make the gate. Returns whether nothing is left to do; false: a
   * system call failed, and it may be worth another try.
   */
  static removeUnused(lockFile: string, flock: Flock): boolean {
    let gate: Gate | "replaced" | undefined;
    try {
      gate = Gate.#open(lockFile, O_RDWR, { mode: undefined, flock });
      if (!(gate instanceof Gate)) return true;
      const { directory } = gate;
      if (numbersIn(directory).some((number) => isLiveOrRemovedIn(directory, number, flock))) return true;
      removeName(gateIn(directory));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return false;
    } finally {
      if (gate instanceof Gate) gate.close();
    }
    return removeEmpty(queueOf(lockFile));
  }

  static #open(
    lockFile: string,
    flags: number,
    { mode, flock: call }: TicketOptions,
  ): Gate | "replaced" | undefined {
    const directory = new PinnedDirectory(queueOf(lockFile));
    let fd: number | undefined;
    let gate: Gate | undefined;
    try {
      const path = gateIn(directory.path);
      fd = openItself(path, flags, mode ?? 0o666);
      const file = fstatSync(fd, { bigint: true });
      if (!isOfLine(file)) throw notAGate(lockFile);
      if (!call(fd, "lock")) return undefined;
      // Once more what the name leads to, and in the place where everybody looks: see hasOneName.
      const named = namedAs(gateOf(lockFile), file);
      if (named === undefined) return "replaced";
      if (!isOfLine(named)) throw notAGate(lockFile);
      if (mode !== undefined && isAlone(gateOf(lockFile), file)) setMode(fd, mode);
      gate = new Gate(lockFile, directory, fd);
      return gate;
    } finally {
      if (gate === undefined) {
        if (fd !== undefined) closeQuietly(fd);
        directory.close();
      }
    }
  }

  /**
   * The number behind all that are in line. One that was given up may be given again: nobody who is still there was
   * behind it.
   */
  nextNumber(): number {
    const number = Math.max(-1, ...numbersIn(this.directory)) + 1;
    if (Number.isSafeInteger(number)) return number;
    throw new Error(`'${queueOf(this.#lockFile)}' has a ticket with too high a number`);
  }

  /** A path of the directory that the gate is in, whatever has its name by now; of use until the gate is closed. */
  get directory(): string {
    return this.#directory.path;
  }

  close(): void {
    closeQuietly(this.#fd);
    this.#directory.close();
  }
}

function notAGate(lockFile: string): Error {
  return new Error(`'${gateOf(lockFile)}' is not an empty file of its own`);
}

/** Refused where somebody has made a new gate since: that one lives on. Whether nothing is left to do. */
function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR";
  }
}
