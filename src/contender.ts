/**
 * This process as a contender for the OS lock of one lock file: one attempt at a time, one poller at a time. It wins
 * or does not; whom the lock is for is not its business.
 */
import type { Attempt, Driver, Grant } from "./driver.ts";
import { poll } from "./poll.ts";

export class Contender {
  readonly #driver: Driver;
  readonly #key: string;
  /** A refused attempt, kept for the next try. */
  #attempt: Attempt | undefined;
  /** The permission bits with which that one would create the lock file. */
  #mode: number | undefined;
  #polling: AbortController | undefined;
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
    this.#attempt ??= this.#driver.open(this.#key, { mode });
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

  /** Calls `attempt` at once, and then with growing pauses until `stop`. `failed` gets what `attempt` throws. */
  poll(attempt: () => void, longestPause: number, failed: (error: unknown) => void): void {
    const polling = new AbortController();
    this.#polling = polling;
    void poll(attempt, { longestPause, signal: polling.signal }).catch((error: unknown) => {
      if (this.#polling === polling) this.#polling = undefined;
      failed(error);
    });
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

  #close(): void {
    this.#attempt?.close();
    this.#attempt = undefined;
  }
}
