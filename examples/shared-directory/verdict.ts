/**
 * The verdict: what the journal says about whether anybody was ever disturbed. Pure; it neither knows nor asks the
 * lock.
 */
import type { Condition, JournalRecord } from "./journal.ts";

/** One visit to the shared directory, from entering to leaving. */
export interface Visit {
  readonly process: number;
  readonly pid: number;
  /** Milliseconds. */
  readonly waited: number;
  /** Milliseconds of the shared clock. */
  readonly entered: number;
  /** As `entered`; for a killed process, when it was killed. Infinity: it is still inside, for all we know. */
  left: number;
  killed: boolean;
  /** Whether it is known to have counted. */
  counted: boolean;
  /** In what condition it found and left the pages; undefined where it did not get that far. */
  foundPages: Condition | undefined;
  leftPages: Condition | undefined;
}

/** Somebody entered while somebody else was inside. */
export interface Overlap {
  readonly inside: Visit;
  readonly entered: Visit;
}

export interface Verdict {
  /** In the order in which they began. */
  readonly visits: readonly Visit[];
  readonly overlaps: readonly Overlap[];
  /** How often the journal says that the counter was raised, and what it stands at. */
  readonly counted: number;
  readonly counter: number;
  readonly lostUpdates: number;
  /** Visits that found the pages torn although nobody was killed there just before, or could not leave them whole. */
  readonly tornRebuilds: number;
  /** How many were killed in the middle of a visit, and after how many of those somebody else got in. */
  readonly kills: number;
  readonly killsSurvived: number;
  /** Nothing went wrong. */
  readonly sound: boolean;
}

export function judge(records: readonly JournalRecord[], counter: number): Verdict {
  const visits = visitsOf(records);
  const overlaps = overlapsOf(visits);
  const counted = visits.filter((visit) => visit.counted).length;
  const lostUpdates = lost(visits, counted, counter);
  const tornRebuilds = visits.filter((visit, index) => isTorn(visit, visits[index - 1])).length;
  const killed = visits.filter((visit) => visit.killed);
  const killsSurvived = killed.filter(({ left }) => visits.some(({ entered }) => entered > left)).length;
  const disturbed = overlaps.length + lostUpdates + tornRebuilds;
  return {
    visits,
    overlaps,
    counted,
    counter,
    lostUpdates,
    tornRebuilds,
    kills: killed.length,
    killsSurvived,
    sound: visits.length > 0 && disturbed === 0 && killsSurvived === killed.length,
  };
}

function visitsOf(records: readonly JournalRecord[]): Visit[] {
  const visits: Visit[] = [];
  const inside = new Map<number, Visit>();
  for (const record of records) {
    if (record.what === "enter") {
      const { process, pid, waited, at: entered } = record;
      const unfinished = { left: Infinity, killed: false, counted: false };
      const visit = {
        process,
        pid,
        waited,
        entered,
        ...unfinished,
        foundPages: undefined,
        leftPages: undefined,
      };
      visits.push(visit);
      inside.set(process, visit);
      continue;
    }
    const visit = inside.get(record.process);
    if (visit === undefined) continue; // killed, but not in the middle of a visit
    if (record.what === "change") {
      visit.counted = true;
      visit.foundPages = record.found;
      continue;
    }
    visit.left = record.at;
    if (record.what === "leave") visit.leftPages = record.left;
    else visit.killed = true;
    inside.delete(record.process);
  }
  return visits.sort((a, b) => a.entered - b.entered);
}

/** `visits` in the order in which they began: whoever is inside is then the one that leaves last of those before. */
function overlapsOf(visits: readonly Visit[]): Overlap[] {
  const overlaps: Overlap[] = [];
  let inside: Visit | undefined;
  for (const visit of visits) {
    if (inside !== undefined && visit.entered < inside.left) overlaps.push({ inside, entered: visit });
    if (inside === undefined || visit.left > inside.left) inside = visit;
  }
  return overlaps;
}

/** Who was killed between writing the counter and saying so may have raised it without a record. */
function lost(visits: readonly Visit[], counted: number, counter: number): number {
  const unsure = visits.filter((visit) => visit.killed && !visit.counted).length;
  return counter < counted ? counted - counter : Math.max(0, counter - counted - unsure);
}

/** A killed process leaves its rebuild half done, as it must: the next one finds it so, and does it anew. */
function isTorn({ foundPages, leftPages }: Visit, before: Visit | undefined): boolean {
  return leftPages === "torn" || (foundPages === "torn" && before?.killed !== true);
}
