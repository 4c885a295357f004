/** The canonical name of a lock file: what two spellings of one have in common. Creates nothing, opens nothing. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { explained } from "./open-lock-file.ts";
import { spelledAsOnDisk } from "./spelling.ts";

/**
 * The parent's real path, and the last component as it is, or as it is spelled on the disk. Parents that do not exist yet are kept as they are
 * written, below the real path of what does.
 */
export function identify(path: string): string {
  const name = basename(path);
  let rest = name;
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    try {
      const real = realpathSync.native(parent);
      if (rest !== name) return join(real, rest);
      return spelledAsOnDisk(real.endsWith(sep) ? `${real}${name}` : `${real}${sep}${name}`);
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (cause.code !== "ENOENT" || parent === dirname(parent)) throw explained(path, error);
      rest = join(basename(parent), rest);
    }
  }
}
