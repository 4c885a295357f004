/**
 * How long something was seen to stay as it is. A look counts for the time since the last one, but only up to a limit:
 * where this process itself did not run for a while, it has seen nothing.
 */
export class Patience {
  readonly #mostPerLook: number;
  #last = performance.now();
  #seen = 0;

  /** @param mostPerLook in milliseconds. */
  constructor(mostPerLook: number) {
    this.#mostPerLook = mostPerLook;
  }

  /** Whether a look would count in full. */
  get isDue(): boolean {
    return performance.now() - this.#last >= this.#mostPerLook;
  }

  /** It is still the same. For how many milliseconds that was seen by now. */
  look(): number {
    const now = performance.now();
    this.#seen += Math.min(now - this.#last, this.#mostPerLook);
    this.#last = now;
    return this.#seen;
  }

  /** It has changed. */
  restart(): void {
    this.#seen = 0;
    this.#last = performance.now();
  }
}
