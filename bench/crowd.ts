/** Processes that all wait for another one: what each of them costs meanwhile, and how soon one of them gets in. */
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { withParticipants, type Participant } from "./participant.ts";
import type { Report, Row, Scale, Target } from "./report.ts";
import { median } from "./statistics.ts";
import { ANY, FIFO, POLLED, type Way } from "./ways.ts";

const ORDERS = [ANY, FIFO];
const COUNTS = [1, 10, 100];
const COMPARED = 10;
const LARGE = 1000;

/** In seconds. At the default of 0.05 so many would ask for eight cores, and nothing else would run. */
const LARGE_POLL_INTERVAL = 1;

/** What a process occupies that shares its program with many others, and a little more. */
const BYTES_EACH = 20 * 2 ** 20;

/** Until the pauses of those who wait have grown. */
const SETTLING_MS = 1000;

/** To end a process takes milliseconds, but a thousand of them ask for the processor at once. */
const STUCK_MS = 300_000;

interface Cell {
  readonly way: Way;
  readonly count: number;
  readonly pollInterval?: number;
}

export async function crowd({ quick, directory, crowd }: Scale): Promise<Report> {
  const seconds = quick ? 0.5 : 5;
  const counts = quick ? [2] : COUNTS;
  const compared = quick ? 2 : COMPARED;
  const isLargeFeasible = freemem() >= LARGE * BYTES_EACH;
  const cells: Cell[] = [
    ...counts.flatMap((count) => ORDERS.map((way) => ({ way, count }))),
    { way: POLLED, count: compared },
    ...(crowd && isLargeFeasible
      ? ORDERS.map((way) => ({ way, count: LARGE, pollInterval: LARGE_POLL_INTERVAL }))
      : []),
  ];
  const rows: Row[] = [];
  const targets: Target[] = [];
  for (const cell of cells) {
    const { way, count, pollInterval } = cell;
    const lockFile = join(directory, `crowd-${way.way}-${count}.lock`);
    const { percents, ...row } = await measure(cell, { seconds, lockFile });
    const pauses = pollInterval === undefined ? "" : `, polling every ${pollInterval} s`;
    const name = `${way.name}: ${count} ${count === 1 ? "process" : "processes"}${pauses}`;
    rows.push({ name, "median % of a core": median(percents), "most %": Math.max(...percents), ...row });
    if (count !== compared || way === POLLED) continue;
    targets.push({
      name: `a process that waits, ${way.name}`,
      ...{ figure: median(percents), is: "at most", limit: 0.5, unit: " % of a core" },
    });
  }
  const left = crowd && !isLargeFeasible ? ` There is no memory for ${LARGE} processes here.` : "";
  return {
    title: "A crowd that waits for another process",
    about:
      `All wait at the same time for ${seconds} s: processor time of each, memory of each where Linux tells it (PSS), ` +
      `and then milliseconds from the holder's unlock to the first win (once). All end when told to.${left}`,
    ...{ rows, targets },
  };
}

async function measure(
  { way, count, pollInterval }: Cell,
  { seconds, lockFile }: { readonly seconds: number; readonly lockFile: string },
) {
  const take = { do: "take", way: way.way, lockFile, pollInterval } as const;
  return withParticipants(new Array(count + 1).fill("node"), async ([holder, ...waiters]) => {
    await holder!.ask(take);
    await holder!.next();
    await Promise.all(waiters.map((waiter) => waiter.ask(take)));
    await pause(SETTLING_MS);
    const before = await usage(waiters);
    await pause(seconds * 1000);
    const after = await usage(waiters);
    const mebibytes = waiters.map(({ pid }) => memory(pid) / 2 ** 20);

    const first = Promise.race(waiters.map((waiter) => waiter.next()));
    const given = await holder!.ask({ do: "give", after: 0 });
    const taken = await first;
    if (way !== POLLED) await stop(waiters);
    return {
      percents: after.map((microseconds, index) => ((microseconds - before[index]!) / seconds / 1e6) * 100),
      "MiB each": median(mebibytes),
      "ms to the next": (taken.at - given.at) / 1e6,
    };
  });
}

async function usage(participants: readonly Participant[]): Promise<number[]> {
  const answers = await Promise.all(participants.map((participant) => participant.ask({ do: "usage" })));
  return answers.map(({ microseconds }) => microseconds);
}

/** The one that has it and those that still wait: nothing of the lock keeps any of them alive. */
async function stop(participants: readonly Participant[]): Promise<void> {
  for (const participant of participants) participant.tell({ do: "stop" });
  const ended = Promise.all(participants.map((participant) => participant.ended()));
  const codes = await Promise.race([ended, pause(STUCK_MS, undefined, { ref: false })]);
  if (codes === undefined)
    throw new Error(`Not all processes ended within ${STUCK_MS / 1000} s of being told`);
  const failed = codes.filter((code) => code !== 0).length;
  if (failed > 0) throw new Error(`${failed} of ${codes.length} processes did not end cleanly`);
}

/** The proportional set size of a process in bytes: what is shared counts for each in part. */
function memory(pid: number): number {
  try {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return Number(kibibytes) * 1024;
  } catch {
    return NaN;
  }
}
