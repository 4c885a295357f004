/**
 * The file at a marker's path, as it is found there: read in one go, never followed, waited for or written. Knows what
 * makes it the same file later; does not know whether whoever wrote it lives.
 */
import { constants, fstatSync, lstatSync } from "node:fs";
import { closeQuietly } from "./flock-grant.ts";
import { openItself } from "./open-itself.ts";
import { explained, notRegular } from "./open-lock-file.ts";
import { readBeginning } from "./read-beginning.ts";
import { isSameInode, type FileIdentity } from "./same-file.ts";

/** No marker is larger: what is, is somebody's. */
export const MOST_BYTES = 1024;

export interface FoundFile extends FileIdentity {
  /** What is in it, the first bytes of what is too large for a marker; undefined where this user may not read it. */
  readonly text: string | undefined;
  readonly size: bigint;
  /** When it was written, by the clock of its file system. */
  readonly written: Date;
}

/** Undefined: there is no such file. Throws where it is none that could be a marker, and where it cannot be reached. */
export function findFile(path: string): FoundFile | undefined {
  let fd: number;
  try {
    fd = openItself(path, constants.O_RDONLY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code !== "EACCES" && code !== "EPERM") throw explained(path, error);
    return unreadable(path);
  }
  try {
    const file = fstatSync(fd, { bigint: true });
    if (!file.isFile()) throw notRegular(path);
    const text = readBeginning(fd, MOST_BYTES).toString("utf8");
    return { dev: file.dev, ino: file.ino, size: file.size, text, written: file.mtime };
  } finally {
    closeQuietly(fd);
  }
}

/** It is there, and held by whomever. */
function unreadable(path: string): FoundFile | undefined {
  try {
    const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (file === undefined) return undefined;
    if (!file.isFile()) throw notRegular(path);
    return { dev: file.dev, ino: file.ino, size: file.size, text: undefined, written: file.mtime };
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EINVAL" ? error : explained(path, error);
  }
}

/** What makes it that file. */
export type Identity = Pick<FoundFile, "dev" | "ino" | "text">;

/** An inode number alone says little: many file systems give it to the next file at once. */
export function isSame(one: Identity | undefined, other: Identity): boolean {
  if (one === undefined || !isSameInode(one, other)) return false;
  return one.text === undefined || one.text === other.text; // this user may not read it: the inode has to do
}
