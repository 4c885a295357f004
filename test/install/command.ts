// A program that is run to its end, in a process group of its own, with all that it says in a log. Knows how to end
// everything that still runs.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const MOST_MS = 240_000;
const running = new Set<ChildProcess>();

export interface Circumstances {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Ended {
  readonly exitCode: number;
  /** What it wrote on stdout. */
  readonly stdout: string;
  /** What it wrote on both, in the order in which it came. */
  readonly output: string;
}

/** What was done for one row of the table, as a person would have seen it in a terminal. */
export class Log {
  text = "";

  /** Runs `command` to its end. Throws where it cannot be started or does not end. */
  async run([command, ...args]: readonly string[], { cwd, env }: Circumstances): Promise<Ended> {
    this.text += `\n${cwd}\n$ ${[command, ...args].join(" ")}\n`;
    const child = spawn(command!, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    running.add(child);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    const timer = setTimeout(() => {
      end(child);
    }, MOST_MS);
    try {
      const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
      if (exitCode === null) throw new Error(`${command!} was ended by ${String(signal)}`);
      this.text += `${output}(exit code ${String(exitCode)})\n`;
      return { exitCode, stdout, output };
    } catch (error) {
      this.text += `${output}(${(error as Error).message})\n`;
      throw error;
    } finally {
      clearTimeout(timer);
      end(child);
    }
  }

  /** The same, and throws where it ends with anything but 0. */
  async runWell(words: readonly string[], circumstances: Circumstances): Promise<Ended> {
    const ended = await this.run(words, circumstances);
    if (ended.exitCode !== 0)
      throw new Error(`\`${words.join(" ")}\` ended with ${String(ended.exitCode)}, and not with 0`);
    return ended;
  }
}

/** Ends all that is still running. */
export function endAll(): void {
  for (const child of running) end(child);
}

function end(child: ChildProcess): void {
  running.delete(child);
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // all of the group has ended
  }
}
