// What judges the kill storm can find fault: each of these drivers is broken in one place, and the same contest of processes, judged by
// the same journal, is clean with a driver that is not.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { copyOf, mutate, newCopies } from "../mutants/copy.ts";
import { Contest } from "../support/contest.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { entries, intervals, lostUpdates, overlaps } from "../support/journal.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsTool, succeeds } from "../support/needs.ts";
import { soon } from "../support/promises.ts";
import { compileLightPeer, contestant, lightPeer, type Role } from "../support/roles.ts";
import { damageOf, removeAsStranger, type Removal } from "../support/stranger.ts";
import { outOfTurn } from "../support/turn-order.ts";
import { BROKEN, WITH_A_STRANGER, type Fault, type Where } from "./broken-drivers.ts";
import { noteFigure, scaled } from "./scale.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
everyTestLeavesNothing();

const CLEAN_FOR_MS = scaled(300, 10_000);
/** It takes a fraction of a second on a machine that has nothing else to do. */
const UNNOTICED_AFTER_MS = 60_000;

const ENOUGH_HOLDS = 100;

const ccIsThere = succeeds("cc", "--version");
let copies: ReturnType<typeof newCopies>;
let program: string;
beforeAll(() => {
  copies = newCopies();
  if (ccIsThere) program = compileLightPeer(copies.directory);
});
afterAll(() => {
  rmSync(copies.directory, { recursive: true, force: true });
});

/** Who competes: those that use the package are of `project`. */
const CONTESTS: Record<Where, (project: string) => Role[]> = {
  "among processes that remove the lock file": (project: string): Role[] => {
    const ours = contestant({ project, options: { remove: true, ways: ["run"], pollInterval: 0.005 } });
    const theirs = lightPeer(program, { how: "remove", longestHoldUs: 500, longestPauseUs: 500 });
    return [ours, ours, theirs, theirs, theirs];
  },
  [WITH_A_STRANGER]: (project: string): Role[] => {
    const ours = contestant({ project, options: { remove: true, ways: ["run"], pollInterval: 0.005 } });
    return [ours, ours, ...Array.from({ length: 4 }, () => lightPeer(program, { how: "block" }))];
  },
  "among processes in line": (project: string): Role[] => {
    const options = { order: "fifo", ways: ["run", "hurried", "aborted"], longestHoldMs: 3 };
    return Array.from({ length: 4 }, () => contestant({ project, options }));
  },
  "among the tasks of a process": (project: string): Role[] => [
    contestant({ project, options: { tasks: 6, ways: ["run", "turn"] } }),
  ],
};
/** A contest, and what is known of it beside the journal. */
interface Watched {
  readonly contest: Contest;
  readonly removals: Removal[] | undefined;
}

/** What the journal tells by now. */
function faultsOf({ contest, removals }: Watched): Fault[] {
  // Who is still inside was there a moment ago.
  const now = process.hrtime.bigint();
  const stillThere = new Map(contest.living.map(({ number }) => [number, now]));
  const all = intervals(contest.place.directory, new Map([...stillThere, ...contest.killed]));
  if (removals !== undefined)
    return damageOf(all, removals).unexplained.length > 0 ? ["overlaps beyond the removal"] : [];
  const faults: Fault[] = [];
  if (overlaps(all).length > 0) faults.push("overlaps");
  if (lostUpdates(all).length > 0) faults.push("lost updates");
  if (outOfTurn(entries(contest.place.directory)).length > 0) faults.push("out of turn");
  return faults;
}

/** Lets some time go by, in which a stranger removes the lock file again and again, where there is one. */
async function goOn({ contest, removals }: Watched): Promise<void> {
  for (let each = 0; each < 5; each++) {
    await pause(5 + each);
    const removal = removals && removeAsStranger(contest.place.lockFile, "rm");
    if (removal !== undefined) removals!.push(removal);
  }
}

function begin(where: Where, project: string): Watched {
  const contest = new Contest({ directory: temporaryDirectory(), seed: 1 });
  for (const role of CONTESTS[where](project)) contest.start(role);
  return { contest, removals: where === WITH_A_STRANGER ? [] : undefined };
}

const define = needsTool("cc", ccIsThere);

for (const { name, where, file, edits, faults } of BROKEN) {
  define(`${where} is noticed: ${name}`, async () => {
    const project = join(copies.directory, name.replace(/\W+/g, "-"));
    copyOf(copies.unmutated, project);
    mutate(project, { file, edits });
    const watched = begin(where, project);
    const began = performance.now();
    let found: Fault[] = [];
    while (!faults.every((fault) => found.includes(fault))) {
      expect(performance.now() - began, `noticed: ${found.join(", ")}`).toBeLessThan(UNNOTICED_AFTER_MS);
      await goOn(watched);
      found = faultsOf(watched);
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    await watched.contest.abandon();
    noteFigure({
      chapter: "oracle",
      what: `noticed: ${name}`,
      figure: `${found.join(", ")} after ${seconds} s`,
    });
  });
}

for (const where of Object.keys(CONTESTS) as Where[]) {
  define(`${where} there is nothing to notice where the package is whole`, async () => {
    const watched = begin(where, copies.unmutated);
    const { contest } = watched;
    await soon(hadHolds(watched), "they begin", 30_000);
    const until = performance.now() + CLEAN_FOR_MS;
    while (performance.now() < until) {
      await goOn(watched);
      contest.look();
    }
    await contest.end();
    expect(faultsOf(watched)).toEqual([]);
    noteFigure({
      chapter: "oracle",
      what: `${where}, nothing broken`,
      figure: `0 faults in ${contest.holds} holds`,
    });
  });
}

async function hadHolds(watched: Watched): Promise<void> {
  while (watched.contest.holds < ENOUGH_HOLDS) {
    await goOn(watched);
    watched.contest.look();
  }
}
