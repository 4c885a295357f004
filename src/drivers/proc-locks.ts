/**
 * Who holds a flock, as Linux tells it in /proc/locks (proc(5)). A line of a held lock reads
 *
 *     1: FLOCK  ADVISORY  WRITE 1951 fe:00:2146659 0 EOF
 *
 * with the pid that took the lock and, in hexadecimal but for the inode, the file's `major:minor:inode`; a waiter's
 * line has `->` after its number. A process in another PID namespace is not listed, or as pid 0: no proof of anything. On btrfs
 * the device is that of the whole file system, where stat(2) gives each subvolume one of its own.
 *
 * The same line stands in /proc/<pid>/fdinfo/<fd> of each descriptor that carries a flock. There it is true even where the
 * pid is not: whoever locks a descriptor that others share (`flock 9` in a shell) may have ended, and they hold on.
 *
 * The kernel may take its time: a read of /proc/locks has been seen to last 20 ms and more while it waits for all
 * processors to have passed a quiet point. So it is left to the thread pool, and never done on the main thread.
 */
import { readFile } from "node:fs/promises";
import type { FileIdentity } from "./same-file.ts";

/** What is told of flocks, of whichever file: the kernel is asked once. */
export interface Flocks {
  /** The pids that are said to have it flocked. */
  on(file: FileIdentity): number[];
  /** Those that are said to have a file with this inode number flocked, whatever the number of its device. */
  onInode(ino: bigint): number[];
}

export async function flocks(): Promise<Flocks> {
  const byInode = new Map<string, { readonly device: string; readonly pid: number }[]>();
  for (const line of (await readFile("/proc/locks", "latin1")).split("\n")) {
    const [, kind, , , pid, file = ""] = line.split(/ +/);
    if (kind !== "FLOCK" || !(Number(pid) > 0)) continue;
    const end = file.lastIndexOf(":");
    const ino = file.slice(end + 1);
    byInode.set(ino, [...(byInode.get(ino) ?? []), { device: file.slice(0, end), pid: Number(pid) }]);
  }
  const locksOn = (ino: bigint) => byInode.get(String(ino)) ?? [];
  return {
    on: ({ dev, ino }) => {
      const number = `${hex(major(dev))}:${hex(minor(dev))}`;
      return pidsOf(locksOn(ino).filter(({ device }) => device === number));
    },
    onInode: (ino) => pidsOf(locksOn(ino)),
  };
}

/** Each once, however many descriptors it has locked. */
function pidsOf(locks: readonly { readonly pid: number }[]): number[] {
  return [...new Set(locks.map(({ pid }) => pid))];
}

/** Whether a descriptor, of which `fdinfo` is told in /proc, carries a flock. */
export function carriesFlock(fdinfo: string): boolean {
  return /^lock:\s*\d+: FLOCK /m.test(fdinfo);
}

/** The command line of a process, on one line and free of control characters; empty where it is not ours to read. */
export async function commandOf(pid: number): Promise<string> {
  for (const file of ["cmdline", "comm"]) {
    try {
      const text = await readFile(`/proc/${String(pid)}/${file}`, "utf8");
      const line = text.replace(/\p{Cc}+/gu, " ").trim();
      if (line !== "") return line;
    } catch {
      // the process has ended, or there is no /proc
    }
  }
  return "";
}

/** The split of `dev_t` that glibc and the kernel agree on; see makedev(3). */
function major(dev: bigint): bigint {
  return ((dev >> 32n) & 0xfffff000n) | ((dev >> 8n) & 0xfffn);
}

function minor(dev: bigint): bigint {
  return ((dev >> 12n) & 0xffffff00n) | (dev & 0xffn);
}

function hex(value: bigint): string {
  return value.toString(16).padStart(2, "0");
}
