/** A lock that nobody else wants: what acquiring and releasing it costs beyond the system calls that it takes. */
import { Mutex } from "async-mutex";
import { FileLock } from "holdfast";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { lock as properLock } from "proper-lockfile";
import { bareFlock, bareProtocol } from "./baseline.ts";
import type { Report, Scale } from "./report.ts";
import { asynchronous, interleaved, synchronous, type Subject } from "./rounds.ts";
import { ratio } from "./statistics.ts";

export async function uncontended({ quick, directory }: Scale): Promise<Report> {
  const lockFile = join(directory, "uncontended.lock");
  const operations = quick ? 200 : 1000;
  const lock = new FileLock(lockFile);
  const queueing = new FileLock(join(directory, "fifo.lock"), { order: "fifo" });
  const mutex = new Mutex();

  const subjects: Subject[] = [
    synchronous("bare protocol", operations, () => {
      bareProtocol(lockFile);
    }),
    synchronous("bare open, flock, unlock, close", operations, () => {
      bareFlock(lockFile);
    }),
    asynchronous("acquire + release", operations, async () => {
      await lock.acquire();
      await lock.release();
    }),
    asynchronous("acquire + release, fifo", operations, async () => {
      await queueing.acquire();
      await queueing.release();
    }),
    asynchronous("acquire + hold.release", operations, async () => {
      const hold = await lock.acquire();
      await hold.release();
    }),
    asynchronous("run", operations, () => lock.run(() => undefined)),
    asynchronous("tryAcquire + hold.release", operations, async () => {
      const hold = await lock.tryAcquire();
      await hold?.release();
    }),
    nested(lock, operations),
    asynchronous("async-mutex acquire + release", operations, async () => {
      const release = await mutex.acquire();
      release();
    }),
    asynchronous("async-mutex runExclusive", operations, () => mutex.runExclusive(() => undefined)),
    asynchronous("proper-lockfile lock + release", operations / 20, async () => {
      const release = await properLock(lockFile);
      await release();
    }),
  ];

  const measured = await interleaved(subjects, quick ? { rounds: 5, warmUp: 2 } : { rounds: 31, warmUp: 5 });
  const rounds = (name: string): readonly number[] => measured.find((each) => each.name === name)!.rounds;
  const times = (a: string, b: string): number => ratio(rounds(a), rounds(b));
  const isQueueLeft = existsSync(`${queueing.lockFile}.queue`);
  return {
    title: "Uncontended",
    about:
      "Nobody else wants the lock. Microseconds an operation, and how many times the bare calls that is.",
    rows: measured.map(({ name, median, p95, mean }) => ({
      ...{ name, median, p95, mean },
      "x protocol": times(name, "bare protocol"),
      "x flock": times(name, "bare open, flock, unlock, close"),
    })),
    targets: [
      {
        name: "acquire + release, against the bare protocol (1.4x is the aim)",
        ...{ figure: times("acquire + release", "bare protocol"), is: "at most", limit: 2, unit: "x" },
      },
      {
        name: "proper-lockfile, against acquire + release",
        figure: times("proper-lockfile lock + release", "acquire + release"),
        ...{ is: "at least", limit: 20, unit: "x" },
      },
      {
        name: "run, against acquire + release",
        ...{ figure: times("run", "acquire + release"), is: "at most", limit: 1.3, unit: "x" },
      },
      {
        name: "acquire + release, fifo, against any",
        figure: times("acquire + release, fifo", "acquire + release"),
        ...{ is: "at most", limit: 1.3, unit: "x" },
      },
      {
        name: "directories of a queue where nobody waits",
        ...{ figure: isQueueLeft ? 1 : 0, is: "at most", limit: 0, unit: "" },
      },
    ],
  };
}

/** Inside a hold, so that the file is not touched at all. */
function nested(lock: FileLock, operations: number): Subject {
  const inner = asynchronous("nested acquire + release", operations, async () => {
    await lock.acquire();
    await lock.release();
  });
  return { ...inner, round: (times) => lock.run(() => inner.round(times)) };
}
