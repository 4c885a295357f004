/**
 * Opens a lock file without following, truncating, writing or waiting for anything, and names its inode.
 * Knows the odd directories (sticky, read-only, missing); does not know what the descriptor is for.
 */
import { closeSync, constants, fstatSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { systemError } from "../errors.ts";
import { openItself } from "./open-itself.ts";
import type { FileIdentity } from "./same-file.ts";

/** Device and inode of an open file cannot change or be used again while it is open. */
export interface OpenLockFile extends FileIdentity {
  readonly fd: number;
}

const { O_CREAT, O_RDONLY, O_RDWR } = constants;

/** Each try that fails with ENOENT has lost a race against somebody who removes; nobody removes this often. */
export const MOST_TRIES = 20;

export function openLockFile(path: string, mode: number | undefined): OpenLockFile {
  const fd = openRaw(path, mode);
  try {
    const file = fstatSync(fd, { bigint: true });
    if (file.isFile()) return { fd, dev: file.dev, ino: file.ino };
  } catch (error) {
    closeSync(fd);
    throw explained(path, error);
  }
  closeSync(fd);
  throw notRegular(path);
}

/** The error for what is there and is no file to lock. */
export function notRegular(path: string): Error {
  return Object.assign(
    new Error(
      `Cannot use '${path}' as a lock file: it is not a regular file. Name a file of its own for the lock.`,
    ),
    { code: "EINVAL", path },
  );
}

function openRaw(path: string, mode = 0o666): number {
  for (let tries = 1; ; tries++) {
    try {
      return openItself(path, O_RDWR | O_CREAT, mode);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" && tries < MOST_TRIES) {
        makeParent(path, tries);
      } else if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
        const fd = openExisting(path);
        if (fd !== undefined) return fd;
        // The file is not there. In a directory where nobody may create one that is final; but in a sticky one
        // it may have gone between the two calls, and then the next try creates it.
        if (tries === MOST_TRIES) throw explained(path, error);
      } else {
        throw explained(path, error);
      }
    }
  }
}

/**
 * O_CREAT on somebody else's file in a sticky directory is refused (fs.protected_regular in proc(5)) although
 * the file could be opened. A file that may only be read, or lies on a read-only file system, is locked through
 * a read-only descriptor: flock(2) does not ask for more, except over NFS. Undefined: there is no such file.
 */
function openExisting(path: string): number | undefined {
  for (const access of [O_RDWR, O_RDONLY]) {
    try {
      return openItself(path, access);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (access === O_RDONLY) throw explained(path, error);
    }
  }
  return undefined;
}

/** Makes the directories above a lock file, after that many tries which have failed for want of them. */
export function makeParent(path: string, tries: number): void {
  const parent = dirname(path);
  try {
    makeDirectory(parent);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (cause.code === "ENOENT" && tries + 1 < MOST_TRIES) return; // somebody removes what we make
    throw systemError(`Cannot create the directory '${parent}' of the lock file '${path}'`, cause);
  }
}

/** As `mkdir -p`. Node's own says ENOENT where the reason is another, such as a read-only file system. */
function makeDirectory(path: string, makesParent = path !== dirname(path)): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || !makesParent) throw error;
    makeDirectory(dirname(path));
    makeDirectory(path, false);
  }
}

const REASONS: Record<string, string> = {
  EACCES: "permission is denied. Use a directory that this user may write to, or a file that it may read",
  EISDIR: "it is a directory. FileLock.inDirectory() guards one",
  ELOOP: "it is a symbolic link, and links are not followed. Give the path of the file itself",
  EMFILE: "this process has too many files open. Close some, or raise the limit (ulimit -n)",
  ENAMETOOLONG: "its name is too long. Most file systems allow 255 bytes",
  ENFILE: "the system has too many files open",
  ENOSPC: "the file system is full",
  ENOTDIR: "a part of its path is not a directory",
  ENXIO: "it is a socket, or a device that is not there. Name a file of its own for the lock",
  EROFS: "the file system is read-only and the file does not exist",
};

/** The error of a call on the lock file, worded for whoever has to mend it. */
export function explained(path: string, error: unknown): NodeJS.ErrnoException {
  const cause = error as NodeJS.ErrnoException;
  const reason = REASONS[cause.code ?? ""];
  return systemError(
    `Cannot open the lock file '${path}'${reason === undefined ? "" : `: ${reason}`}`,
    cause,
  );
}
