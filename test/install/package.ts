// The package as it would be published, and as it would be under another version number.
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "./command.ts";

const root = join(import.meta.dirname, "../..");

/** Packs this checkout into `directory`, and returns the path of the tarball. */
export async function packed(directory: string, log: Log): Promise<string> {
  mkdirSync(directory, { recursive: true });
  return pack(root, directory, log);
}

/** The same package with another version number. */
export async function packedAs(
  version: string,
  { tarball, directory, log }: { tarball: string; directory: string; log: Log },
): Promise<string> {
  mkdirSync(directory, { recursive: true });
  await log.runWell(["tar", "-xzf", tarball, "-C", directory], { cwd: directory, env: process.env });
  const unpacked = join(directory, "package");
  rewritten(join(unpacked, "package.json"), { version });
  return pack(unpacked, directory, log);
}

/** Packs the package in the directory `from` into the directory `to`. */
export async function pack(from: string, to: string, log: Log): Promise<string> {
  // prepack has nothing to do in a package that was packed before, and what it says is not meant to be read here.
  const scripts = from === root ? [] : ["--ignore-scripts"];
  const { stdout } = await log.runWell(
    ["npm", "pack", "--silent", ...scripts, "--pack-destination", to, "--foreground-scripts"],
    { cwd: from, env: process.env },
  );
  return join(to, stdout.trim().split("\n").at(-1)!);
}

function rewritten(path: string, fields: object): void {
  const manifest = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...manifest, ...fields }));
}
