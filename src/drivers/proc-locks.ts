/**
 * Who holds a flock, as Linux tells it in /proc/locks (proc(5)). A line of a held lock reads
 *
 *     1: FLOCK  ADVISORY  WRITE 1951 fe:00:2146659 0 EOF
 *
 * with the pid that took the lock and, in hexadecimal but for the inode, the file's `major:minor:inode`; a waiter's
 * line has `->` after its number. A process in another PID namespace is not listed, or as pid 0: no proof of anything.
 *
 * The kernel may take its time: a read of /proc/locks has been seen to last 20 ms and more while it waits for all
 * processors to have passed a quiet point. So it is left to the thread pool, and never done on the main thread.
 */
import { readFile } from "node:fs/promises";
import type { Holder } from "../errors.ts";

export async function flockHolders({ dev, ino }: { dev: bigint; ino: bigint }): Promise<Holder[]> {
  const wanted = `${hex(major(dev))}:${hex(minor(dev))}:${String(ino)}`;
  const pids = new Set<number>();
  for (const line of (await readFile("/proc/locks", "latin1")).split("\n")) {
    const [, kind, , , pid, file] = line.split(/ +/);
    if (kind === "FLOCK" && file === wanted && Number(pid) > 0) pids.add(Number(pid));
  }
  return Promise.all([...pids].map(async (pid) => ({ pid, command: await commandOf(pid) })));
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
