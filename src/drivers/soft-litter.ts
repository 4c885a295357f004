/**
 * What processes that were killed in the middle of something have left beside a lock file: markers written aside, and
 * rights. It keeps nobody out. Looked for when a dead process's marker was removed, since that one may have left more.
 */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { removeName } from "./remove-name.ts";
import { ASIDE } from "./soft-aside.ts";
import { isDead } from "./soft-death.ts";
import { findFile } from "./soft-file.ts";
import { RIGHT, removeMarker, type Removal } from "./soft-right.ts";

/** Removes what lies there of processes that are dead for certain. Never throws: nothing depends on it. */
export function removeLitter(removal: Removal): void {
  const directory = dirname(removal.lockFile);
  const prefix = `${basename(removal.lockFile)}.`;
  try {
    for (const name of readdirSync(directory)) {
      if (name.startsWith(prefix)) removeIfDead(join(directory, name), name.slice(prefix.length), removal);
    }
  } catch {
    // the directory may not be listed
  }
}

function removeIfDead(path: string, suffix: string, removal: Removal): void {
  if (!ASIDE.test(suffix) && !RIGHT.test(suffix)) return;
  try {
    const found = findFile(path);
    if (found === undefined || !isDead(found.text)) return;
    if (RIGHT.test(suffix)) removeMarker(path, found, removal);
    else removeName(path); // nobody else ever has that name
  } catch {
    // it is somebody else's, and so is the care for it
  }
}
