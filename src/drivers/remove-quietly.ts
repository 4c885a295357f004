/** Removes a file where it does not matter whether somebody has been there before, or whether nobody may: what stays keeps nobody out. */
import { removeName } from "./remove-name.ts";

export function removeQuietly(path: string): void {
  try {
    removeName(path);
  } catch {
    // then it is for whoever comes next
  }
}
