/**
 * Standard error where it is no terminal: written to at once, or not at all. Knows nothing of what is written.
 *
 * 1. `process.stderr` makes a pipe non-blocking, for everybody who shares it. 2. Somebody else writes more into it than fits.
 * 3. That write fails (EAGAIN), and what it had to say is lost. So this program opens the pipe anew, for itself alone; and
 * does not wait for a reader that reads no more.
 */
import { constants, fstatSync, openSync, writeSync } from "node:fs";

const STDERR = 2;

let opened: number | undefined;

/** Never throws: nothing that happens on stderr may end a program that holds a lock for a command. */
export function writeError(text: string): void {
  try {
    opened ??= fstatSync(STDERR).isFIFO() ? anew() : STDERR;
    writeSync(opened, text);
  } catch {
    // nobody reads it
  }
}

/** Elsewhere than on Linux, and where the pipe is another user's, it can only be shared. */
function anew(): number {
  try {
    return openSync(`/proc/self/fd/${String(STDERR)}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return STDERR;
  }
}
