/** What a task that waits occupies. Needs `node --expose-gc`. */
import { FileLock, type Hold } from "holdfast";
import { join } from "node:path";
import type { Report, Scale } from "./report.ts";
import { median } from "./statistics.ts";

const WAITERS = 10_000;
const LIMIT_KIB = 4;

export async function memory({ quick, directory }: Scale): Promise<Report> {
  const lockFile = join(directory, "memory.lock");
  const lock = new FileLock(lockFile);
  // An owner of its own: what this task holds through the same object, the waiters would nest in.
  const holder = new FileLock(lockFile, { owner: "object" });
  const { signal } = new AbortController();
  const kinds = { plain: {}, "with a timeout and a signal": { timeout: 3600, signal } };
  const rows = [];
  for (const [name, options] of Object.entries(kinds)) {
    const taken: number[] = [];
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      taken.push((await waiterBytes(holder, () => lock.acquire(options))) / 1024);
    }
    rows.push({ name, "KiB a waiter": median(taken) });
  }
  return {
    title: "Memory",
    about: `${WAITERS} calls of acquire() that wait for a hold of this process: heap in use, after a collection.`,
    rows,
    targets: rows.map((row) => ({
      name: `a waiter, ${row.name}`,
      figure: row["KiB a waiter"],
      ...{ is: "at most", limit: LIMIT_KIB, unit: " KiB" },
    })),
  };
}

async function waiterBytes(holder: FileLock, acquire: () => Promise<Hold>): Promise<number> {
  const hold = await holder.acquire();
  const waiters = new Array<Promise<Hold>>(WAITERS);
  const before = await heapUsed();
  for (let index = 0; index < WAITERS; index++) waiters[index] = acquire();
  const bytes = ((await heapUsed()) - before) / WAITERS;
  await hold.release();
  for (const waiter of waiters) await (await waiter).release();
  return bytes;
}

async function heapUsed(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("Cannot collect garbage: run with node --expose-gc");
  for (let times = 0; times < 3; times++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}
