/** Tasks of one process that queue on one path: what each of them costs, few and many. */
import { Mutex } from "async-mutex";
import { FileLock } from "holdfast";
import { join } from "node:path";
import type { Report, Row, Scale, Target } from "./report.ts";
import { interleaved, type Measured, type Subject } from "./rounds.ts";
import { ratio } from "./statistics.ts";

const FEW = 100;
const MANY = 10_000;

/** Each form, and what it is compared with. */
const FORMS = { run: "async-mutex runExclusive", "acquire + hold.release": "async-mutex acquire + release" };

export async function queue({ quick, directory }: Scale): Promise<Report> {
  const tasks = tasksIn(directory);
  const subjects = Object.entries(tasks).flatMap(([name, task]) => [
    batches(`${name}, ${FEW} tasks`, { size: FEW, times: quick ? 10 : 50 }, task),
    batches(`${name}, ${MANY} tasks`, { size: MANY, times: 1 }, task),
  ]);
  const measured = await interleaved(subjects, quick ? { rounds: 3, warmUp: 1 } : { rounds: 21, warmUp: 3 });
  const find = (name: string): Measured => measured.find((each) => each.name === name)!;
  const times = (a: string, b: string): number => ratio(find(a).rounds, find(b).rounds);

  const rows = Object.keys(tasks).flatMap((task) =>
    [FEW, MANY].map((size): Row => {
      const peer = Object.entries(FORMS).find(([form]) => form === task)?.[1];
      const name = `${task}, ${size} tasks`;
      const { median, p95 } = find(name);
      return {
        ...{ name, median, p95, [`x ${FEW} tasks`]: times(name, `${task}, ${FEW} tasks`) },
        ...(peer !== undefined && { "x async-mutex": times(name, `${peer}, ${size} tasks`) }),
      };
    }),
  );
  return {
    title: "Queueing in one process",
    about: "All tasks ask at once. Microseconds a task, from the first question to the last release.",
    rows,
    targets: Object.entries(FORMS).flatMap(([form, peer]): Target[] => [
      {
        name: `${form}: a task of ${MANY}, against one of ${FEW}`,
        figure: times(`${form}, ${MANY} tasks`, `${form}, ${FEW} tasks`),
        ...{ is: "at most", limit: 2, unit: "x" },
      },
      {
        name: `${form}: a task of ${MANY}, against ${peer}`,
        figure: times(`${form}, ${MANY} tasks`, `${peer}, ${MANY} tasks`),
        ...{ is: "at most", limit: 3, unit: "x" },
      },
    ]),
  };
}

function tasksIn(directory: string): Record<string, () => Promise<unknown>> {
  const lock = new FileLock(join(directory, "queue.lock"));
  const mutex = new Mutex();
  return {
    run: () => lock.run(() => undefined),
    "acquire + hold.release": async () => {
      const hold = await lock.acquire();
      await hold.release();
    },
    "async-mutex runExclusive": () => mutex.runExclusive(() => undefined),
    "async-mutex acquire + release": async () => {
      const release = await mutex.acquire();
      release();
    },
  };
}

interface Batch {
  readonly size: number;
  /** How many of them a round has, one after the other. */
  readonly times: number;
}

/** An operation is a whole batch; its time is shared among the tasks. */
function batches(name: string, { size, times }: Batch, task: () => Promise<unknown>): Subject {
  const round = async (taken: Float64Array): Promise<void> => {
    for (let batch = 0; batch < times; batch++) {
      const began = performance.now();
      await Promise.all(Array.from({ length: size }, task));
      taken[batch] = (performance.now() - began) / size;
    }
  };
  return { name, operations: times, round };
}
