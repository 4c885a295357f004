// The driver contract of src/driver.ts as one suite: every point of it is a case, and every driver has to pass them all.
// A case knows a driver only through its harness, so that it can be run on a driver that is broken on purpose, too.
import { describe, expect, test } from "vitest";
import { attemptCases } from "./driver-cases/attempt.ts";
import { exclusionCases } from "./driver-cases/exclusion.ts";
import { identifyCases } from "./driver-cases/identify.ts";
import { releaseCases } from "./driver-cases/release.ts";
import { sharedCases } from "./driver-cases/shared.ts";
import type { DriverCase } from "./driver-cases/steps.ts";
import { watchCases } from "./driver-cases/watch.ts";
import type { DriverHarness } from "./support/driver-harness.ts";

export const driverCases: readonly DriverCase[] = [
  ...identifyCases,
  ...attemptCases,
  ...exclusionCases,
  ...sharedCases,
  ...releaseCases,
  ...watchCases,
];

/** Runs the whole suite on the driver of the harness that `make` makes, a new one for each case. */
export function describeDriver(name: string, make: () => DriverHarness): void {
  describe(`The driver contract: ${name}`, () => {
    for (const driverCase of driverCases) {
      test(`${driverCase.point}: ${driverCase.title}`, () => runCase(driverCase, make()));
    }
  });
}

/** Runs one case and disposes of its harness. Throws where the driver breaks the contract, or leaves something open. */
export async function runCase(driverCase: DriverCase, harness: DriverHarness): Promise<void> {
  try {
    await driverCase.run(harness);
    // libuv ends a watch that is closed while it tells of an event after it has told of them all.
    await new Promise((resolve) => setImmediate(resolve));
    expect(harness.open(), "descriptors left open").toBe(0);
    expect(harness.watches(), "watches left").toBe(0);
  } finally {
    harness.dispose();
  }
}
