// Breaks src/ in one place at a time, and demands that the tests named for it notice:
//
//   npm run test:mutants [-- <a part of the names of those to try> | --protocol]
//
// It does so in copies of the project in the directory for temporary files, one mutant after the other in each. A mutant is
// killed where a test fails in it; one with which no test ran, or that did not end, has shown nothing, and counts as a survivor. The same tests have to pass in
// a copy without a mutation first; and with as little patience at about the same time, where patience may have run out.
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { atTheEnd } from "../support/process-group.ts";
import { copyOf, mutate, newCopies, restore } from "./copy.ts";
import type { Mutant } from "./mutant.ts";
import { mutants, ofTheProtocol } from "./table.ts";
import { Tests, type Outcome } from "./vitest.ts";

/** They wait nearly as much as they work. */
const MOST_AT_A_TIME = availableParallelism() + 1;
/** A mutant that hangs is waited for no longer than shows it, and again where that says more of a busy machine. */
const PATIENCES_MS = [3_000, 10_000, 20_000];

/** Where one mutant is tried after the other. */
interface Place {
  readonly copy: string;
  readonly tests: Tests;
}

interface Verdict {
  readonly good: boolean;
  readonly word: string;
  readonly detail: string;
}

const nodeVersion = Number(process.versions.node.split(".", 1)[0]);
const [asked = ""] = process.argv.slice(2);
const chosen = asked === "--protocol" ? ofTheProtocol : mutants.filter(({ name }) => name.includes(asked));
const files = [...new Set(chosen.map(({ noticedBy: [file] }) => file))];
const width = Math.max(...chosen.map(({ name }) => name.length), ...files.map((file) => file.length));

const { directory, unmutated } = newCopies();
atTheEnd(() => {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

const tally = { passed: 0, failed: 0 };
/** What becomes of the tests without a mutation, by file. All of these have begun before the first mutant is looked at. */
const without = new Map<string, Promise<Outcome>>();

const jobs = [
  ...files.map((file) => (place: Place) => runWithoutMutation(file, place)),
  ...chosen.map((mutant) => (place: Place) => runMutant(mutant, place)),
];
await Promise.all(Array.from({ length: MOST_AT_A_TIME }, (_, at) => workAt(String(at))));
console.log(`\n${String(tally.passed)} passed, ${String(tally.failed)} failed`);
process.exitCode = tally.failed === 0 && chosen.length > 0 ? 0 : 1;

async function workAt(name: string): Promise<void> {
  const copy = join(directory, name);
  copyOf(unmutated, copy);
  const tests = new Tests(copy);
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job({ copy, tests });
  tests.end();
}

async function runWithoutMutation(file: string, { tests }: Place): Promise<void> {
  const named = chosen.filter(({ noticedBy }) => noticedBy[0] === file).map(({ noticedBy }) => noticedBy[1]);
  const names = named.includes(undefined) ? [] : named.filter((name) => name !== undefined);
  const outcome = tests.run({ file, names, mostFailures: 0 });
  without.set(file, outcome);
  const { broken, failed } = await outcome;
  const why = broken ?? failed[0];
  if (why !== undefined) tell(file, { good: false, word: "FAILED", detail: `without a mutation: ${why}` });
}

async function runMutant(mutant: Mutant, place: Place): Promise<void> {
  const began = performance.now();
  const verdict = await verdictOn(mutant, place);
  tell(mutant.name, verdict, performance.now() - began);
}

async function verdictOn(mutant: Mutant, place: Place): Promise<Verdict> {
  if (nodeVersion >= (mutant.harmlessFrom ?? Infinity)) {
    return { good: true, word: "harmless", detail: `on Node ${String(nodeVersion)}` };
  }
  const [file, name = ""] = mutant.noticedBy;
  const meant = (test: string): boolean => test.includes(name);
  const sound = await without.get(file);
  if (sound?.passed.some(meant) !== true || sound.failed.some(meant)) {
    return { good: false, word: "UNTRIED", detail: `the tests '${name}' of ${file} do not pass without it` };
  }
  for (const patienceMs of PATIENCES_MS) {
    const choice = { file, names: name === "" ? [] : [name], mostFailures: 1, patienceMs } as const;
    let outcome: Outcome;
    try {
      outcome = await withMutation(mutant, place, () => place.tests.run(choice));
    } catch (error) {
      return { good: false, word: "UNTRIED", detail: (error as Error).message };
    }
    const [noticed] = outcome.failed;
    if (noticed === undefined) {
      return { good: false, word: "SURVIVED", detail: outcome.broken ?? `${file} ${name}` };
    }
    const killed = { good: true, word: "killed", detail: noticed };
    if (outcome.failedAfterMs < patienceMs) return killed;
    const control = await place.tests.run(choice);
    if (control.failed.length === 0 && control.broken === undefined) return killed;
  }
  return { good: false, word: "UNSURE", detail: "the machine is so busy that the tests fail without it too" };
}

async function withMutation<Value>(
  mutant: Mutant,
  { copy, tests }: Place,
  fn: () => Promise<Value>,
): Promise<Value> {
  const path = mutate(copy, mutant);
  tests.changed(path);
  try {
    return await fn();
  } finally {
    restore(unmutated, copy, mutant);
    tests.changed(path);
  }
}

function tell(name: string, { good, word, detail }: Verdict, milliseconds = 0): void {
  tally[good ? "passed" : "failed"]++;
  const took = `${(milliseconds / 1000).toFixed(1)} s`;
  const [line] = detail.split("\n", 1) as [string];
  console.log(`${word.padEnd(8)}  ${took.padStart(6)}  ${name.padEnd(width)}  ${line.slice(0, 100)}`);
}
