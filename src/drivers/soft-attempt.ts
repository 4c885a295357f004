/**
 * Attempts to put a marker where there is none, or only that of a process which has died; and hears when it is worth
 * trying again. A refused attempt keeps nothing open but its watch.
 */
import type { Attempt, Grant } from "../driver.ts";
import { systemError } from "../errors.ts";
import { explained, MOST_TRIES } from "./open-lock-file.ts";
import { Aside, type OwnFile, type SoftCalls } from "./soft-aside.ts";
import { isDead } from "./soft-death.ts";
import { findFile, isSame, type FoundFile } from "./soft-file.ts";
import { SoftGrant } from "./soft-grant.ts";
import { removeLitter } from "./soft-litter.ts";
import { removeMarker } from "./soft-right.ts";
import { watchFile, type Unwatch } from "./watch-file.ts";

export class SoftAttempt implements Attempt {
  readonly ahead = undefined;
  readonly #key: string;
  readonly #mode: number | undefined;
  readonly #calls: SoftCalls;
  #onHint: (() => void) | undefined;
  #unwatch: Unwatch | undefined;
  /** The marker that is watched; undefined once something has happened to it. */
  #watched: FoundFile | undefined;

  constructor(key: string, mode: number | undefined, calls: SoftCalls) {
    this.#key = key;
    this.#mode = mode;
    this.#calls = calls;
  }

  tryLock(): Grant | null {
    let aside: Aside | undefined;
    let won: OwnFile | undefined;
    try {
      for (let tries = 0; tries < MOST_TRIES && won === undefined; tries++) {
        const found = this.#calls.find(this.#key);
        if (found !== undefined && !isDead(found.text)) {
          // A release between the look and a new watch was heard by nobody: hence another look.
          if (this.#listen(found)) continue;
          return null;
        }
        aside ??= new Aside(this.#key, this.#mode, this.#calls);
        if (found === undefined) won = aside.put(this.#key);
        else if (!this.#broken(found, aside)) return null;
      }
    } catch (error) {
      this.close();
      throw refused(this.#key, error as NodeJS.ErrnoException);
    } finally {
      aside?.remove(won);
    }
    if (won === undefined) return null; // others are always quicker
    this.#onHint = undefined;
    if (this.#unwatch !== undefined) setImmediate(this.#unwatch); // the caller first, who has waited
    this.#unwatch = this.#watched = undefined;
    return new SoftGrant(this.#key, won, { mode: this.#mode, calls: this.#calls });
  }

  watch(onHint: () => void): void {
    this.#onHint = onHint;
    try {
      const found = findFile(this.#key);
      if (found !== undefined) this.#listen(found);
    } catch {
      // the next try says why
    }
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = this.#watched = undefined;
  }

  /** Removes the marker of a process that has died. False: somebody else is about to. */
  #broken(found: FoundFile, aside: Aside): boolean {
    const removal = {
      lockFile: this.#key,
      claim: (name: string) => aside.claim(name),
      calls: this.#calls,
    };
    if (!removeMarker(this.#key, found, removal)) return false;
    removeLitter(removal);
    return true;
  }

  /** Watches the marker, if hints are wanted and nobody watches it yet. Whether a watch was put up. */
  #listen(found: FoundFile): boolean {
    if (this.#onHint === undefined || (this.#watched !== undefined && isSame(this.#watched, found)))
      return false;
    this.close();
    this.#watched = found;
    this.#unwatch = watchFile(this.#key, () => {
      // It may have been removed, and a watch goes with its file: the next refusal watches anew.
      this.#watched = undefined;
      this.#onHint?.();
    });
    return this.#unwatch !== undefined;
  }
}

function refused(key: string, cause: NodeJS.ErrnoException): Error {
  if (cause.cause !== undefined || cause.code === "EINVAL") return cause; // it says what is wrong already
  if (cause.syscall === "open") return explained(key, cause);
  if (cause.syscall === "unlink" || cause.syscall === "rename") {
    const remedy = "Have it removed by somebody who may";
    return systemError(`Cannot remove the lock file '${key}' of a process that has died. ${remedy}`, cause);
  }
  return systemError(`Cannot create the lock file '${key}'`, cause);
}
