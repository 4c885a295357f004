// Somebody who removes and replaces lock files that others hold, and what that may do: whoever holds such a file excludes nobody from
// then on, and that is all. Knows the contest by its journal alone.
import { existsSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { overlaps, type Interval, type Pair } from "./journal.ts";

/** When the file went: between these two moments, by the machine's monotonic clock in nanoseconds. */
export interface Removal {
  readonly before: bigint;
  readonly after: bigint;
}

/** Removes the lock file, or puts another in its place. Undefined where there was none. */
export function removeAsStranger(lockFile: string, how: "rm" | "mv"): Removal | undefined {
  if (!existsSync(lockFile)) return undefined;
  const other = `${lockFile}.other`;
  if (how === "mv") writeFileSync(other, "");
  const before = process.hrtime.bigint();
  try {
    if (how === "mv") renameSync(other, lockFile);
    else unlinkSync(lockFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  } finally {
    rmSync(other, { force: true });
  }
  return { before, after: process.hrtime.bigint() };
}

export interface Damage {
  /** Two were inside, and the file of neither had been removed since it came in. There must be none. */
  readonly unexplained: Pair[];
  /** Those who came in with a file that the path no longer led to, though nobody had removed it while they asked. There must be none. */
  readonly strayed: Interval[];
  /** Those beside whom somebody came in. There must not be more than there are removals. */
  readonly joined: Interval[];
  /** How many of the holds were judged from their beginning to their end. */
  readonly whole: number;
}

/** What came of the removals. Each hold counts from its beginning until its file is removed: so long nobody may be beside it. */
export function damageOf(all: readonly Interval[], removals: readonly Removal[]): Damage {
  const windows = windowsOf(all, removals);
  const strayed: Interval[] = [];
  const exclusive: Interval[] = [];
  let whole = 0;
  for (const hold of all) {
    // What is lost may have been so before it looked at the clock, and then it never excluded anybody.
    const removal = firstIn(windows, (hold.isLost ? hold.ask : undefined) ?? hold.enter, hold.leave);
    if (removal === undefined) {
      (hold.isLost ? strayed : exclusive).push(hold);
      whole++;
    } else if (removal.before > hold.enter) exclusive.push({ ...hold, leave: removal.before });
    else if (!hold.isLost) exclusive.push({ ...hold, leave: hold.enter });
  }
  return {
    unexplained: overlaps(exclusive),
    strayed,
    joined: [...new Set(overlaps(all).map(([one]) => one))],
    whole,
  };
}

/**
 * When a file may have gone. A participant on its way out looks whether the path still leads to its own file, and then removes it: what
 * a stranger does in between makes it remove the next one, and so lasts until that participant is done. So does what that one does, in its turn.
 *
 *   1. A, on its way out, sees its own file. 2. A stranger removes it. 3. B makes a new one, holds it, and on its way out sees it.
 *   4. A removes B's. 5. C makes a new one, and holds it. 6. B removes C's.
 */
function windowsOf(all: readonly Interval[], removals: readonly Removal[]): Removal[] {
  const releases = all.filter(({ done }) => done !== undefined);
  releases.sort((one, other) => (one.leave < other.leave ? -1 : 1));
  let next = 0;
  let latest = 0n;
  return removals.map(({ before, after }) => {
    let until = after > latest ? after : latest;
    for (; next < releases.length && releases[next]!.leave <= until; next++) {
      const { done } = releases[next]!;
      if (done! > until) until = done!;
    }
    latest = until; // in order: what is between this one and the last is in the window of the last anyway
    return { before, after: until };
  });
}

/** The first that may have happened from `begin` to `end`. */
function firstIn(windows: readonly Removal[], begin: bigint, end: bigint): Removal | undefined {
  let [low, high] = [0, windows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (windows[middle]!.after < begin) low = middle + 1;
    else high = middle;
  }
  const first = windows[low];
  return first !== undefined && first.before <= end ? first : undefined;
}
