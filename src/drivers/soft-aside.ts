/**
 * This process's marker, written under a name that nobody else has, so that it is complete before it appears anywhere:
 * link(2) then gives it the name that counts, or says that somebody has that name. Knows no right and no proof.
 */
import { randomBytes } from "node:crypto";
import { constants, fstatSync, linkSync, writeFileSync } from "node:fs";
import { closeQuietly, isNamed } from "./flock-grant.ts";
import { openItself } from "./open-itself.ts";
import { makeParent, MOST_TRIES, type OpenLockFile } from "./open-lock-file.ts";
import { removeName } from "./remove-name.ts";
import { removeQuietly } from "./remove-quietly.ts";
import { findFile, type FoundFile } from "./soft-file.ts";
import { ownMarker } from "./soft-marker.ts";

/** The calls that look for, take and give back a lock; tests put others in their place. */
export interface SoftCalls {
  find(path: string): FoundFile | undefined;
  link(from: string, to: string): void;
  unlink(path: string): void;
}

export const softCalls: SoftCalls = { find: findFile, link: linkSync, unlink: removeName };

export const ASIDE = /^\d+\.[0-9a-f]{24}$/;

/**
 * What link(2) says where a file system has no hard links, or no more of them for this file. EISDIR is what libuv makes of
 * ERROR_INVALID_FUNCTION, which Windows says of FAT.
 */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EISDIR"]);

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;

/** This process's marker at some path, open. */
export interface OwnFile extends OpenLockFile {
  readonly text: string;
}

export class Aside {
  readonly #path: string;
  readonly #mode: number | undefined;
  readonly #calls: SoftCalls;
  readonly #file: OwnFile;

  /** Throws the system error, and leaves nothing behind then. */
  constructor(lockFile: string, mode: number | undefined, calls: SoftCalls) {
    this.#mode = mode;
    this.#calls = calls;
    // No shorter than the name of a right (soft-right.ts): where this one is not too long, that one is not either.
    this.#path = `${lockFile}.${String(process.pid)}.${randomBytes(12).toString("hex")}`;
    this.#file = createIn(lockFile, () => createMarker(this.#path, mode));
  }

  /**
   * Gives the marker the name `path`. Undefined: somebody has that name. Over NFS it may have been this very call: its
   * answer was lost, and it was sent again. The number of links (open(2), NOTES) does not tell which name is the second: it
   * may be a right that could not be given up.
   */
  put(path: string): OwnFile | undefined {
    const put = linkOrCreate({ from: this.#path, to: path, mode: this.#mode }, this.#calls);
    if (put === "linked") return this.#file;
    if (put !== "taken") return put;
    return isNamed(path, this.#file) ? this.#file : undefined;
  }

  /** Has the marker for a moment stand for the right that is called `name` (soft-right.ts). */
  claim(name: string): boolean {
    const file = this.put(name);
    if (file !== undefined && file !== this.#file) closeQuietly(file.fd);
    return file !== undefined;
  }

  /** Removes the name that nobody else has, and closes the file unless it is `kept`. To be called once. */
  remove(kept?: OwnFile): void {
    removeQuietly(this.#path);
    if (this.#file !== kept) closeQuietly(this.#file.fd);
  }
}

interface Naming {
  readonly from: string;
  readonly to: string;
  readonly mode: number | undefined;
}

/**
 * Links; where the file system knows no links, creates a file with this process's marker. That one is empty for an
 * instant, which proves nothing to anybody; a crash in that instant leaves it empty.
 */
export function linkOrCreate({ from, to, mode }: Naming, calls: SoftCalls): "linked" | "taken" | OwnFile {
  try {
    calls.link(from, to);
    return "linked";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return "taken";
    if (!NO_LINKS.has(code ?? "")) throw error;
  }
  try {
    return createMarker(to, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return "taken";
    throw error;
  }
}

function createMarker(path: string, mode = 0o666): OwnFile {
  const fd = openItself(path, CREATE, mode);
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const text = ownMarker();
    writeFileSync(fd, text);
    return { fd, dev, ino, text };
  } catch (error) {
    closeQuietly(fd);
    removeQuietly(path);
    throw error;
  }
}

/** Makes the directory of the lock file where it is missing. */
function createIn(lockFile: string, create: () => OwnFile): OwnFile {
  for (let tries = 1; ; tries++) {
    try {
      return create();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === MOST_TRIES) throw error;
      makeParent(lockFile, tries);
    }
  }
}
