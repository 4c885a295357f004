/**
 * How a name is spelled on its disk, where one file answers to several spellings (`work.lock`, `Work.lock`): two keys for it would hide from a
 * process that it waits for itself. Knows which systems have such file systems; creates nothing.
 */
import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";

/** The path of a file as it is spelled on its disk; as it is given where there is none, and where that cannot be told. */
export const spelledAsOnDisk: (path: string) => string =
  process.platform === "darwin" || process.platform === "win32" ? lookUp : (path) => path;

/**
 * Only the spelling is taken over: a file with two names (hard links) may be given the other one, and where a symbolic link is put there
 * meanwhile, that leads elsewhere.
 */
export function lookUp(path: string, realpath: (path: string) => string = realpathSync.native): string {
  try {
    if (!lstatSync(path).isFile()) return path;
    const real = realpath(path);
    const isSame = dirname(real) === dirname(path) && folded(basename(real)) === folded(basename(path));
    return isSame ? real : path;
  } catch {
    return path;
  }
}

/** What APFS, HFS+ and NTFS do not tell apart, as near as that can be had; of the rest, each spelling is a key. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
