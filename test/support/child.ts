// Other processes for tests: each runs test/fixtures/child.mjs, says over IPC how far it is, and is killed at the
// latest when the test that started it has ended.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { soon } from "./promises.ts";

const CHILD = fileURLToPath(new URL("../fixtures/child.mjs", import.meta.url));

export type Verb =
  "hold" | "holdSync" | "run" | "forget" | "attempt" | "loop" | "crowd" | "cycle" | "delegate";
export type Word =
  | "release"
  | "exit"
  | "throw"
  | "reject"
  | "listen"
  | "spawn"
  | "bequeath"
  | "attempt"
  | "go"
  | "tell"
  | "block";
export type Saying =
  | "waiting"
  | "held"
  | "released"
  | "ready"
  | "heard"
  | "attempted"
  | "progress"
  | "counted"
  | "done"
  | "spawned"
  | "refused"
  | "told"
  | "blocking";

export interface Message {
  readonly type: Saying;
  /** With "attempted": whether it got the lock. */
  readonly held?: boolean;
  /** With "counted": how many holds it has had. */
  readonly holds?: number;
  /** With "spawned": the process that it started. With "told": the one that holds. */
  readonly pid?: number;
  /** With "told": since when that one holds, in milliseconds since 1970. */
  readonly sinceMs?: number;
  /** With "told": whether the hold of the process itself was lost. */
  readonly isLost?: boolean;
  /** With "waiting": for how many seconds it has. Of a process that tells the time only, as all that follow. */
  readonly elapsed?: number;
  /** With "refused": the message of the error. */
  readonly message?: string;
  /** What its clock shows, in milliseconds since 1970. */
  readonly dateMs?: number;
}

export interface ChildOptions {
  /** Options of its lock, and of `loop`: `holds`, `directory`, `diesAfter` so many holds; of `crowd`: `tasks`; of all: `stopClock`, `soft`. */
  readonly options?: object;
  readonly env?: NodeJS.ProcessEnv;
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Starts a process that does `verb` with the lock file. */
export function startChild(
  verb: Verb,
  lockFile: string,
  { options = {}, env = {} }: ChildOptions = {},
): Child {
  const child = new Child(
    fork(CHILD, [verb, lockFile, JSON.stringify(options)], {
      // Not the options of the test runner.
      execArgv: [],
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    }),
  );
  onTestFinished(async () => {
    await child.kill();
  });
  return child;
}

/** Has children that `loop` begin at once, and expects that each comes to a good end. */
export async function letCompete(children: readonly Child[]): Promise<void> {
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  for (const child of children) expect(await child.ends()).toEqual({ code: 0, signal: null });
}

export class Child {
  readonly #process: ChildProcess;
  readonly #said: Message[] = [];
  readonly #ended: Promise<End>;
  #end: End | undefined;
  /** What it wrote on stderr up to now. */
  stderr = "";
  readonly #listeners: (() => void)[] = [];

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    process.on("message", (message: Message) => {
      this.#said.push(message);
      this.#changed();
    });
    this.#ended = once(process, "close").then(([code, signal]) => {
      this.#end = { code, signal };
      this.#changed();
      return this.#end;
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Resolves once it has said that, once more than was asked for before. */
  async says(type: Saying, stuckAfterMs?: number): Promise<Message> {
    const what = `child ${String(this.pid)} does not say '${type}'. ${this.stderr}`;
    return soon(this.#next(type), what, stuckAfterMs);
  }

  /** What it has said and nobody has asked for yet. */
  get unheard(): readonly Saying[] {
    return this.#said.map(({ type }) => type);
  }

  tell(word: Word): void {
    this.#process.send(word);
  }

  /** Resolves once it has ended by itself. */
  async ends(): Promise<End> {
    return soon(this.#ended, `child ${String(this.pid)} does not end`);
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Kills it at once, unless it has ended. */
  async kill(): Promise<End> {
    if (this.#end === undefined) this.#process.kill("SIGKILL");
    return this.ends();
  }

  async #next(type: Saying): Promise<Message> {
    for (;;) {
      const at = this.#said.findIndex((message) => message.type === type);
      if (at >= 0) return this.#said.splice(at, 1)[0]!;
      if (this.#end !== undefined) {
        const { code, signal } = this.#end;
        throw new Error(`Expected '${type}', but it ended (${String(signal ?? code)}). ${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  #changed(): void {
    for (const tell of this.#listeners.splice(0)) tell();
  }
}
