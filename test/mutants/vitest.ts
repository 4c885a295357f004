// Runs tests in a copy of the project, and tells what became of them. Knows no mutants.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { CONFIG } from "./copy.ts";

const MOST_MS = 60_000;
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

export interface Outcome {
  /** The names of the tests that ran, with those of their suites. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Why tests did not run that should have; undefined where they did. */
  readonly broken: string | undefined;
}

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const running = new Set<ChildProcess>();

export interface Choice {
  /** Below test/. */
  readonly file: string;
  /** Parts of the names of the tests to run; none for all of the file. */
  readonly names: readonly string[];
  /** After how many failures to stop; 0 goes on to the end. */
  readonly mostFailures: 0 | 1;
}

/** Runs tests of the project at `copy`. */
export async function runTests(copy: string, { file, names, mostFailures }: Choice): Promise<Outcome> {
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
  // A group of its own, so that its workers and what they started end with it.
  const child = spawn(process.execPath, [vitest, ...args, join("test", file)], {
    cwd: copy,
    stdio: "ignore",
    detached: true,
    // A mutant that hangs is waited for no longer than shows it (test/support/promises.ts).
    env: mostFailures === 0 ? process.env : { ...process.env, STUCK_AFTER_MS: "3000" },
  });
  running.add(child);
  const timer = setTimeout(() => {
    end(child);
  }, MOST_MS);
  const [, signal] = (await once(child, "exit")) as [unknown, NodeJS.Signals | null];
  clearTimeout(timer);
  end(child);
  if (signal !== null) return { passed: [], failed: [], broken: `no end within ${String(MOST_MS / 1000)} s` };
  return outcome(JSON.parse(readFileSync(report, "utf8")) as Report);
}

/** Ends all that is still running. */
export function endAll(): void {
  for (const child of running) end(child);
}

function outcome({ testResults }: Report): Outcome {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const names = (status: string): string[] =>
    tests.filter((test) => test.status === status).map(({ fullName }) => fullName);
  const passed = names("passed");
  const failed = names("failed");
  const unable = testResults.find(({ status, message }) => status === "failed" && message !== "");
  const none = passed.length + failed.length === 0 ? "no such test" : undefined;
  return { passed, failed, broken: unable?.message ?? none };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function end(child: ChildProcess): void {
  running.delete(child);
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // all of the group has ended
  }
}
