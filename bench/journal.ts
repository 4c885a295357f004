/**
 * Who held a lock when, as the processes that contended for it wrote it down themselves. Whether any two were inside
 * together is read from their clocks, not from the lock.
 */
import { median } from "./statistics.ts";

/** Times are nanoseconds of the monotonic clock. */
interface Entry {
  readonly process: number;
  readonly asked: number;
  readonly entered: number;
  readonly left: number;
}

const NS_PER_MS = 1e6;

export class Journal {
  /** In the order in which they entered. */
  readonly #entries: readonly Entry[];
  readonly #processes: number;
  readonly #until: number;
  /** How many processes at some time contended without standing in line, which they were told to. */
  readonly unqueued: number;

  /** `times`: of each process asked, entered and left, hold after hold. Throws where two held at the same time. */
  constructor(times: readonly (readonly number[])[], until: number, unqueued = 0) {
    this.unqueued = unqueued;
    this.#entries = times.flatMap(entriesOf).sort((a, b) => a.entered - b.entered);
    this.#processes = times.length;
    this.#until = until;
    for (const [index, { process, entered }] of this.#entries.entries()) {
      const before = this.#entries[index - 1];
      if (before === undefined || before.left <= entered) continue;
      const overlap = ((before.left - entered) / NS_PER_MS).toFixed(3);
      throw new Error(`Processes ${before.process} and ${process} both held the lock, for ${overlap} ms`);
    }
  }

  /** How often each process came in before the end. */
  get holds(): number[] {
    const holds = new Array<number>(this.#processes).fill(0);
    for (const { process, entered } of this.#entries) if (entered < this.#until) holds[process]!++;
    return holds;
  }

  /** In milliseconds, of one process or of all; to the end of the wait, even where that comes after all others gave up. */
  waits(process?: number): number[] {
    return this.#entries
      .filter((entry) => process === undefined || entry.process === process)
      .map(({ asked, entered }) => (entered - asked) / NS_PER_MS);
  }

  /** How long it takes until every process has had one turn, in milliseconds: a usual hold and the pause that follows, each. */
  get cycle(): number {
    const holds = this.#entries.map(({ entered, left }) => left - entered);
    const pauses = this.#entries.slice(1).flatMap(({ process, entered }, index) => {
      const before = this.#entries[index]!;
      return before.process === process ? [] : [entered - before.left];
    });
    return (this.#processes * (median(holds) + median(pauses))) / NS_PER_MS;
  }
}

function entriesOf(times: readonly number[], process: number): Entry[] {
  return Array.from({ length: times.length / 3 }, (_, index) => {
    const [asked, entered, left] = times.slice(3 * index, 3 * index + 3) as [number, number, number];
    return { process, asked, entered, left };
  });
}
