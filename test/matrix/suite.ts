// Runs the test suite of a copy of the project on one release of Node.js, and counts. Knows nothing of versions.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { groupEnded, startGroup } from "../support/process-group.ts";

export interface Counts {
  /** Whether all is well: a suite can fail outside of any test too. */
  readonly good: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** All that vitest wrote. */
  readonly output: string;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

const NOTHING: Report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };

/** Runs it with `environment`, whose PATH leads to the Node.js that is meant. */
export async function runSuite(copy: string, environment: NodeJS.ProcessEnv): Promise<Counts> {
  const report = join(copy, "node_modules/report.json");
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const child = startGroup("node", args, {
    cwd: copy,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, output } = await groupEnded(child);
  const counts = existsSync(report) ? (JSON.parse(readFileSync(report, "utf8")) as Report) : NOTHING;
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = counts;
  return { good: code === 0 && failed === 0 && passed > 0, passed, failed, skipped, output };
}
