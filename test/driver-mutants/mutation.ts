// How a driver is broken on purpose: it does all that the one which it wraps does, but for one thing.
import type { Attempt, Driver, Grant, OpenOptions } from "../../src/driver.ts";
import type { DriverHarness } from "../support/driver-harness.ts";

/** What is broken, which case of the suite must notice, and how it is broken. */
export type Mutant = [what: string, noticedBy: string, mutation: Mutation];

/** What a broken driver does otherwise than the one that it wraps. */
export type Mutation = (inner: Driver) => Partial<Driver>;

/** A harness like the one that `make` makes, with its driver broken. */
export function mutated(make: () => DriverHarness, mutation: Mutation): DriverHarness {
  const harness = make();
  const { driver } = harness;
  return {
    ...harness,
    driver: {
      name: driver.name,
      canShare: driver.canShare,
      identify: (path) => driver.identify(path),
      open: (key, options) => driver.open(key, options),
      inLine: (key) => driver.inLine(key),
      holders: (key) => driver.holders(key),
      obstacle: (key) => driver.obstacle(key),
      ...mutation(driver),
    },
  };
}

interface Opening {
  readonly driver: Driver;
  readonly key: string;
  readonly options: OpenOptions;
}

/** Breaks every attempt. */
export const onAttempt =
  (change: (inner: Attempt, opening: Opening) => Partial<Attempt>): Mutation =>
  (driver) => ({
    open: (key, options) => {
      const inner = driver.open(key, options);
      return {
        ahead: inner.ahead,
        tryLock: () => inner.tryLock(),
        watch: (onHint) => inner.watch(onHint),
        close: () => inner.close(),
        ...change(inner, { driver, key, options }),
      };
    },
  });

/** Breaks every grant. */
export const onGrant = (change: (inner: Grant) => Partial<Grant>): Mutation =>
  onAttempt((attempt) => ({
    tryLock: () => {
      const inner = attempt.tryLock();
      return inner && { ...passedOn(inner), ...change(inner) };
    },
  }));

function passedOn(inner: Grant): Grant {
  return {
    fd: inner.fd,
    isCurrent: () => inner.isCurrent(),
    setMode: (mode) => inner.setMode(mode),
    release: (options) => inner.release(options),
  };
}
