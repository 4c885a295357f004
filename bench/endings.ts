/** How a wait for another process ends: how late a timeout is, and how soon an abort is heard. */
import { FileLock, Timeout } from "holdfast";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { whileHeldElsewhere } from "./foreign.ts";
import type { Report, Row, Scale } from "./report.ts";
import { median, percentile } from "./statistics.ts";

export async function endings({ quick, directory }: Scale): Promise<Report> {
  const lockFile = join(directory, "endings.lock");
  const lock = new FileLock(lockFile);
  const timeouts: number[] = [];
  const timers: number[] = [];
  const aborts: number[] = [];
  const abortsBehindOwn: number[] = [];

  await whileHeldElsewhere(lockFile, async () => {
    for (let index = 0; index < (quick ? 30 : 300); index++) {
      const milliseconds = 5 + ((index * 17) % 46); // 5 to 50, each as often as the others
      timeouts.push(await lateness(milliseconds, () => timeOut(lock, milliseconds)));
      timers.push(await lateness(milliseconds, () => pause(milliseconds)));
      aborts.push(await abortLatency(lock));
    }
  });
  const own = new FileLock(join(directory, "own.lock"));
  await own.run(async () => {
    const other = new FileLock(own.lockFile, { owner: "object" });
    for (let index = 0; index < (quick ? 30 : 300); index++) abortsBehindOwn.push(await abortLatency(other));
  });

  return {
    title: "Ends of a wait",
    about:
      "Milliseconds. Timeouts of 5 to 50 ms, one at a time, how long after the deadline acquire() rejects; " +
      "and how long after controller.abort().",
    rows: [
      row("timeout, after its deadline", timeouts),
      row("a bare timer, for comparison", timers),
      row("abort of a wait for another process", aborts),
      row("abort of a wait for this process", abortsBehindOwn),
    ],
    targets: [
      { name: "timeouts, p99", figure: percentile(timeouts, 99), is: "at most", limit: 5, unit: " ms late" },
      {
        name: "timeouts, the earliest",
        ...{ figure: Math.min(...timeouts), is: "at least", limit: 0, unit: " ms late" },
      },
      { name: "aborts, median", figure: median(aborts), is: "at most", limit: 1, unit: " ms" },
    ],
  };
}

function row(name: string, values: number[]): Row {
  return {
    name,
    least: Math.min(...values),
    median: median(values),
    p99: percentile(values, 99),
    most: Math.max(...values),
  };
}

async function lateness(milliseconds: number, wait: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await wait();
  return performance.now() - began - milliseconds;
}

async function timeOut(lock: FileLock, milliseconds: number): Promise<void> {
  try {
    await lock.acquire({ timeout: milliseconds / 1000 });
  } catch (error) {
    if (error instanceof Timeout) return;
    throw error;
  }
  throw new Error("Nobody else holds the lock file");
}

async function abortLatency(lock: FileLock): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  const acquired = lock.acquire({ signal });
  const ended = acquired.catch((reason: unknown) => {
    if (reason !== signal.reason) throw reason;
    return performance.now();
  });
  await pause(3);
  const began = performance.now();
  controller.abort();
  const end = await ended;
  if (typeof end !== "number") throw new Error("Nobody else holds the lock file");
  return end - began;
}
