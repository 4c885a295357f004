/**
 * Hears when somebody touches, unlinks or moves a file. What is heard is a hint and no more: it may come early, late,
 * twice or never. Where no watch can be had (no file, EMFILE, ENOSPC, a file system that reports nothing), nobody
 * hears, and whoever asked goes by polling alone.
 */
import { watch } from "node:fs";

/** Ends a watch. Idempotent. */
export type Unwatch = () => void;

/**
 * Calls `onHint` when something happens to the file that `path` leads to now, whatever becomes of the path. Does not
 * keep the process alive, and never throws.
 *
 * @param onHint gets whether the watch may be deaf from now on, because the file was unlinked, moved, or the watch failed.
 * @returns undefined where no watch can be had.
 */
export function watchFile(path: string, onHint: (deaf: boolean) => void): Unwatch | undefined {
  try {
    const watcher = watch(path, { persistent: false });
    watcher.on("change", (event) => {
      onHint(event === "rename");
    });
    watcher.on("error", () => {
      onHint(true);
    });
    return () => {
      watcher.close();
    };
  } catch {
    return undefined;
  }
}
