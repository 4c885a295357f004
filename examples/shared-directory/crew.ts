/**
 * The processes of a run: starts them, has one of them killed in the middle of its visit, starts another in its
 * place, and ends them all. Knows what each of them is at; does not look at what they do.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { append, now } from "./journal.ts";
import type { Activity, Request } from "./worker.ts";

export interface Worker {
  readonly number: number;
  readonly pid: number;
  activity: Activity | "starts" | "killed" | "ended";
  visits: number;
}

export interface CrewOptions {
  readonly script: string;
  readonly directory: string;
  readonly journal: string;
  readonly processes: number;
  readonly seconds: number;
  readonly withLock: boolean;
}

export interface RunControl {
  /** Ends the run early. */
  readonly signal: AbortSignal;
  /** Is told, in a sentence, of what happens to the crew. */
  readonly tell: (event: string) => void;
}

/** When the kill is prepared, as a part of the run; and how much of a run has to follow it. */
const KILL_AT = 0.4;
const AFTERMATH_MS = 500;
/** A process that does not do what it was asked for this long never will. */
const STUCK_MS = 10_000;

export class Crew {
  /** All there ever were, in the order in which they started. */
  readonly workers: Worker[] = [];
  readonly #children = new Map<Worker, ChildProcess>();
  readonly #options: CrewOptions;
  readonly #failed = new AbortController();
  #stopping = false;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** One run. Resolves when all processes have ended. Throws where one of them ended that should not have. */
  async run({ signal, tell }: RunControl): Promise<void> {
    const { processes, seconds } = this.#options;
    const ends = AbortSignal.any([signal, this.#failed.signal]);
    try {
      const crew = Array.from({ length: processes }, () => this.#start());
      await Promise.all(crew.map((worker) => this.#until(worker, "ready", ends)));
      const began = now();
      for (const worker of crew) this.#ask(worker, "start");
      tell(`${processes} processes began`);

      await pause(seconds * 1000 * KILL_AT, undefined, { signal: ends });
      await this.#killAndReplace(crew[crew.length >> 1]!, { signal: ends, tell });

      const left = Math.max(began + seconds * 1000 - now(), AFTERMATH_MS);
      await pause(left, undefined, { signal: ends });
    } catch (error) {
      if (!ends.aborted) throw error;
    } finally {
      await this.#stop();
    }
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
  }

  async #killAndReplace(victim: Worker, { signal, tell }: RunControl): Promise<void> {
    const midway = this.#until(victim, "midway", signal);
    this.#ask(victim, "linger");
    await midway;
    // It does nothing any more by now, so that its visit ends here. We learn of its death only after the kernel has
    // freed the lock, and the next one may be inside by then.
    append(this.#options.journal, { process: victim.number, at: now(), what: "kill" });
    victim.activity = "killed";
    const child = this.#children.get(victim)!;
    child.kill("SIGKILL");
    await once(child, "exit");
    const substitute = this.#start();
    tell(
      `process ${victim.number} (pid ${victim.pid}) was killed in the middle of its visit; ` +
        `process ${substitute.number} (pid ${substitute.pid}) takes its place`,
    );
    await this.#until(substitute, "ready", signal);
    this.#ask(substitute, "start");
  }

  #start(): Worker {
    const { script, directory, withLock } = this.#options;
    const number = this.workers.length + 1;
    const args = ["--worker", JSON.stringify({ directory, number, withLock })];
    // With the flags of this process, among them the loader that reads TypeScript.
    const child = fork(script, args, { execArgv: process.execArgv });
    const worker: Worker = { number, pid: child.pid ?? 0, activity: "starts", visits: 0 };
    this.workers.push(worker);
    this.#children.set(worker, child);
    child.on("message", (activity: Activity) => {
      if (worker.activity === "killed") return;
      if (worker.activity === "visits" && activity === "rests") worker.visits++;
      worker.activity = activity;
    });
    child.on("error", (error) => {
      this.#failed.abort(error);
    });
    child.on("exit", (code, signal) => {
      if (worker.activity === "killed") return;
      worker.activity = "ended";
      if (this.#stopping && code === 0) return;
      const how = signal ?? `exit status ${code}`;
      this.#failed.abort(new Error(`Process ${number} ended unexpectedly (${how})`));
    });
    return worker;
  }

  async #until(worker: Worker, activity: Activity, signal: AbortSignal): Promise<void> {
    const child = this.#children.get(worker)!;
    const stuck = setTimeout(() => {
      this.#failed.abort(new Error(`Process ${worker.number} is stuck: it ${worker.activity}`));
    }, STUCK_MS);
    try {
      while (worker.activity !== activity) await once(child, "message", { signal });
    } finally {
      clearTimeout(stuck);
    }
  }

  #ask(worker: Worker, request: Request): void {
    const child = this.#children.get(worker)!;
    if (child.connected) child.send(request);
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    const alive = this.workers.filter(({ activity }) => activity !== "killed" && activity !== "ended");
    const ended = alive.map(async (worker) => {
      const child = this.#children.get(worker)!;
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    for (const worker of alive) this.#ask(worker, "stop");
    const stuck = setTimeout(() => {
      for (const worker of alive) this.#children.get(worker)!.kill("SIGKILL");
    }, STUCK_MS);
    await Promise.all(ended);
    clearTimeout(stuck);
  }
}
