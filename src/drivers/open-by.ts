/**
 * Who has a file open, and whether it is flocked through that descriptor, as /proc/<pid>/fd and /proc/<pid>/fdinfo tell
 * (proc(5)). Sees the processes of this PID namespace whose descriptors this process may see, which are all of them for root and else
 * those of this user; and no file that another mount namespace has under another name. What is not seen is no proof of anything.
 */
import { readdir, readFile } from "node:fs/promises";
import { readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { carriesFlock } from "./proc-locks.ts";
import type { FileIdentity } from "./same-file.ts";

export interface Opener {
  readonly pid: number;
  /** Whether one of its descriptors of the file carries a flock. */
  readonly holds: boolean;
}

/** The processes that have the file at `path` open, of these or of all; none where there is no /proc. */
export async function openersOf(
  path: string,
  file: FileIdentity,
  { among }: { readonly among?: readonly number[] } = {},
): Promise<Opener[]> {
  const openers: Opener[] = [];
  for (const pid of among?.map(String) ?? (await namesIn("/proc"))) {
    if (!/^\d+$/.test(pid)) continue;
    const fds = (await namesIn(`/proc/${pid}/fd`)).filter((fd) =>
      leadsTo(`/proc/${pid}/fd/${fd}`, path, file),
    );
    if (fds.length === 0) continue;
    const carry = await Promise.all(fds.map((fd) => carries(`/proc/${pid}/fdinfo/${fd}`)));
    openers.push({ pid: Number(pid), holds: carry.includes(true) });
  }
  return openers;
}

/** The name comes first: to stat whatever a process has open could wait for ever, on a server that is gone. */
function leadsTo(link: string, path: string, { dev, ino }: FileIdentity): boolean {
  try {
    if (basename(readlinkSync(link)) !== basename(path)) return false;
    const found = statSync(link, { bigint: true });
    return found.dev === dev && found.ino === ino;
  } catch {
    return false; // closed meanwhile
  }
}

async function carries(fdinfo: string): Promise<boolean> {
  try {
    return carriesFlock(await readFile(fdinfo, "latin1"));
  } catch {
    return false; // closed meanwhile
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    return []; // ended meanwhile, or not ours to see
  }
}
