// Runs tests in a copy of the project, and tells what became of them. Knows no mutants.
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { endGroup, groupEnded, startGroup } from "../support/process-group.ts";
import { CONFIG } from "./copy.ts";

const MOST_MS = 300_000;
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

export interface Outcome {
  /** The names of the tests that ran, with those of their suites. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** The longest that one of those took which failed, in milliseconds: what took less did not fail of impatience. */
  readonly failedAfterMs: number;
  /** Why tests did not run that should have; undefined where they did. */
  readonly broken: string | undefined;
}

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly duration?: number | null;
    }[];
  }[];
}

export interface Choice {
  /** Below test/. */
  readonly file: string;
  /** Parts of the names of the tests to run; none for all of the file. */
  readonly names: readonly string[];
  /** After how many failures to stop; 0 goes on to the end. */
  readonly mostFailures: 0 | 1;
  /** How long to wait for what does not happen (test/support/promises.ts), in milliseconds; as ever unless given. */
  readonly patienceMs?: number;
}

/** Runs tests of the project at `copy`. */
export async function runTests(
  copy: string,
  { file, names, mostFailures, patienceMs }: Choice,
): Promise<Outcome> {
  const report = join(mkdtempSync(join(copy, "report-")), "report.json");
  const args = [
    "run",
    "--config",
    CONFIG,
    "--bail",
    String(mostFailures),
    "--reporter=json",
    `--outputFile=${report}`,
  ];
  if (names.length > 0) args.push("-t", names.map(escaped).join("|"));
  const child = startGroup(process.execPath, [vitest, ...args, join("test", file)], {
    cwd: copy,
    stdio: "ignore",
    env: patienceMs === undefined ? process.env : { ...process.env, STUCK_AFTER_MS: String(patienceMs) },
  });
  const timer = setTimeout(() => {
    endGroup(child);
  }, MOST_MS);
  const { signal } = await groupEnded(child);
  clearTimeout(timer);
  if (signal !== null) {
    return { passed: [], failed: [], failedAfterMs: 0, broken: `no end within ${String(MOST_MS / 1000)} s` };
  }
  return outcome(JSON.parse(readFileSync(report, "utf8")) as Report);
}

function outcome({ testResults }: Report): Outcome {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const names = (status: string): string[] =>
    tests.filter((test) => test.status === status).map(({ fullName }) => fullName);
  const passed = names("passed");
  const failed = names("failed");
  const took = tests
    .filter(({ status }) => status === "failed")
    .map(({ duration }) => duration ?? Number.POSITIVE_INFINITY);
  const unable = testResults.find(({ status, message }) => status === "failed" && message !== "");
  const none = passed.length + failed.length === 0 ? "no such test" : undefined;
  return { passed, failed, failedAfterMs: Math.max(0, ...took), broken: unable?.message ?? none };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
