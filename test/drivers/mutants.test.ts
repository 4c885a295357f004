// The driver suite can fail: drivers that are broken on purpose, each in one way, and the cases that notice.
// Each mutant names one case that must fail for it; a case that no mutant fails would prove nothing, and fails here.
import { describe, expect, test } from "vitest";
import { grantMutants } from "../driver-mutants/grants.ts";
import { keyMutants } from "../driver-mutants/keys.ts";
import { mutated } from "../driver-mutants/mutation.ts";
import type { DriverCase } from "../driver-cases/steps.ts";
import { driverCases, runCase } from "../driver-suite.ts";
import { attemptMutants } from "../driver-mutants/attempts.ts";
import { shareMutants } from "../driver-mutants/shares.ts";
import { watchMutants } from "../driver-mutants/watches.ts";
import { carelessFlockDriver, type Mistake } from "../driver-mutants/careless-flock.ts";
import { softMutants } from "../driver-mutants/soft-calls.ts";
import { softDriver } from "../../src/drivers/soft.ts";
import { softHarness } from "../support/soft-harness.ts";
import { flockHarness, memoryHarness, type DriverHarness } from "../support/driver-harness.ts";

/** A hint that does not come within this is taken for lost: a broken driver may be found out for the wrong reason. */
const PATIENCE_MS = 100;

/** What means nothing to a driver that always removes the file, and keeps none open while it waits. */
const NO_MISTAKE_OF_SOFT = new Set(["never removes", "always removes", "leaves a refused attempt open"]);

const noticed = new Set<DriverCase>();

async function fails(driverCase: DriverCase, harness: DriverHarness): Promise<boolean> {
  try {
    await runCase(driverCase, harness);
    return false;
  } catch {
    return true;
  }
}

/** Runs the cases whose titles contain `title`, and expects each to fail. */
async function expectNoticed(title: string, make: () => DriverHarness): Promise<void> {
  const cases = driverCases.filter((driverCase) => driverCase.title.includes(title));
  expect(cases, `cases with "${title}"`).not.toEqual([]);
  for (const driverCase of cases) {
    expect(await fails(driverCase, { ...make(), patience: PATIENCE_MS }), driverCase.title).toBe(true);
    noticed.add(driverCase);
  }
}

describe.each([
  ["memory", memoryHarness],
  ["flock", () => flockHarness()],
  ["soft", () => softHarness()],
] as const)("A broken %s driver", (name, make) => {
  const shares = name === "soft" ? [] : shareMutants;
  const all = [...keyMutants, ...attemptMutants, ...grantMutants, ...shares, ...watchMutants];
  test.each(name === "soft" ? all.filter(([what]) => !NO_MISTAKE_OF_SOFT.has(what)) : all)(
    "that %s fails the case: %s",
    async (_what, noticedBy, mutation) => {
      await expectNoticed(noticedBy, () => mutated(make, mutation));
    },
  );
});

describe("A soft driver", () => {
  test.each(softMutants)("that %s fails the case: %s", async (_, noticedBy, breaking) => {
    await expectNoticed(noticedBy, () =>
      softHarness((calls) => softDriver({ ...calls, ...breaking(calls) })),
    );
  });
});

const MISTAKES: [mistake: Mistake, noticedBy: string][] = [
  ["believes every win", "wins nothing where the lock file was removed and a newcomer holds the new one"],
  ["believes every win", "wins what the path leads to where the lock file was replaced"],
  ["leaves a replaced file open", "wins what the path leads to where the lock file was replaced"],
  ["leaves the file open after an error", "throws the system error with its code"],
  ["leaves the file open after an error", "keeps nothing open where it throws after a refusal"],
  ["opens the file anew for each try", "keeps no more open after many refusals than after one"],
  ["unlinks after the unlock", "removes the lock file before it unlocks"],
  ["unlinks whatever the path names", "removes no file but the one that is locked"],
  ["unlinks whatever the path names", "removes no newcomer's file when it is called again"],
  ["closes the file where the unlock fails", "that throws has released nothing"],
  [
    "closes the file where the unlock fails",
    "removes the lock file where it is asked to when it is called again",
  ],
  ["leaves the file open after the release", "leaves nothing held or open"],
  ["touches before the unlock", "sends its hint when the lock is free, and not before"],
  ["touches before the unlock", "that throws sends no hint"],
  ["watches after close", "gives no hint after close()"],
  ["watches after the win", "gives no hint after the win"],
  ["never watches a new file", "a file that has replaced the one that was watched"],
  ["throws where there is nothing to watch", "never throws, though there is no file to watch"],
  ["creates the file in identify", "creates neither the lock file nor its directory"],
];

describe("A careless flock driver", () => {
  test("without a mistake fails no case", async () => {
    const failed: string[] = [];
    for (const each of driverCases) {
      if (await fails(each, flockHarness(carelessFlockDriver()))) failed.push(each.title);
    }
    expect(failed).toEqual([]);
  });

  test.each(MISTAKES)("that %s fails the case: %s", async (mistake, noticedBy) => {
    await expectNoticed(noticedBy, () => flockHarness(carelessFlockDriver(mistake)));
  });
});

// Last, since it looks at what the tests above have found.
test("Every case of the suite is failed by some broken driver", () => {
  const unnoticed = driverCases.filter((driverCase) => !noticed.has(driverCase));
  expect(unnoticed.map(({ title }) => title)).toEqual([]);
});
