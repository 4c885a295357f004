/** From one process to the next: how long a lock is nobody's, between the holder's unlock and the waiter's win. */
import { join } from "node:path";
import { withParticipants, type Participant } from "./participant.ts";
import type { Report, Scale, Target } from "./report.ts";
import { interleaved, type Measured, type Subject } from "./rounds.ts";
import { percentile, ratio } from "./statistics.ts";
import { ANY, available, BLOCKING, FIFO, POLLED, PROPER, PYTHONS, type Way } from "./ways.ts";

/** How long the holder lets the other one wait, so that its pauses have grown, and by chance at which moment. */
const LEAST_WAIT_MS = 5;
const MOST_WAIT_MS = 40;

export async function handOff({ quick, directory }: Scale): Promise<Report> {
  const { ways, note } = available([ANY, FIFO, POLLED, BLOCKING, PROPER, PYTHONS]);
  const hosts = ways.flatMap(({ host }) => [host, host]);
  const measured = await withParticipants(hosts, async (participants) => {
    const subjects = ways.map((way, index) =>
      turns(way, [participants[2 * index]!, participants[2 * index + 1]!], {
        lockFile: join(directory, `hand-off-${way.way}.lock`),
        operations: quick ? 4 : 15,
      }),
    );
    return interleaved(subjects, quick ? { rounds: 2, warmUp: 0 } : { rounds: 24, warmUp: 1 });
  });
  return {
    title: "Hand-off between two processes",
    about:
      "Microseconds from just before the holder's call that unlocks to the waiter's first statement after it has " +
      `acquired, ${measured[0]!.times.length} times each. The two take turns, each wait is ${LEAST_WAIT_MS} to ` +
      `${MOST_WAIT_MS} ms old; proper-lockfile's retries are set to 50 ms, py-filelock's are so.${note}`,
    rows: measured.map(({ name, median, times }) => ({
      ...{ name, p50: median, p90: percentile(times, 90), p99: percentile(times, 99) },
      most: Math.max(...times),
    })),
    targets: [ANY, FIFO].flatMap(({ name }) => targets(name, measured)),
  };
}

function targets(name: string, measured: readonly Measured[]): Target[] {
  const find = (wanted: string): Measured => measured.find((each) => each.name === wanted)!;
  const times = (a: string, b: string): number => ratio(find(a).rounds, find(b).rounds);
  return [
    {
      name: `${name}: p50, against ${BLOCKING.name} (1.5x is the aim)`,
      ...{ figure: times(name, BLOCKING.name), is: "at most", limit: 3, unit: "x" },
    },
    {
      name: `${POLLED.name}: p50, against ${name}`,
      ...{ figure: times(POLLED.name, name), is: "at least", limit: 50, unit: "x" },
    },
    {
      name: `${name}: p99`,
      figure: percentile(find(name).times, 99) / 1000,
      ...{ is: "at most", limit: 5, unit: " ms" },
    },
  ];
}

/** The holder of one hand-off waits for the next. */
function turns(
  { name, way }: Way,
  pair: readonly [Participant, Participant],
  { lockFile, operations }: { readonly lockFile: string; readonly operations: number },
): Subject {
  let [holder, waiter] = pair;
  const take = { do: "take", way, lockFile } as const;
  let isHeld = false;
  const round = async (times: Float64Array): Promise<void> => {
    if (!isHeld) {
      await holder.ask(take);
      await holder.next();
      isHeld = true;
    }
    for (let index = 0; index < times.length; index++) {
      await waiter.ask(take); // it asks
      const after = LEAST_WAIT_MS + (MOST_WAIT_MS - LEAST_WAIT_MS) * Math.random();
      const [given, taken] = await Promise.all([holder.ask({ do: "give", after }), waiter.next()]);
      if (taken.at < given.at) throw new Error(`${name}: both held ${lockFile}`);
      times[index] = (taken.at - given.at) / 1e6;
      [holder, waiter] = [waiter, holder];
    }
  };
  return { name, operations, round };
}
