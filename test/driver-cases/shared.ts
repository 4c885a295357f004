// Point 4, for a driver that knows shared grants: they live side by side, each on its own, and beside no other.
import { expect } from "vitest";
import type { Grant } from "../../src/driver.ts";
import type { DriverHarness } from "../support/driver-harness.ts";
import { expectFree, expectHeld, granted, opened, released, seized, won, type DriverCase } from "./steps.ts";

const SHARED = { shared: true };

/** A shared grant on `path`, won by the first attempt. */
function shared(harness: DriverHarness, path: string): Grant {
  return won(opened(harness, path, SHARED));
}

const cases: DriverCase[] = [
  {
    point: "shared",
    title: "grants live side by side, and keep those out who want it alone until the last has gone",
    run: (harness) => {
      const path = harness.freshPath();
      const one = shared(harness, path);
      const other = shared(harness, path);
      expectHeld(harness, path);
      released(one);
      expectHeld(harness, path);
      released(other);
      expectFree(harness, path);
    },
  },
  {
    point: "shared",
    title: "attempts are refused while one has it alone, and win when that is over",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path);
      const attempt = opened(harness, path, SHARED);
      expect(attempt.tryLock()).toBeNull();
      letGo();
      const alone = granted(harness, path);
      expect(attempt.tryLock()).toBeNull();
      released(alone);
      released(won(attempt));
    },
  },
  {
    point: "shared",
    title: "grants live beside those of strangers",
    run: (harness) => {
      const path = harness.freshPath();
      const letGo = seized(harness, path, SHARED);
      const grant = shared(harness, path);
      letGo();
      expectHeld(harness, path);
      released(grant);
      expectFree(harness, path);
    },
  },
  {
    // A and B share the file. A removes it and leaves. C makes a new one and has it alone, beside B.
    point: "shared",
    title: "files are not removed from under those who share them",
    run: (harness) => {
      const path = harness.freshPath();
      const one = shared(harness, path);
      const other = shared(harness, path);
      released(one, { remove: true });
      expect(other.isCurrent(), "the name leads to what is shared").toBe(true);
      expectHeld(harness, path);
      released(other, { remove: true });
      expect(harness.exists(path)).toBe(false);
    },
  },
];

export const sharedCases = cases.map((each) => ({
  ...each,
  run: (harness: DriverHarness) => (harness.driver.canShare ? each.run(harness) : undefined),
}));
