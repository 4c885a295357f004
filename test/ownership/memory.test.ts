// Nothing is kept alive by holds that are over: each scenario is a process that acquires over and over.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const FIXTURE = fileURLToPath(new URL("../fixtures/memory.mjs", import.meta.url));

/** By how many bytes the heap has grown. A hold that is kept by mistake has a hundred of them at least. */
async function growth(scenario: string, times: number): Promise<number> {
  const args = ["--expose-gc", "--no-warnings", FIXTURE, scenario, String(times)];
  const timeout = 10_000 + times / 20; // ten times as long as it takes
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout,
    killSignal: "SIGKILL",
  });
  expect(stdout).toMatch(/^-?\d+\n$/);
  return Number(stdout);
}

describe("the heap stays as it is over", () => {
  it("a million acquisitions in one task", { timeout: 60_000 }, async () => {
    expect(await growth("bare acquire() in one task", 1_000_000)).toBeLessThan(1_000_000);
  });

  it.each([
    "bare acquire()",
    "run()",
    "nested in a hold that stays",
    "hand over hand on two locks",
    "hand over hand on one lock",
    "one that fails",
    "handed from task to task",
  ])("30,000 times: %s", { timeout: 60_000 }, async (scenario) => {
    expect(await growth(scenario, 30_000)).toBeLessThan(1_000_000);
  });
});
