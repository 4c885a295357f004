/**
 * This process as a contender for the OS lock of one lock file: one attempt at a time, one poller at a time. It wins
 * or does not; whom the lock is for is not its business.
 */
import type { Attempt, Driver, Grant, Order } from "./driver.ts";
import { Bell, poll } from "./poll.ts";

/** On whose behalf the lock is tried for. */
export interface Asker {
  /** The permission bits that it wants the lock file to have. */
  readonly mode: number | undefined;
  readonly order: Order;
  /** Whether it wants the lock together with others who share it. */
  readonly shared: boolean;
}

export interface ContenderPollOptions {
  /** On whose behalf the first attempt will be made. */
  readonly asker: Asker;
  /** The longest pause between two attempts, in milliseconds. */
  readonly longestPause: number;
  /** How long to leave the lock file to others before the first attempt, in milliseconds. */
  readonly rest: number;
  /** Somebody may have let go of the lock. */
  readonly heard: () => void;
  /** Gets what `attempt` throws. */
  readonly failed: (error: unknown) => void;
}

/** Why the polling ends. Nobody sees it; one of its own each time would cost more than the system calls of a win. */
const ended = new Error("The polling is over");

export class Contender {
  readonly #driver: Driver;
  readonly #key: string;
  /** A refused attempt, kept for the next try. */
  #attempt: Attempt | undefined;
  /** The last one that was asked for hints. */
  #watched: Attempt | undefined;
  /** What was won for nobody, and could not be released. */
  readonly #unwanted: Grant[] = [];
  /** On whose behalf the refused one was made. */
  #asker: Asker | undefined;
  #polling: AbortController | undefined;
  /** Whether the poll makes an attempt just now. */
  #attempting = false;
  #bell = new Bell();
  #heard: (() => void) | undefined;
  /** When the last attempt began, in milliseconds of `performance.now()`. */
  triedAt = -Infinity;

  constructor(driver: Driver, key: string) {
    this.#driver = driver;
    this.#key = key;
  }

  get polling(): boolean {
    return this.#polling !== undefined;
  }

  /** How many processes are ahead of this one in line, where there is an order. Looks: not to be asked for nothing. */
  get ahead(): number | undefined {
    return this.#attempt?.ahead;
  }

  /** One attempt. Where it `waits` it is one of many, asks for hints, and takes its place in line. */
  try(asker: Asker, { waits }: { readonly waits: boolean }): Grant | null {
    this.triedAt = performance.now();
    this.releaseUnwanted();
    const attempt = this.#attemptFor(asker);
    // Also one that the last attempt at a deadline has opened: it serves those who wait on.
    if (waits && attempt !== this.#watched) this.#watch(attempt);
    const grant = attempt.tryLock();
    if (grant === null) return null;
    this.#attempt = this.#asker = undefined;
    if (asker.mode === undefined) return grant;
    try {
      grant.setMode(asker.mode);
      return grant;
    } catch (error) {
      this.giveBack(grant);
      throw error;
    }
  }

  /** Releases what nobody wants. Where that fails it is kept, and whoever tries next, or lets go last, is told. */
  giveBack(grant: Grant): void {
    this.#unwanted.push(grant);
    try {
      this.releaseUnwanted();
    } catch {
      // kept
    }
  }

  get hasUnwanted(): boolean {
    return this.#unwanted.length > 0;
  }

  /** Throws where it could not be released; then it is kept. */
  releaseUnwanted(): void {
    for (let last = this.#unwanted.at(-1); last !== undefined; last = this.#unwanted.at(-1)) {
      last.release({ remove: false });
      this.#unwanted.pop();
    }
  }

  /** Calls `attempt` after the rest, at every hint, and with growing pauses until `stop`. */
  poll(attempt: () => void, { asker, longestPause, rest, heard, failed }: ContenderPollOptions): void {
    const polling = new AbortController();
    this.#polling = polling;
    this.#bell = new Bell();
    this.#heard = heard;
    if (rest > 0) this.#listen(asker);
    const attemptUnlessOver = (): boolean => {
      this.#attempting = true;
      try {
        if (this.#polling === polling) attempt();
      } finally {
        this.#attempting = false;
      }
      return this.#polling !== polling;
    };
    const options = { longestPause, rest, bell: this.#bell, signal: polling.signal };
    void poll(attemptUnlessOver, options).catch((error: unknown) => {
      if (this.#polling === polling) this.#polling = undefined;
      failed(error);
    });
  }

  /** Ends the polling; what a refused attempt keeps open stays for the next. */
  stopPolling(): void {
    const polling = this.#polling;
    this.#polling = undefined;
    // An attempt of the poll itself tells it so, which costs the one who has won less time than an abort.
    if (!this.#attempting) polling?.abort(ended);
  }

  /**
   * Whoever it was tried for wants it no longer: the place in line was theirs, and is nobody else's. Whoever is polled for
   * next takes one in a turn of its own: should many give up in this one, then only one does.
   */
  leaveLine(asker: Asker): void {
    if (asker !== this.#asker || asker.order === "any") return;
    this.#close();
    setImmediate(() => {
      this.#bell.ring();
    });
  }

  /** Ends the polling, and closes what a refused attempt keeps open. */
  stop(): void {
    this.stopPolling();
    this.#close();
  }

  /** The attempt that was refused before, if it serves this asker as well; else a new one. */
  #attemptFor(asker: Asker): Attempt {
    if (this.#asker !== undefined && !serves(this.#asker, asker)) this.#close();
    this.#asker = asker;
    return (this.#attempt ??= this.#driver.open(this.#key, asker));
  }

  /** In a rest, too: whoever comes in then may be gone before it is over. */
  #listen(asker: Asker): void {
    try {
      this.#watch(this.#attemptFor(asker));
    } catch {
      // the first attempt says why
    }
  }

  #watch(attempt: Attempt): void {
    this.#watched = attempt;
    attempt.watch(() => {
      this.#heard?.();
      this.#bell.ring();
    });
  }

  #close(): void {
    this.#attempt?.close();
    this.#attempt = this.#asker = undefined;
  }
}

/** Whether an attempt on behalf of the one is as good for the other. */
function serves(one: Asker, other: Asker): boolean {
  return one.mode === other.mode && one.order === other.order && one.shared === other.shared;
}
