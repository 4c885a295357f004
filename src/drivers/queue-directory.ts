/**
 * The directory in which processes stand in line for a lock file: what it is called, what is in it, and how it comes and
 * goes. Knows nothing of who is next.
 */
import { lstatSync, mkdirSync, readdirSync, type BigIntStats } from "node:fs";
import { hasOneName } from "./flock-grant.ts";
import { PinnedDirectory } from "./pinned-directory.ts";

const DIGITS = 16;
const TICKET = /^\d{16}$/;

export function queueOf(lockFile: string): string {
  return `${lockFile}.queue`;
}

export function gateOf(lockFile: string): string {
  return gateIn(queueOf(lockFile));
}

export function gateIn(directory: string): string {
  return `${directory}/gate`;
}

export function ticketOf(lockFile: string, number: number): string {
  return ticketIn(queueOf(lockFile), number);
}

export function ticketIn(directory: string, number: number): string {
  return `${directory}/${String(number).padStart(DIGITS, "0")}`;
}

/**
 * The numbers of the tickets that are there, dead ones too, in no order. Empty where there is no directory. Throws where
 * they cannot be listed: what is not seen is not gone.
 */
export function ticketsIn(lockFile: string): number[] {
  const directory = queueOf(lockFile);
  const found = lstatSync(directory, { throwIfNoEntry: false }); // an error would cost ten times as much
  if (found === undefined) return [];
  if (!found.isDirectory()) throw notADirectory(directory);
  try {
    return numbersIn(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The numbers of the tickets in the directory that such a path leads to. */
export function numbersIn(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => TICKET.test(name))
    .map(Number);
}

/** How many processes stand in line, dead ones among them. One where that cannot be seen: whoever arrives will be told. */
export function inLine(lockFile: string): number {
  try {
    return ticketsIn(lockFile).length;
  } catch {
    return 1;
  }
}

/** Whether a file there may be one of the line: what has another name, or anything in it, is somebody else's. */
export function isOfLine(file: BigIntStats): boolean {
  return file.isFile() && hasOneName(file) && file.size === 0n;
}

/**
 * Makes the directory, if it is not there: whoever may read or write the lock file may then do the same in it. Throws
 * EEXIST or ENOENT where somebody else made or removed something meanwhile: try again.
 */
export function makeQueue(lockFile: string, mode: number | undefined): void {
  const directory = queueOf(lockFile);
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  // Not through a link, which could lead into somebody else's directory.
  if (found !== undefined) throw notADirectory(directory);
  if (mode === undefined) {
    mkdirSync(directory);
    return;
  }
  const bits = (mode | ((mode & 0o444) >> 2)) & 0o777;
  mkdirSync(directory, bits); // never more than that, also for the moment before the umask is made up for
  const made = new PinnedDirectory(directory);
  try {
    // By the descriptor: chmod(2) follows the link that whoever may rename here has put in its place.
    made.setMode(bits);
  } finally {
    made.close();
  }
}

function notADirectory(path: string): Error {
  return new Error(`'${path}' is not a directory`);
}
