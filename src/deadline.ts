/**
 * When a wait has to end before it is over: at its deadline, or when its signal aborts. Nothing here keeps the
 * process alive: what a wait waits for does that, or nothing will ever end it (see drain.ts).
 */

/** setTimeout takes a signed 32-bit number of milliseconds; more fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const NEAR_MS = 50;

export interface DeadlineOptions {
  /** Milliseconds of `performance.now()`; Infinity where there is no deadline. */
  readonly due: number;
  readonly signal: AbortSignal | undefined;
  /** Called once, shortly before `due`, or at once where that is near. */
  readonly onNear: () => void;
  /** Called once, in the first timer turn at or after `due`, never before it. */
  readonly onDue: () => void;
  /** Called once, while `signal` aborts. */
  readonly onAbort: (reason: unknown) => void;
}

export class Deadline {
  readonly #options: DeadlineOptions;
  #timer: NodeJS.Timeout | undefined;
  #near = false;
  readonly #aborted = (): void => {
    this.#options.onAbort(this.#options.signal?.reason);
  };

  constructor(options: DeadlineOptions) {
    this.#options = options;
    if (options.signal !== undefined) listen(options.signal, this.#aborted); // first, for it may fail
    if (options.due !== Infinity) this.#wind();
  }

  clear(): void {
    clearTimeout(this.#timer);
    if (this.#options.signal !== undefined) unlisten(this.#options.signal, this.#aborted);
  }

  /** A timer may fire up to a millisecond early, and cannot be set further than 24.8 days ahead. */
  #wind(): void {
    const left = this.#options.due - performance.now();
    if (left <= NEAR_MS && !this.#near) {
      this.#near = true;
      this.#options.onNear();
    }
    const pause = Math.max(1, Math.ceil(this.#near ? left : left - NEAR_MS));
    const ring = (): void => {
      if (performance.now() < this.#options.due) this.#wind();
      else this.#options.onDue();
    };
    this.#timer = setTimeout(ring, Math.min(pause, LONGEST_TIMER_MS)).unref();
  }
}

/**
 * One listener a signal, however many wait on it: ten thousand listeners on one signal take quadratic time to add,
 * and Node warns of a leak at the eleventh.
 */
const listeners = new WeakMap<AbortSignal, { readonly calls: Set<() => void>; readonly all: () => void }>();

function listen(signal: AbortSignal, call: () => void): void {
  let entry = listeners.get(signal);
  if (entry === undefined) {
    const calls = new Set<() => void>();
    entry = {
      calls,
      all: () => {
        for (const each of calls) each();
      },
    };
    signal.addEventListener("abort", entry.all);
    listeners.set(signal, entry);
  }
  entry.calls.add(call);
}

function unlisten(signal: AbortSignal, call: () => void): void {
  const entry = listeners.get(signal);
  if (entry?.calls.delete(call) !== true || entry.calls.size > 0) return;
  listeners.delete(signal);
  signal.removeEventListener("abort", entry.all);
}
