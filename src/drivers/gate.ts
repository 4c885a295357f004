/**
 * The gate through which processes enter and leave a line, one at a time: a file with a counter, held flocked inside one
 * synchronous block. The counter is never set back, so that no number is used twice while the directory lives.
 */
import {
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { Flock } from "../native/flock.ts";
import { closeQuietly, isNamed } from "./flock-grant.ts";
import { digits, gateOf, makeQueue, queueOf, ticketsIn } from "./queue-directory.ts";
import { isLiveOrRemoved } from "./ticket.ts";

const { O_CREAT, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/** Each try that fails so has lost a race against the last one out, who removes the gate; nobody loses so many. */
const MOST_TRIES = 20;

/** What a gate holds, or has begun to. Anything else is not ours, and is not written over. */
const COUNTER = /^\d{0,16}\n?$/;
const COUNTER_BYTES = 17;

export class Gate {
  readonly #lockFile: string;
  readonly #fd: number;

  private constructor(lockFile: string, fd: number) {
    this.#lockFile = lockFile;
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
        const gate = Gate.#open(lockFile, FLAGS | O_CREAT, flock);
        if (gate !== "replaced") return gate;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== "ENOENT" && code !== "EEXIST") || tries === MOST_TRIES) throw error;
      }
      if (tries === MOST_TRIES) return undefined;
    }
  }

  /**
   * Removes the directory and the dead tickets in it, if nobody lives who is in line. Only under the gate, and only the gate that the path leads to: else
   * 1. A, the last one out, sees no ticket. 2. B takes number 7 under the gate. 3. A removes the gate. 4. C makes a new one,
   * whose counter begins anew, and takes number 0. C is before B.
   */
  static removeUnused(lockFile: string, flock: Flock): void {
    let gate: Gate | "replaced" | undefined;
    try {
      gate = Gate.#open(lockFile, FLAGS, flock);
      if (!(gate instanceof Gate)) return;
      if (ticketsIn(lockFile).some((number) => isLiveOrRemoved(lockFile, number, flock))) return;
      unlinkSync(gateOf(lockFile));
      rmdirSync(queueOf(lockFile)); // refused where somebody has made a new gate since: that one lives on
    } catch {
      // somebody else removes it, or may
    } finally {
      if (gate instanceof Gate) gate.close();
    }
  }

  static #open(lockFile: string, flags: number, call: Flock): Gate | "replaced" | undefined {
    const path = gateOf(lockFile);
    const fd = openSync(path, flags, 0o666);
    let open = false;
    try {
      const { dev, ino, nlink } = fstatSync(fd, { bigint: true });
      if (!call(fd, "lock")) return undefined;
      if (!isNamed(path, { fd, dev, ino })) return "replaced";
      // A second name, and it may be anybody's file.
      if (nlink > 1n) throw Object.assign(new Error(`'${path}' has another name`), { code: "EMLINK" });
      open = true;
      return new Gate(lockFile, fd);
    } finally {
      if (!open) closeQuietly(fd);
    }
  }

  /** The next number. The counter is ahead of it before anybody can use it: a crash leaves a gap. */
  next(mode: number | undefined): number {
    const bytes = Buffer.alloc(COUNTER_BYTES + 1);
    const text = bytes.toString("latin1", 0, readSync(this.#fd, bytes, 0, bytes.length, 0));
    if (!COUNTER.test(text)) {
      throw Object.assign(new Error(`'${gateOf(this.#lockFile)}' holds something else than a counter`), {
        code: "EINVAL",
      });
    }
    if (text === "" && mode !== undefined) fchmodSync(this.#fd, mode);
    const counted = text.length === COUNTER_BYTES ? Number(text) : 0;
    const number = Math.max(counted, ...ticketsIn(this.#lockFile).map((taken) => taken + 1));
    if (writeSync(this.#fd, `${digits(number + 1)}\n`, 0) !== COUNTER_BYTES) {
      throw Object.assign(new Error(`'${gateOf(this.#lockFile)}' could not be written`), { code: "EIO" });
    }
    return number;
  }

  close(): void {
    closeQuietly(this.#fd);
  }
}
