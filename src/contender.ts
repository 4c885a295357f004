/**
 * This process as a contender for the OS lock of one lock file: one attempt at a time, one poller at a time. It wins
 * or does not; whom the lock is for is not its business.
 */
import type { Attempt, Driver, Grant } from "./driver.ts";
import { Bell, poll } from "./poll.ts";

export interface ContenderPollOptions {
  /** The longest pause between two attempts, in milliseconds. */
  readonly longestPause: number;
  /** How long to leave the lock file to others before the first attempt, in milliseconds. */
  readonly rest: number;
  /** Gets what `attempt` throws. */
  readonly failed: (error: unknown) => void;
}

export class Contender {
  readonly #driver: Driver;
  readonly #key: string;
  /** A refused attempt, kept for the next try. */
  #attempt: Attempt | undefined;
  /** The permission bits with which that one would create the lock file. */
  #mode: number | undefined;
  #polling: AbortController | undefined;
  readonly #bell = new Bell();
  /** When the last attempt began, in milliseconds of `performance.now()`. */
  triedAt = -Infinity;

  constructor(driver: Driver, key: string) {
    this.#driver = driver;
    this.#key = key;
  }

  get polling(): boolean {
    return this.#polling !== undefined;
  }

  /** One attempt, on behalf of somebody who wants the lock file to have `mode`. */
  try(mode: number | undefined): Grant | null {
    this.triedAt = performance.now();
    if (mode !== this.#mode) this.#close();
    this.#mode = mode;
    this.#attempt ??= this.#open(mode);
    const grant = this.#attempt.tryLock();
    if (grant === null) return null;
    this.#attempt = undefined;
    if (mode === undefined) return grant;
    try {
      grant.setMode(mode);
      return grant;
    } catch (error) {
      grant.release({ remove: false });
      throw error;
    }
  }

  /** Calls `attempt` after the rest, at every hint, and with growing pauses until `stop`. */
  poll(attempt: () => void, { longestPause, rest, failed }: ContenderPollOptions): void {
    const polling = new AbortController();
    this.#polling = polling;
    // The first attempt of the poll comes after this, as the contract asks.
    if (this.#attempt !== undefined) this.#watch(this.#attempt);
    void poll(attempt, { longestPause, rest, bell: this.#bell, signal: polling.signal }).catch(
      (error: unknown) => {
        if (this.#polling === polling) this.#polling = undefined;
        failed(error);
      },
    );
  }

  /** Ends the polling; what a refused attempt keeps open stays for the next. */
  stopPolling(): void {
    this.#polling?.abort();
    this.#polling = undefined;
  }

  /** Ends the polling, and closes what a refused attempt keeps open. */
  stop(): void {
    this.stopPolling();
    this.#close();
  }

  #open(mode: number | undefined): Attempt {
    const attempt = this.#driver.open(this.#key, { mode });
    if (this.polling) this.#watch(attempt);
    return attempt;
  }

  #watch(attempt: Attempt): void {
    attempt.watch(() => {
      this.#bell.ring();
    });
  }

  #close(): void {
    this.#attempt?.close();
    this.#attempt = undefined;
  }
}
