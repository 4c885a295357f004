/**
 * This process's place in the line for a lock file: it arrives, looks who is ahead, and leaves. The line is a courtesy
 * among those who wait: it says who tries next, never who holds. Where it cannot be had, whoever wants the lock goes
 * without.
 *
 * A place is behind all tickets with lower numbers whose owners live. It waits for the one directly ahead; when that is
 * gone it looks at the whole line again, since the one before that may live on:
 *
 *   1. A, B and C wait. 2. B gives up. 3. C, who waited for B alone, would take its turn before A.
 */
import type { Flock } from "../native/flock.ts";
import { warn } from "../warn.ts";
import { Gate } from "./gate.ts";
import { Patience } from "./patience.ts";
import { withName } from "./pinned-directory.ts";
import { gateOf, queueOf, ticketOf, ticketsIn } from "./queue-directory.ts";
import { isLive, isLiveOrRemoved, Ticket } from "./ticket.ts";
import { watchFile, type Unwatch } from "./watch-file.ts";

/** How long to try to get through the gate. Who holds it that long is stopped inside, or is none of ours. */
const GATE_PATIENCE_MS = 100;
const GATE_LOOK_MS = 25;

/** How long the lock is free, and the one ahead does not take it, until it is passed. */
const STALL_PATIENCE_MS = 1000;
const STALL_LOOK_MS = 100;
/** How much longer for each one further ahead: so those behind a stalled one do not all pass at once. */
const STALL_STEP_MS = 200;

export interface PlaceOptions {
  /** The permission bits of the lock file, which the files of the line then get too. */
  readonly mode: number | undefined;
  readonly flock: Flock;
  /** Whether nobody has the lock file now. */
  readonly isFree: () => boolean;
}

/** The lock files that were contended for without a line, and of which that was said. */
const warned = new Set<string>();

export class PlaceInLine {
  readonly #lockFile: string;
  readonly #options: PlaceOptions;
  #ticket: Ticket | undefined;
  readonly #gatePatience = new Patience(GATE_LOOK_MS);
  /** The highest ticket when the gate was last found busy. */
  #newestSeen: number | undefined;
  /** Nobody is ahead. That stays so: whoever arrives is behind. */
  #isFirst = false;
  /** There is no line to be had. */
  #goesWithout = false;
  #onHint: (() => void) | undefined;
  /** The ticket directly ahead, and how it is waited for. */
  #next: { readonly number: number; readonly patience: Patience; unwatch: Unwatch | undefined } | undefined;
  /** How many tickets were ahead at the last look: the fewer there are, the further the line has moved. */
  #lower = 0;
  /** Stalled ones that were passed. Once they have gone, their numbers are given to nobody who could be ahead. */
  readonly #passed = new Set<number>();

  constructor(lockFile: string, options: PlaceOptions) {
    this.#lockFile = lockFile;
    this.#options = options;
  }

  /** How many are ahead now, dead ones among them; undefined where it does not stand in line. */
  get ahead(): number | undefined {
    try {
      return this.#ticket && this.#aheadOf(this.#ticket.number).length;
    } catch {
      return undefined;
    }
  }

  /** Whether to try for the lock file now. Arrives first, where it has not. Never throws, and never waits. */
  isTurn(): boolean {
    if (this.#goesWithout) return true;
    try {
      if (this.#ticket?.isThere() === false) this.#giveUp();
      this.#ticket ??= this.#arrive();
      if (this.#ticket === undefined) return this.#goesWithout;
      this.#isFirst ||= this.#nobodyAheadOf(this.#ticket.number);
      return this.#isFirst;
    } catch (error) {
      const directory = queueOf(this.#lockFile);
      this.#goWithout(
        withName((error as Error).message, directory),
        `Let this process write to the directory of the lock file and to '${directory}', or remove what is in the way there`,
      );
      return true;
    }
  }

  /** Calls `onHint` from now on when something happens to the ticket directly ahead. */
  watch(onHint: () => void): void {
    this.#onHint = onHint;
  }

  /**
   * Leaves the line, and removes its directory as the last one out. Idempotent; never throws. Also where it never had a
   * ticket:
   *
   *   1. A makes the directory and a ticket. 2. B, on its way out, looks whether that lives. 3. A is refused its flock, and
   *   removes it. 4. B is refused the gate, and leaves the directory to A. 5. A gives up.
   *
   * Returns whether nothing is left to do; false: the directory may be there for want of a descriptor or the like.
   */
  leave(): boolean {
    this.#onHint = undefined;
    this.#giveUp();
    return removeUnused(this.#lockFile, this.#options.flock);
  }

  #arrive(): Ticket | undefined {
    const { mode, flock } = this.#options;
    const gate = Gate.enter(this.#lockFile, mode, flock);
    try {
      if (gate !== undefined)
        return new Ticket(this.#lockFile, gate.nextNumber(), { mode, flock, within: gate.directory });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    } finally {
      gate?.close();
    }
    this.#waitAtGate();
    return undefined;
  }

  /** As long as others get through the gate, it is only busy. */
  #waitAtGate(): void {
    const newest = Math.max(-1, ...ticketsIn(this.#lockFile));
    if (newest !== this.#newestSeen) this.#gatePatience.restart();
    this.#newestSeen = newest;
    if (this.#gatePatience.look() < GATE_PATIENCE_MS) return;
    this.#goWithout(
      "somebody holds its gate and does not move on",
      `Find out who holds '${gateOf(this.#lockFile)}': most likely a process that was stopped`,
    );
  }

  #nobodyAheadOf(mine: number): boolean {
    const next = this.#next;
    // As long as that one lives, nothing has changed for this place.
    if (next !== undefined && !next.patience.isDue && this.#isLive(next.number)) return false;
    const lower = this.#aheadOf(mine);
    // 1. A is stopped. 2. B, who was behind it, passes it, wins and leaves. 3. C waits for A now. 4. D, who saw the lock free
    // at every look since B began to wait, must not take C for stalled.
    if (lower.length !== this.#lower) this.#next?.patience.restart();
    this.#lower = lower.length;
    for (const [index, number] of lower.entries()) {
      if (!this.#isLive(number)) continue;
      const furtherAhead = lower.length - index - 1;
      if (this.#isStalled(furtherAhead)) {
        this.#passed.add(number);
        continue;
      }
      return false;
    }
    this.#waitFor(undefined);
    return true;
  }

  /** The tickets ahead but for those that were passed, the nearest first. */
  #aheadOf(mine: number): number[] {
    return ticketsIn(this.#lockFile)
      .filter((number) => number < mine && !this.#passed.has(number))
      .sort((one, other) => other - one);
  }

  /** Whether the owner of that ticket lives; then it is the one that is waited for. */
  #isLive(number: number): boolean {
    const { flock } = this.#options;
    if (!isLiveOrRemoved(this.#lockFile, number, flock)) return false;
    this.#waitFor(number);
    // It may have gone before the watch was up, and nobody heard.
    return !this.#listens() || isLiveOrRemoved(this.#lockFile, number, flock);
  }

  /** Waits for that ticket from now on, or for none. */
  #waitFor(number: number | undefined): void {
    if (this.#next?.number === number) return;
    this.#next?.unwatch?.();
    this.#next =
      number === undefined
        ? undefined
        : { number, patience: new Patience(STALL_LOOK_MS), unwatch: undefined };
  }

  /** Watches the ticket that is waited for, if hints are wanted and nobody does yet. Whether that was to be tried. */
  #listens(): boolean {
    const next = this.#next;
    if (this.#onHint === undefined || next === undefined || next.unwatch !== undefined) return false;
    next.unwatch = watchFile(ticketOf(this.#lockFile, next.number), (deaf) => {
      if (deaf) next.unwatch = undefined; // the next look watches again
      this.#onHint?.();
    });
    return true;
  }

  /**
   * Whether the one that is waited for has left the lock lying there for too long. The question is put seldom: it locks
   * the file for a moment, and whoever tries in that moment is refused.
   */
  #isStalled(furtherAhead: number): boolean {
    const patience = this.#next?.patience;
    if (patience?.isDue !== true) return false;
    if (this.#options.isFree()) {
      return patience.look() >= STALL_PATIENCE_MS + STALL_STEP_MS * furtherAhead;
    }
    patience.restart();
    return false;
  }

  #giveUp(): void {
    this.#waitFor(undefined);
    this.#ticket?.leave();
    this.#ticket = undefined;
    this.#isFirst = false;
    this.#passed.clear();
  }

  #goWithout(reason: string, remedy: string): void {
    this.#giveUp();
    this.#goesWithout = true;
    if (warned.has(this.#lockFile)) return;
    warned.add(this.#lockFile);
    warn(
      "HOLDFAST_NO_QUEUE",
      `Cannot stand in line for the lock file '${this.#lockFile}' (order "fifo"): ${reason}. It is contended for as with ` +
        `order "any". ${remedy}.`,
    );
  }
}

/** One in line that lives is enough to leave the directory to: most often the first that is looked at. */
function removeUnused(lockFile: string, flock: Flock): boolean {
  try {
    if (ticketsIn(lockFile).some((number) => isLive(lockFile, number, flock))) return true;
  } catch {
    return false; // who is in line cannot be seen
  }
  return Gate.removeUnused(lockFile, flock);
}
