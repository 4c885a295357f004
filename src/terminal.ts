/**
 * Whom a terminal sends what is typed there (^C, ^\): every process of the group in its foreground, and not one alone; a console of
 * Windows, every process. Knows nothing of locks.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Far longer than ps(1) takes. */
const PATIENCE_MS = 1000;

/**
 * Whether this process and `pid` are both in the foreground of one terminal, and so have both been sent what was typed there. On Windows
 * nobody but the console can send that, and process.kill() ends a process whatever it is told to send.
 */
export function shareForeground(pid: number): boolean {
  if (process.platform === "win32") return true;
  const foregroundOf = existsSync("/proc/self/stat") ? foregroundByProc : foregroundByPs;
  const own = foregroundOf(process.pid);
  return own !== undefined && own === foregroundOf(pid);
}

/** The process group that the process shares with the foreground of its terminal; undefined where it is not there. */
function foregroundByProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  } catch {
    return undefined; // it has ended
  }
  // `pid (command) state ppid pgrp session tty_nr tpgid`, and a command may have blanks and brackets in it: see proc(5).
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return terminal !== "0" && group === foreground ? group : undefined;
}

/** The same where there is no /proc, as on macOS: as ps(1) has it, which says 0 or -1 where there is no terminal. */
export function foregroundByPs(pid: number): string | undefined {
  const words = ["-o", "pgid=", "-o", "tpgid=", "-p", String(pid)];
  const { error, stdout } = spawnSync("ps", words, { encoding: "utf8", timeout: PATIENCE_MS });
  if (error !== undefined) return undefined;
  const [, group, foreground] = /^\s*(\d+)\s+(\d+)\s*$/.exec(stdout) ?? [];
  return group === foreground ? group : undefined;
}
