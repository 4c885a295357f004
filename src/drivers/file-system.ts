/** The type of the file system that a path lies on, for a message. Linux only: elsewhere nothing is known. */
import { readFileSync } from "node:fs";

export function fileSystemOf(path: string): string | undefined {
  let best: { mountPoint: string; type: string } | undefined;
  try {
    for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
      const [, escaped, type] = line.split(" ");
      if (escaped === undefined || type === undefined) continue;
      const mountPoint = unescape(escaped);
      const covers =
        path === mountPoint || path.startsWith(mountPoint.endsWith("/") ? mountPoint : `${mountPoint}/`);
      // Of two mounts on one point the later line hides the earlier.
      if (covers && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = { mountPoint, type };
    }
  } catch {
    // no /proc
  }
  return best?.type;
}

/** Blanks and the like stand as `\040` in the list, as in getmntent(3). */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
