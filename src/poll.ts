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
  /** Rung by a hint: the pause ends, and the next ones start short again. */
  readonly bell: Bell;
  /** Ends the polling. An attempt that wins must abort it: then there is no further attempt. */
  readonly signal: AbortSignal;
}

/** Wakes whoever pauses. Rung while nobody does, it does nothing: an attempt is under way or about to begin. */
export class Bell {
  onRing: (() => void) | undefined;

  ring(): void {
    this.onRing?.();
  }
}

/**
 * Calls `attempt` after the rest and then after pauses that double, up to the longest, with jitter, until the signal
 * aborts. Whatever an attempt wins, it hands over itself: p-retry looks at its signal after a success too, and would
 * drop it. The pauses keep the process alive. Rejects only with what `attempt` throws.
 */
export async function poll(
  attempt: () => void,
  { longestPause, rest, bell, signal }: PollOptions,
): Promise<void> {
  /** How many attempts were refused since the last hint. */
  let refused = 0;
  const tryOnce = (): never => {
    attempt();
    throw heldElsewhere;
  };
  try {
    if (rest > 0) await delay(signal, rest);
    await pRetry(tryOnce, {
      retries: Infinity,
      minTimeout: 0,
      signal,
      onFailedAttempt: async ({ error }) => {
        if (error !== heldElsewhere) throw error;
        if (await rung(bell, pause(refused++, longestPause), signal)) refused = 0;
      },
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Waits until the bell rings, for `milliseconds` at most. Rejects when the signal aborts. */
function rung(bell: Bell, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return execute<boolean>(signal, (resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      bell.onRing = undefined;
    };
    const end = (early: boolean): void => {
      stop();
      resolve(early);
    };
    const timer = setTimeout(end, milliseconds, false);
    bell.onRing = () => {
      end(true);
    };
    return stop;
  });
}

/** Between 85 % and the whole of the backoff, so that processes which began together do not stay together. */
function pause(refused: number, longest: number): number {
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** refused, longest);
  return backoff * (1 - JITTER + JITTER * Math.random());
}
