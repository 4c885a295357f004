/**
 * A process that does for this one what could crash it, or keep it for ever: it is asked one thing at a time, and ended when it
 * does not answer. Knows nothing of what it is asked for.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Question } from "../native/child.ts";

/** There is nobody to answer any more. `why` is the end of a sentence about that process. */
export interface Gone {
  readonly type: "gone";
  readonly why: string;
}

export interface Company {
  /** Where the program of the process is. */
  readonly program: URL;
  /** The file that it is asked about. */
  readonly file: string;
  /** How long each answer may take. */
  readonly limitMs: number;
}

/** In the environment of each. */
const MARK = "HOLDFAST_DOCTOR";

/**
 * Whether this process is such a one itself. Not every executable runs the program that it is told to: a single executable
 * application, or Electron with a fuse blown, runs itself, and if that asks others, too, there is no end to it.
 */
export function isAskedItself(): boolean {
  return process.env[MARK] !== undefined;
}

export class OtherProcess {
  /** The back end that it uses. */
  readonly backEnd: string;
  readonly #process: ChildProcess;
  readonly #limitMs: number;
  readonly #gone: Promise<Gone>;

  constructor(backEnd: string, { program, file, limitMs }: Company) {
    this.backEnd = backEnd;
    this.#limitMs = limitMs;
    this.#process = fork(fileURLToPath(program), [file], {
      execArgv: [], // whoever debugs or measures this process does not mean that one
      env: { ...process.env, HOLDFAST_BACKEND: backEnd, [MARK]: String(process.pid) },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#gone = new Promise((resolve) => {
      const is = (why: string): void => {
        resolve({ type: "gone", why });
      };
      this.#process.once("error", ({ code, message }: NodeJS.ErrnoException) => {
        is(`could not be started (${code ?? message})`);
      });
      this.#process.once("exit", (code, signal) => {
        is(signal === null ? `ended with exit code ${String(code)}` : `was ended by ${signal}`);
      });
    });
  }

  /** Never rejects. Who does not answer in time is killed. */
  async ask(question: Question): Promise<Answer | Gone> {
    const answered = new Promise<Answer>((resolve) => {
      this.#process.once("message", (answer) => {
        resolve(answer as Answer);
      });
    });
    // Who cannot be reached has gone. What was not started for want of descriptors has not even a send().
    if (this.#process.connected) this.#process.send(question, () => undefined);
    return this.#inTime(Promise.race([answered, this.#gone]));
  }

  /** Lets it end by itself, in time. */
  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#inTime(this.#gone);
  }

  async #inTime<Result>(outcome: Promise<Result>): Promise<Result | Gone> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Gone>((resolve) => {
      timer = setTimeout(() => {
        this.#abandon();
        resolve({
          type: "gone",
          why: `did not answer within ${String(this.#limitMs / 1000)} s and was killed`,
        });
      }, this.#limitMs);
    });
    try {
      return await Promise.race([outcome, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Even a killed process may stay, in a system call that does not return: it keeps nobody waiting. */
  #abandon(): void {
    this.#process.kill("SIGKILL");
    if (this.#process.connected) this.#process.disconnect();
    this.#process.unref();
  }
}
