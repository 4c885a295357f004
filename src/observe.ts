/**
 * What a lock does, for whoever wants to look: `NODE_DEBUG=holdfast` on stderr, and node:diagnostics_channel.
 * Costs a comparison where nobody looks.
 */
import { channel, tracingChannel } from "node:diagnostics_channel";
import { debuglog } from "./node-util.ts";
import type { Owner } from "./owner.ts";

/** What every message carries. */
export interface LockEvent {
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;
  /** Tells the holds of one process apart: the same number from attempt to released. */
  readonly holdId: number;
}

const debug = debuglog("holdfast");

const channels = {
  attempt: channel("holdfast:attempt"),
  acquired: channel("holdfast:acquired"),
  release: channel("holdfast:release"),
  released: channel("holdfast:released"),
};

const SENTENCES = {
  attempt: "attempt: hold %d asks for the lock file '%s'",
  acquired: "acquired: hold %d has the lock file '%s'",
  release: "release: hold %d lets go of the lock file '%s'",
  released: "released: hold %d no longer has the lock file '%s'",
};

const acquiring = tracingChannel<unknown, LockEvent>("holdfast:acquire");
const { start, end, asyncStart, asyncEnd, error } = acquiring;

export function tell(what: keyof typeof channels, { lockFile, id }: Owner): void {
  if (debug.enabled) debug(SENTENCES[what], id, lockFile);
  if (channels[what].hasSubscribers) channels[what].publish({ lockFile, holdId: id } satisfies LockEvent);
}

/** Calls `acquire`, and traces it on `tracing:holdfast:acquire:*` where anybody subscribed. */
export function traced<Result>({ lockFile, id }: Owner, acquire: () => Promise<Result>): Promise<Result> {
  const seen =
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers;
  return seen ? acquiring.tracePromise(acquire, { lockFile, holdId: id }) : acquire();
}
