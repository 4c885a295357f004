// All of `npm run check`: first what is soon known; then the tests, which have the machine for themselves, since they know
// what is stuck by the time it takes; then two rows of the rest, beside each other. Knows scripts of package.json by name, and
// nothing of what they do.
//
// The output of a script comes when it has ended. The first one that fails ends the others.
import { endAllGroups, groupEnded, startGroup } from "./support/process-group.ts";

type Script = readonly [name: string, ...args: string[]];

const PHASES: readonly (readonly (readonly Script[])[])[] = [
  [[["build"]]], // those that follow find that it is done
  [[["format:check"], ["lint"]], [["types"]]],
  [[["test"], ["test:matrix", "newest"]]],
  [[["package:check"], ["test:install", "--quick"], ["test:model"]], [["test:mutants", "--protocol"]]],
];

const began = performance.now();
let failed = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, endAll);

for (const rows of PHASES) await Promise.all(rows.map(runRow));
console.log(`\n${failed ? "FAILED" : "all is well"}, ${secondsSince(began)}`);
process.exitCode = failed ? 1 : 0;

async function runRow(row: readonly Script[]): Promise<void> {
  for (const script of row) {
    if (failed) return;
    await run(script);
  }
}

async function run([name, ...args]: Script): Promise<void> {
  const title = ["npm run", name, ...args].join(" ");
  console.log(`begun:  ${title}`);
  const since = performance.now();
  const child = startGroup("npm", ["run", "--silent", name, "--", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, output } = await groupEnded(child, { waitForAll: true });
  const wasEnded = failed;
  const word = code === 0 ? "ok" : wasEnded ? "ended" : "FAILED";
  console.log(`\n${title}: ${word}, ${secondsSince(since)}\n${wasEnded ? "" : output}`);
  if (code !== 0) endAll();
}

function endAll(): void {
  failed = true;
  endAllGroups("SIGTERM");
}

function secondsSince(time: number): string {
  return `${String(Math.round((performance.now() - time) / 1000))} s`;
}
