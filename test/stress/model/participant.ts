// A child process that does as it is told, step by step, and tells what has become of what it has asked for. Knows no model.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fixture } from "../../support/driver-child.ts";
import { soon } from "../../support/promises.ts";

/** What a child says. */
export interface Told {
  readonly type: "ready" | "done" | "changed" | "failed";
  readonly outcomes: readonly string[];
  readonly counter: number;
  /** How many descriptors it has more than at the beginning. */
  readonly opened: number;
  readonly error?: string;
}

export class Participant {
  readonly #process: ChildProcess = fork(fixture("model-child.mjs"), {
    execArgv: ["--no-warnings"],
    stdio: ["ignore", 1, 2, "ipc"],
  });
  readonly #ended = once(this.#process, "exit");
  readonly #ready: Promise<void>;
  #done: ((told: Told) => void) | undefined;
  #changed: (() => void)[] = [];
  /** What it has said last. */
  told: Told | undefined;

  constructor() {
    this.#ready = new Promise((resolve) => {
      this.#process.on("message", (told: Told) => {
        if (told.type === "ready") {
          resolve();
          return;
        }
        this.told = told;
        for (const changed of this.#changed.splice(0)) changed();
        if (told.type !== "changed") this.#done?.(told);
      });
    });
  }

  /** Resolves when it has done so. */
  async does(verb: string, what: object = {}): Promise<void> {
    await soon(this.#ready, "a child begins");
    const done = new Promise<Told>((resolve) => (this.#done = resolve));
    this.#process.send({ verb, ...what });
    const { error } = await soon(done, `a child does '${verb}'`);
    if (error !== undefined) throw new Error(error);
  }

  changes(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}
