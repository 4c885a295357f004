// The process that faults are done to (test/fixtures/faulted.mjs), and one cycle of it: acquire, hold, release, with or
// without a fault. Knows how it is spoken with; does not know what is right.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fixture } from "../../support/driver-child.ts";
import { soon } from "../../support/promises.ts";
import { holds, type Scenario } from "./scenarios.ts";

const STUCK_AFTER_MS = 10_000;

/** An error, as the fixture describes it. */
export interface Thrown {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  /** The code of its cause. */
  readonly cause?: string;
}

export interface Warned {
  readonly code?: string;
  readonly message: string;
}

type Message =
  | { readonly type: "ready" | "waiting" | "held" }
  | { readonly type: "failed"; readonly error: Thrown }
  | { readonly type: "released"; readonly error?: Thrown & { wasHeld: boolean }; readonly isLocked: boolean }
  | { readonly type: "looked"; readonly left: string[]; readonly warnings: Warned[] };

/** What came of one cycle. */
export interface Cycle {
  /** Why there was no hold. */
  readonly refused?: Thrown;
  /** Why the first release failed; the second one worked. */
  readonly notReleased?: Thrown & { wasHeld: boolean };
  /** Whether the kernel, or the file, said that it was held while it was. */
  readonly wasHeld?: boolean;
  /** Whether the lock said that it was held still. */
  readonly isLocked?: boolean;
}

export class Subject {
  readonly #process: ChildProcess;
  readonly #said: Message[] = [];
  #wake = (): void => {};
  #stderr = "";

  /** A process that has loaded all that it needs, and has had its first look. */
  static async start(): Promise<Subject> {
    const subject = new Subject();
    await subject.#next();
    return subject;
  }

  private constructor() {
    this.#process = fork(fixture("faulted.mjs"), [], {
      execArgv: [], // not the options of the test runner
      // Of the three it is the one that asks the kernel once for each call.
      env: { ...process.env, HOLDFAST_BACKEND: "fs-ext", NODE_NO_WARNINGS: "1" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.#process.on("message", (message: Message) => {
      this.#said.push(message);
      this.#wake();
    });
    this.#process.on("exit", () => {
      this.#wake();
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Acquires, holds and releases once. `letGo` is called until it is true, from when the process waits. */
  async cycle(
    scenario: Scenario,
    place: { readonly asked: string; readonly lockFile: string },
    letGo: () => boolean = () => true,
  ): Promise<Cycle> {
    this.#process.send({
      do: "cycle",
      kind: scenario.kind,
      path: place.asked,
      options: scenario.options ?? {},
    });
    await this.#next();
    let said: Message | undefined;
    const outcome = this.#next().then((message) => (said = message));
    outcome.catch(() => undefined); // others may fail first
    const others = untilGone(letGo, () => said !== undefined);
    const message = await outcome;
    await others;
    const cycle =
      message.type === "failed" ? { refused: message.error } : await this.#release(scenario, place);
    // Who went without the line was before those who stand in it.
    await untilGone(letGo);
    return cycle;
  }

  async #release({ kind }: Scenario, { lockFile }: { readonly lockFile: string }): Promise<Cycle> {
    const wasHeld = holds(kind, lockFile, this.pid);
    this.#process.send({ do: "release" });
    const released = await this.#next();
    if (released.type !== "released") throw new Error(`It says '${released.type}'`);
    const { error, isLocked } = released;
    return { wasHeld, isLocked, ...(error === undefined ? {} : { notReleased: error }) };
  }

  /** What is left open, beyond what was at the first look, and what was warned of since the last. */
  async look(close: readonly number[] = []): Promise<{ left: string[]; warnings: Warned[] }> {
    this.#process.send({ do: "look", close });
    const message = await this.#next();
    if (message.type !== "looked") throw new Error(`It says '${message.type}'`);
    return message;
  }

  /** Has it end, which it has to do by itself. Returns what it wrote on stderr, and its exit code. */
  async end(): Promise<{ code: number | null; stderr: string }> {
    const closed = once(this.#process, "close");
    this.#process.send({ do: "end" });
    const [code] = (await soon(closed, "it does not end by itself")) as [number | null];
    return { code, stderr: this.#stderr };
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = once(this.#process, "close");
    this.#process.kill("SIGKILL");
    await closed;
  }

  async #next(): Promise<Message> {
    return soon(this.#awaited(), `it says nothing. ${this.#stderr}`);
  }

  async #awaited(): Promise<Message> {
    while (this.#said.length === 0) {
      const { exitCode, signalCode } = this.#process;
      if ((exitCode ?? signalCode) !== null)
        throw new Error(`It ended (${String(exitCode ?? signalCode)}). ${this.#stderr}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#said.shift()!;
  }
}

/** Calls `letGo` until it is true, or `isOver` says so. */
export async function untilGone(
  letGo: () => boolean = () => true,
  isOver: () => boolean = () => false,
): Promise<void> {
  const stuckAt = performance.now() + STUCK_AFTER_MS;
  while (!letGo() && !isOver()) {
    if (performance.now() > stuckAt) throw new Error("Stuck: the others do not get the lock");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
