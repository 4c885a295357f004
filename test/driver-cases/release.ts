// Point 5: release either returns, and nothing is held or open; or throws, and the lock is held still.
import { expect } from "vitest";
import { expectFree, expectHeld, granted, released, seized, type DriverCase } from "./steps.ts";

export const releaseCases: DriverCase[] = [
  {
    point: "release",
    title: "leaves nothing held or open",
    run: (harness) => {
      const path = harness.freshPath();
      released(granted(harness, path));
      expect(harness.open()).toBe(0);
      expectFree(harness, path);
    },
  },
  {
    point: "release",
    title: "that throws has released nothing, has its code, and may be called again",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      for (const code of ["EIO", "ENOLCK"]) {
        harness.failNext("release", code);
        expect(() => released(grant)).toThrow(expect.objectContaining({ code }));
        expect(grant.isCurrent()).toBe(true);
        expectHeld(harness, path);
      }
      released(grant);
      expect(harness.open()).toBe(0);
      expectFree(harness, path);
    },
  },
  {
    point: "release",
    title: "leaves the lock file where it is not asked to remove it, unless the file is the lock",
    run: (harness) => {
      const path = harness.freshPath();
      released(granted(harness, path));
      expect(harness.exists(path)).toBe(harness.alwaysRemoves !== true);
    },
  },
  {
    point: "release",
    title: "removes the lock file where it is asked to",
    run: (harness) => {
      const path = harness.freshPath();
      released(granted(harness, path), { remove: true });
      expect(harness.exists(path)).toBe(false);
      expectFree(harness, path);
    },
  },
  {
    point: "release",
    title: "removes the lock file where it is asked to when it is called again",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      harness.failNext("release", "EIO");
      expect(() => released(grant, { remove: true })).toThrow();
      released(grant, { remove: true });
      expect(harness.exists(path)).toBe(false);
      expectFree(harness, path);
    },
  },
  {
    point: "release",
    title: "removes no file but the one that is locked",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      harness.stranger.replace(path);
      const letGo = seized(harness, path);
      released(grant, { remove: true });
      expect(harness.exists(path)).toBe(true);
      expectHeld(harness, path);
      letGo();
    },
  },
  {
    // A releases with `remove`: the file goes, the unlock fails. B creates the file anew and locks it. A tries again.
    point: "release",
    title: "removes no newcomer's file when it is called again",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      harness.failNext("release", "EIO");
      expect(() => released(grant, { remove: true })).toThrow();
      if (harness.exists(path)) harness.stranger.remove(path);
      const letGo = seized(harness, path);
      released(grant, { remove: true });
      expect(harness.exists(path)).toBe(true);
      expectHeld(harness, path);
      letGo();
    },
  },
  {
    // A unlocks. B locks the same file. A removes it. C creates the file anew and locks it: B and C both hold.
    point: "release",
    title: "removes the lock file before it unlocks, so that it never takes the file of the next holder",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      let letGo: (() => void) | undefined;
      harness.onceUnlocked(() => {
        letGo = seized(harness, path);
      });
      released(grant, { remove: true });
      expect(letGo, "the lock was freed").toBeDefined();
      expect(harness.exists(path)).toBe(true);
      expectHeld(harness, path);
      letGo?.();
    },
  },
];
