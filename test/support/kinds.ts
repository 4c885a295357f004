// The locks that there are, for tests that go through all of them. Fixtures make the same ones, from the name of the class and the options.
import { basename, dirname } from "node:path";
import { FileLock, ProcessLock, SoftFileLock } from "../../src/index.ts";

export interface Kind {
  readonly name: string;
  readonly className: "FileLock" | "SoftFileLock" | "ProcessLock";
  readonly options: { readonly order?: "fifo" };
}

export const KINDS: readonly Kind[] = [
  { name: "FileLock", className: "FileLock", options: {} },
  { name: "FileLock, fifo", className: "FileLock", options: { order: "fifo" } },
  { name: "SoftFileLock", className: "SoftFileLock", options: {} },
  { name: "ProcessLock", className: "ProcessLock", options: {} },
];

/** One on `path`; a ProcessLock is named after it, and has a file of its own beside it. */
export function lockOf({ className, options }: Kind, path: string): FileLock | SoftFileLock | ProcessLock {
  if (className === "FileLock") return new FileLock(path, options);
  if (className === "SoftFileLock") return new SoftFileLock(path);
  return new ProcessLock({ directory: dirname(path), name: basename(path) });
}
