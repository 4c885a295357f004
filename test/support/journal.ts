// The oracle of the process tests: who was inside from when to when, by the clock of the machine, and not by the lock; and
// whether each found what the one before had left. Knows nothing of how the processes came to be inside.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One line of the journal; times in nanoseconds of the machine's monotonic clock. */
export interface Entry {
  /** `ask`: it begins to want the lock; `line`: it stands in line; `done`: it has given up, or released. Not all note these three. */
  readonly what: "ask" | "line" | "enter" | "leave" | "done";
  /** The number of its process, and behind a dot that of the task where it has several. */
  readonly who: string;
  readonly time: bigint;
  /** With `enter`: what the counter said. */
  readonly count: number | undefined;
  /** With `enter`: the path led to another file than the one that was locked, or to none. */
  readonly isLost: boolean;
}

/** One hold as its process noted it. */
export interface Interval {
  readonly who: string;
  /** When it began to ask, where that was noted. */
  readonly ask: bigint | undefined;
  readonly enter: bigint;
  readonly leave: bigint;
  readonly count: number | undefined;
  readonly isLost: boolean;
  /** When it had released, where that was noted. */
  done: bigint | undefined;
  /** Its process was killed inside: `leave` is a moment at which it was still there. */
  readonly wasKilled: boolean;
}

export type Pair = [Interval, Interval];

/** A new journal and a counter at zero, for children that `loop`. */
export function newJournal(directory: string): void {
  writeFileSync(join(directory, "journal"), "");
  writeFileSync(join(directory, "counter"), "0");
}

export function counted(directory: string): number {
  return Number(readFileSync(join(directory, "counter"), "utf8"));
}

/** The journal, in the order in which it was written. */
export function entries(directory: string): Entry[] {
  const text = readFileSync(join(directory, "journal"), "utf8");
  const written = text.slice(0, text.lastIndexOf("\n") + 1); // the last line may be being written
  return written.split("\n").filter(Boolean).map(entry);
}

export function entry(line: string): Entry {
  const [what, who, time, count, lost] = line.split(" ") as [Entry["what"], string, string, string?, string?];
  return {
    what,
    who,
    time: BigInt(time),
    count: count === undefined ? undefined : Number(count),
    isLost: lost === "lost",
  };
}

/** The number of the process, of the number of one of its tasks. */
export function processOf(who: string): string {
  return who.split(".")[0]!;
}

/**
 * The intervals of the journal, in the order in which they began. Of a process that was killed inside, when it was
 * still alive is known from `killed`: by its number, a moment just before the kill.
 */
export function intervals(directory: string, killed = new Map<string, bigint>()): Interval[] {
  const asked = new Map<string, bigint>();
  const open = new Map<string, Entry>();
  const left = new Map<string, Interval>();
  const all: Interval[] = [];
  const close = ({ who, time, count, isLost }: Entry, leave: bigint, wasKilled: boolean): void => {
    const last = { who, ask: asked.get(who), enter: time, leave, done: undefined, count, isLost, wasKilled };
    all.push(last);
    left.set(who, last);
  };
  for (const next of entries(directory)) {
    const { what, who, time } = next;
    if (what === "ask") {
      asked.set(who, time);
      left.delete(who);
    } else if (what === "done") {
      const last = left.get(who);
      if (last !== undefined) last.done = time;
    } else if (what === "enter") {
      if (open.has(who)) throw new Error(`${who} came in twice, and did not leave in between`);
      open.set(who, next);
    } else if (what === "leave") {
      close(open.get(who)!, time, false);
      open.delete(who);
    }
  }
  for (const last of open.values()) {
    const alive = killed.get(processOf(last.who));
    if (alive === undefined) throw new Error(`Process ${last.who} did not note that it left`);
    close(last, alive > last.time ? alive : last.time, true);
  }
  return all.sort((one, other) => (one.enter < other.enter ? -1 : 1));
}

/** The pairs of which the second began before the first had ended. */
export function overlaps(all: readonly Interval[]): Pair[] {
  const found: Pair[] = [];
  let longest: Interval | undefined;
  for (const next of all) {
    if (longest !== undefined && next.enter < longest.leave) found.push([longest, next]);
    if (longest === undefined || next.leave > longest.leave) longest = next;
  }
  return found;
}

/**
 * The pairs of which the second did not find in the counter what the first had left there: one more than that one found. Each
 * hold is judged by the one before alone, so that a kill excuses nobody else: who was killed inside may have written or not.
 */
export function lostUpdates(all: readonly Interval[]): Pair[] {
  return all.slice(1).flatMap((next, index): Pair[] => {
    const before = all[index]!;
    const isLeft = next.count === before.count! + 1;
    return isLeft || (before.wasKilled && next.count === before.count) ? [] : [[before, next]];
  });
}
