/**
 * How long this process may go on having a lock file, hold after hold, before it leaves other processes the time to get
 * in. Freeing the lock alone is no turn for them: who frees it can win it again in the next microtask, long before
 * anybody else has heard of it. Knows no lock file, no queue and no timer.
 */
import { shared } from "./registry.ts";

/** How long a turn lasts while other processes are known to want the lock file too. */
const TURN_MS = 10;
/** How long it may get while nobody comes in when it ends. */
const LONGEST_TURN_MS = 80;
/** How long the others then have: to hear that the lock is free, wake up and try takes them a few tenths of it. */
const REST_MS = 1;

/** How many lock files' turns are remembered between two acquisitions. */
const MOST_TURNS = 64;
const turns = shared("turns", () => new Map<string, Turn>());

/** The turn of this process on the lock file `id`. */
export function turnOf(id: string): Turn {
  return turns.get(id) ?? new Turn(id);
}

export class Turn {
  readonly #id: string;
  #length = TURN_MS;
  #began = -Infinity;
  /** When this process last let go of the lock, and until when it then leaves it to others. */
  #left = -Infinity;
  #restsUntil = -Infinity;
  /** Whether it let go of the lock because its turn was over. */
  #rested = false;
  #contested = false;

  constructor(id: string) {
    this.#id = id;
  }

  /** Whether the lock is to be freed now, rather than handed on inside this process; also where the clock was set back. */
  get isOver(): boolean {
    const age = performance.now() - this.#began;
    return age < 0 || age >= this.#length;
  }

  /**
   * For how many milliseconds from now this process is not to try, unless it has but one attempt. None where the clock
   * was set back, as by tests that put one of their own in its place: the rest could last for ever.
   */
  get rest(): number {
    const now = performance.now();
    return now < this.#left ? 0 : Math.max(0, this.#restsUntil - now);
  }

  /** Another process has the lock, or has just had it. */
  contested(): void {
    this.#contested = true;
    this.#length = TURN_MS;
  }

  /** This process has the lock. It is the same turn where it had it just before, and nobody came in between. */
  won(): void {
    const now = performance.now();
    if (this.#rested && !this.#contested) this.#length = Math.min(2 * this.#length, LONGEST_TURN_MS);
    const isNew = this.#rested || this.#contested || now - this.#left > REST_MS;
    if (isNew || now < this.#began) this.#began = now;
    this.#contested = false;
  }

  /** This process no longer has the lock. */
  left(): void {
    this.#left = performance.now();
    this.#rested = this.#left - this.#began >= this.#length;
    const until = this.#left + REST_MS;
    this.#restsUntil = this.#rested ? until : Math.min(this.#restsUntil, until); // the clock may have been put back
    this.#remember();
  }

  #remember(): void {
    turns.delete(this.#id);
    turns.set(this.#id, this);
    if (turns.size <= MOST_TURNS) return;
    const [oldest] = turns.keys();
    if (oldest !== undefined) turns.delete(oldest);
  }
}
