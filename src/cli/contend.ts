/** Gets the lock for `run` and `wait`, in the way that their common options ask for. Knows nothing of what it is for. */
import { CannotAcquireLock, inspect, Timeout, type AcquireOptions, type Hold } from "../index.ts";
import type { lockFor } from "./lock-for.ts";
import { Failure } from "./failure.ts";
import { namesOf, Notice } from "./notice.ts";
import { plain } from "./output.ts";
import type { SignalRelay } from "./signal-relay.ts";

export interface ContendOptions {
  /** In seconds; undefined waits for ever. */
  readonly timeout?: number | undefined;
  readonly quiet?: boolean | undefined;
  readonly shared?: boolean | undefined;
  readonly conflictExitCode: number;
}

/** Calls `work` with the lock held. Where it was not to be had in time: a Failure with the exit code for that. */
export async function contend<Result>(
  lock: ReturnType<typeof lockFor>,
  relay: SignalRelay,
  options: ContendOptions,
  work: (hold: Hold) => Result | Promise<Result>,
): Promise<Result> {
  const { timeout, quiet = false, shared = false, conflictExitCode } = options;
  const notice = new Notice();
  const terms: AcquireOptions = {
    timeout: timeout ?? -1,
    signal: relay.signal,
    ...(quiet ? {} : { onWait: notice.update }),
    ...(shared ? { shared } : {}),
  };
  try {
    return await lock.run(async (hold) => {
      notice.clear();
      relay.signal.throwIfAborted();
      return work(hold);
    }, terms);
  } catch (error) {
    notice.clear();
    const conflict =
      error instanceof CannotAcquireLock
        ? error.message
        : error instanceof Timeout
          ? await toldOf(error)
          : undefined;
    if (conflict === undefined) throw error;
    throw new Failure(quiet ? "" : conflict, conflictExitCode, error);
  }
}

/** Looks anew: what a Timeout knows of the holder it had to find out in no time. */
async function toldOf({ lockFile, timeout, holder }: Timeout): Promise<string> {
  const { holders } = await inspect(lockFile).catch(() => ({ holders: holder }));
  const tried = timeout === 0 ? "tried once" : `waited ${timeout} s`;
  return `Cannot have the lock '${plain(lockFile)}' (${tried}): held by ${namesOf(holders.length > 0 ? holders : holder)}`;
}
