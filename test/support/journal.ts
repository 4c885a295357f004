// The oracle of the process tests: who was inside from when to when, by the clock of the machine, and not by the lock.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One hold as its process noted it; times in nanoseconds of the machine's monotonic clock. */
export interface Interval {
  readonly pid: number;
  readonly enter: bigint;
  readonly leave: bigint;
}

/** A new journal and a counter at zero, for children that `loop`. */
export function newJournal(directory: string): void {
  writeFileSync(join(directory, "journal"), "");
  writeFileSync(join(directory, "counter"), "0");
}

export function counted(directory: string): number {
  return Number(readFileSync(join(directory, "counter"), "utf8"));
}

/**
 * The intervals of the journal, in the order in which they began. Of a process that was killed inside, when it was
 * still alive is known from `killed`: by pid, a moment just before the kill.
 */
export function intervals(directory: string, killed = new Map<number, bigint>()): Interval[] {
  const open = new Map<number, bigint>();
  const all: Interval[] = [];
  for (const line of readFileSync(join(directory, "journal"), "utf8").split("\n").filter(Boolean)) {
    const [what, pid, time] = line.split(" ") as [string, string, string];
    if (what === "enter") {
      open.set(Number(pid), BigInt(time));
    } else {
      all.push({ pid: Number(pid), enter: open.get(Number(pid))!, leave: BigInt(time) });
      open.delete(Number(pid));
    }
  }
  for (const [pid, enter] of open) {
    const alive = killed.get(pid);
    if (alive === undefined) throw new Error(`Process ${String(pid)} did not note that it left`);
    all.push({ pid, enter, leave: alive > enter ? alive : enter });
  }
  return all.sort((one, other) => (one.enter < other.enter ? -1 : 1));
}

/** The pairs of which the second began before the first had ended. */
export function overlaps(all: readonly Interval[]): [Interval, Interval][] {
  const found: [Interval, Interval][] = [];
  let longest: Interval | undefined;
  for (const next of all) {
    if (longest !== undefined && next.enter < longest.leave) found.push([longest, next]);
    if (longest === undefined || next.leave > longest.leave) longest = next;
  }
  return found;
}
