// Breaks src/ in one place at a time, and demands that the tests named for it notice:
//
//   npm run test:mutants [-- <a part of the names of those to try>]
//
// A mutant is a copy of the project in the directory for temporary files. It is killed where a test fails in it; a copy
// in which no test ran, or that did not end, has shown nothing, and counts as a survivor. The same tests have to pass in
// a copy without a mutation first.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { twoAtATime } from "../support/two-at-a-time.ts";
import { mutatedCopy, newCopies } from "./copy.ts";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./table.ts";
import { endAll, runTests, type Outcome } from "./vitest.ts";

interface Verdict {
  readonly good: boolean;
  readonly word: string;
  readonly detail: string;
}

const nodeVersion = Number(process.versions.node.split(".", 1)[0]);
const chosen = mutants.filter(({ name }) => name.includes(process.argv[2] ?? ""));
const files = [...new Set(chosen.map(({ noticedBy: [file] }) => file))];
const width = Math.max(...chosen.map(({ name }) => name.length), ...files.map((file) => file.length));

const { directory, unmutated } = newCopies();
process.on("exit", () => {
  endAll();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const tally = { passed: 0, failed: 0 };
/** What became of the tests without a mutation, by file. */
const without = new Map<string, Outcome>();

await Promise.all(twoAtATime(files, runWithoutMutation).values());
await Promise.all(twoAtATime(chosen, runMutant).values());
console.log(`\n${String(tally.passed)} passed, ${String(tally.failed)} failed`);
process.exitCode = tally.failed === 0 && chosen.length > 0 ? 0 : 1;

async function runWithoutMutation(file: string): Promise<void> {
  const named = chosen.filter(({ noticedBy }) => noticedBy[0] === file).map(({ noticedBy }) => noticedBy[1]);
  const names = named.includes(undefined) ? [] : named.filter((name) => name !== undefined);
  const outcome = await runTests(unmutated, { file, names, mostFailures: 0 });
  without.set(file, outcome);
  const why = outcome.broken ?? outcome.failed[0];
  if (why !== undefined) tell(file, { good: false, word: "FAILED", detail: `without a mutation: ${why}` });
}

async function runMutant(mutant: Mutant): Promise<void> {
  const began = performance.now();
  const verdict = await verdictOn(mutant);
  tell(mutant.name, verdict, performance.now() - began);
}

async function verdictOn(mutant: Mutant): Promise<Verdict> {
  if (nodeVersion >= (mutant.harmlessFrom ?? Infinity)) {
    return { good: true, word: "harmless", detail: `on Node ${String(nodeVersion)}` };
  }
  const [file, name = ""] = mutant.noticedBy;
  const meant = (test: string): boolean => test.includes(name);
  if (without.get(file)?.passed.some(meant) !== true || without.get(file)?.failed.some(meant) === true) {
    return { good: false, word: "UNTRIED", detail: `the tests '${name}' of ${file} do not pass without it` };
  }
  const copy = join(directory, String(mutants.indexOf(mutant)));
  try {
    mutatedCopy(unmutated, mutant, copy);
  } catch (error) {
    return { good: false, word: "UNTRIED", detail: (error as Error).message };
  }
  const names = name === "" ? [] : [name];
  const { failed, broken } = await runTests(copy, { file, names, mostFailures: 1 });
  rmSync(copy, { recursive: true, maxRetries: 5 });
  if (failed[0] !== undefined) return { good: true, word: "killed", detail: failed[0] };
  return { good: false, word: "SURVIVED", detail: broken ?? `${file} ${name}` };
}

function tell(name: string, { good, word, detail }: Verdict, milliseconds = 0): void {
  tally[good ? "passed" : "failed"]++;
  const took = `${(milliseconds / 1000).toFixed(1)} s`;
  const [line] = detail.split("\n", 1) as [string];
  console.log(`${word.padEnd(8)}  ${took.padStart(6)}  ${name.padEnd(width)}  ${line.slice(0, 100)}`);
}
