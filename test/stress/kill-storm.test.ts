// A kill every few milliseconds, among processes of every kind that use one lock file: by the clock of the machine no two are ever
// inside at once, and each finds what the one before has left.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { FileLock, SoftFileLock } from "../../src/index.ts";
import { Contest, type Participant } from "../support/contest.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { intervals, overlaps } from "../support/journal.ts";
import { expectNoOverlaps, successions, type KillStorm } from "../support/kill-storm.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsTool, succeeds } from "../support/needs.ts";
import { PYTHON } from "../support/peer.ts";
import { soon } from "../support/promises.ts";
import { compileLightPeer, contestant, flockPeer, lightPeer, pyFilelockPeer } from "../support/roles.ts";
import { noteFigure, scaled } from "./scale.ts";
import { quantiles } from "./spread.ts";

const LONGEST_TEST_MS = 360_000;

vi.setConfig({ testTimeout: scaled(60_000, LONGEST_TEST_MS), hookTimeout: 60_000 });
everyTestLeavesNothing();

const note = (what: string, figure: string | number): void => {
  noteFigure({ chapter: "kill-storm", what, figure: String(figure) });
};

const toolsAreThere =
  succeeds("cc", "--version") &&
  succeeds("flock", "--version") &&
  succeeds(PYTHON, "-c", "from filelock import FileLock");

needsTool("cc, flock(1) and python3-filelock", toolsAreThere)(
  "sixteen processes: Holdfast's in line and not, a small program in C, flock(1) and py-filelock",
  async () => {
    const directory = temporaryDirectory();
    const program = compileLightPeer(directory);
    const blocking = lightPeer(program, { how: "block" });
    const polling = lightPeer(program, { how: "poll" });
    const holdsFirst = scaled(20, 100);
    const ours = (options: object) => contestant({ holdsFirst, options: { tasks: 2, ...options } });
    const storm = await expectNoOverlaps(directory, {
      roles: [
        ...[ours({ order: "fifo" }), ours({ order: "fifo", pollInterval: 0.005 })],
        ...[ours({}), ours({ pollInterval: 0.005 }), ours({ pollInterval: 0.002 })],
        ...[blocking, blocking, blocking, blocking, polling, polling, polling, polling],
        ...[flockPeer(program), flockPeer(program)],
        pyFilelockPeer(),
      ],
      kills: scaled(200, 5000),
      holds: scaled(3000, 100_000),
      longestCalmMs: scaled(8, 20),
    });
    expect(successions(storm.all).length).toBeGreaterThan(scaled(5, 500));
    expect(storm.ours.holds).toBeGreaterThanOrEqual(scaled(holdsFirst, 10_000));
    expect(storm.ours.kills).toBeGreaterThan(0);
    // What the dead have left in line is in nobody's way.
    await new FileLock(join(directory, "work.lock"), { order: "fifo" }).run(() => undefined, { timeout: 10 });
    report("sixteen processes", storm);
  },
);

test("processes that use SoftFileLock", async () => {
  const directory = temporaryDirectory();
  const role = contestant({
    holdsFirst: scaled(10, 20),
    options: { soft: true, tasks: 2, pollInterval: 0.005 },
  });
  const storm = await expectNoOverlaps(directory, {
    roles: Array.from({ length: scaled(3, 5) }, () => role),
    kills: scaled(4, 100),
    holds: scaled(150, 4000),
    longestCalmMs: scaled(200, 300),
  });
  await new SoftFileLock(join(directory, "work.lock")).run(() => undefined, { timeout: 10 });
  report("SoftFileLock", storm);
});

needsTool("cc", succeeds("cc", "--version"))(
  "a holder is killed for which only Holdfast's processes wait: one of them has the lock soon",
  async () => {
    const directory = temporaryDirectory();
    const keeper = lightPeer(compileLightPeer(directory), { how: "keep" });
    const contest = new Contest({ directory, seed: 1 });
    const ways = ["run"];
    for (const order of ["any", "any", "fifo"])
      contest.start(contestant({ options: { ways, order, longestPauseMs: 20 } }));
    const until = async (what: string, isTrue: () => boolean): Promise<void> => {
      const wait = async (): Promise<void> => {
        while (!isTrue()) {
          await pause(1);
          contest.look();
        }
      };
      await soon(wait(), what);
    };
    await until("they begin", () => contest.holds > 10);
    for (let kills = 0; kills < scaled(10, 500); kills++) {
      const holder: Participant = contest.start({ ...keeper, startsAgain: false });
      await until("the keeper has it", () => contest.inside === holder.number);
      await pause(kills % 60);
      contest.kill(holder);
      const { holds } = contest;
      await until("the next one has it", () => contest.holds > holds);
    }
    await contest.end();
    const all = intervals(directory, contest.killed);
    expect(overlaps(all)).toEqual([]);
    expect(successions(all).length).toBeGreaterThanOrEqual(scaled(10, 500));
    note(
      "from the kill of a holder to the next hold, while Holdfast's wait (pollInterval 0.05)",
      quantiles(successions(all)),
    );
  },
);

function report(of: string, { all, kills, ours }: KillStorm): void {
  const waits = successions(all);
  note(`${of}: holds (Holdfast's)`, `${all.length} (${ours.holds})`);
  note(`${of}: kills (Holdfast's), of a holder`, `${kills} (${ours.kills}), ${waits.length}`);
  note(`${of}: overlaps and lost updates`, 0);
  note(
    `${of}: from the kill of a holder to the next hold`,
    waits.length === 0 ? "nobody was killed inside" : quantiles(waits),
  );
}
