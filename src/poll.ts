/**
 * Try, pause, try again: how a process waits for a holder that it cannot hear. p-retry drives the loop and counts;
 * the pause is ours, because p-retry caps its own after the jitter and so has none where it matters, at the cap.
 */
import { delay } from "abort-controller-x";
import pRetry from "p-retry";

const FIRST_PAUSE_MS = 1;
const JITTER = 0.15;

/** What p-retry counts as a failed attempt: nobody ever sees it. */
const heldElsewhere = new Error("held elsewhere");

export interface PollOptions {
  /** The longest pause between two attempts, in milliseconds. */
  readonly longestPause: number;
  /** Ends the polling. An attempt that wins must abort it: then there is no further attempt. */
  readonly signal: AbortSignal;
}

/**
 * Calls `attempt` at once and then after pauses that double, up to the longest, with jitter, until the signal aborts.
 * Whatever an attempt wins, it hands over itself: p-retry looks at its signal after a success too, and would drop it.
 * The pauses keep the process alive. Rejects only with what `attempt` throws.
 */
export async function poll(attempt: () => void, { longestPause, signal }: PollOptions): Promise<void> {
  const tryOnce = (): never => {
    attempt();
    throw heldElsewhere;
  };
  try {
    await pRetry(tryOnce, {
      retries: Infinity,
      minTimeout: 0,
      signal,
      onFailedAttempt: ({ error, attemptNumber }) => {
        if (error !== heldElsewhere) throw error;
        return delay(signal, pause(attemptNumber, longestPause));
      },
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Between 85 % and the whole of the backoff, so that processes which began together do not stay together. */
function pause(attemptNumber: number, longest: number): number {
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** (attemptNumber - 1), longest);
  return backoff * (1 - JITTER + JITTER * Math.random());
}
