// The command line for tests: `holdfast` as a process of its own, with or without a terminal. It is killed at the latest
// when the test that started it has ended.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { End } from "./child.ts";
import { soon } from "./promises.ts";

/** The command that `holdfast` is. */
export const HOLDFAST = [process.execPath, fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url))];

/** The command that test/fixtures/heed.mjs is: says "held" and its parent's pid, then each signal that it gets. */
export const HEED = [process.execPath, fileURLToPath(new URL("../fixtures/heed.mjs", import.meta.url))];

export interface Place {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts `holdfast`, with pipes for stdin, stdout and stderr. */
export function holdfast(args: readonly string[], place: Place = {}): Program {
  return start([...HOLDFAST, ...args], place);
}

/**
 * Starts `holdfast` in the foreground of a terminal: what is typed is its input, and stdout has all that is shown. A shell
 * comes in between, since script(1) stops and goes on with its own child.
 */
export function holdfastInTerminal(args: readonly string[], place: Place = {}): Program {
  return startInTerminal([...HOLDFAST, ...args], place);
}

/** Starts any program in the foreground of a terminal. */
export function startInTerminal(words: readonly string[], place: Place = {}): Program {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `trap : INT QUIT; ${quoted.join(" ")}; exit $?`;
  return start(["script", "--quiet", "--return", "--command", command, "/dev/null"], place);
}

/** Runs `holdfast` to its end. */
export async function ran(args: readonly string[], place: Place = {}): Promise<Outcome> {
  const program = holdfast(args, place);
  program.endInput();
  const { code } = await program.ends();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts any program. */
export function start([file = "", ...args]: readonly string[], { cwd, env }: Place = {}): Program {
  const program = new Program(spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" }));
  onTestFinished(() => program.kill());
  return program;
}

export class Program {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<End>;
  readonly #exited: Promise<End>;
  #over = false;
  stdout = "";
  stderr = "";
  #changed = (): void => undefined;

  constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    process.stdin.on("error", () => undefined); // it may end before it reads
    process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.#exited = once(process, "exit").then(([code, signal]) => ({ code, signal }));
    this.#ended = once(process, "close").then(([code, signal]) => {
      this.#over = true;
      this.#changed();
      return { code, signal };
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  type(text: string): void {
    this.#process.stdin.write(text);
  }

  endInput(): void {
    this.#process.stdin.end();
  }

  /** Nobody reads what it writes on stdout any more. */
  closeOutput(): void {
    this.#process.stdout.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Resolves once it has written that on stdout or stderr. */
  async says(what: string | RegExp): Promise<RegExpExecArray> {
    const pattern = typeof what === "string" ? new RegExp(escaped(what)) : what;
    const found = async (): Promise<RegExpExecArray> => {
      for (;;) {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (match !== null) return match;
        if (this.#over) throw new Error(`Expected ${String(pattern)}, got ${this.stdout}${this.stderr}`);
        await new Promise<void>((resolve) => (this.#changed = resolve));
      }
    };
    return soon(found(), `${String(pattern)} is not said. ${this.stdout}${this.stderr}`);
  }

  /** Resolves once it has ended, and everybody who shares its output. */
  async ends(): Promise<End> {
    return soon(this.#ended, `it does not end. ${this.stdout}${this.stderr}`);
  }

  /** Resolves once it has ended itself. */
  async exits(): Promise<End> {
    return soon(this.#exited, `it does not exit. ${this.stdout}${this.stderr}`);
  }

  /** Kills it, unless it has ended. What it has started ends with its input. */
  async kill(): Promise<void> {
    this.endInput();
    this.#process.kill("SIGKILL");
    await this.exits();
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
