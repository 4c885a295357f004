/**
 * A lock that was won standing in line. The place in line is left a turn after the win: the caller goes first, who has
 * waited, and those behind cannot have the lock yet. But it never outlives the lock:
 *
 *   1. A wins, and releases in the same turn. 2. It goes on computing for seconds. 3. B waits behind the place of A, with
 *   the lock free.
 */
import type { Grant, ReleaseOptions } from "../driver.ts";
import type { PlaceInLine } from "./place-in-line.ts";

export class QueuedGrant implements Grant {
  readonly fd: number | undefined;
  readonly #inner: Grant;
  #place: PlaceInLine | undefined;

  constructor(inner: Grant, place: PlaceInLine) {
    this.fd = inner.fd;
    this.#inner = inner;
    this.#place = place;
    setImmediate(() => {
      this.#leave();
    });
  }

  isCurrent(): boolean {
    return this.#inner.isCurrent();
  }

  setMode(mode: number): void {
    this.#inner.setMode(mode);
  }

  /** Whoever hears of the place finds the lock free. */
  release(options: ReleaseOptions): void {
    this.#inner.release(options);
    this.#leave();
  }

  /** Where something fails the second of the two tries anew: with the release, a descriptor is free again. */
  #leave(): void {
    if (this.#place?.leave() !== false) this.#place = undefined;
  }
}
