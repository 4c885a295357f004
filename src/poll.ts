/**
 * Try, pause, try again: how a process waits for a holder of another one. p-retry drives the loop; the pause is ours,
 * because it must end at a hint, and because p-retry caps its own after the jitter and so has none where it matters.
 */
import { delay, execute } from "abort-controller-x";
import pRetry from "p-retry";

const FIRST_PAUSE_MS = 1;
const JITTER = 0.15;

/** What p-retry counts as a failed attempt: nobody ever sees it. */
const heldElsewhere = new Error("held elsewhere");

export interface PollOptions {
  /** The longest pause between two attempts, in milliseconds. */
  readonly longestPause: number;
  /** How long to leave the lock file to others before the first attempt, in milliseconds. */
  readonly rest: number;
  /** Rung by a hint: an attempt is made at once, and the pauses start short again. */
  readonly bell: Bell;
  /** Ends the polling, without another attempt. */
  readonly signal: AbortSignal;
}

/** Rung while nobody pauses, it does nothing: an attempt is about to begin. */
export class Bell {
  onRing: (() => void) | undefined;

  ring(): void {
    this.onRing?.();
  }
}

/**
 * Calls `attempt` after the rest and then after pauses that double, up to the longest, with jitter, until it returns true
 * or the signal aborts. Whatever an attempt wins, it hands over itself: through p-retry it would come some promises
 * later, or be dropped, should the signal have aborted by then. The pauses keep the process alive. Rejects only with
 * what `attempt` throws.
 */
export async function poll(
  attempt: () => boolean,
  { longestPause, rest, bell, signal }: PollOptions,
): Promise<void> {
  const tryOnce = (): void => {
    if (!attempt()) throw heldElsewhere;
  };
  const pauses = new Pauses(longestPause);
  try {
    if (rest > 0) await delay(signal, rest);
    await pRetry(tryOnce, {
      retries: Infinity,
      minTimeout: 0,
      signal,
      onFailedAttempt: ({ error }) => {
        if (error !== heldElsewhere) throw error;
        return untilNext(attempt, { pauses, bell, signal });
      },
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

interface PauseOptions {
  readonly pauses: Pauses;
  readonly bell: Bell;
  readonly signal: AbortSignal;
}

/**
 * Pauses until it is time for the next attempt. Those that hints ask for are made meanwhile, in the turn in which the
 * hint comes. Rejects when the signal aborts, and with what such an attempt throws.
 */
function untilNext(attempt: () => boolean, { pauses, bell, signal }: PauseOptions): Promise<void> {
  return execute(signal, (resolve: () => void, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      bell.onRing = undefined;
    };
    const end = (): void => {
      stop();
      resolve();
    };
    let timer = setTimeout(end, pauses.next());
    bell.onRing = () => {
      try {
        // Before anything else: whoever tries first has it.
        if (attempt()) {
          end();
          return;
        }
      } catch (error) {
        stop();
        reject(error);
        return;
      }
      clearTimeout(timer);
      pauses.restart();
      timer = setTimeout(end, pauses.next());
    };
    return stop;
  });
}

/**
 * Pauses that double, in milliseconds. Each is between 85 % and the whole of that, so that processes which began together
 * do not stay together.
 */
export class Pauses {
  readonly #longest: number;
  #made = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  next(): number {
    const backoff = Math.min(FIRST_PAUSE_MS * 2 ** this.#made++, this.#longest);
    return backoff * (1 - JITTER + JITTER * Math.random());
  }

  restart(): void {
    this.#made = 0;
  }
}
