// The same for real: tasks that walk in async contexts of their own, lock objects on a file system in memory, a clock that
// the test moves. After each command it is compared with the model.
import { expect, vi } from "vitest";
import { Hold } from "../../../src/hold.ts";
import { detached } from "../../../src/index.ts";
import { turn } from "../../ownership/scene.ts";
import { Task } from "../../ownership/task.ts";
import { MemoryLock, memoryDriver } from "../../support/memory-driver.ts";
import { deferred, type Deferred } from "../../support/promises.ts";
import { disturbed } from "./ownership-model.ts";
import {
  OBJECTS,
  type FileName,
  type ObjectName,
  type Outcome,
  type Request,
  type WorldModel,
} from "./world-model.ts";

const POLL_INTERVAL_S = 0.002;
/** In so many milliseconds all who poll have tried, and a rest of the process is over. */
export const SETTLE_MS = 4;

export const pathOf = (file: FileName): string => `/memory/${file}.lock`;

interface RealAsk {
  outcome: Outcome;
  readonly aborting: AbortController;
  hold?: Hold;
  /** Ends the function of a run(). */
  readonly left: Deferred<void>;
}

export class World {
  readonly driver = memoryDriver();
  /** How many times it has come to rest. */
  steps = 0;
  readonly strangers: { readonly name: FileName; readonly letGo: () => void }[] = [];
  readonly #locks: Record<ObjectName, MemoryLock>;
  /** Each task: in the scopes that it has entered, innermost last. */
  readonly #tasks = new Map<number, { readonly walks: Task[]; readonly scopes: RealAsk[]; last?: RealAsk }>();
  readonly #asks: RealAsk[] = [];

  constructor() {
    const locks = Object.entries(OBJECTS).map(([name, { file, ...options }]) => [
      name,
      new MemoryLock(this.driver, pathOf(file), { ...options, pollInterval: POLL_INTERVAL_S }),
    ]);
    this.#locks = Object.fromEntries(locks) as Record<ObjectName, MemoryLock>;
  }

  start(name: number): void {
    this.#tasks.set(name, { walks: [new Task()], scopes: [] });
  }

  async fork(name: number, starter: number, inDetached: boolean): Promise<void> {
    await this.#walk(starter).does(() => {
      if (inDetached) detached(() => this.start(name));
      else this.start(name);
    });
  }

  async ask(name: number, { object, form, shared, timeout }: Request): Promise<void> {
    const task = this.#tasks.get(name)!;
    const lock = this.#locks[object];
    const ask: RealAsk = { outcome: "waits", aborting: new AbortController(), left: deferred() };
    this.#asks.push(ask);
    task.last = ask;
    const terms = { shared, signal: ask.aborting.signal };
    const timed = { ...terms, timeout: timeout === Infinity ? -1 : timeout / 1000 };
    const inside = (): Promise<void> => {
      ask.outcome = "held";
      task.walks.push(new Task());
      task.scopes.push(ask);
      return ask.left.promise;
    };
    const verbs = {
      acquire: () => lock.acquire(timed),
      tryAcquire: () => lock.tryAcquire(terms),
      run: () => lock.run((hold) => ((ask.hold = hold), inside()), timed),
      wrap: () => lock.wrap(inside, timed)(),
    };
    const { done } = await this.#walk(name).begins<Promise<unknown>>(verbs[form]);
    done.then(
      (hold) => {
        if (form === "run" || form === "wrap") return;
        ask.outcome = hold instanceof Hold ? "held" : "nothing";
        if (hold instanceof Hold) ask.hold = hold;
      },
      (error: unknown) => (ask.outcome = outcomeOf(error, ask.aborting.signal)),
    );
  }

  leave(name: number): void {
    const { walks, scopes } = this.#tasks.get(name)!;
    walks.pop();
    scopes.pop()!.left.resolve();
  }

  async release(name: number, object: ObjectName, options: { readonly force: boolean }): Promise<void> {
    await this.#walk(name).does(() => this.#locks[object].release(options));
  }

  drop(index: number): Promise<void> {
    return this.#asks[index]!.hold!.release();
  }

  abort(name: number): void {
    this.#tasks.get(name)!.last!.aborting.abort();
  }

  seize(name: FileName, shared: boolean): void {
    this.strangers.push({ name, letGo: this.driver.seize(pathOf(name), undefined, { shared }) });
  }

  letGo(name: FileName): void {
    const index = this.strangers.findIndex((stranger) => stranger.name === name);
    this.strangers.splice(index, 1)[0]!.letGo();
  }

  /** Lets so much time pass at once, and then all come to rest. */
  async settle(model: WorldModel, milliseconds = 0): Promise<void> {
    await turn();
    if (milliseconds > 0) vi.advanceTimersByTime(milliseconds);
    model.pass(milliseconds);
    await turn();
    if (vi.getTimerCount() === 0) vi.advanceTimersByTime(SETTLE_MS);
    else {
      for (let passed = 0; passed < SETTLE_MS; passed++) {
        vi.advanceTimersByTime(1);
        await turn();
      }
    }
    model.pass(SETTLE_MS);
    this.#compare(model);
    this.steps++;
  }

  /** All is as it was before anybody had asked, and those were warned, by the codes of the `warnings`, who had to be. */
  nothingLeft(model: WorldModel, warnings: readonly string[]): void {
    expect(model.asks.filter(({ hold }) => hold.state === "lives" || hold.state === "waits")).toEqual([]);
    expect({ ...this.#kept(), timers: vi.getTimerCount() }).toEqual({
      grants: 0,
      open: 0,
      watches: 0,
      timers: 0,
    });
    const outlived = Object.values(model.files).reduce((all, file) => all + file.outlived, 0);
    expect(warnings.filter((code) => code === "HOLDFAST_OUTLIVED").length).toBe(outlived);
    expect(["HOLDFAST_OUTLIVED", "HOLDFAST_NOTHING_RELEASED", "HOLDFAST_LONG_WAIT"]).toEqual(
      expect.arrayContaining([...new Set(warnings)]),
    );
  }

  #compare(model: WorldModel): void {
    const files = Object.values(model.files);
    const polls = files.filter((file) => file.polls).length;
    const real = {
      asks: this.#asks.map((ask, index) => {
        const held = ask.hold === undefined ? model.asks[index]!.hold.state === "lives" : !ask.hold.released;
        return told(ask.outcome, held);
      }),
      locks: Object.entries(this.#locks).map(([name, lock]) => [name, lock.lockCounter, lock.isLocked]),
      held: (["a", "b"] as const).map((name) => this.driver.isHeld(pathOf(name))),
      kept: this.#kept(),
      disturbed: 0,
    };
    const expected = {
      asks: model.asks.map(({ outcome, hold }) => told(outcome, hold.state === "lives")),
      locks: (Object.keys(OBJECTS) as ObjectName[]).map((name) => {
        const living = [...model.fileOf(name).living];
        return [name, living.length, living.some(({ object }) => object === name)];
      }),
      held: files.map((file) => !file.isFreeFor(false)),
      kept: { grants: files.filter(({ living }) => living.size > 0).length, open: polls, watches: polls },
      disturbed: files.flatMap(({ living }) => disturbed([...living])).length,
    };
    // The text first: expect() takes far longer, and there are many to compare.
    if (JSON.stringify(real) !== JSON.stringify(expected)) expect(real).toEqual(expected);
  }

  #kept(): { grants: number; open: number; watches: number } {
    const { grants, openAttempts, watches } = this.driver;
    return { grants, open: openAttempts, watches };
  }

  #walk(name: number): Task {
    return this.#tasks.get(name)!.walks.at(-1)!;
  }
}

function told(outcome: Outcome, lives: boolean): string {
  return outcome === "held" && !lives ? "held, released" : outcome;
}

function outcomeOf(error: unknown, signal: AbortSignal): Outcome {
  if (error === signal.reason) return "aborted";
  const known: Record<string, Outcome> = { Timeout: "timed out", Deadlock: "deadlock" };
  return known[(error as Error).name] ?? (String(error) as Outcome); // which no model expects
}
