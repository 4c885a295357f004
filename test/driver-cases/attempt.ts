// Point 3: what one attempt does, refused, won or failed.
import { expect } from "vitest";
import { expectFree, expectHeld, granted, opened, released, seized, won, type DriverCase } from "./steps.ts";

export const attemptCases: DriverCase[] = [
  {
    point: "tryLock",
    title: "wins a free lock",
    run: (harness) => {
      released(granted(harness, harness.freshPath()));
    },
  },
  {
    point: "tryLock",
    title:
      "gives null where a stranger holds it, as often as it is tried, and wins once the stranger lets go",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const attempt = opened(harness, path);
      expect([attempt.tryLock(), attempt.tryLock(), attempt.tryLock()]).toEqual([null, null, null]);
      letGo();
      released(won(attempt));
    },
  },
  {
    point: "tryLock",
    title: "gives null where this process holds it, and wins once that is released",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const attempt = opened(harness, path);
      expect(attempt.tryLock()).toBeNull();
      released(grant);
      released(won(attempt));
    },
  },
  {
    point: "tryLock",
    title: "keeps no more open after many refusals than after one",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const attempt = opened(harness, path);
      attempt.tryLock();
      const afterOne = harness.open();
      for (let refusals = 0; refusals < 20; refusals++) attempt.tryLock();
      expect(harness.open()).toBe(afterOne);
      attempt.close();
      letGo();
    },
  },
  {
    point: "tryLock",
    title: "keeps nothing open once a refused attempt is closed, once or twice",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const attempt = opened(harness, path);
      attempt.tryLock();
      attempt.close();
      expect(harness.open()).toBe(0);
      attempt.close();
      expect(harness.open()).toBe(0);
      letGo();
    },
  },
  {
    // As POSIX locks would: they go with the first descriptor of the file that the process closes.
    point: "tryLock",
    title: "does not free the lock of a holder when a refused attempt is closed",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const attempt = opened(harness, path);
      attempt.tryLock();
      attempt.close();
      expectHeld(harness, path);
      released(grant);
    },
  },
  {
    point: "tryLock",
    title: "spends the attempt that wins: closing it does nothing to the grant",
    run: (harness) => {
      const path = harness.freshPath();
      const attempt = opened(harness, path);
      const grant = won(attempt);
      attempt.close();
      expectHeld(harness, path);
      expect(grant.isCurrent()).toBe(true);
      released(grant);
      attempt.close();
      expectFree(harness, path);
    },
  },
  {
    point: "tryLock",
    title: "throws the system error with its code, and then neither holds nor keeps anything open",
    run: (harness) => {
      const path = harness.freshPath();
      const attempt = opened(harness, path);
      harness.failNext("tryLock", "ENOLCK");
      expect(() => attempt.tryLock()).toThrow(expect.objectContaining({ code: "ENOLCK" }));
      expect(harness.open()).toBe(0);
      expectFree(harness, path);
    },
  },
  {
    point: "tryLock",
    title: "keeps nothing open where it throws after a refusal",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const attempt = opened(harness, path);
      attempt.tryLock();
      harness.failNext("tryLock", "EIO");
      expect(() => attempt.tryLock()).toThrow(expect.objectContaining({ code: "EIO" }));
      expect(harness.open()).toBe(0);
      letGo();
    },
  },
  {
    point: "tryLock",
    title: "may be tried again after it has thrown",
    run: (harness) => {
      const attempt = opened(harness, harness.freshPath());
      harness.failNext("tryLock", "ENOMEM");
      expect(() => attempt.tryLock()).toThrow();
      released(won(attempt));
    },
  },
];
