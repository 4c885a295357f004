// Points 4 and 8: at most one live grant for a key, over all processes; and what becomes of that when a stranger
// removes or replaces the lock file.
import { expect } from "vitest";
import { expectFree, expectHeld, granted, opened, released, seized, won, type DriverCase } from "./steps.ts";

export const exclusionCases: DriverCase[] = [
  {
    point: "exclusion",
    title: "of many attempts one wins, round after round",
    run: (harness) => {
      const path = harness.freshPath();
      for (let round = 0; round < 20; round++) {
        const attempts = Array.from({ length: 5 }, () => opened(harness, path));
        const grants = attempts.map((attempt) => attempt.tryLock()).filter((grant) => grant !== null);
        expect(grants).toHaveLength(1);
        for (const grant of grants) released(grant);
        for (const attempt of attempts) attempt.close();
      }
    },
  },
  {
    point: "exclusion",
    title: "keeps strangers out until release() has returned, and no longer",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      expectHeld(harness, path);
      released(grant);
      expectFree(harness, path);
    },
  },
  {
    point: "exclusion",
    title: "holds between two spellings of one lock file",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, harness.respelled(path));
      expectHeld(harness, path);
      released(grant);
      expectFree(harness, path);
    },
  },
  {
    point: "exclusion",
    title: "does not hold between two lock files",
    run: (harness) => {
      const one = granted(harness, harness.freshPath());
      const other = granted(harness, harness.freshPath());
      released(one);
      released(other);
    },
  },
  {
    point: "exclusion",
    title: "wins what the path leads to where the lock file was replaced while it was waited for",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const waiter = opened(harness, path);
      expect(waiter.tryLock()).toBeNull();
      harness.stranger.replace(path);
      letGo();
      const grant = won(waiter);
      expect(grant.isCurrent()).toBe(true);
      expectHeld(harness, path);
      released(grant);
    },
  },
  {
    // A stranger locks. The waiter is refused. The stranger removes the lock file and unlocks. A newcomer creates the
    // file anew and locks it. The waiter tries again: what it waited for is free, and nobody can reach it any more.
    point: "exclusion",
    title: "wins nothing where the lock file was removed and a newcomer holds the new one",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const waiter = opened(harness, path);
      expect(waiter.tryLock()).toBeNull();
      harness.stranger.remove(path);
      letGo();
      const newcomer = granted(harness, path);
      expect(waiter.tryLock()).toBeNull();
      released(newcomer);
      released(won(waiter));
    },
  },
  {
    point: "isCurrent",
    title: "is true for as long as nobody touches the name",
    run: (harness) => {
      const [path, other] = [harness.freshPath(), harness.freshPath()];
      const grant = granted(harness, path);
      expect(grant.isCurrent()).toBe(true);
      harness.stranger.replace(other);
      harness.stranger.remove(other);
      expectHeld(harness, path);
      expect(grant.isCurrent()).toBe(true);
      released(grant);
    },
  },
  {
    point: "isCurrent",
    title: "is false once the lock file was removed",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      harness.stranger.remove(path);
      expect(grant.isCurrent()).toBe(false);
      released(grant);
    },
  },
  {
    point: "isCurrent",
    title: "is false once the lock file was replaced",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      harness.stranger.replace(path);
      expect(grant.isCurrent()).toBe(false);
      released(grant);
      expectFree(harness, path);
    },
  },
];
