// What each task has asked for and got, by the rules: which holds its context remembers, what each verb does, whose time is
// up. Knows no promise and no source; who may be inside is the affair of ownership-model.ts.
import { LockFileModel, type ModelHold } from "./ownership-model.ts";

/** The lock objects, and the lock file of each. */
export const OBJECTS = {
  a1: { file: "a" },
  a2: { file: "a", remove: true },
  a3: { file: "a", owner: "object" },
  a4: { file: "a", order: "fifo" },
  b1: { file: "b" },
  b2: { file: "b", owner: "object" },
} as const;

export type ObjectName = keyof typeof OBJECTS;
export type FileName = "a" | "b";
export type Form = "acquire" | "tryAcquire" | "run" | "wrap";
export type Outcome = "waits" | "held" | "timed out" | "nothing" | "aborted" | "deadlock";

export interface Request {
  readonly object: ObjectName;
  readonly form: Form;
  readonly shared: boolean;
  /** In milliseconds; Infinity waits for ever, 0 asks once. */
  readonly timeout: number;
}

export interface Ask {
  readonly request: Request;
  readonly hold: ModelHold;
  outcome: Outcome;
}

/** A task walks in the scope of its innermost run(). */
interface Frame {
  readonly scope: ModelHold | undefined;
  /** The holds that its next acquisition remembers, innermost first. Those that are over count for nothing. */
  context: readonly ModelHold[];
}

export interface ModelTask {
  readonly frames: Frame[];
  /** What it waits for. */
  pending: Ask | undefined;
  readonly got: Ask[];
}

export class WorldModel {
  readonly files: Record<FileName, LockFileModel> = { a: new LockFileModel(), b: new LockFileModel() };
  readonly tasks = new Map<number, ModelTask>();
  readonly asks: Ask[] = [];
  readonly strangers: {
    readonly name: FileName;
    readonly file: LockFileModel["file"];
    readonly shared: boolean;
  }[] = [];
  #now = 0;

  start(name: number, starter?: number, { detached = false } = {}): void {
    const context = starter === undefined || detached ? [] : this.#frame(starter).context;
    this.tasks.set(name, { frames: [{ scope: undefined, context }], pending: undefined, got: [] });
  }

  /** The task, where it waits for nothing. */
  idle(name: number): ModelTask | undefined {
    const task = this.tasks.get(name);
    return task?.pending === undefined ? task : undefined;
  }

  ask(name: number, request: Request): void {
    const task = this.tasks.get(name)!;
    const { object, form, shared, timeout } = request;
    const bare = form === "acquire" || form === "tryAcquire";
    const ownsAlone = "owner" in OBJECTS[object];
    const kind = ownsAlone ? "object" : bare ? "task" : "scope";
    const due = this.#now + timeout;
    const hold: ModelHold = { object, kind, bare, shared, due, parent: undefined, state: "asking" };
    const once = form === "tryAcquire" || timeout === 0;
    const answer = this.fileOf(object).ask(hold, this.#frame(name).context, { once });
    const refused = form === "tryAcquire" ? "nothing" : "timed out";
    const outcome = { lives: "held", waits: "waits", refused, deadlock: "deadlock" } as const;
    const ask: Ask = { request, hold, outcome: outcome[answer] };
    this.asks.push(ask);
    task.pending = ask;
    this.#goOn();
  }

  /** The function of its innermost run() returns. */
  leave(name: number): void {
    this.#end(this.tasks.get(name)!.frames.pop()!.scope!);
  }

  /** A bare release() of the task. */
  release(name: number, object: ObjectName, { force }: { readonly force: boolean }): void {
    const living = [...this.fileOf(object).living];
    const own = "owner" in OBJECTS[object] ? living.reverse() : this.#frame(name).context;
    const bare = own.filter((hold) => living.includes(hold) && hold.object === object && hold.bare);
    for (const hold of force ? bare : bare.slice(0, 1)) this.#end(hold);
  }

  /** The hold is released by its Hold. */
  drop({ hold }: Ask): void {
    this.#end(hold);
  }

  abort(name: number): void {
    this.giveUp(name, "aborted");
  }

  /** What the task waits for ends in vain. */
  giveUp(name: number, outcome: "aborted" | "timed out"): void {
    const { pending } = this.tasks.get(name)!;
    pending!.outcome = outcome;
    this.#end(pending!.hold);
  }

  /** Those whose time is up leave in the order of their deadlines, and may make room for others. */
  pass(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const waiting = this.asks.filter(({ hold }) => hold.state === "waits" && hold.due <= until);
      const next = waiting.sort((one, other) => one.hold.due - other.hold.due)[0];
      if (next === undefined) break;
      next.outcome = "timed out";
      this.#end(next.hold);
    }
    this.#now = until;
  }

  seize(name: FileName, shared: boolean): void {
    const { file } = this.files[name];
    file.strangers.push(shared);
    this.strangers.push({ name, file, shared });
  }

  /** The stranger who came first lets go. */
  letGo(name: FileName): void {
    const index = this.strangers.findIndex((stranger) => stranger.name === name);
    const [{ file, shared }] = this.strangers.splice(index, 1) as [WorldModel["strangers"][number]];
    file.strangers.splice(file.strangers.indexOf(shared), 1);
    this.settle();
  }

  /** The path leads to another file. */
  replace(name: FileName): void {
    this.files[name].file = { strangers: [] };
    this.settle();
  }

  fileOf(object: ObjectName): LockFileModel {
    return this.files[OBJECTS[object].file];
  }

  /** The holds of a task that live and have a Hold, newest first. */
  held(name: number): Ask[] {
    const got = this.tasks.get(name)?.got ?? [];
    return got.filter(({ hold, request }) => hold.state === "lives" && request.form !== "wrap").reverse();
  }

  #frame(name: number): Frame {
    return this.tasks.get(name)!.frames.at(-1)!;
  }

  #end(hold: ModelHold): void {
    this.fileOf(hold.object as ObjectName).end(hold);
    this.#goOn();
  }

  /** Lets in all who may come in now. */
  settle(): void {
    for (const file of Object.values(this.files)) file.settle();
    this.#goOn();
  }

  /** Tasks that wait no longer go on with what they got. */
  #goOn(): void {
    for (const task of this.tasks.values()) {
      const { pending } = task;
      if (pending === undefined || pending.hold.state === "waits") continue;
      task.pending = undefined;
      const { hold } = pending;
      if (hold.state !== "lives") continue;
      pending.outcome = "held";
      task.got.push(pending);
      const frame = task.frames.at(-1)!;
      const context = hold.kind === "object" ? frame.context : [hold, ...frame.context];
      if (hold.bare) frame.context = context;
      else task.frames.push({ scope: hold, context });
    }
  }
}
