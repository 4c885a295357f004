// Points 1 and 2: what a key is, and what preparing an attempt does; who is said to hold the lock file.
import { dirname } from "node:path";
import { expect } from "vitest";
import { expectFree, granted, opened, released, seized, won, type DriverCase } from "./steps.ts";

export const identifyCases: DriverCase[] = [
  {
    point: "identify",
    title: "gives two spellings of one lock file one key",
    run: (harness) => {
      const path = harness.freshPath();
      expect(harness.respelled(path)).not.toBe(path);
      expect(harness.driver.identify(harness.respelled(path))).toBe(harness.driver.identify(path));
    },
  },
  {
    point: "identify",
    title: "gives two lock files two keys",
    run: ({ driver, freshPath }) => {
      expect(driver.identify(freshPath())).not.toBe(driver.identify(freshPath()));
    },
  },
  {
    point: "identify",
    title: "gives a key as the key of itself",
    run: (harness) => {
      const key = harness.driver.identify(harness.respelled(harness.freshPath()));
      expect(harness.driver.identify(key)).toBe(key);
    },
  },
  {
    point: "identify",
    title: "gives the same key before, while and after there is a lock file",
    run: (harness) => {
      const path = harness.freshPath();
      const before = harness.driver.identify(path);
      const grant = granted(harness, path);
      expect(harness.driver.identify(path)).toBe(before);
      released(grant, { remove: true });
      expect(harness.driver.identify(path)).toBe(before);
    },
  },
  {
    point: "identify",
    title: "creates neither the lock file nor its directory",
    run: ({ driver, exists, freshPath }) => {
      const path = freshPath();
      driver.identify(path);
      expect(exists(path)).toBe(false);
      const below = `${path}/missing/work.lock`;
      driver.identify(below);
      expect([below, dirname(below), path].filter(exists)).toEqual([]);
    },
  },
  {
    point: "open",
    title: "locks nothing yet",
    run: (harness) => {
      const path = harness.freshPath();
      const first = opened(harness, path);
      const second = opened(harness, path);
      seized(harness, path)();
      released(won(second));
      first.close();
    },
  },
  {
    point: "open",
    title: "leaves nothing open that close() does not close, also where nothing was tried",
    run: (harness) => {
      opened(harness, harness.freshPath()).close();
    },
  },
  {
    point: "open",
    title: "has the lock file created with the mode asked for",
    run: (harness) => {
      const path = harness.freshPath();
      const grant = won(opened(harness, path, { mode: 0o600 }));
      expect(harness.modeOf(path)! & 0o777).toBe(0o600);
      grant.setMode(0o640);
      expect(harness.modeOf(path)! & 0o777).toBe(0o640);
      released(grant);
    },
  },
  {
    point: "holders",
    title: "names nobody where nobody holds it, and rejects for no key",
    run: async (harness) => {
      const path = harness.freshPath();
      expect(await harness.driver.holders(harness.driver.identify(path))).toEqual([]);
      expect(await harness.driver.holders(harness.driver.identify(`${path}/missing/work.lock`))).toEqual([]);
      expectFree(harness, path);
      expect(await harness.driver.holders(harness.driver.identify(path))).toEqual([]);
    },
  },
  {
    point: "holders",
    title: "names this process while it holds, or nobody where that cannot be seen",
    run: async (harness) => {
      const path = harness.freshPath();
      const grant = granted(harness, path);
      const pids = (await harness.driver.holders(harness.driver.identify(path))).map(({ pid }) => pid);
      expect([[], [process.pid]]).toContainEqual(pids);
      released(grant);
    },
  },
];
