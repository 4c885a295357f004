/** One of the processes: asks for the lock, visits the directory, rests, and so on until it is told to stop. */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { FileLock } from "../../src/index.ts"; // in a project of your own: from "holdfast"
import { now } from "./journal.ts";
import { visit, workspaceIn } from "./workspace.ts";

/** What a worker does at the moment; it tells its parent of each change. "midway": it waits to be killed. */
export type Activity = "ready" | "waits" | "visits" | "rests" | "midway";
/** What the parent may ask. "linger": to stay half-way through the next visit, until the stop. */
export type Request = "start" | "linger" | "stop";

export interface WorkerOptions {
  readonly directory: string;
  readonly number: number;
  readonly withLock: boolean;
}

const LONGEST_REST_MS = 8;

export async function work({ directory, number, withLock }: WorkerOptions): Promise<void> {
  const workspace = workspaceIn(directory);
  const lock = FileLock.inDirectory(directory);
  const { started, signal, midway } = requests();

  tell("ready");
  await started;
  while (!signal.aborted) {
    tell("waits");
    const asked = now();
    const turn = async (): Promise<void> => {
      const waited = now() - asked;
      tell("visits");
      await visit(workspace, { process: number, waited, midway });
    };
    try {
      await (withLock ? lock.run(turn, { signal }) : turn());
    } catch (error) {
      if (error !== signal.reason) throw error; // told to stop while it waited
    }
    tell("rests");
    await pause(Math.random() * LONGEST_REST_MS);
  }
  process.disconnect();
}

function tell(activity: Activity): void {
  process.send?.(activity);
}

/** What the parent asks for, as something to await. Without a parent there is nothing left to do. */
function requests(): { started: Promise<void>; signal: AbortSignal; midway: () => Promise<void> } {
  const stop = new AbortController();
  let lingers = false;
  const started = new Promise<void>((resolve) => {
    process.on("message", (request: Request) => {
      if (request === "linger") lingers = true;
      else resolve();
      if (request === "stop") stop.abort();
    });
  });
  process.on("disconnect", () => process.exit());
  process.on("SIGINT", () => {}); // Ctrl-C reaches the parent too, and that one ends the run
  const midway = async (): Promise<void> => {
    if (!lingers || stop.signal.aborted) return;
    tell("midway");
    await once(stop.signal, "abort");
  };
  return { started, signal: stop.signal, midway };
}
