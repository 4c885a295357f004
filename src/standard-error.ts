/**
 * Standard error where it is no terminal: written to at once, or not at all. Knows nothing of what is written.
 *
 * 1. `process.stderr` makes a pipe non-blocking, for everybody who shares it. 2. Somebody else writes more into it than fits.
 * 3. That write fails (EAGAIN), and what it had to say is lost. So this process opens the pipe anew, for itself alone; and
 * need not wait for a reader that reads no more.
 */
import { constants, fstatSync, openSync, writeSync } from "node:fs";

const STDERR = 2;

let opened: number | undefined;

/** Never throws: nothing that happens on stderr may end a program that holds a lock for a command. */
export function writeError(text: string): void {
  try {
    writeSync(errorDescriptor(), text);
  } catch {
    // nobody reads it
  }
}

/**
 * The descriptor to write to: where stderr is a pipe, one that does not block. Elsewhere than on Linux, and where the pipe is
 * another user's, it can only be shared as it is.
 */
export function errorDescriptor(): number {
  try {
    opened ??= fstatSync(STDERR).isFIFO()
      ? openSync(`/proc/self/fd/${String(STDERR)}`, constants.O_WRONLY | constants.O_NONBLOCK)
      : STDERR;
  } catch {
    opened = STDERR;
  }
  return opened;
}
