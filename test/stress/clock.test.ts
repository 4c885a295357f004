// Somebody sets the clock of the machine, two days ahead or back: who waits does so for as long as before, and who holds goes on
// holding. The other half of time, processes that stand still, is in stalls.test.ts.
//
// A suspended machine cannot be had here. Its processes stand still and so does their monotonic clock, but for the date, which jumps.
import { afterAll, describe, expect } from "vitest";
import { startChild, type Child, type Message } from "../support/child.ts";
import { beginToWait, Clock, clockedHolder, LIBFAKETIME, startClocked } from "../support/clocked.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { KINDS, lockOf, type Kind } from "../support/kinds.ts";
import { needsTool } from "../support/needs.ts";
import { soon } from "../support/promises.ts";
import { isLong, noteFigure, scaled } from "./scale.ts";
import { spread } from "./spread.ts";

const define = needsTool("libfaketime", LIBFAKETIME !== undefined);

const DAY_MS = 24 * 60 * 60 * 1000;
/** What a machine with too much to do may take for any of this; a jump that counts is of days. */
const SLACK_MS = 10_000;

const TIMEOUT_S = scaled(0.5, 1.5);
const ROUNDS = scaled(1, 5);

interface Jump {
  readonly offset: string;
  readonly jumpMs: number;
}

const JUMPS: Record<"ahead" | "back", Jump> = {
  ahead: { offset: "+2d", jumpMs: 2 * DAY_MS },
  back: { offset: "-2d", jumpMs: -2 * DAY_MS },
};

const figures: Record<"lateMs" | "winMs", number[]> = { lateMs: [], winMs: [] };

describe.each(KINDS)("$name:", (kind) => {
  describe.each(Object.entries(JUMPS))("the clock jumps two days %s", (direction, jump) => {
    // The short form has each wait go by one of the two: they all count by one clock.
    const rounds = isLong || (direction === "ahead") === (KINDS.indexOf(kind) % 2 === 0) ? ROUNDS : 0;
    for (let round = 1; round <= rounds; round++) {
      define(`while processes wait, and each wait is as long as it was to be (${String(round)})`, () =>
        jumpsWhileTheyWait(kind, jump),
      );
    }

    define("while a process holds, and it goes on holding", () => jumpsWhileItHolds(kind, jump));
  });
});

afterAll(() => {
  const what = { lateMs: "a timeout comes late by", winMs: "from the release to the win" };
  for (const key of ["lateMs", "winMs"] as const) {
    if (figures[key].length === 0) continue;
    const figure = spread(figures[key]);
    noteFigure({ chapter: "clock", what: `two days ahead or back: ${what[key]}`, figure });
  }
});

async function jumpsWhileTheyWait(kind: Kind, { offset, jumpMs }: Jump): Promise<void> {
  const lockFile = temporaryLockFile();
  const clock = new Clock();
  const hold = await lockOf(kind, lockFile).acquire();
  const [impatient, ...patient] = (await Promise.all(
    [TIMEOUT_S, undefined, undefined].map((timeout) => startClocked(kind, lockFile, { clock, timeout })),
  )) as [Child, Child, Child];
  for (const child of patient) await beginToWait(kind, lockFile, child);
  const begin = performance.now();
  impatient.tell("go");
  expectOffset(await impatient.says("waiting"), 0);
  clock.set(offset);

  const refused = await impatient.says("refused");
  const waitedMs = performance.now() - begin;
  expectOffset(refused, jumpMs);
  expect(waitedMs).toBeGreaterThanOrEqual(TIMEOUT_S * 1000);
  figures.lateMs.push(waitedMs - TIMEOUT_S * 1000);
  const toldMs = Number(/Waited ([\d.]+) s/.exec(refused.message!)![1]) * 1000;
  expect(toldMs).toBeGreaterThanOrEqual(TIMEOUT_S * 1000);
  expect(toldMs).toBeLessThanOrEqual(waitedMs + 1); // it is rounded
  for (const { unheard } of patient) expect(unheard).not.toContain("held");
  if (isLong) {
    const { elapsed } = await patient[0].says("waiting"); // each second it says so again
    expect(elapsed! * 1000).toBeGreaterThan(0);
    expect(elapsed! * 1000).toBeLessThan(SLACK_MS);
  }

  const released = performance.now();
  await hold.release();
  const winner = kind.options.order === "fifo" ? patient[0] : await whoeverHolds(patient);
  expectOffset(await winner.says("held"), jumpMs);
  figures.winMs.push(performance.now() - released);
  const other = patient.find((child) => child !== winner)!;
  expect(other.unheard).not.toContain("held");
  await letGo(winner);
  await other.says("held");
  await letGo(other);
}

async function jumpsWhileItHolds(kind: Kind, { offset, jumpMs }: Jump): Promise<void> {
  const lockFile = temporaryLockFile();
  const clock = new Clock();
  const ours = lockOf(kind, lockFile);
  const acquired = Date.now();
  const [holder, stranger] = await Promise.all([
    clockedHolder(kind, lockFile, { clock }),
    startClocked(kind, lockFile, { clock, timeout: 0 }),
  ]);
  clock.set(offset);

  holder.tell("tell");
  const told = await holder.says("told");
  expectOffset(told, jumpMs);
  // The time at which it was acquired, by the clock of that time.
  expect(Math.abs(told.sinceMs! - acquired)).toBeLessThan(SLACK_MS);
  expect(told).toMatchObject({ pid: holder.pid, isLost: false });
  // Neither for one with the right time nor for one with the wrong time is it free, or its holder dead.
  expect(await ours.tryAcquire()).toBeUndefined();
  stranger.tell("go");
  expectOffset(await stranger.says("refused"), jumpMs);
  expect(await ours.holder()).toMatchObject([{ pid: holder.pid }]);

  // A release is heard of, although the time that it leaves on the file may be an old one: nothing else wakes this one.
  const hears = kind.className === "FileLock";
  const options = { ...kind.options, stopClock: true };
  const listener = hears ? startChild("hold", lockFile, { options }) : undefined;
  await listener?.says("waiting");
  await letGo(holder);
  await listener?.says("held");
  if (listener !== undefined) await letGo(listener);
  await (await soon(ours.acquire({ timeout: 10 }), "it is free")).release();
}

/** Throws unless the clock of whoever said that is so far from the one of this process. */
function expectOffset({ dateMs }: Message, offsetMs: number): void {
  expect(Math.abs(dateMs! - Date.now() - offsetMs), "of what its clock should show").toBeLessThan(SLACK_MS);
}

async function whoeverHolds(children: readonly Child[]): Promise<Child> {
  const holds = async (): Promise<Child> => {
    for (;;) {
      const winner = children.find(({ unheard }) => unheard.includes("held"));
      if (winner !== undefined) return winner;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  return soon(holds(), "somebody gets the lock");
}

async function letGo(child: Child): Promise<void> {
  child.tell("release");
  expect(await child.ends()).toEqual({ code: 0, signal: null });
}
