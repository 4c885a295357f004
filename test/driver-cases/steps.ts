// What a case of the driver suite is, and the steps that most of them are made of.
import { expect } from "vitest";
import type { Attempt, Grant, OpenOptions } from "../../src/driver.ts";
import type { DriverHarness } from "../support/driver-harness.ts";

export interface DriverCase {
  /** The point of the contract that it is about. */
  readonly point: "identify" | "open" | "tryLock" | "exclusion" | "release" | "isCurrent" | "holders";
  /** What the driver must do, as the end of a sentence that begins with the point. */
  readonly title: string;
  /** Fails where the driver does not. Leaves nothing held or open behind. */
  readonly run: (harness: DriverHarness) => void | Promise<void>;
}

/** An attempt on `path`, prepared as its callers do. */
export function opened({ driver }: DriverHarness, path: string, options: OpenOptions = {}): Attempt {
  return driver.open(driver.identify(path), options);
}

/** Tries, and expects to win. */
export function won(attempt: Attempt): Grant {
  const grant = attempt.tryLock();
  expect(grant, "won").not.toBeNull();
  return grant!;
}

/** A grant on `path`, won by the first attempt. */
export function granted(harness: DriverHarness, path: string): Grant {
  return won(opened(harness, path));
}

export function released(grant: Grant, { remove = false } = {}): void {
  grant.release({ remove });
}

/** Expects that the lock file at `path` is held: for strangers, and for an attempt of this process. */
export function expectHeld(harness: DriverHarness, path: string): void {
  const letGo = harness.stranger.seize(path);
  letGo?.();
  expect(letGo, "a stranger's lock").toBeUndefined();
  const attempt = opened(harness, path);
  expect(attempt.tryLock(), "another attempt").toBeNull();
  attempt.close();
}

/** Expects that the lock file at `path` is free: for strangers, and for an attempt of this process. */
export function expectFree(harness: DriverHarness, path: string): void {
  seized(harness, path)();
  released(granted(harness, path));
}

/** A stranger locks the lock file; returns what lets go of it. */
export function seized({ stranger }: DriverHarness, path: string): () => void {
  const letGo = stranger.seize(path);
  expect(letGo, "a stranger's lock").toBeDefined();
  return letGo!;
}
