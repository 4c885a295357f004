// Processes that compete for a lock file while one after the other is killed, most often the one that is inside. What it comes to
// is read from the journal.
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { Contest, type Participant } from "./contest.ts";
import { intervals, lostUpdates, overlaps, type Interval } from "./journal.ts";
import { randomNumbers } from "./random.ts";
import type { Role } from "./roles.ts";

const STUCK_AFTER_MS = 10_000;

export interface KillStormOptions {
  readonly roles: readonly Role[];
  /** At least so many. */
  readonly kills: number;
  readonly holds: number;
  /** The longest pause between two kills. */
  readonly longestCalmMs: number;
  readonly seed?: number;
}

export interface KillStorm {
  readonly all: readonly Interval[];
  readonly kills: number;
  /** Of holds of Holdfast's, and kills of its processes. */
  readonly ours: { readonly holds: number; readonly kills: number };
}

/** For each kill of a holder, how long it took until the next one was inside, in milliseconds. */
export function successions(all: readonly Interval[]): number[] {
  return all.flatMap(({ wasKilled, leave }, index) => {
    const next = all[index + 1];
    return wasKilled && next !== undefined ? [Number(next.enter - leave) / 1e6] : [];
  });
}

/** Expects that no two were ever inside at once, that no update was lost, and that each that was told to came to a good end. */
export async function expectNoOverlaps(
  directory: string,
  { roles, kills, holds, longestCalmMs, seed = Date.now() % 2 ** 31 }: KillStormOptions,
): Promise<KillStorm> {
  const contest = new Contest({ directory, seed });
  const random = randomNumbers(seed + 1);
  for (const role of roles) contest.start(role);
  const told = `seed ${seed}`;
  let [heldAt, held] = [performance.now(), 0];
  const oursHaveDied = (): boolean => [...contest.killed.keys()].some((who) => contest.isOurs(who));
  while (contest.holds < holds || contest.killed.size < kills || !oursHaveDied()) {
    await pause(random() * longestCalmMs);
    contest.look();
    if (contest.holds !== held) [heldAt, held] = [performance.now(), contest.holds];
    expect(performance.now() - heldAt, `nobody comes in any more, ${told}`).toBeLessThan(STUCK_AFTER_MS);
    const victim = choose(contest, random);
    if (victim !== undefined) contest.kill(victim);
  }
  await contest.end();
  const all = intervals(directory, contest.killed);
  expect(overlaps(all), told).toEqual([]);
  expect(lostUpdates(all), told).toEqual([]);
  return {
    all,
    kills: contest.killed.size,
    ours: {
      holds: all.filter(({ who }) => contest.isOurs(who)).length,
      kills: [...contest.killed.keys()].filter((who) => contest.isOurs(who)).length,
    },
  };
}

/** Two times out of three whoever is inside, as far as is known. */
function choose({ living, inside }: Contest, random: () => number): Participant | undefined {
  const mortal = living.filter(({ role, holds }) => holds >= role.holdsFirst);
  const holder = mortal.find(({ number }) => number === inside);
  return holder !== undefined && random() < 2 / 3 ? holder : mortal[Math.floor(random() * mortal.length)];
}
