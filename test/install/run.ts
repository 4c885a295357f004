// Installs the package in empty projects, as its users do, with each of the package managers that they have, and runs the
// first example of the README in each:
//
//   npm run test:install [-- [--quick] [<a part of the names of those to try>]]
//
// Everything comes from the registry. HOLDFAST_NODE=/path/to/node does it with another Node.js. What was fetched is kept
// in node_modules/.cache/holdfast-install; everything else is removed, also after ^C.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { atATime } from "../support/at-a-time.ts";
import { atTheEnd } from "../support/process-group.ts";
import { Log } from "./command.ts";
import { packed } from "./package.ts";
import { rows, type Row } from "./rows.ts";
import { layOutBareMachine, nodePath, removeHalfFetched } from "./toolbox.ts";

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const chosen = rows.filter(
  ({ name, quick }) => (quick || !values.quick) && name.includes(positionals[0] ?? ""),
);
const width = Math.max(...chosen.map(({ name }) => name.length));

const directory = mkdtempSync(join(tmpdir(), "holdfast-install-"));
atTheEnd(() => {
  removeHalfFetched();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

const bareMachine = join(directory, "bare");
layOutBareMachine(bareMachine);
const packing = new Log();
const tarball = await packed(join(directory, "packed"), packing).catch((error: unknown) => {
  console.error(packing.text);
  throw error;
});

console.log(`With ${nodePath}:`);
const tally = { passed: 0, failed: 0 };
await Promise.all(atATime(2, chosen, tryRow).values());
console.log(`\n${String(tally.passed)} passed, ${String(tally.failed)} failed`);
process.exitCode = tally.failed === 0 && chosen.length > 0 ? 0 : 1;

async function tryRow({ name, attempt }: Row): Promise<void> {
  const began = performance.now();
  const log = new Log();
  const error = await attempt({ directory, bareMachine, tarball, log }).then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  tally[error === undefined ? "passed" : "failed"]++;
  const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  console.log(
    `${error === undefined ? "passed" : "FAILED"}  ${took.padStart(6)}  ${name.padEnd(width)}`.trimEnd(),
  );
  if (error !== undefined) console.log(`${log.text}\n${error.message}\n`);
}
