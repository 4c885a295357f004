/**
 * Ends the process with a last line on standard error. `process.stderr` may still have that line to write when the
 * process ends, where a pipe is full; write(2) has written it when it returns.
 */
import { writeSync } from "node:fs";
import { sleep } from "../sleep.ts";
import { errorDescriptor } from "../standard-error.ts";

/** How long to wait for a reader that does not empty a full pipe, in all. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 10;

/** Writes `line`, and exits with 1. In a worker thread that is the end of the thread. */
export function die(line: string): never {
  let left = Buffer.from(`${line}\n`);
  const end = performance.now() + PATIENCE_MS;
  while (left.length > 0 && performance.now() < end) {
    try {
      left = left.subarray(writeSync(errorDescriptor(), left));
    } catch (error) {
      // A pipe does not block, unless it can only be shared.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") break; // nobody reads it
      sleep(PAUSE_MS);
    }
  }
  process.exit(1);
}
