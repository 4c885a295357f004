// Points 6 and 7: the hints that releases send to those who watch, and to nobody else.
import { expect } from "vitest";
import type { Attempt } from "../../src/driver.ts";
import type { DriverHarness } from "../support/driver-harness.ts";
import {
  expectFree,
  expectHeld,
  granted,
  opened,
  released,
  seized,
  waiting,
  watching,
  won,
  type DriverCase,
  type Hints,
} from "./steps.ts";

/** Resolves when a hint on `path`, which has to be held, has been heard by whoever hears such hints. */
async function everybodyHasHeard(harness: DriverHarness, path: string): Promise<void> {
  const [witness, hints] = waiting(harness, path);
  const heard = hints.next();
  harness.stranger.stir(path);
  await heard;
  // The others may hear it after the witness.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  witness.close();
}

/** Expects that whoever watches hears of `release`, and wins when it tries at once. */
async function heardAndWon(hints: Hints, waiter: Attempt, release: () => void): Promise<void> {
  const heard = hints.next();
  release();
  await heard;
  released(won(waiter));
}

export const watchCases: DriverCase[] = [
  ...[false, true].map((remove): DriverCase => ({
    point: "watch",
    title: `gives a hint after a release, and whoever tries at once wins (remove: ${String(remove)})`,
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, hints] = waiting(harness, path);
      await heardAndWon(hints, waiter, () => released(grant, { remove }));
    },
  })),
  {
    point: "watch",
    title: "gives hints of one release after the other",
    run: async (harness) => {
      const path = harness.freshPath();
      const [first, second] = [granted(harness, path), opened(harness, path)];
      const [waiter, hints] = waiting(harness, path);
      const heard = hints.next();
      released(first);
      const between = won(second);
      await heard;
      expect(waiter.tryLock()).toBeNull();
      await heardAndWon(hints, waiter, () => released(between));
    },
  },
  {
    point: "watch",
    title: "gives a hint to each of many who watch",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const waiters = [1, 2, 3].map(() => waiting(harness, path));
      const heard = waiters.map(([, hints]) => hints.next());
      released(grant);
      await Promise.all(heard);
      for (const [waiter] of waiters) waiter.close();
    },
  },
  {
    point: "watch",
    title: "may be asked for before the first try",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const waiter = opened(harness, path);
      const hints = watching(harness, waiter);
      expect(waiter.tryLock()).toBeNull();
      await heardAndWon(hints, waiter, () => released(grant));
    },
  },
  {
    point: "watch",
    title: "leaves nothing behind where it was asked for and nothing was tried",
    run: (harness) => {
      const waiter = opened(harness, harness.freshPath());
      watching(harness, waiter);
      waiter.close();
    },
  },
  {
    point: "watch",
    title: "never calls synchronously: not from watch, tryLock or release",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, hints] = waiting(harness, path);
      expect(hints.heard, "from watch or a refusal").toBe(0);
      released(grant);
      expect(hints.heard, "from release").toBe(0);
      released(won(waiter));
      expect(hints.heard, "from a win").toBe(0);
    },
  },
  {
    point: "watch",
    title: "goes to the one who was named last",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, replaced] = waiting(harness, path);
      const hints = watching(harness, waiter);
      const heard = hints.next();
      released(grant);
      await heard;
      const next = won(waiter);
      await everybodyHasHeard(harness, path);
      expect(replaced.heard).toBe(0);
      released(next);
    },
  },
  {
    point: "watch",
    title: "gives no hint after close()",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, hints] = waiting(harness, path);
      harness.stranger.stir(path); // on its way
      waiter.close();
      expect(harness.watches()).toBe(0);
      await everybodyHasHeard(harness, path);
      expect(hints.heard).toBe(0);
      released(grant);
    },
  },
  {
    point: "watch",
    title: "gives no hint after the win",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, hints] = waiting(harness, path);
      released(grant); // the hint is on its way
      const next = won(waiter);
      await everybodyHasHeard(harness, path);
      expect([hints.heard, harness.watches()]).toEqual([0, 0]);
      released(next);
    },
  },
  {
    point: "watch",
    title: "keeps watching after a try that throws",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, hints] = waiting(harness, path);
      harness.failNext("tryLock", "ENOLCK");
      expect(() => waiter.tryLock()).toThrow();
      expect(waiter.tryLock()).toBeNull();
      await heardAndWon(hints, waiter, () => released(grant));
    },
  },
  {
    point: "watch",
    title: "may give hints that mean nothing: the lock is held still, and its release is heard after them",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const [waiter, hints] = waiting(harness, path);
      for (let stirs = 0; stirs < 3; stirs++) {
        const heard = hints.next();
        harness.stranger.stir(path);
        await heard;
        expect(waiter.tryLock()).toBeNull();
        expectHeld(harness, path);
      }
      await everybodyHasHeard(harness, path);
      await heardAndWon(hints, waiter, () => released(grant));
    },
  },
  {
    // A stranger locks. The waiter is refused, and watches. The file is replaced, and the stranger lets go. A newcomer
    // locks the new file. The waiter tries: it is refused by the newcomer, whose release it must hear.
    point: "watch",
    title: "gives a hint after the release of a file that has replaced the one that was watched",
    run: async (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const [waiter, hints] = waiting(harness, path);
      harness.stranger.replace(path);
      letGo();
      const newcomer = granted(harness, path);
      expect(waiter.tryLock()).toBeNull();
      // What happened to the old file is heard by then.
      await everybodyHasHeard(harness, path);
      await heardAndWon(hints, waiter, () => released(newcomer));
    },
  },
  {
    point: "watch",
    title: "never throws, though there is no file to watch, and goes on to the next one",
    run: async (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const waiter = opened(harness, path);
      expect(waiter.tryLock()).toBeNull();
      harness.stranger.remove(path);
      const hints = watching(harness, waiter);
      letGo();
      const newcomer = granted(harness, path);
      expect(waiter.tryLock()).toBeNull();
      await everybodyHasHeard(harness, path);
      await heardAndWon(hints, waiter, () => released(newcomer));
      expectFree(harness, path);
    },
  },
  {
    // Whoever hears of a release tries once, at once.
    point: "release",
    title: "sends its hint when the lock is free, and not before",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const before = harness.lastHint(path);
      let atUnlock: unknown;
      harness.onceUnlocked(() => (atUnlock = harness.lastHint(path)));
      released(grant);
      expect(atUnlock).toBe(before);
      expect(harness.lastHint(path)).not.toBe(before);
    },
  },
  {
    point: "release",
    title: "that throws sends no hint",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const before = harness.lastHint(path);
      harness.failNext("release", "EIO");
      expect(() => released(grant)).toThrow();
      expect(harness.lastHint(path)).toBe(before);
      released(grant);
    },
  },
];
