/**
 * Reads the beginning of a file. Knows the one call that libuv does not try again by itself (EINTR), and that readFileSync() of Node leaves the
 * descriptor open where its look at the file fails; does not know what is in it.
 */
import { openSync, readSync } from "node:fs";
import { closeQuietly } from "./flock-grant.ts";

/** As many bytes as it has, of the first `most`. Throws the system error. */
export function beginningOf(path: string, most: number): Buffer {
  const fd = openSync(path, "r");
  try {
    return readBeginning(fd, most);
  } finally {
    closeQuietly(fd);
  }
}

/** The same, of an open file. */
export function readBeginning(fd: number, most: number): Buffer {
  const bytes = Buffer.alloc(most);
  for (;;) {
    try {
      return bytes.subarray(0, readSync(fd, bytes, 0, most, 0));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINTR") throw error;
    }
  }
}
