/** Reads the beginning of an open file. Knows the one call that libuv does not try again by itself (EINTR); does not know what is in it. */
import { readSync } from "node:fs";

/** As many bytes as it has, of the first `most`. */
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
