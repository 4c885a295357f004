/**
 * The right to remove a marker: whoever unlinks one owns it, also the holder who releases. It is a file too, called
 * after the text of the marker that may be removed, and has the marker of its owner in it. Without it:
 *
 *   1. A and B see that the marker's process is dead. 2. A removes it. 3. C puts its own there, and holds. 4. B removes
 *   C's.
 *
 * Whoever owns the right looks again, and B finds at step 4 that the marker is another. A right whose owner has died is
 * removed like any marker, by whoever owns the right to that.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { MOST_TRIES } from "./open-lock-file.ts";
import type { SoftCalls } from "./soft-aside.ts";
import { isDead, isHere, lives } from "./soft-death.ts";
import { findFile, isSame, type Identity } from "./soft-file.ts";
import { ownMarker, parseMarker } from "./soft-marker.ts";

/** How often to look again, and after how long, while somebody else owns the right and is at it. */
export const MOST_WAITS = 50;
export const WAIT_MS = 1;

export const RIGHT = /^break\.[0-9a-f]{16}$/;

export interface Removal {
  /** The lock file that it is all about. */
  readonly lockFile: string;
  /** Gives a file that names this process the name given, should nobody have it. */
  readonly claim: (name: string) => boolean;
  readonly calls: SoftCalls;
  /** Whether to take rights, too, of which nobody can say here whether their owners live. */
  readonly force?: boolean;
}

/**
 * The rights that this process could not give up. It lives, so nobody else would remove them; and its marker has the same text
 * each time, so that it could not release a later one.
 */
const kept = new Set<string>();

/**
 * Removes the file at `path`, should it still be the one that was seen there. Returns whether that one is gone; false:
 * somebody else has the right to remove it, and is at it. Throws the system error, and has removed nothing then.
 */
export function removeMarker(path: string, seen: Identity, removal: Removal): boolean {
  const { lockFile, claim, calls, force } = removal;
  const right = rightOf(lockFile, path, seen);
  giveUpKept(lockFile, calls);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (claim(right)) {
      try {
        if (isSame(findFile(path), seen)) unlinkIfThere(path, calls);
        return true;
      } finally {
        giveUp(right, calls);
      }
    }
    const owner = findFile(right);
    if (owner === undefined) continue; // it has been given up just now
    const isAbandoned = isDead(owner.text) || (force === true && !livesHere(owner.text));
    if (!isAbandoned || !removeMarker(right, owner, removal)) return false;
  }
  return false;
}

/** The same on every host, wherever the directory is mounted there. */
export function rightOf(lockFile: string, path: string, { text = "" }: Pick<Identity, "text">): string {
  const hash = createHash("sha256")
    .update(`${basename(path)}\n${text}`)
    .digest("hex");
  return breakOf(lockFile) + hash.slice(0, 16);
}

function breakOf(lockFile: string): string {
  return `${lockFile}.break.`;
}

function livesHere(text: string | undefined): boolean {
  const owner = parseMarker(text);
  return owner !== undefined && isHere(owner) && lives(owner);
}

/** Peers that know no rights may have removed it meanwhile. */
function unlinkIfThere(path: string, calls: SoftCalls): void {
  try {
    calls.unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** What was done is done. A right that stays says that its owner is at it: it is given up the next time. */
function giveUp(right: string, calls: SoftCalls): void {
  try {
    calls.unlink(right);
  } catch (error) {
    // The directory went away, or has just become read-only.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") kept.add(right);
  }
}

/** Of this lock file only: others may lie on a file system that does not answer. */
function giveUpKept(lockFile: string, calls: SoftCalls): void {
  for (const right of [...kept]) {
    if (!right.startsWith(breakOf(lockFile))) continue;
    kept.delete(right);
    try {
      // Somebody may have removed it by force, and be at it now.
      if (findFile(right)?.text === ownMarker()) giveUp(right, calls);
    } catch {
      kept.add(right);
    }
  }
}
