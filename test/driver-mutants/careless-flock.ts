// A flock driver as one writes it at first, with one mistake of choice; without a mistake it keeps the contract.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  watch,
  type FSWatcher,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Attempt, Driver, Grant } from "../../src/driver.ts";
import type { Flock } from "../../src/native/flock.ts";

export type Mistake =
  | "believes every win"
  | "leaves a replaced file open"
  | "leaves the file open after an error"
  | "opens the file anew for each try"
  | "unlinks after the unlock"
  | "unlinks whatever the path names"
  | "closes the file where the unlock fails"
  | "leaves the file open after the release"
  | "creates the file in identify"
  | "touches before the unlock"
  | "watches after close"
  | "watches after the win"
  | "never watches a new file"
  | "throws where there is nothing to watch";

export function carelessFlockDriver(mistake?: Mistake): (flock: Flock) => Driver {
  return (flock) => ({
    name: "careless",
    canShare: false,
    identify: (path) => {
      const key = join(realpathOfNearest(dirname(path)), basename(path));
      if (mistake === "creates the file in identify") closeSync(opened(key));
      return key;
    },
    open: (key, { mode }) => new CarelessAttempt(key, mode, { flock, mistake }),
    inLine: () => 0,
    obstacle: () => undefined,
    holders: () => Promise.resolve([]),
  });
}

interface Habits {
  readonly flock: Flock;
  readonly mistake: Mistake | undefined;
}

class CarelessAttempt implements Attempt {
  #fd: number | undefined;
  #onHint: (() => void) | undefined;
  #watcher: FSWatcher | undefined;

  constructor(
    readonly key: string,
    readonly mode: number | undefined,
    readonly habits: Habits,
  ) {}

  readonly ahead = undefined;

  watch(onHint: () => void): void {
    this.#onHint = onHint;
    this.#listen();
  }

  #listen(): boolean {
    if (this.#fd === undefined || this.#onHint === undefined || this.#watcher !== undefined) return false;
    try {
      this.#watcher = watch(this.key, { persistent: false }, () => this.#onHint?.());
      return true;
    } catch (error) {
      if (this.habits.mistake === "throws where there is nothing to watch") throw error;
      return false;
    }
  }

  #deafen(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  tryLock(): Grant | null {
    const { flock, mistake } = this.habits;
    for (;;) {
      if (mistake === "opens the file anew for each try") this.#fd = undefined;
      this.#fd ??= opened(this.key, this.mode);
      const fd = this.#fd;
      try {
        if (!flock(fd, "lock") && !(this.#listen() && flock(fd, "lock"))) return null;
      } catch (error) {
        if (mistake === "leaves the file open after an error") this.#fd = undefined;
        this.close();
        throw error;
      }
      if (mistake === "believes every win" || isNamed(this.key, fd)) {
        if (mistake !== "watches after the win") this.#deafen();
        this.#fd = undefined;
        return new CarelessGrant(this.key, fd, this.habits);
      }
      if (mistake === "leaves a replaced file open") this.#fd = undefined;
      if (mistake !== "never watches a new file") this.#deafen();
      this.#closeFile();
    }
  }

  close(): void {
    if (this.habits.mistake !== "watches after close") this.#deafen();
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

class CarelessGrant implements Grant {
  constructor(
    readonly key: string,
    readonly fd: number,
    readonly habits: Habits,
  ) {}

  isCurrent(): boolean {
    return isNamed(this.key, this.fd);
  }

  setMode(mode: number): void {
    fchmodSync(this.fd, mode);
  }

  release({ remove }: { remove: boolean }): void {
    const { flock, mistake } = this.habits;
    const unlinkNow = remove && (mistake === "unlinks whatever the path names" || this.isCurrent());
    if (unlinkNow && mistake !== "unlinks after the unlock") rmSync(this.key, { force: true });
    if (mistake === "touches before the unlock") touch(this.fd);
    try {
      flock(this.fd, "unlock");
    } catch (error) {
      if (mistake === "closes the file where the unlock fails") closeSync(this.fd);
      throw error;
    }
    if (mistake !== "touches before the unlock") touch(this.fd);
    if (unlinkNow && mistake === "unlinks after the unlock") rmSync(this.key, { force: true });
    if (mistake !== "leaves the file open after the release") closeSync(this.fd);
  }
}

function touch(fd: number): void {
  futimesSync(fd, new Date(), new Date());
}

function opened(key: string, mode = 0o666): number {
  mkdirSync(dirname(key), { recursive: true });
  return openSync(key, constants.O_RDWR | constants.O_CREAT, mode);
}

function isNamed(key: string, fd: number): boolean {
  const named = lstatSync(key, { bigint: true, throwIfNoEntry: false });
  const open = fstatSync(fd, { bigint: true });
  return named?.ino === open.ino && named.dev === open.dev;
}

function realpathOfNearest(directory: string): string {
  try {
    return realpathSync.native(directory);
  } catch {
    return join(realpathOfNearest(dirname(directory)), basename(directory));
  }
}
