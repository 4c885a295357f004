/** Tries what a lock in a directory is worth. Knows where the program of the processes is with which that is tried, not how. */
import { examineDirectory, type Diagnosis } from "./drivers/examine-directory.ts";
import { absolute, checkedPath } from "./lock-path.ts";

export type { BackEndState } from "./drivers/back-end-states.ts";
export type { Diagnosis } from "./drivers/examine-directory.ts";

/**
 * Tells whether a FileLock in a directory would exclude, and through which back end this thread locks. It is tried: one process
 * creates a file there and locks it; others, one for each back end that loads, have to be refused while it is held, and have to
 * get it after its release. The file is removed in any case. Nothing is loaded into this process but what a lock loads; and a process
 * that does not answer within 10 seconds is killed, so that a file system that hangs does not keep this one.
 *
 * What it does not promise: that processes on other machines are excluded; that it stays like that.
 *
 * @param directory a string or a `file:` URL; by default the working directory.
 * @returns what was found. A directory in which locks do not exclude is no error: `excludes` is false, and `reason` says why.
 * @throws TypeError for a path that cannot be one; an Error whose `code` is HOLDFAST_NO_BACKEND where no lock could be had
 * anywhere; the system error, with its `code`, where no file can be created there.
 * @example
 * const { excludes, reason } = await doctor("shared/build");
 * if (!excludes) console.error(reason);
 */
export async function doctor(directory: string | URL = "."): Promise<Diagnosis> {
  const given = checkedPath(directory, "directory");
  return examineDirectory(absolute(given), { given, program: program() });
}

/**
 * Beside what a bundle of the package is made of, too: relative to this file, or to whatever it has become a part of. Undefined in
 * a CommonJS bundle, where no module has an address.
 */
function program(): URL | undefined {
  const here = import.meta.url as string | undefined;
  return here === undefined ? undefined : new URL("./native/child.js", here);
}
