/**
 * The directory in which processes stand in line for a lock file: what it is called, what is in it, and how it comes and
 * goes. Knows nothing of who is next.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, type BigIntStats } from "node:fs";

const DIGITS = 16;
const TICKET = /^\d{16}$/;

export function queueOf(lockFile: string): string {
  return `${lockFile}.queue`;
}

export function gateOf(lockFile: string): string {
  return `${queueOf(lockFile)}/gate`;
}

export function ticketOf(lockFile: string, number: number): string {
  return `${queueOf(lockFile)}/${String(number).padStart(DIGITS, "0")}`;
}

/**
 * The numbers of the tickets that are there, dead ones too, in no order. Empty where there is no directory. Throws where
 * they cannot be listed: what is not seen is not gone.
 */
export function ticketsIn(lockFile: string): number[] {
  const directory = queueOf(lockFile);
  if (!existsSync(directory)) return []; // an error would cost ten times as much
  try {
    return readdirSync(directory)
      .filter((name) => TICKET.test(name))
      .map(Number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
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
  return file.isFile() && file.nlink <= 1n && file.size === 0n;
}

/** Whether there is such a directory, and not a link, which could lead into somebody else's. */
export function isQueue(lockFile: string): boolean {
  return lstatSync(queueOf(lockFile), { throwIfNoEntry: false })?.isDirectory() === true;
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
  if (found !== undefined) throw new Error(`'${directory}' is not a directory`);
  mkdirSync(directory);
  if (mode !== undefined) chmodSync(directory, (mode | ((mode & 0o444) >> 2)) & 0o777);
}
