/**
 * What the list of mounts says of the file system that a path lies on, for a message. Linux only: elsewhere nothing is known. The
 * file system itself is not asked, so that one that does not answer keeps nobody.
 */
import { readFileSync } from "node:fs";

/**
 * The options with which a mount keeps flock(2) to this machine, although the file system has other machines: nfs(5), mount.cifs(8),
 * mount.lustre(8), and gfs2 and ocfs2 in the documentation of the kernel.
 */
const LOCAL_LOCKS = new Set(["local_lock=all", "local_lock=flock", "nobrl", "localflock", "localflocks"]);

interface Mount {
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

export function fileSystemOf(path: string): string | undefined {
  return mountOf(path)?.type;
}

/** The option by which a lock on that path keeps out nobody on other machines; undefined where there is none. */
export function localLockOf(path: string): string | undefined {
  return mountOf(path)?.options.find((option) => LOCAL_LOCKS.has(option));
}

function mountOf(path: string): Mount | undefined {
  let best: Mount | undefined;
  try {
    for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
      const [, escaped, type, options = ""] = line.split(" ");
      if (escaped === undefined || type === undefined) continue;
      const mountPoint = unescape(escaped);
      const covers =
        path === mountPoint || path.startsWith(mountPoint.endsWith("/") ? mountPoint : `${mountPoint}/`);
      // Of two mounts on one point the later line hides the earlier.
      if (covers && mountPoint.length >= (best?.mountPoint.length ?? 0)) {
        best = { mountPoint, type, options: options.split(",") };
      }
    }
  } catch {
    // no /proc
  }
  return best;
}

/** Blanks and the like stand as `\040` in the list, as in getmntent(3). */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
