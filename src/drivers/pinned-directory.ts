/**
 * A directory that is open, and a path into it that leads there whatever becomes of its name: whoever owns a directory can put
 * a symbolic link in its place between two calls, and O_NOFOLLOW is about the last component alone. Knows nothing of what is in it.
 */
import { constants, fchmodSync, fstatSync, openSync, statSync } from "node:fs";
import { closeQuietly } from "./flock-grant.ts";
import { isSameInode } from "./same-file.ts";

/** Undefined where the system does not have it: Windows has neither. */
const { O_DIRECTORY, O_NOFOLLOW } = constants as Partial<typeof constants>;

export class PinnedDirectory {
  /** Of use until it is closed. Where there is no /proc, or none to look into, the name it was opened by: then it is as good as that. */
  readonly path: string;
  /** Undefined on Windows: there a directory that is open could not be removed. */
  readonly #fd: number | undefined;

  /** Throws the system error: ENOTDIR where a symbolic link has that name. */
  constructor(path: string) {
    this.path = path;
    if (O_DIRECTORY === undefined || O_NOFOLLOW === undefined) return;
    this.#fd = openSync(path, constants.O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const link = `/proc/self/fd/${String(this.#fd)}`;
    if (leadsTo(link, this.#fd)) this.path = link;
  }

  setMode(mode: number): void {
    if (this.#fd !== undefined) fchmodSync(this.#fd, mode);
  }

  close(): void {
    if (this.#fd !== undefined) closeQuietly(this.#fd);
  }
}

/** A /proc that keeps a process from looking (AppArmor: EACCES) is as good as none. */
function leadsTo(link: string, fd: number): boolean {
  try {
    const there = statSync(link, { bigint: true, throwIfNoEntry: false });
    return there !== undefined && isSameInode(there, fstatSync(fd, { bigint: true }));
  } catch {
    return false;
  }
}

/** What an error says of a path into a directory, for people: `/proc/self/fd/20` is there no longer when they read it. */
export function withName(message: string, directory: string): string {
  return message.replaceAll(/\/proc\/self\/fd\/\d+/g, () => directory);
}

/** Calls `fn` with a path of the directory that is good until it returns. */
export function pinned<Value>(path: string, fn: (directory: string) => Value): Value {
  const directory = new PinnedDirectory(path);
  try {
    return fn(directory.path);
  } finally {
    directory.close();
  }
}
