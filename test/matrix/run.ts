// Runs the whole test suite on several releases of Node.js, one after the other:
//
//   npm run test:matrix [-- <version> …]          such as 22, 24.21.0, oldest or newest; all of versions.ts without one
//
// Each runs in a copy of the project in the directory for temporary files, with a native module of its own, and with its
// `node` first on the PATH. What was downloaded and built stays below node_modules/.cache.
import { rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { atTheEnd } from "../support/process-group.ts";
import { ADDON, addonFor, removeRooms } from "./addon.ts";
import { copyOf } from "./project.ts";
import { release } from "./release.ts";
import { runSuite } from "./suite.ts";
import { versionsMeant, type Version } from "./versions.ts";

const root = join(import.meta.dirname, "../..");
const nodeModules = join(root, "node_modules");
const cache = join(nodeModules, ".cache/holdfast-matrix");

let copy: string | undefined;
atTheEnd(() => {
  removeRooms();
  removeCopy();
});

try {
  for (const version of versionsMeant(process.argv.slice(2))) await runOn(version);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function runOn(version: Version): Promise<void> {
  const began = performance.now();
  const node = await release(version, cache);
  const environment = {
    ...process.env,
    PATH: join(node.directory, "bin") + delimiter + (process.env["PATH"] ?? ""),
  };
  const { addon, kept } = await addonFor(node, { nodeModules, cache, environment });
  copy = copyOf(root, addon);
  const { good, passed, failed, skipped, output } = await runSuite(copy, environment);
  removeCopy();
  if (!good) {
    console.error(output);
    process.exitCode = 1;
  }
  const seconds = String(Math.round((performance.now() - began) / 1000));
  const columns = [
    good ? "ok    " : "FAILED",
    `Node ${version.padEnd(8)}`,
    `${ADDON} ${kept ? "as built before" : "built"}`.padEnd(ADDON.length + 16),
    `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`,
    `${seconds} s`,
  ];
  console.log(columns.join("  "));
}

function removeCopy(): void {
  if (copy !== undefined) rmSync(copy, { recursive: true, force: true, maxRetries: 5 });
  copy = undefined;
}
