/**
 * Which processes hold the flock on a file. /proc/locks has them by the numbers of device and inode; where the device has another number
 * there than stat(2) gives, files of several subvolumes may come by one number, and what a process has open tells which of them it is.
 */
import type { Holder } from "../errors.ts";
import { isAlive } from "./is-alive.ts";
import { openersOf } from "./open-by.ts";
import { commandOf, flocks, type Flocks } from "./proc-locks.ts";
import type { FileIdentity } from "./same-file.ts";

/** Those who hold the file at `path`, with their commands. Rejects where there is no /proc/locks. */
export async function flockHolders(path: string, file: FileIdentity): Promise<Holder[]> {
  const pids = await flockPids(path, file, await flocks());
  return Promise.all(pids.map(async (pid) => ({ pid, command: await commandOf(pid) })));
}

/** Those of them who live: whoever took the lock may have ended, and left it to those with whom it shared the descriptor. */
export async function flockPids(path: string, file: FileIdentity, told: Flocks): Promise<number[]> {
  const named = told.on(file);
  if (named.length > 0) return named.filter(isAlive);
  const openers = await openersOf(path, file, { among: told.onInode(file.ino) });
  return openers.filter(({ holds }) => holds).map(({ pid }) => pid);
}
