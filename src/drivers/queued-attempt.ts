/**
 * An attempt that stands in line (`order: "fifo"`): it lets others go first, and then tries like any other. Safety does
 * not rest on the line: whoever is first in it has to win the lock file too.
 */
import type { Attempt, Grant } from "../driver.ts";
import { PlaceInLine, type PlaceOptions } from "./place-in-line.ts";
import { inLine } from "./queue-directory.ts";
import { QueuedGrant } from "./queued-grant.ts";

export class QueuedAttempt implements Attempt {
  readonly #inner: Attempt;
  readonly #key: string;
  readonly #options: PlaceOptions;
  #place: PlaceInLine | undefined;
  #onHint: (() => void) | undefined;

  /** @param inner an attempt on the lock file `key`, which does not stand in line. */
  constructor(inner: Attempt, key: string, options: PlaceOptions) {
    this.#inner = inner;
    this.#key = key;
    this.#options = options;
  }

  get ahead(): number | undefined {
    return this.#place === undefined ? inLine(this.#key) : this.#place.ahead;
  }

  /**
   * Where nobody stands in line, it need not either: that is what makes a free lock cheap. Its try comes right after
   * the look, and whoever arrives in between began to wait later.
   */
  tryLock(): Grant | null {
    if (this.#place === undefined && inLine(this.#key) === 0) {
      const grant = this.#inner.tryLock();
      if (grant !== null || this.#onHint === undefined) return grant;
    }
    const place = (this.#place ??= this.#arrive());
    try {
      if (!place.isTurn()) return null;
      if (this.#onHint !== undefined) this.#inner.watch(this.#onHint);
      const grant = this.#inner.tryLock();
      if (grant === null) return null;
      this.#place = undefined;
      return new QueuedGrant(grant, place);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  watch(onHint: () => void): void {
    this.#onHint = onHint;
    this.#place?.watch(onHint);
  }

  close(): void {
    this.#inner.close();
    this.#leave();
  }

  #arrive(): PlaceInLine {
    const place = new PlaceInLine(this.#key, this.#options);
    if (this.#onHint !== undefined) place.watch(this.#onHint);
    return place;
  }

  #leave(): void {
    this.#place?.leave();
    this.#place = undefined;
  }
}
