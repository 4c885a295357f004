/**
 * The driver for file systems without flock(2): the lock is a marker, a file that says which process holds. Whoever dies
 * leaves it behind, and it is removed by the next one who can prove that death.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Driver } from "../driver.ts";
import { systemError, type Holder } from "../errors.ts";
import { identify } from "./identify.ts";
import { commandOf } from "./proc-locks.ts";
import { explained } from "./open-lock-file.ts";
import { Aside, softCalls, type SoftCalls } from "./soft-aside.ts";
import { SoftAttempt } from "./soft-attempt.ts";
import { isHere, lives } from "./soft-death.ts";
import { findFile, MOST_BYTES, type FoundFile } from "./soft-file.ts";
import { removeLitter } from "./soft-litter.ts";
import { mayBeginMarker, ownMarker, parseMarker, type Marker } from "./soft-marker.ts";
import { MOST_WAITS, removeMarker, rightOf, WAIT_MS } from "./soft-right.ts";

export function softDriver(calls: SoftCalls = softCalls): Driver {
  return {
    name: "soft",
    canShare: false,
    identify,
    open: (key, { mode }) => new SoftAttempt(key, mode, calls),
    inLine: () => 0,
    holders,
    obstacle,
  };
}

/** The process that the marker at `path` names; undefined where there is no marker. */
export function namedAt(path: string): Marker | undefined {
  return parseMarker(textAt(path));
}

/** Whether the marker at `path` names this process. */
export function isOurs(path: string): boolean {
  return textAt(path) === ownMarker();
}

/**
 * Removes the marker at `path`, whoever holds it; by the right to do so, so that no marker goes that comes after it.
 * Throws where what lies there is no marker, where it may not be removed, and where somebody else does not come to an
 * end with removing it.
 */
export async function breakMarker(path: string, mode?: number): Promise<void> {
  const key = identify(path);
  const found = findFile(key);
  if (found === undefined) return;
  if (found.size > MOST_BYTES) {
    const message = `Cannot break '${key}': it has ${String(found.size)} bytes, which no marker has. Remove it yourself, if it is to go.`;
    throw Object.assign(new Error(message), { code: "EFBIG", path: key });
  }
  if (!isMarker(found)) {
    const message = `Cannot break '${key}': what is in it is no marker. Remove it yourself, if it is to go.`;
    throw Object.assign(new Error(message), { code: "EINVAL", path: key });
  }
  const aside = asideOf(key, mode);
  try {
    const removal = { lockFile: key, claim: (name: string) => aside.claim(name), calls: softCalls };
    for (let waits = 0; !removeMarker(key, found, { ...removal, force: waits >= MOST_WAITS }); waits++) {
      if (waits > MOST_WAITS) {
        const message = `Cannot break '${key}': another process is at it, and does not come to an end. End that one, and try again.`;
        throw Object.assign(new Error(message), { code: "EBUSY", path: key });
      }
      await pause(WAIT_MS);
    }
    removeLitter(removal);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    throw cause.syscall === undefined ? cause : systemError(`Cannot break '${key}'`, cause);
  } finally {
    aside.remove();
  }
}

/** Whether it is one for all that can be seen: of somebody, empty, or cut off. */
function isMarker({ text, size }: FoundFile): boolean {
  return size <= MOST_BYTES && (text === undefined || mayBeginMarker(text));
}

function asideOf(key: string, mode: number | undefined): Aside {
  try {
    return new Aside(key, mode, softCalls);
  } catch (error) {
    throw explained(key, error);
  }
}

async function holders(key: string): Promise<Holder[]> {
  try {
    const found = findFile(key);
    const marker = parseMarker(found?.text);
    if (found === undefined || marker === undefined) return [];
    const { pid, hostname } = marker;
    if (!isHere(marker)) return [{ pid, command: "", hostname, since: found.written }];
    return lives(marker) ? [{ pid, command: await commandOf(pid), since: found.written }] : [];
  } catch {
    return []; // nothing that could be a marker
  }
}

function obstacle(key: string): string | undefined {
  try {
    const found = findFile(key);
    if (found === undefined) return undefined;
    const marker = parseMarker(found.text);
    if (marker !== undefined) {
      if (isHere(marker)) return lives(marker) ? undefined : abandoned(key, found);
      return `Whether that process lives can be seen on '${marker.hostname}' only: once it does not, breakLock() frees the lock.`;
    }
    const what =
      found.text === undefined
        ? "may not be read by this user"
        : found.size === 0n
          ? "is empty"
          : "has something else than a marker in it";
    const remedy = isMarker(found) ? "breakLock() frees the lock" : "remove that file, if it is to go";
    return `The lock file ${what}, so that nobody can tell whether its holder lives: once nobody holds it, ${remedy}.`;
  } catch {
    return undefined;
  }
}

/** What keeps everybody from removing the marker of a dead process, should it not be gone the next moment. */
function abandoned(key: string, found: FoundFile): string | undefined {
  const right = rightOf(key, key, found);
  const owner = findFile(right);
  if (owner === undefined) return undefined;
  const pid = parseMarker(owner.text)?.pid;
  const who = pid === undefined ? "somebody" : `pid ${String(pid)}`;
  return `Its holder has died, and ${who} is about to remove the lock file ('${right}'): if that does not come to an end, end it, or call breakLock().`;
}

function textAt(path: string): string | undefined {
  try {
    return findFile(identify(path))?.text;
  } catch {
    return undefined;
  }
}
