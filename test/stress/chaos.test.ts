// The lock file comes and goes a thousand times a second, under processes that compete for it. As long as only those remove it who hold
// it, nobody is ever beside anybody. Where a stranger does, the damage is that of the hold whose file was removed, and ends with it.
import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { Contest } from "../support/contest.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { intervals, lostUpdates, overlaps, type Interval } from "../support/journal.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsTool, succeeds } from "../support/needs.ts";
import { randomNumbers } from "../support/random.ts";
import { compileLightPeer, contestant, lightPeer } from "../support/roles.ts";
import { damageOf, removeAsStranger, type Removal } from "../support/stranger.ts";
import { noteFigure, scaled } from "./scale.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
everyTestLeavesNothing();

const CHAOS_MS = scaled(2000, 30_000);
const STUCK_AFTER_MS = 10_000;
const note = (what: string, figure: string | number): void => {
  noteFigure({ chapter: "chaos", what, figure: String(figure) });
};

const define = needsTool("cc", succeeds("cc", "--version"));

function begin(seed: number): Contest {
  const directory = temporaryDirectory();
  const contest = new Contest({ directory, seed });
  const ways = ["run", "nested", "bare", "hurried", "aborted", "once"];
  const ours = (options: object) => contestant({ options: { remove: true, ways, ...options } });
  const theirs = lightPeer(compileLightPeer(directory), {
    how: "remove",
    longestHoldUs: 500,
    longestPauseUs: 1500,
  });
  const roles = [ours({ pollInterval: 0.002 }), ours({ tasks: 2 }), ours({ order: "fifo" })];
  for (const role of [...roles, theirs, theirs, theirs]) contest.start(role);
  return contest;
}

/** Calls `every` about each millisecond until the time is up, which begins when all of Holdfast's have had a hold. */
async function during(contest: Contest, every: () => void): Promise<void> {
  let until = Infinity;
  let [heldAt, held] = [performance.now(), 0];
  while (performance.now() < until) {
    await pause(1);
    contest.look();
    if (contest.holds !== held) [heldAt, held] = [performance.now(), contest.holds];
    expect(performance.now() - heldAt, "nobody comes in any more").toBeLessThan(STUCK_AFTER_MS);
    if (until === Infinity && contest.living.every(({ holds }) => holds > 0))
      until = performance.now() + CHAOS_MS;
    every();
  }
}

define("only participants remove and replace it: nobody is ever beside anybody", async () => {
  const seed = Date.now() % 2 ** 31;
  const contest = begin(seed);
  await during(contest, () => {});
  await contest.end();
  const all = intervals(contest.place.directory, contest.killed);
  expect(overlaps(all), `seed ${seed}`).toEqual([]);
  expect(lostUpdates(all), `seed ${seed}`).toEqual([]);
  expect(
    all.filter(({ isLost }) => isLost),
    `seed ${seed}`,
  ).toEqual([]);
  const ours = all.filter(({ who }) => contest.isOurs(who)).length;
  note("only participants remove the file: holds (Holdfast's)", `${all.length} (${ours})`);
  note("only participants remove the file: overlaps and lost updates", 0);
});

define("a stranger removes and replaces it: nobody is beside a holder whose file is there", async () => {
  const seed = Date.now() % 2 ** 31;
  const random = randomNumbers(seed);
  const contest = begin(seed);
  const removals: Removal[] = [];
  await during(contest, () => {
    const removal = removeAsStranger(contest.place.lockFile, random() < 0.5 ? "rm" : "mv");
    if (removal !== undefined) removals.push(removal);
  });
  await contest.end();
  const all = intervals(contest.place.directory, contest.killed);
  const { unexplained, strayed, joined, whole } = damageOf(all, removals);
  expect(unexplained, `seed ${seed}`).toEqual([]);
  expect(strayed, `seed ${seed}`).toEqual([]);
  expect(joined.length).toBeLessThanOrEqual(removals.length);
  expect(joined.length, "nothing was to be seen").toBeGreaterThan(0);
  expect(whole, "nothing was judged").toBeGreaterThan(all.length / 4);
  note("a stranger removes it, too: removals, holds", `${removals.length}, ${all.length}`);
  note("a stranger removes it, too: holds that were not alone to their end", joined.length);
  note("a stranger removes it, too: holds judged from beginning to end", whole);
  note("a stranger removes it, too: overlaps beyond the hold whose file was removed", 0);
});

test("the oracle of it: a removal excuses the hold whose file it was, and nobody after that", () => {
  const hold = (enter: number, leave: number, more: Partial<Interval> = {}): Interval => ({
    ...{ who: "1", ask: undefined, done: BigInt(leave), count: 0, isLost: false, wasKilled: false },
    ...{ enter: BigInt(enter), leave: BigInt(leave), ...more },
  });
  const removal: Removal = { before: 14n, after: 15n };
  const [first, beside] = [hold(10, 30), hold(20, 40)];
  expect(damageOf([first, beside], [])).toMatchObject({ unexplained: [[first, beside]] });
  expect(damageOf([first, beside], [removal])).toMatchObject({ unexplained: [], joined: [first] });
  // Another one beside the newcomer, whose file is there.
  expect(damageOf([first, beside, hold(25, 35)], [removal]).unexplained).toHaveLength(1);
  // After the end of the hold.
  expect(damageOf([first, beside, hold(35, 50)], [removal]).unexplained).toHaveLength(1);
  // It came before: the first held a file that was there.
  expect(damageOf([first, beside], [{ before: 8n, after: 9n }]).unexplained).toHaveLength(1);
  // A release that the removal fell into lasts until 22, and may have taken the next one's file.
  const releasing = hold(1, 8, { done: 22n });
  expect(damageOf([releasing, first, beside], [{ before: 8n, after: 9n }]).unexplained).toEqual([]);
  // A removal by one on its way out may be that of the next one's file, who is on its way out by then: it lasts until 36.
  const next = hold(10, 12, { done: 36n });
  const chain = [releasing, next, hold(25, 50), hold(30, 40)];
  expect(damageOf(chain, [{ before: 8n, after: 9n }]).unexplained).toEqual([]);
  expect(
    damageOf([...chain, hold(37, 50), hold(38, 50)], [{ before: 8n, after: 9n }]).unexplained,
  ).toHaveLength(1);
  const stray = hold(10, 30, { isLost: true, ask: 5n });
  expect(damageOf([stray], [{ before: 2n, after: 3n }]).strayed).toEqual([stray]);
  expect(damageOf([stray], [{ before: 6n, after: 7n }]).strayed).toEqual([]);
});
