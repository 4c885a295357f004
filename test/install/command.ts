// A program that is run to its end, in a process group of its own, with all that it says in a log.
import { endGroup, groupEnded, startGroup } from "../support/process-group.ts";

const MOST_MS = 240_000;

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

  /** Runs a command to its end. Throws where it cannot be started or does not end. */
  async run(words: readonly string[], { cwd, env }: Circumstances): Promise<Ended> {
    this.text += `\n${cwd}\n$ ${words.join(" ")}\n`;
    const [file, ...args] = words as [string, ...string[]];
    const child = startGroup(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const timer = setTimeout(() => {
      endGroup(child);
    }, MOST_MS);
    const { code, signal, output } = await groupEnded(child).finally(() => {
      clearTimeout(timer);
    });
    this.text += `${output}(${signal ?? `exit code ${String(code)}`})\n`;
    if (code === null) throw new Error(`\`${words.join(" ")}\` was ended by ${String(signal)}`);
    return { exitCode: code, stdout, output };
  }

  /** The same, and throws where it ends with anything but 0. */
  async runWell(words: readonly string[], circumstances: Circumstances): Promise<Ended> {
    const ended = await this.run(words, circumstances);
    if (ended.exitCode !== 0)
      throw new Error(`\`${words.join(" ")}\` ended with ${String(ended.exitCode)}, and not with 0`);
    return ended;
  }
}
