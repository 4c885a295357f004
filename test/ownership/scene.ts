// Where an ownership test plays: a directory of its own, and nothing left of it afterwards. Knows no rule of ownership.
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { nothingLeft, resources, type Resources } from "../support/resources.ts";

const STUCK_AFTER_MS = 10_000;

export interface Scene {
  /** The directory of the running test. */
  readonly directory: string;
  /** The path of the lock file in it. */
  readonly path: string;
}

/** Gives each test of the file a directory; after it no descriptor, timer or process listener may be left. */
export function scene(): Scene {
  vi.setConfig({ testTimeout: STUCK_AFTER_MS });
  let directory = "";
  let before: Resources;
  let listeners: Record<string, number>;

  beforeEach(() => {
    directory = temporaryDirectory();
    before = resources();
    listeners = processListeners();
  });
  afterEach(async () => {
    await nothingLeft(before);
    expect(processListeners()).toEqual(listeners);
  });

  return {
    get directory() {
      return directory;
    },
    get path() {
      return join(directory, "work.lock");
    },
  };
}

/** Whether a stranger is kept out now: asks the kernel through an open file of its own, and no lock. */
export function keepsStrangersOut(path: string): boolean {
  const attempt = flockDriver().open(path, {});
  const grant = attempt.tryLock();
  if (grant === null) attempt.close();
  else grant.release({ remove: false });
  return grant === null;
}

/** A turn of the event loop: everything that can run without the outside world has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function processListeners(): Record<string, number> {
  return Object.fromEntries(
    process.eventNames().map((name) => [String(name), process.listenerCount(name as string)]),
  );
}
