// The points in time at which a test aborts: each of the microtasks that follow, and turns of the event loop.
import { getEventListeners } from "node:events";
import { setImmediate, setTimeout } from "node:timers";
import { expect } from "vitest";
import type { Hold } from "../../src/index.ts";
import { soon } from "../support/promises.ts";
import { nothingLeft, resources } from "../support/resources.ts";
import { countTimers } from "../support/timers.ts";

const MICROTASKS = 40;
const TIMERS_MS = [0, 1, 2, 5, 12];

export interface Point {
  readonly name: string;
  /** Calls `then` when the point is reached, counted from now. */
  readonly reach: (then: () => void) => void;
}

const POINTS: readonly Point[] = [
  ...Array.from({ length: MICROTASKS + 1 }, (_, count) => ({
    name: `after ${String(count)} microtasks`,
    reach: (then: () => void) => afterMicrotasks(count, then),
  })),
  { name: "in the next tick", reach: (then) => process.nextTick(then) },
  { name: "in the check phase", reach: (then) => void setImmediate(then) },
  ...TIMERS_MS.map((ms) => ({
    name: `after ${String(ms)} ms`,
    reach: (then: () => void) => void setTimeout(then, ms),
  })),
];

/** One acquisition to be aborted, and who else is there. */
export interface Scene {
  /** Begins the acquisition. */
  acquire(signal: AbortSignal): Promise<Hold>;
  /** What ends the wait, where anything does. The points are counted from here. */
  readonly trigger?: (() => void | Promise<void>) | undefined;
  /** Others are at it at the same moment: what they have open is not what an aborted acquisition left behind. */
  readonly busy?: boolean;
  /** Ends the scene: lets everybody in who still waits, and leaves nobody inside. */
  end(hold: Hold | undefined): Promise<void>;
}

/** What became of the acquisitions, over all points. */
export interface Tally {
  held: number;
  aborted: number;
}

/**
 * Sets the scene once for every point and aborts the acquisition there. Then either the caller has the hold, or it was
 * rejected with the reason itself and has left nothing behind at that very moment.
 */
export async function abortEverywhere(set: () => Scene | Promise<Scene>): Promise<Tally> {
  const tally: Tally = { held: 0, aborted: 0 };
  const timers = countTimers();
  for (const point of POINTS) {
    try {
      const before = resources();
      await abortAt(point, await set(), { tally, timers });
      expect(timers()).toBe(0);
      await nothingLeft(before);
    } catch (cause) {
      throw new Error(`Aborted ${point.name}: ${String(cause)}`, { cause });
    }
  }
  return tally;
}

interface Counts {
  readonly tally: Tally;
  readonly timers: () => number;
}

async function abortAt({ reach }: Point, scene: Scene, { tally, timers }: Counts): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const reason = Symbol("the reason");
  /** What an acquisition could leave behind, at this very moment. */
  const left = (): unknown => {
    const { fds: all, watches } = resources();
    // A look at who holds the lock file reads /proc in the thread pool, where nothing can be called back.
    const fds = Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("/proc/")));
    const abort = getEventListeners(signal, "abort").length;
    return { fds, watches, abort, timers: timers(), beforeExit: process.listenerCount("beforeExit") };
  };
  const before = left();

  const acquired = scene.acquire(signal).then(
    (hold) => ({ hold, error: undefined, after: undefined }),
    (error: unknown) => ({ hold: undefined, error, after: left() }),
  );
  const triggered = scene.trigger?.();
  if (triggered !== undefined) await triggered; // an await without need would be a microtask that no point is in
  await new Promise<void>((resolve) => {
    reach(() => {
      controller.abort(reason);
      resolve();
    });
  });
  const { hold, error, after } = await soon(acquired, "an aborted acquisition goes on");

  if (hold === undefined) {
    tally.aborted++;
    expect(error).toBe(reason);
    if (scene.busy !== true) expect(after).toEqual(before);
  } else {
    tally.held++;
    expect(hold.released).toBe(false);
  }
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  await scene.end(hold);
}

function afterMicrotasks(count: number, then: () => void): void {
  if (count === 0) then();
  else
    queueMicrotask(() => {
      afterMicrotasks(count - 1, then);
    });
}
