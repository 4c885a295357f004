// The driver contract in memory: the reference that says what a driver means, and a driver that tests can steer.
// A test plays the other processes: it seizes lock files, lets go of them, removes and replaces them, makes calls fail.
//
// Stricter than the contract where that finds mistakes of a caller: a grant released twice and a spent attempt throw.
import { constants } from "node:os";
import { resolve } from "node:path";
import type { Attempt, Driver, Grant, OpenOptions, ReleaseOptions } from "../../src/driver.ts";
import type { Holder } from "../../src/errors.ts";
import { Lock } from "../../src/lock.ts";

/** A lock over a driver of the test's choice: `new MemoryLock(driver, path, options)`. */
export class MemoryLock extends Lock {}

/** A new file system in memory, with nobody in it. Without a name it gets one of its own, and so shares no state. */
export function memoryDriver(name?: string): MemoryDriver {
  return new MemoryDriver(name);
}

/** The calls that can be made to fail. */
export type Call = "identify" | "open" | "tryLock" | "isCurrent" | "setMode" | "release";

/** What a name leads to. Removing the name does not touch it: an open file outlives its name. */
interface MemoryFile {
  mode: number | undefined;
  lockedBy: Holder | undefined;
  /** How many share it with one another; undefined where one has it alone. */
  sharers: number | undefined;
}

const OURSELVES: Holder = { pid: process.pid, command: "this process" };
const A_STRANGER: Holder = { pid: 999_999_999, command: "a stranger" };

let drivers = 0;

export class MemoryDriver implements Driver {
  readonly name: string;
  readonly canShare = true;
  readonly #files = new Map<string, MemoryFile>();
  readonly #failures: { call: Call; code: string }[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #watchers = new Map<string, Set<() => void>>();
  #whenUnlocked: (() => void) | undefined;

  /** How many times `tryLock` was called, on any key. */
  attempts = 0;
  /** How many attempts were refused and not closed since: as many descriptors would be open. */
  openAttempts = 0;
  /** How many attempts were begun: where there is an order, each takes a place of its own in line. */
  places = 0;
  /** How many grants live. */
  grants = 0;
  /** How many hints were sent, whether or not anybody heard them. */
  hints = 0;
  /** How many strangers stand in line before whoever asks for "fifo" next. */
  strangersInLine = 0;

  constructor(name = `memory-${String(++drivers)}`) {
    this.name = name;
  }

  identify(path: string): string {
    this.mayFail("identify");
    return resolve(path);
  }

  open(key: string, options: OpenOptions): Attempt {
    this.mayFail("open");
    this.places++;
    return new MemoryAttempt(this, key, options);
  }

  inLine(): number {
    return this.strangersInLine;
  }

  holders(key: string): Promise<Holder[]> {
    const holder = this.fileOf(key)?.lockedBy;
    return Promise.resolve(holder === undefined ? [] : [holder]);
  }

  obstacle(): undefined {
    return undefined;
  }

  isHeld(path: string): boolean {
    return this.fileOf(resolve(path))?.lockedBy !== undefined;
  }

  // What a test does in the place of other processes.

  /** A stranger locks the lock file; returns what lets go of it. Throws where it is held. */
  seize(path: string, holder = A_STRANGER, { shared = false } = {}): () => void {
    const file = this.create(resolve(path), undefined);
    if (!take(file, holder, shared)) throw new Error(`'${path}' is held already`);
    let has = true;
    return () => {
      if (has && (shared || file.lockedBy === holder)) giveUp(file);
      has = false;
    };
  }

  /** A stranger who holds the lock file lets go of it. Throws where there is none. */
  letGo(path: string): void {
    const file = this.fileOf(path);
    if (file?.lockedBy === undefined || file.lockedBy === OURSELVES)
      throw new Error(`No stranger holds '${path}'`);
    giveUp(file);
  }

  /** Somebody removes the lock file: no grant on it is current any more, and nobody is kept from a new one. */
  remove(path: string): void {
    this.#files.delete(resolve(path));
  }

  /** Somebody puts another, free file in its place. */
  replace(path: string): void {
    this.remove(path);
    this.create(resolve(path), undefined);
  }

  /** Makes the next calls of that kind throw a system error, one each, in the order given. */
  failNext(call: Call, ...codes: string[]): void {
    this.#failures.push(...codes.map((code) => ({ call, code })));
  }

  /** Something happens to the lock file: whoever watches it gets a hint, in a turn of its own. */
  hint(path: string): void {
    this.hints++;
    const watchers = this.watchersOf(resolve(path));
    for (const onHint of watchers) {
      setImmediate(() => {
        if (watchers.has(onHint)) onHint();
      });
    }
  }

  /** How many attempts watch, on any key. */
  get watches(): number {
    return [...this.#watchers.values()].reduce((all, { size }) => all + size, 0);
  }

  /** Resolves when the next `tryLock` has been called. */
  nextAttempt(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  /** Calls `fn` once, inside the next release: the lock is free by then, and `release` has not returned. */
  onceUnlocked(fn: () => void): void {
    this.#whenUnlocked = fn;
  }

  /** Whether there is a lock file, whoever holds it. */
  exists(path: string): boolean {
    return this.fileOf(path) !== undefined;
  }

  /** The permission bits that the lock file got; undefined for none. */
  modeOf(path: string): number | undefined {
    return this.fileOf(path)?.mode;
  }

  // For the attempts and grants of this driver.

  fileOf(key: string): MemoryFile | undefined {
    return this.#files.get(resolve(key));
  }

  watchersOf(key: string): Set<() => void> {
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers);
    return watchers;
  }

  create(key: string, mode: number | undefined): MemoryFile {
    const file = this.#files.get(key) ?? { mode, lockedBy: undefined, sharers: undefined };
    this.#files.set(key, file);
    return file;
  }

  unlink(key: string): void {
    this.#files.delete(key);
  }

  mayFail(call: Call): void {
    const failure = this.#failures.find((candidate) => candidate.call === call);
    if (failure === undefined) return;
    this.#failures.splice(this.#failures.indexOf(failure), 1);
    const { code } = failure;
    const errno = -(constants.errno as Record<string, number>)[code]!;
    throw Object.assign(new Error(`${code}: as the test asked, ${call}`), { code, errno, syscall: call });
  }

  attempted(): void {
    this.attempts++;
    for (const tell of this.#listeners.splice(0)) tell();
  }

  unlocked(): void {
    this.grants--;
    const fn = this.#whenUnlocked;
    this.#whenUnlocked = undefined;
    fn?.();
  }
}

class MemoryAttempt implements Attempt {
  readonly #driver: MemoryDriver;
  readonly #key: string;
  readonly #options: OpenOptions;
  #state: "closed" | "open" | "spent" = "closed";
  #onHint: (() => void) | undefined;

  constructor(driver: MemoryDriver, key: string, options: OpenOptions) {
    this.#driver = driver;
    this.#key = key;
    this.#options = options;
  }

  get ahead(): number | undefined {
    return this.#options.order === "fifo" ? this.#driver.strangersInLine : undefined;
  }

  /** The name is looked up anew each time, so no file that was replaced while we waited is ever won. */
  tryLock(): Grant | null {
    if (this.#state === "spent") throw new Error(`This attempt on '${this.#key}' has won already`);
    this.#driver.attempted();
    try {
      this.#driver.mayFail("tryLock");
    } catch (error) {
      this.#closeFile();
      throw error;
    }
    const file = this.#driver.create(this.#key, this.#options.mode);
    const { shared = false } = this.#options;
    if ((this.ahead ?? 0) > 0 || !take(file, OURSELVES, shared)) {
      if (this.#state === "closed") this.#driver.openAttempts++;
      this.#state = "open";
      return null;
    }
    this.close();
    this.#state = "spent";
    return new MemoryGrant(this.#driver, this.#key, file);
  }

  watch(onHint: () => void): void {
    const watchers = this.#driver.watchersOf(this.#key);
    if (this.#onHint !== undefined) watchers.delete(this.#onHint);
    this.#onHint = () => {
      onHint();
    };
    watchers.add(this.#onHint);
  }

  close(): void {
    if (this.#onHint !== undefined) this.#driver.watchersOf(this.#key).delete(this.#onHint);
    this.#onHint = undefined;
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#driver.openAttempts--;
  }
}

class MemoryGrant implements Grant {
  readonly fd = undefined;
  readonly #driver: MemoryDriver;
  readonly #key: string;
  readonly #file: MemoryFile;
  #released = false;

  constructor(driver: MemoryDriver, key: string, file: MemoryFile) {
    this.#driver = driver;
    this.#key = key;
    this.#file = file;
    driver.grants++;
  }

  isCurrent(): boolean {
    this.#driver.mayFail("isCurrent");
    return this.#driver.fileOf(this.#key) === this.#file;
  }

  setMode(mode: number): void {
    this.#driver.mayFail("setMode");
    this.#file.mode = mode;
  }

  release({ remove }: ReleaseOptions): void {
    if (this.#released) throw new Error(`This grant of '${this.#key}' was released already`);
    this.#driver.mayFail("release");
    const alone = (this.#file.sharers ?? 1) === 1;
    if (remove && alone && this.#driver.fileOf(this.#key) === this.#file) this.#driver.unlink(this.#key);
    giveUp(this.#file);
    this.#released = true;
    this.#driver.unlocked();
    this.#driver.hint(this.#key);
  }
}

/** Whether the file could be locked: by one alone, or by one more of those who share it. */
function take(file: MemoryFile, holder: Holder, shared: boolean): boolean {
  if (file.lockedBy !== undefined && !(shared && file.sharers !== undefined)) return false;
  file.lockedBy ??= holder;
  file.sharers = shared ? (file.sharers ?? 0) + 1 : undefined;
  return true;
}

function giveUp(file: MemoryFile): void {
  if (file.sharers !== undefined && --file.sharers > 0) return;
  file.lockedBy = file.sharers = undefined;
}
