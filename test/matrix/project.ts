// A copy of the project for one release of Node.js. All that is installed is that of the project itself, by symbolic
// links, but for the native module.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ADDON } from "./addon.ts";

/** What is made from the rest, or belongs to one checkout. */
const NOT_COPIED = new Set([".git", "build", "coverage", "dist", "node_modules"]);
/** The caches of one version are of no use to another. */
const NOT_LINKED = new Set([ADDON, ".cache", ".vite", ".package-lock.json"]);

/**
 * A copy of the project at `root` in the directory for temporary files, and `addon` in it. It cannot be below
 * node_modules: what lies there is never compiled, neither by vitest nor by Node.
 */
export function copyOf(root: string, addon: string): string {
  const copy = mkdtempSync(join(tmpdir(), "holdfast-matrix-"));
  cpSync(root, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => dirname(path) !== root || !NOT_COPIED.has(basename(path)),
  });
  mkdirSync(join(copy, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!NOT_LINKED.has(name))
      symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  }
  cpSync(addon, join(copy, "node_modules", ADDON), { recursive: true });
  return copy;
}
