// How a release of Node.js is had: downloaded once, looked at each time. An npm that stands in has it, or has not.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../support/directory.ts";
import { release } from "./release.ts";

const name = `node-${process.platform}-${process.arch}`;
let cache: string;
let commands: string;

beforeEach(() => {
  const directory = temporaryDirectory();
  cache = join(directory, "a cache");
  commands = join(directory, "commands");
  mkdirSync(commands);
  vi.stubEnv("PATH", commands + delimiter + process.env["PATH"]!);
});

/** Lets `npm pack <specifier> --pack-destination <directory>` do this. */
function npmDoes(script: string): void {
  const npm = join(commands, "npm");
  writeFileSync(npm, `#!/bin/sh\nspecifier=$2 destination=$4\n${script}\n`);
  chmodSync(npm, 0o755);
}

/** An npm that has a release which says that this is its version. */
function npmHas(version: string): void {
  npmDoes(`
    cd "$destination" && mkdir -p made/package/bin made/package/include/node made/package/share || exit
    printf '#!/bin/sh\\necho v${version}\\n' > made/package/bin/node && chmod +x made/package/bin/node || exit
    tar -czf "$(echo "$specifier" | tr @ -).tgz" -C made package`);
}

test("it is downloaded once, without its manual, and nothing else is left", async () => {
  npmHas("26.10.0");
  const { directory } = await release("26.10.0", cache);
  expect(readdirSync(directory)).toEqual(["bin", "include"]);
  expect(readdirSync(join(directory, ".."))).toEqual(["node"]);
  npmDoes("exit 1");
  expect(await release("26.10.0", cache)).toEqual({ version: "26.10.0", directory });
});

test("one that says it has another version is not used", async () => {
  npmHas("26.9.0");
  const directory = join(cache, "26.10.0/node");
  await expect(release("26.10.0", cache)).rejects.toThrow(
    `Cannot use Node.js 26.10.0: ${directory} has v26.9.0. Remove it, and it is downloaded again.`,
  );
});

test.each([
  [
    "the registry is out of reach",
    "ENOTFOUND",
    "The npm registry has to be within reach once; what was downloaded is kept.",
  ],
  [
    "there is no such package",
    "E404",
    "Not every platform has such packages, and not each has every version",
  ],
  [
    "the package has no such version",
    "ETARGET",
    "Not every platform has such packages, and not each has every version",
  ],
])("where %s, the error says so, and nothing is left", async (_, code, remedy) => {
  npmDoes(`echo "npm warn that's so\nnpm error code ${code}\nnpm error network" >&2; exit 1`);
  const failed = release("26.10.0", cache);
  await expect(failed).rejects.toThrow(
    `Cannot download ${name}@26.10.0 from the npm registry (npm error code ${code}). ${remedy}`,
  );
  expect(readdirSync(join(cache, "26.10.0"))).toEqual([]);
});
