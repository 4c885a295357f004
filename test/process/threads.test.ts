// Worker threads that come and go, in the way of each other, of their main thread and of another process: nobody is inside
// beside anybody, by an oracle that knows no lock; all get in; the process survives, and nothing stays open in it.
import { fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { Child, type Message } from "../support/child.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { isWindows } from "../support/needs.ts";

const KINDS = ["any", "fifo", "shared", "soft", "process"];
/** A thread takes a tenth of a second of a processor to load the package, and there are many. */
const STUCK_AFTER_MS = 600_000;

/** What a process says when it has ended its work. */
interface Outcome extends Message {
  /** How often each kind of lock was held, by all threads together. */
  readonly visits: Record<string, number>;
  /** Who met whom inside. */
  readonly met: unknown[];
  readonly descriptorsLeft?: number;
}

interface Threads {
  readonly threads: number;
  readonly atATime?: number;
  /** Whether the threads take the locks. */
  readonly locked?: boolean;
  /** Whether each is terminated, wherever it is. */
  readonly terminate?: boolean;
}

function startThreads(directory: string, options: Threads): Child {
  const child = new Child(
    fork(fixture("threads.mjs"), [JSON.stringify({ directory, atATime: 8, ...options })], {
      execArgv: ["--no-warnings"], // node:ffi is experimental
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    }),
  );
  onTestFinished(async () => {
    await child.kill();
  });
  return child;
}

async function outcomeOf(child: Child): Promise<Outcome> {
  return (await child.says("done", STUCK_AFTER_MS)) as Outcome;
}

test(
  "80 worker threads, 8 at a time, with their main thread and another process",
  async () => {
    const directory = temporaryDirectory();
    const other = startThreads(directory, { threads: 0 });
    await other.says("ready");
    const threads = startThreads(directory, { threads: 80 });
    const outcome = await outcomeOf(threads);
    other.tell("release");
    const outcomes = [outcome, await outcomeOf(other)];
    for (const child of [threads, other]) expect(await child.ends()).toEqual({ code: 0, signal: null });

    expect(outcomes.flatMap(({ met }) => met)).toEqual([]);
    // The first thread, the eighty, and the main thread once before them and once beside them.
    for (const kind of KINDS) expect(outcome.visits[kind]).toBeGreaterThanOrEqual(83);
    expect(outcome.descriptorsLeft).toBe(0);
    if (!isWindows) expect(readdirSync(directory).sort()).toEqual(["any.lock", "fifo.lock", "shared.lock"]);
  },
  STUCK_AFTER_MS + 30_000,
);

test(
  "24 worker threads, each terminated at whatever it is doing: nobody is in anybody's way after that",
  async () => {
    const directory = temporaryDirectory();
    const threads = startThreads(directory, { threads: 24, atATime: 4, terminate: true });
    const { met, visits, descriptorsLeft } = await outcomeOf(threads);
    expect(await threads.ends()).toEqual({ code: 0, signal: null });
    expect(met).toEqual([]);
    for (const kind of Object.keys(visits)) expect(visits[kind]).toBeGreaterThanOrEqual(24);
    expect(descriptorsLeft).toBe(0);
  },
  STUCK_AFTER_MS,
);

test(
  "without the locks they meet: the oracle sees it",
  async () => {
    const threads = startThreads(temporaryDirectory(), { threads: 8, locked: false });
    expect((await outcomeOf(threads)).met).not.toEqual([]);
  },
  STUCK_AFTER_MS + 30_000,
);
