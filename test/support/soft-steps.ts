// The steps that the tests of the soft driver are made of: markers of others, as the description of their text has them.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Driver, Grant } from "../../src/driver.ts";
import { softDriver } from "../../src/drivers/soft.ts";
import { isLinux } from "./needs.ts";

export interface Named {
  readonly pid?: number;
  readonly host?: string;
  /** Without it, that of the process which has the pid; "none" for two lines. */
  readonly token?: bigint | "none";
}

/** The text of a marker, byte for byte. */
export function marker({ pid = process.pid, host = hostname(), token }: Named = {}): string {
  const third =
    token === "none" || (token === undefined && !isLinux) ? "" : `${String(token ?? startToken(pid))}\n`;
  return `${String(pid)}\n${host}\n${third}`;
}

/** Of a process of this host that lives: the first one. */
export const stranger = (): string => marker({ pid: 1 });

/** Of a process that has had this one's pid before; where that cannot be told, of one that has ended. */
export const dead = (): string => (isLinux ? marker({ token: 1n }) : marker({ pid: endedPid() }));

let ended: number | undefined;

function endedPid(): number {
  return (ended ??= spawnSync(process.execPath, ["--version"]).pid);
}

/** The id of the boot above 64 bits of when the process began. Linux only. */
export function startToken(pid: number): bigint {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").replace(/[-\n]/g, "");
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  return (BigInt(`0x${boot}`) << 64n) + BigInt(/^.*\)(?: \S+){19} (\d+)/s.exec(stat)![1]!);
}

/** Puts a file with `text` in the place of what lies at `path`. The old one exists until then, so that the inodes differ. */
export function replaceBy(path: string, text: string): void {
  const old = existsSync(path) ? openSync(path, "r") : undefined;
  rmSync(path, { force: true });
  writeFileSync(path, text);
  if (old !== undefined) closeSync(old);
}

/** A live stranger's marker at `path`; returns what removes it. Undefined where there is one already, of somebody alive. */
export function seize(path: string): (() => void) | undefined {
  if (existsSync(path)) {
    if (readFileSync(path, "utf8") !== dead()) return undefined;
    unlinkSync(path);
  }
  writeFileSync(path, stranger(), { flag: "wx" });
  const { ino } = statSync(path);
  const held = openSync(path, "r"); // no other file gets its inode number
  return () => {
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
    closeSync(held);
  };
}

const driver = softDriver();

/** A grant on `path` at the first try; null where it is held. */
export function tried(path: string, by: Driver = driver): Grant | null {
  const attempt = by.open(by.identify(path), {});
  const grant = attempt.tryLock();
  attempt.close();
  return grant;
}

/** What lies in the directory of `path`. */
export const around = (path: string): string[] => readdirSync(dirname(path)).sort();
