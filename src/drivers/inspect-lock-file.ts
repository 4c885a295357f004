/**
 * What can be said of a lock file from outside: who holds it, who waits, and whether nobody does. Only looks: it neither opens the
 * file nor locks it, not even for a moment, since that would refuse whoever tries once in that moment.
 */
import { lstatSync, readlinkSync, realpathSync, statSync, type BigIntStats } from "node:fs";
import type { Holder } from "../errors.ts";
import { fileSystemOf } from "./file-system.ts";
import { flockPids } from "./flock-holders.ts";
import { isAlive } from "./is-alive.ts";
import { explained, notRegular } from "./open-lock-file.ts";
import { openersOf } from "./open-by.ts";
import { commandOf, flocks, type Flocks } from "./proc-locks.ts";
import { ticketOf, ticketsIn } from "./queue-directory.ts";
import type { FileIdentity } from "./same-file.ts";

/** A process that waits for a lock file, as far as can be told: it stands in line, or has the file open without holding it. */
export interface Waiter {
  readonly pid: number;
  /** Its command line, arguments separated by spaces; empty where it could not be read. */
  readonly command: string;
  /** Its place in the line of those that ask for `order: "fifo"`, 1 for whoever is next; undefined for the others. */
  readonly position?: number;
}

export interface Inspection {
  /** The path of the lock file. */
  readonly lockFile: string;
  /**
   * "held": somebody holds it. "free": nobody does. "unknown": nobody is seen to, but not everybody can be seen, as in a
   * container, or on a network file system.
   */
  readonly state: "free" | "held" | "unknown";
  /** The processes that hold it. More than one where they share it. It may be held, and by whom is not to be seen. */
  readonly holders: readonly Holder[];
  readonly waiters: readonly Waiter[];
}

/** What a look at the kernel's own tables has shown. */
type Seen = Omit<Inspection, "lockFile">;

/** The number of the PID namespace that sees every process (PROC_PID_INIT_INO in the kernel's sources). */
const INITIAL_PID_NAMESPACE = "pid:[4026531836]";

/**
 * Where /proc/locks has all who hold, and by the numbers that stat(2) gives: not on network file systems, where a holder may
 * be on another machine, nor on overlay, whose inode numbers are others there.
 */
const TELLING = new Set(["ext2", "ext3", "ext4", "f2fs", "ramfs", "tmpfs", "xfs"]);

/** Where it has all who hold, too, but the number of the device is not that of stat(2). */
const TELLING_BY_INODE = new Set(["btrfs"]);

const NOTHING: Seen = { state: "free", holders: [], waiters: [] };

/**
 * @param path absolute; that of a directory means the `.lock` in it.
 * @param given as the caller has it.
 */
export async function inspectLockFile(path: string, given: string): Promise<Inspection> {
  const [at, lockFile] = leadsToDirectory(path) ? [inside(path), inside(given)] : [path, given];
  const file = fileAt(at);
  return { lockFile, ...(file === undefined ? NOTHING : await seen(at, file)) };
}

async function seen(path: string, file: FileIdentity): Promise<Seen> {
  const told = await flocks().catch(() => undefined); // without /proc/locks nothing is known
  const openers = await openersOf(path, file);
  const named = told?.on(file) ?? [];
  // Whoever locked a descriptor that it shared may have ended: its heirs hold on, and are found by what they have open.
  const holding = new Set([
    ...named.filter(isAlive),
    ...openers.filter(({ holds }) => holds).map(({ pid }) => pid),
  ]);
  const inLine = told === undefined ? [] : (await owners(path, told)).filter((pid) => !holding.has(pid));
  const others = openers.map(({ pid }) => pid).filter((pid) => !holding.has(pid) && !inLine.includes(pid));
  const isHeld = named.length > 0 || holding.size > 0;
  return {
    state: isHeld ? "held" : told !== undefined && isFree(path, file, told) ? "free" : "unknown",
    holders: await Promise.all([...holding].map(described)),
    waiters: [
      ...(await Promise.all(inLine.map(described))).map((waiter, ahead) => ({
        ...waiter,
        position: ahead + 1,
      })),
      ...(await Promise.all(others.map(described))),
    ],
  };
}

/** Who owns the tickets of the line, the first one first. */
async function owners(lockFile: string, told: Flocks): Promise<number[]> {
  try {
    const tickets = ticketsIn(lockFile).sort((one, other) => one - other);
    const paths = tickets.map((ticket) => ticketOf(lockFile, ticket));
    return (await Promise.all(paths.map((path) => ownerOf(path, told)))).flat();
  } catch {
    return []; // not ours to list
  }
}

async function ownerOf(ticket: string, told: Flocks): Promise<number[]> {
  const file = lstatSync(ticket, { bigint: true, throwIfNoEntry: false });
  return file === undefined ? [] : flockPids(ticket, file, told);
}

async function described(pid: number): Promise<{ pid: number; command: string }> {
  return { pid, command: await commandOf(pid) };
}

function inside(directory: string): string {
  return `${directory.replace(/\/+$/, "")}/.lock`;
}

function leadsToDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    throw explained(path, error);
  }
}

/** Undefined where there is none: then nobody holds it. */
function fileAt(path: string): BigIntStats | undefined {
  let file: BigIntStats | undefined;
  try {
    file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw explained(path, error);
  }
  if (file === undefined || file.isFile()) return file;
  throw file.isSymbolicLink()
    ? explained(path, Object.assign(new Error("ELOOP"), { code: "ELOOP" }))
    : notRegular(path);
}

/** Whether /proc/locks, which names nobody who holds the lock file, would name whoever did. */
function isFree(path: string, { ino }: FileIdentity, told: Flocks): boolean {
  try {
    if (readlinkSync("/proc/self/ns/pid") !== INITIAL_PID_NAMESPACE) return false;
    const type = fileSystemOf(realpathSync.native(path)) ?? "";
    return TELLING.has(type) || (TELLING_BY_INODE.has(type) && told.onInode(ino).length === 0);
  } catch {
    return false;
  }
}
