/**
 * What a marker says: three lines, `pid`, `hostname` and `start token`, as py-filelock writes them. The token tells two
 * processes apart that have had one pid after the other. Knows no file and no proof.
 */
import { hostname } from "node:os";
import { beginningOf } from "./read-beginning.ts";

/** The process that a marker names. */
export interface Marker {
  readonly pid: number;
  readonly hostname: string;
  /** Undefined where the system had none to give. */
  readonly startToken: bigint | undefined;
}

/** No control characters in the name of a host: it stands in messages, and is what anybody may have written there. */
const TEXT = /^([1-9]\d{0,9})\n(\P{Cc}+)\n(?:(\d+)\n)?$/u;
const LARGEST_PID = 2 ** 31 - 1;
/** Of what is read in /proc; its lines are a few hundred. */
const MOST_BYTES = 4096;

/** Undefined for what is no marker: an empty file, a part of one, anything else. */
export function parseMarker(text: string | undefined): Marker | undefined {
  const [, pid, host, token] = TEXT.exec(text ?? "") ?? [];
  if (pid === undefined || host === undefined || Number(pid) > LARGEST_PID) return undefined;
  return { pid: Number(pid), hostname: host, startToken: token === undefined ? undefined : BigInt(token) };
}

/** Whether a marker may begin like that: one that was cut off while it was written, or is not yet there, is a marker all the same. */
export function mayBeginMarker(text: string): boolean {
  return /^(?:$|[1-9]\d{0,9}(?:$|\n))/.test(text);
}

let ownToken: bigint | undefined;

/** The marker of this process. All its threads have the same. */
export function ownMarker(): string {
  ownToken ??= startTokenOf(process.pid);
  const token = ownToken === undefined ? "" : `${String(ownToken)}\n`;
  return `${String(process.pid)}\n${hostname()}\n${token}`;
}

/**
 * What no other process of any boot has together with this pid: the id of the boot, and below it when the process began,
 * in clock ticks since then. Linux only; undefined elsewhere, and where there is no such process to be seen.
 */
export function startTokenOf(pid: number): bigint | undefined {
  try {
    const boot = textOf("/proc/sys/kernel/random/boot_id").trim().replaceAll("-", "");
    const stat = textOf(`/proc/${String(pid)}/stat`);
    // proc(5): field 22; the name before it, field 2, is in parentheses and may have blanks and parentheses in it.
    const began = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return began === undefined ? undefined : (BigInt(`0x${boot}`) << 64n) | BigInt(began);
  } catch {
    return undefined;
  }
}

function textOf(path: string): string {
  return beginningOf(path, MOST_BYTES).toString("latin1");
}

/** When the process began, without the boot: some versions of py-filelock write no more than that. */
export function ticksOf(startToken: bigint): bigint {
  return BigInt.asUintN(64, startToken);
}
