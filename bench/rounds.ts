/**
 * Measures several subjects in turn, A B C A B C …, so that what the machine does meanwhile meets them all alike.
 * Every operation is timed by itself.
 */
import { mean, median, percentile } from "./statistics.ts";

export interface Subject {
  readonly name: string;
  /** Runs as many operations as `times` has room for, and writes the milliseconds that each of them took. */
  readonly round: (times: Float64Array) => void | Promise<void>;
  /** How many operations a round has. */
  readonly operations: number;
}

export interface Measured {
  readonly name: string;
  /** Over all operations of all rounds, in microseconds. */
  readonly median: number;
  readonly p95: number;
  readonly mean: number;
  /** The median of each round, in microseconds. */
  readonly rounds: readonly number[];
  /** Every operation of every round, in microseconds. */
  readonly times: readonly number[];
}

export interface RoundOptions {
  readonly rounds: number;
  /** Rounds before those, which nobody looks at: the compiler has to see the code first. */
  readonly warmUp: number;
}

export function synchronous(name: string, operations: number, operation: () => void): Subject {
  const round = (times: Float64Array): void => {
    for (let index = 0; index < times.length; index++) {
      const began = performance.now();
      operation();
      times[index] = performance.now() - began;
    }
  };
  return { name, operations, round };
}

export function asynchronous(name: string, operations: number, operation: () => Promise<unknown>): Subject {
  const round = async (times: Float64Array): Promise<void> => {
    for (let index = 0; index < times.length; index++) {
      const began = performance.now();
      await operation();
      times[index] = performance.now() - began;
    }
  };
  return { name, operations, round };
}

/** The figures of each subject, in the order of the subjects. */
export async function interleaved(
  subjects: readonly Subject[],
  { rounds, warmUp }: RoundOptions,
): Promise<Measured[]> {
  const taken = subjects.map((): number[][] => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      const times = new Float64Array(subject.operations);
      await subject.round(times);
      if (round >= warmUp) taken[index]!.push(Array.from(times, (milliseconds) => milliseconds * 1000));
    }
  }
  return subjects.map(({ name }, index) => {
    const all = taken[index]!.flat();
    return {
      name,
      median: median(all),
      p95: percentile(all, 95),
      mean: mean(all),
      rounds: taken[index]!.map(median),
      times: all,
    };
  });
}
