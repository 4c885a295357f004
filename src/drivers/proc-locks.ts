/**
 * Who holds a flock, as Linux tells it in /proc/locks (proc(5)). A line of a held lock reads
 *
 *     1: FLOCK  ADVISORY  WRITE 1951 fe:00:2146659 0 EOF
 *
 * with the pid that took the lock and, in hexadecimal but for the inode, the file's `major:minor:inode`; a waiter's
 * line has `->` after its number. A process in another PID namespace is not listed, or as pid 0: no proof of anything.
 */
import { readFileSync } from "node:fs";
import type { Holder } from "../errors.ts";

export function flockHolders({ dev, ino }: { dev: bigint; ino: bigint }): Holder[] {
  const wanted = `${hex(major(dev))}:${hex(minor(dev))}:${String(ino)}`;
  const pids = new Set<number>();
  for (const line of readFileSync("/proc/locks", "latin1").split("\n")) {
    const [, kind, , , pid, file] = line.split(/ +/);
    if (kind === "FLOCK" && file === wanted && Number(pid) > 0) pids.add(Number(pid));
  }
  return [...pids].map((pid) => ({ pid, command: commandOf(pid) }));
}

/** The command line of a process, on one line and free of control characters; empty where it is not ours to read. */
export function commandOf(pid: number): string {
  for (const file of ["cmdline", "comm"]) {
    try {
      const text = readFileSync(`/proc/${String(pid)}/${file}`, "utf8");
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
