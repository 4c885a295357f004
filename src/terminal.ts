/**
 * Whom a terminal sends what is typed there (^C, ^\): every process of the group in its foreground, and not one alone. Linux; where
 * there is no /proc, nobody is known to be there. Knows nothing of locks.
 */
import { readFileSync } from "node:fs";

/** Whether this process and `pid` are both in the foreground of one terminal. */
export function shareForeground(pid: number): boolean {
  const own = foregroundOf("self");
  return own !== undefined && own === foregroundOf(String(pid));
}

/** The process group that the process shares with the foreground of its terminal; undefined where it is not there. */
function foregroundOf(pid: string): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined; // it has ended, or there is no /proc
  }
  // `pid (command) state ppid pgrp session tty_nr tpgid`, and a command may have blanks and brackets in it: see proc(5).
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return terminal !== "0" && group === foreground ? group : undefined;
}
