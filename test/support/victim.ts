// Files that are none of a lock's business, and what another user can put in the place of one that is.
import { execFileSync, fork } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { Child } from "./child.ts";
import { fixture } from "./driver-child.ts";

/** Long ago, so that each touch shows. */
const BEFORE_S = 1_000_000_000;

/** Empty files with the names that a line uses are what a line could take for its own. */
const FILES = { secret: "precious", empty: "", pid: "12\n", gate: "", "0000000000000000": "" };

export interface Victim {
  readonly directory: string;
  /** The path of one of its files. */
  file(name: keyof typeof FILES): string;
  /**
   * Throws unless everything is as it was: the names, the bytes, the bits, the owners and the times. Those last can be what somebody wins
   * who is quick enough between two system calls: see SECURITY.md.
   */
  expectUnharmed(options?: { apartFromTimes: boolean }): void;
}

/** A directory with files in it, which may be opened and linked by everybody, and are not for us. */
export function victim(): Victim {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-victim-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  for (const [name, text] of Object.entries(FILES)) {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o646);
    utimesSync(join(directory, name), BEFORE_S, BEFORE_S);
  }
  const before = told(directory);
  return {
    directory,
    file: (name) => join(directory, name),
    expectUnharmed: ({ apartFromTimes } = { apartFromTimes: false }) => {
      const now = told(directory);
      expect(now.state).toEqual(before.state);
      if (!apartFromTimes) expect(now.times).toEqual(before.times);
    },
  };
}

function told(directory: string): { state: unknown; times: unknown } {
  const { mode, uid } = lstatSync(directory);
  const files = readdirSync(directory).map((name) => {
    const path = join(directory, name);
    return { name, file: lstatSync(path), text: readFileSync(path, "utf8") };
  });
  return {
    state: [
      mode.toString(8),
      uid,
      files.map(({ name, file, text }) => [name, file.mode.toString(8), file.uid, text]),
    ],
    times: files.map(({ name, file }) => [name, file.mtimeMs]),
  };
}

/** What can be planted, and how. All but the hard links could be by any user, and those too where fs.protected_hardlinks is 0. */
export const PLANTS: Record<string, (path: string, of: Victim) => void> = {
  "a symbolic link to a file": (path, of) => symlinkSync(of.file("secret"), path),
  "a symbolic link to a directory": (path, of) => symlinkSync(of.directory, path),
  "a dangling symbolic link": (path, of) => symlinkSync(join(of.directory, "new"), path),
  "a symbolic link to /dev/null": (path) => symlinkSync("/dev/null", path),
  "a hard link to a file": (path, of) => linkSync(of.file("secret"), path),
  "a hard link to an empty file": (path, of) => linkSync(of.file("empty"), path),
  "a FIFO": (path) => void execFileSync("mkfifo", [path]),
  "a directory": (path) => mkdirSync(path),
  "a file with something in it": (path) => writeFileSync(path, "x".repeat(5000)),
  "a file that nobody may open": (path) => writeFileSync(path, "", { mode: 0 }),
};

/** Calls `fn` while another user is at work on `path`, and plants one thing after the other there. */
export async function underAttack(path: string, of: Victim, fn: () => void): Promise<void> {
  const child = new Child(
    fork(fixture("attacker.mjs"), [path, of.directory], {
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    }),
  );
  onTestFinished(async () => {
    await child.kill();
  });
  await child.says("ready");
  fn();
  await child.kill();
}
