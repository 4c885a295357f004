/**
 * A directory that is open, and a path into it that leads there whatever becomes of its name: whoever owns a directory can put
 * a symbolic link in its place between two calls, and O_NOFOLLOW is about the last component alone. Knows nothing of what is in it.
 */
import { constants, fstatSync, openSync, statSync } from "node:fs";
import { closeQuietly } from "./flock-grant.ts";
import { ALWAYS } from "./open-lock-file.ts";

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | ALWAYS;

export class PinnedDirectory {
  /** Of use until it is closed. Where there is no /proc, the name it was opened by: then it is as good as that. */
  readonly path: string;
  readonly fd: number;

  /** Throws the system error: ENOTDIR where a symbolic link has that name. */
  constructor(path: string) {
    this.fd = openSync(path, FLAGS);
    const link = `/proc/self/fd/${String(this.fd)}`;
    this.path = leadsTo(link, this.fd) ? link : path;
  }

  close(): void {
    closeQuietly(this.fd);
  }
}

function leadsTo(link: string, fd: number): boolean {
  const [there, open] = [
    statSync(link, { bigint: true, throwIfNoEntry: false }),
    fstatSync(fd, { bigint: true }),
  ];
  return there?.ino === open.ino && there.dev === open.dev;
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
