// All of `npm run check`: what is soon known comes first, one after the other; then two rows of what takes long go on beside
// each other, as most of it waits most of the time. Knows scripts of package.json by name, and nothing of what they do.
//
// The output of a script comes when it has ended. The first one that fails ends the others.
import { endAllGroups, groupEnded, startGroup } from "./support/process-group.ts";

type Script = readonly [name: string, ...args: string[]];

const SOON_KNOWN: readonly Script[] = [["format:check"], ["lint"], ["types"]];
/** Those that build dist stand in one row: nobody may remove it under somebody who uses it. */
const ROWS: readonly (readonly Script[])[] = [
  [["test"], ["package:check"], ["test:install", "--quick"], ["test:matrix", "newest"]],
  [["test:mutants"], ["test:model"]],
];

const began = performance.now();
let failed = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, endAll);

await runRow(SOON_KNOWN);
await Promise.all(ROWS.map(runRow));
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
