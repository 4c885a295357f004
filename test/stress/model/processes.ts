// The same for real: child processes that do as they are told, for any number of rows of steps; a stranger who is the test
// itself; and flock(2), which is asked after each step whether somebody has what the path leads to.
import { closeSync, existsSync, openSync, unlinkSync } from "node:fs";
import { expect } from "vitest";
import { flock } from "../../../src/native/flock.ts";
import { soon } from "../../support/promises.ts";
import { Participant, type Told } from "./participant.ts";
import type { ModelProcess, ProcessesModel } from "./processes-model.ts";
import { OBJECTS, type Ask } from "./world-model.ts";

const POLL_INTERVAL_S = 0.005;
const STUCK_AFTER_MS = Number(process.env["STUCK_AFTER_MS"] ?? 10_000);
/** So that a run() with a deadline that cannot be met is soon over. */
export const SHORT_TIMEOUT_S = 0.01;

export class Processes {
  readonly #participants: Participant[];
  readonly #path: string;
  readonly #tasks: readonly number[];
  #stranger: number | undefined;
  steps = 0;

  /** `participants` is kept up: a new one takes the place of one that was killed. */
  constructor(participants: Participant[], path: string, tasks: readonly number[]) {
    this.#participants = participants;
    this.#path = path;
    this.#tasks = tasks;
  }

  async begin(): Promise<void> {
    await Promise.all(this.#participants.map((participant) => this.#begin(participant)));
  }

  tell(index: number, verb: string, what: object): Promise<void> {
    return this.#participants[index]!.does(verb, what);
  }

  async kill(index: number): Promise<void> {
    await this.#participants[index]!.kill();
    this.#participants[index] = new Participant();
    await this.#begin(this.#participants[index]);
  }

  seize(): void {
    this.#stranger = openSync(this.#path, "a+");
    expect(flock(this.#stranger, "lock")).toBe(true);
  }

  letGo(): void {
    closeSync(this.#stranger!);
    this.#stranger = undefined;
  }

  unlink(): void {
    if (existsSync(this.#path)) unlinkSync(this.#path);
  }

  /** After a row that has failed: others take the places of all, so that the next row is not to be blamed for it. */
  async replaceAll(): Promise<void> {
    if (this.#stranger !== undefined) this.letGo();
    for (const [index, participant] of this.#participants.entries()) {
      await participant.kill();
      this.#participants[index] = new Participant();
    }
  }

  /** Comes to rest, and finds everything as the model says. */
  async settle(model: ProcessesModel): Promise<void> {
    while (model.candidates.length > 0) model.wins(await this.#winner(model, model.candidates));
    for (const [index, { world }] of model.processes.entries()) {
      const participant = this.#participants[index]!;
      const expected = { outcomes: world.asks.map(expectedOf), counter: world.files.a.living.size };
      while (!isAs(participant.told!, expected)) {
        const { outcomes, counter } = participant.told!;
        if (mayBecome(outcomes, expected.outcomes)) {
          const stuck = `process ${String(index + 1)} is at ${String(outcomes)}, not at ${String(expected.outcomes)}`;
          await soon(participant.changes(), stuck);
        } else expect({ outcomes, counter }).toEqual(expected);
      }
    }
    expect(this.#isFree()).toBe(!model.isHeld(model.current));
    this.steps++;
  }

  /**
   * Everything that was opened is closed, or soon will be: who looks for a holder reads files in the thread pool. So there may also have
   * been one more at the beginning.
   */
  async nothingLeft(): Promise<void> {
    const stuckAt = performance.now() + STUCK_AFTER_MS;
    for (const participant of this.#participants) {
      await participant.does("look");
      while (participant.told!.opened > 0 && performance.now() < stuckAt) await participant.does("look");
      expect(participant.told!.opened).toBeLessThanOrEqual(0);
    }
  }

  /** Which of the candidates tells first that one of its waits has ended in a hold. */
  async #winner(model: ProcessesModel, candidates: ModelProcess[]): Promise<ModelProcess> {
    for (;;) {
      const won = candidates.filter((candidate) => {
        const { told } = this.#participants[model.processes.indexOf(candidate)]!;
        return candidate.world.asks.some(
          (ask, index) => ask.outcome === "waits" && told!.outcomes[index] === "held",
        );
      });
      if (won.length > 1) throw new Error(`${String(won.length)} processes have won at once`);
      if (won[0] !== undefined) return won[0];
      const all = candidates.map((candidate) => this.#participants[model.processes.indexOf(candidate)]!);
      await soon(Promise.race(all.map((each) => each.changes())), "one of those who wait gets the lock file");
    }
  }

  async #begin(participant: Participant): Promise<void> {
    const all = Object.entries(OBJECTS).filter(([, { file }]) => file === "a");
    const objects = Object.fromEntries(all.map(([name, { file: _, ...options }]) => [name, options]));
    await participant.does("begin", {
      path: this.#path,
      tasks: this.#tasks,
      objects,
      pollInterval: POLL_INTERVAL_S,
    });
  }

  #isFree(): boolean {
    if (!existsSync(this.#path)) return true;
    const fd = openSync(this.#path, "r+");
    try {
      return flock(fd, "lock");
    } finally {
      closeSync(fd);
    }
  }
}

function expectedOf({ outcome, hold, request }: Ask): string {
  return outcome === "held" && hold.state === "over" && request.form !== "wrap" ? "held, released" : outcome;
}

function isAs(told: Told, { outcomes, counter }: { outcomes: readonly string[]; counter: number }): boolean {
  return told.counter === counter && told.outcomes.join() === outcomes.join();
}

/** Whether it only takes a while: whoever waits may come to an end, and what was held may be released. */
function mayBecome(outcomes: readonly string[], expected: readonly string[]): boolean {
  return outcomes.every((outcome, index) => {
    const due = expected[index]!;
    return outcome === due || outcome === "waits" || (outcome === "held" && due === "held, released");
  });
}
