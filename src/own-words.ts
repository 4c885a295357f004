/** Whether Node.js has understood the words that this program was started with. Linux; elsewhere they count as understood. */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

/** Of bytes that are no UTF-8 `process.argv` has another text, which names another file. */
export function areOwnWordsUtf8(): boolean {
  try {
    return isUtf8(readFileSync("/proc/self/cmdline"));
  } catch {
    return true; // there is no /proc
  }
}
