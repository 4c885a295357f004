// What a case of the driver suite is, and the steps that most of them are made of.
import { expect } from "vitest";
import type { Attempt, Grant, OpenOptions } from "../../src/driver.ts";
import type { DriverHarness } from "../support/driver-harness.ts";
import { soon } from "../support/promises.ts";

export interface DriverCase {
  /** The point of the contract that it is about. */
  readonly point:
    "identify" | "open" | "tryLock" | "exclusion" | "shared" | "release" | "watch" | "isCurrent" | "holders";
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
export function seized({ stranger }: DriverHarness, path: string, options?: { shared: boolean }): () => void {
  const letGo = stranger.seize(path, options);
  expect(letGo, "a stranger's lock").toBeDefined();
  return letGo!;
}

/** What somebody who watches has heard. */
export class Hints {
  heard = 0;
  readonly #patience: number | undefined;
  #wake = (): void => {};

  constructor({ patience }: DriverHarness) {
    this.#patience = patience;
  }

  readonly onHint = (): void => {
    this.heard++;
    this.#wake();
  };

  /** Resolves when a hint is heard that nobody had heard when this was called. */
  next(): Promise<void> {
    const heard = new Promise<void>((resolve) => (this.#wake = resolve));
    return soon(heard, "no hint is heard", this.#patience);
  }
}

/** Has the attempt watch. */
export function watching(harness: DriverHarness, attempt: Attempt): Hints {
  const hints = new Hints(harness);
  attempt.watch(hints.onHint);
  return hints;
}

/** An attempt that was refused, and watches. A release since the refusal would have been a win. */
export function waiting(harness: DriverHarness, path: string): [attempt: Attempt, hints: Hints] {
  const attempt = opened(harness, path);
  expect(attempt.tryLock()).toBeNull();
  const hints = watching(harness, attempt);
  expect(attempt.tryLock()).toBeNull();
  return [attempt, hints];
}
