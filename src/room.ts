/**
 * One level of the tree of holds: who is in it, and who waits to be. One hold has it for itself, or shared ones have it
 * together. Which of the two is settled by whoever comes in first, until all who came in have left, with everything
 * nested in them. Knows neither the lock file nor who may nest where.
 */
import { Turnstile, type Place } from "./turnstile.ts";

/** What a room asks of those who want to come in. */
interface Guest {
  readonly shared: boolean;
}

export class Room<Waiting extends Place<Waiting>, Inside extends Guest> extends Turnstile<Waiting> {
  readonly #inside = new Set<Inside>();
  #shared = false;

  /** Whether those in it have it together. */
  get shared(): boolean {
    return this.#shared;
  }

  /** Whoever came in first, of those who are in it. */
  get occupant(): Inside | undefined {
    const [first] = this.#inside;
    return first;
  }

  /** Whether `guest` would disturb nobody inside. */
  fits({ shared }: Guest): boolean {
    return this.#inside.size === 0 || (shared && this.#shared);
  }

  /** Whether `guest` may come in at once: nobody is disturbed, and nobody has waited for longer. */
  isOpenTo(guest: Guest): boolean {
    return this.first === undefined && this.fits(guest);
  }

  enter(guest: Inside): void {
    if (this.#inside.size === 0) this.#shared = guest.shared;
    this.#inside.add(guest);
    this.passedAt = performance.now();
  }

  /** `guest` leaves its place to those who are nested in it. */
  vacate(guest: Inside, nested: Iterable<Inside>): void {
    for (const each of nested) this.#inside.add(each);
    this.#inside.delete(guest);
  }

  occupants(): Inside[] {
    return [...this.#inside];
  }
}
