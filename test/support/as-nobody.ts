// What an ordinary user meets: root may do everything, so a test that runs as root lowers its rights for a moment.
import { chmodSync } from "node:fs";
import { onTestFinished } from "vitest";
import { loadFlock } from "../../src/native/flock.ts";
import { temporaryDirectory } from "./directory.ts";

/** Debian's `nobody` and `nogroup`; any user without rights of its own would do. */
export const NOBODY = 65_534;

// The module may lie where nobody but root can read it.
loadFlock();

export const isRoot = process.geteuid?.() === 0;

/** Calls `fn`, which has to be synchronous, as a user without rights: `nobody` where this is root, else this user. */
export function asNobody<Value>(fn: () => Value): Value {
  if (!isRoot) return fn();
  const group = process.getegid!();
  process.setegid!(NOBODY);
  process.seteuid!(NOBODY);
  try {
    return fn();
  } finally {
    process.seteuid!(0);
    process.setegid!(group);
  }
}

/** A new directory that everybody may write to. */
export function publicDirectory(): string {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o777);
  // Back to bits with which it can be removed, whatever the test does to it.
  onTestFinished(() => chmodSync(directory, 0o777));
  return directory;
}
