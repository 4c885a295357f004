// Builds dist and build before the first test: the child processes of the tests import from there.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default async function build(): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, ["scripts/build.js"], { cwd: root });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`Cannot build dist for the tests.\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}
