/** What waiting for another process costs: processor time, against a bare poll and against a timer. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { whileHeldElsewhere } from "./foreign.ts";
import type { Report, Scale } from "./report.ts";
import { median } from "./statistics.ts";

const script = fileURLToPath(new URL("processes/waiter.ts", import.meta.url));

const KINDS = { lock: "the lock", poll: "a bare flock, polled alike", timer: "a timer" };
const EACH = 3;

type Kind = keyof typeof KINDS;

export async function waiting({ quick, directory }: Scale): Promise<Report> {
  const lockFile = join(directory, "waiting.lock");
  const seconds = quick ? 1 : 10;
  const kinds = Object.keys(KINDS) as Kind[];
  const percents = await whileHeldElsewhere(lockFile, async () => {
    const each = kinds.map(async (kind) => {
      const used = await Promise.all(
        Array.from({ length: EACH }, () => secondsUsed(kind, seconds, lockFile)),
      );
      return [kind, used.map((value) => (value / seconds) * 100)] as const;
    });
    return new Map(await Promise.all(each));
  });
  return {
    title: "Waiting for another process",
    about: `Processes that all wait for ${seconds} s at the same time, ${EACH} of a kind: processor time.`,
    rows: kinds.map((kind) => ({
      name: `waits for ${KINDS[kind]}`,
      "median % of a core": median(percents.get(kind)!),
      "most % of a core": Math.max(...percents.get(kind)!),
    })),
    targets: [
      {
        name: "a process that waits for the lock",
        ...{ figure: median(percents.get("lock")!), is: "at most", limit: 0.5, unit: " % of a core" },
      },
    ],
  };
}

async function secondsUsed(kind: Kind, seconds: number, lockFile: string): Promise<number> {
  const child = fork(script, [kind, String(seconds), lockFile]);
  const ended = once(child, "exit");
  const [used] = (await once(child, "message")) as [number];
  await ended;
  return used;
}
