/**
 * Hears when somebody touches, unlinks or moves a file. What is heard is a hint and no more: it may come early, late,
 * twice or never. Where no watch can be had (no file, EMFILE, ENOSPC, a file system that reports nothing), nobody
 * hears, and whoever asked goes by polling alone.
 */
import { watch } from "node:fs";

/** Ends a watch. Idempotent. */
export type Unwatch = () => void;

/**
 * Calls `onHint` when something happens to the file that `path` leads to now, whatever becomes of the path: the watch
 * goes with a file that is moved, and hears of one that is unlinked for as long as it is open. Does not keep the process
 * alive, and never throws.
 *
 * @param onHint gets whether the watch has failed, and is deaf from now on.
 * @returns undefined where no watch can be had.
 */
export function watchFile(path: string, onHint: (deaf: boolean) => void): Unwatch | undefined {
  try {
    const watcher = watch(path, { persistent: false });
    watcher.on("change", () => {
      onHint(false);
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
