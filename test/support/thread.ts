// Other threads of this process for tests: each runs test/fixtures/child.mjs, says over its port how far it is, and is
// terminated at the latest when the test that started it has ended.
import { on } from "node:events";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";
import type { Saying, Message, Verb, Word } from "./child.ts";
import { fixture } from "./driver-child.ts";
import { soon } from "./promises.ts";

/** A thread takes a tenth of a second of a processor to load the package: far more where there is none to be had. */
export const THREAD_STUCK_AFTER_MS = 40_000;

export interface ThreadOptions {
  /** As a child has them. */
  readonly options?: object;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether Node closes what the thread leaves open. */
  readonly trackUnmanagedFds?: boolean;
}

/** Starts a worker thread that does `verb` with the lock file. */
export function startThread(
  verb: Verb,
  lockFile: string,
  { options = {}, env = {}, trackUnmanagedFds = true }: ThreadOptions = {},
): Thread {
  const thread = new Thread(
    new Worker(fixture("child.mjs"), {
      argv: [verb, lockFile, JSON.stringify(options)],
      execArgv: ["--no-warnings"], // not the options of the test runner; node:ffi is experimental
      env: { ...process.env, ...env },
      trackUnmanagedFds,
    }),
  );
  onTestFinished(() => thread.terminate());
  return thread;
}

export class Thread {
  readonly #worker: Worker;
  readonly #messages: AsyncIterator<[Message]>;
  readonly #ended: Promise<number>;
  /** The error that ended it. */
  error: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.on("error", (error) => (this.error = error));
    this.#messages = on(worker, "message", { close: ["exit"] }) as AsyncIterator<[Message]>;
  }

  /** Resolves once it has said that, whatever it says before. */
  async says(type: Saying): Promise<Message> {
    return soon(
      this.#next(type),
      `thread ${String(this.#worker.threadId)} does not say '${type}'`,
      THREAD_STUCK_AFTER_MS,
    );
  }

  tell(word: Word): void {
    this.#worker.postMessage(word);
  }

  /** Resolves with its exit code once it has ended by itself. */
  async ends(): Promise<number> {
    return soon(this.#ended, `thread ${String(this.#worker.threadId)} does not end`, THREAD_STUCK_AFTER_MS);
  }

  /** Ends it at once, unless it has ended. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  async #next(type: Saying): Promise<Message> {
    for (;;) {
      const { done, value } = await this.#messages.next();
      if (done === true) throw new Error(`Expected '${type}', but it has ended`, { cause: this.error });
      if (value[0].type === type) return value[0];
    }
  }
}
