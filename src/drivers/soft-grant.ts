/**
 * A lock that a marker stands for: it is held for as long as the marker lies at its path. Knows how to remove it, and
 * sees to it that it is removed when the process ends; does not know how it came there.
 */
import type { Grant } from "../driver.ts";
import { systemError } from "../errors.ts";
import { sleep } from "../sleep.ts";
import { atExit } from "./at-exit.ts";
import { closeQuietly, explainingMode, isNamed, setMode } from "./flock-grant.ts";
import { linkOrCreate, type OwnFile, type SoftCalls } from "./soft-aside.ts";
import { MOST_WAITS, removeMarker, WAIT_MS } from "./soft-right.ts";

export class SoftGrant implements Grant {
  /** A descriptor carries no such lock. */
  readonly fd = undefined;
  readonly #key: string;
  /** Open, so that no other file can have its inode number. */
  readonly #file: OwnFile;
  readonly #mode: number | undefined;
  readonly #calls: SoftCalls;
  readonly #cancel: () => void;

  constructor(
    key: string,
    file: OwnFile,
    { mode, calls }: { readonly mode: number | undefined; readonly calls: SoftCalls },
  ) {
    this.#key = key;
    this.#file = file;
    this.#mode = mode;
    this.#calls = calls;
    this.#cancel = atExit(() => {
      this.#removeQuietly();
    });
  }

  isCurrent(): boolean {
    return isNamed(this.#key, this.#file);
  }

  setMode(mode: number): void {
    explainingMode(this.#key, () => {
      setMode(this.#file.fd, mode);
    });
  }

  release(): void {
    try {
      for (let waits = 0; !this.#isGone(); waits++) {
        if (waits === MOST_WAITS) throw busy(this.#key);
        sleep(WAIT_MS);
      }
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      throw systemError(`Cannot release the lock file '${this.#key}': it is still held. Try again`, cause);
    }
    this.#cancel();
    closeQuietly(this.#file.fd);
  }

  /** Removes the marker, unless somebody else has. False: somebody is about to. */
  #isGone(): boolean {
    const removal = {
      lockFile: this.#key,
      claim: (name: string) => this.#claim(name),
      calls: this.#calls,
    };
    try {
      return !this.isCurrent() || removeMarker(this.#key, this.#file, removal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && !this.isCurrent()) return true;
      throw error;
    }
  }

  /** The marker itself stands for the right to remove it: that takes no more room than a name. */
  #claim(name: string): boolean {
    const put = linkOrCreate({ from: this.#key, to: name, mode: this.#mode }, this.#calls);
    if (typeof put === "object") {
      closeQuietly(put.fd);
      return true;
    }
    if (isNamed(name, this.#file)) return true;
    // It was broken just now, and what has got the name is the marker of another holder.
    if (put === "linked") this.#calls.unlink(name);
    return false;
  }

  /** The process ends: it has to, whatever is wrong with the disk. Should this fail, its death is the proof. */
  #removeQuietly(): void {
    try {
      this.#isGone();
    } catch {
      // nobody is left to hear of it
    }
  }
}

function busy(key: string): NodeJS.ErrnoException {
  const message = `somebody is breaking '${key}', and does not come to an end`;
  return Object.assign(new Error(message), { code: "EBUSY", path: key });
}
