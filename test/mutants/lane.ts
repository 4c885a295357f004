// Runs tests of one copy of the project whenever it is told to, in one vitest: node --import tsx lane.ts <copy>. Knows no mutants.
import { join } from "node:path";
import { createVitest, type TestCase, type TestModule } from "vitest/node";
import { CONFIG } from "./copy.ts";
import type { Choice, Outcome } from "./vitest.ts";

interface Order {
  readonly choice: Choice;
  /** The files that are others than at the last run. */
  readonly changed: readonly string[];
}

const copy = process.argv[2]!;
const silent = [{}];
const vitest = await createVitest("test", {
  root: copy,
  config: join(copy, CONFIG),
  watch: false,
  reporters: silent,
});
await vitest.standalone();
const { hookTimeout } = vitest.config;

process.on("message", ({ choice, changed }: Order) => {
  for (const file of changed) vitest.invalidateFile(file);
  void run(choice).then((outcome) => process.send!(outcome));
});

async function run({ file, names, mostFailures, patienceMs }: Choice): Promise<Outcome> {
  if (patienceMs === undefined) delete process.env["STUCK_AFTER_MS"];
  else process.env["STUCK_AFTER_MS"] = String(patienceMs);
  // What has failed often leaves something open, and what waits for that to go need not wait for longer than the test did.
  vitest.config.hookTimeout = patienceMs ?? hookTimeout;
  vitest.config.bail = mostFailures;
  if (names.length === 0) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(new RegExp(names.map(escaped).join("|")));
  const path = join(copy, "test", file);
  const { testModules } = await vitest.runTestSpecifications([
    vitest.getRootProject().createSpecification(path),
  ]);
  return outcomeOf(testModules.find(({ moduleId }) => moduleId === path));
}

function outcomeOf(module: TestModule | undefined): Outcome {
  const tests = [...(module?.children.allTests() ?? [])];
  const those = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
  const failed = those("failed");
  const ran = those("passed").length + failed.length > 0;
  return {
    passed: those("passed").map(nameOf),
    failed: failed.map(nameOf),
    failedAfterMs: Math.max(0, ...failed.map((test) => test.diagnostic()?.duration ?? Infinity)),
    broken: module?.errors()[0]?.message ?? (ran ? undefined : "no such test"),
  };
}

/** With the names of its suites before it, as the pattern for names sees it. */
function nameOf(test: TestCase): string {
  const names = [test.name];
  for (let suite = test.parent; suite.type === "suite"; suite = suite.parent) names.unshift(suite.name);
  return names.join(" ");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
