/**
 * The file that names a process: what is in it, and whether it is ours to write. Knows nothing of who holds it: whoever
 * writes has it locked.
 */
import { constants, fstatSync, ftruncateSync, writeSync } from "node:fs";
import { systemError } from "../errors.ts";
import { closeQuietly, hasOneName, isAlone, namedAs } from "./flock-grant.ts";
import { openItself } from "./open-itself.ts";
import { readBeginning } from "./read-beginning.ts";

/** Longer than any that is ours, so that a longer one shows. */
const MOST_BYTES = 32;

/** What ftruncate(2) says of what is open for reading only; EPERM is what Windows has for it. */
const OPEN_FOR_READING = new Set(["EINVAL", "EBADF", "EPERM"]);

const PID = /^([1-9]\d{0,9})\n?$/;

/**
 * Writes this process's id into the file that is open as `fd` and locked. Where it is open only for reading (another
 * user's file), or `path` leads elsewhere by now, it stays as it is.
 *
 * @throws Error with the code EEXIST where the file may be somebody's: it has a second name, or holds anything but a
 * process id. Nothing is written then. Otherwise the system error.
 */
export function writePid(fd: number, path: string): void {
  try {
    writeIfOurs(fd, path);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (cause.syscall === undefined) throw cause; // it says what is wrong already
    throw systemError(`Cannot write the process id into the lock file '${path}'`, cause);
  }
}

function writeIfOurs(fd: number, path: string): void {
  const file = fstatSync(fd, { bigint: true });
  const named = namedAs(path, file);
  if (named === undefined) return;
  const text = contentOf(fd);
  if (!hasOneName(named) || !isAlone(path, file))
    throw notOurs(path, "it has another name, so that what is written there shows here");
  if (text !== "" && !PID.test(text)) throw notOurs(path, "it holds something else than a process id");
  try {
    // Cut first: should the process die in between, what is left is empty or the beginning of a number, and still ours.
    ftruncateSync(fd, 0);
    writeSync(fd, `${String(process.pid)}\n`, 0);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!OPEN_FOR_READING.has(code)) throw error;
  }
}

/** The process id in the file at `path`; undefined where there is none, or it cannot be read. Never throws. */
export function pidIn(path: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openItself(path, constants.O_RDONLY);
    const [, pid] = PID.exec(contentOf(fd)) ?? [];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeQuietly(fd);
  }
}

function contentOf(fd: number): string {
  return readBeginning(fd, MOST_BYTES).toString("latin1");
}

function notOurs(path: string, reason: string): Error {
  const message = `Cannot use '${path}' as the lock file of a process: ${reason}. It was left as it is: remove it if nobody needs it, or choose another name or directory.`;
  return Object.assign(new Error(message), { code: "EEXIST", path });
}
