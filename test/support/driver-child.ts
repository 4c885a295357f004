// Runs a fixture to its end, and gives what it printed: for calls that could hang or take the process down with them.
import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { fileURLToPath } from "node:url";

const STUCK_AFTER_MS = 10_000;

/** What a call came to, as a fixture prints it. */
export interface Outcome {
  readonly result: "won" | "held" | "threw";
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/**
 * Runs `node fixture ...args`, below the command `through` where one is given and with `env` in its environment, and returns the JSON that it prints.
 * Throws where it fails, and where it has not ended after ten seconds: then it is killed.
 */
export function outputOf(name: string, args: string[], { through = [] as string[], env = {} } = {}): unknown {
  const [command, ...rest] = [...through, process.execPath, fixture(name), ...args] as [string, ...string[]];
  const options: ExecFileSyncOptions = {
    timeout: STUCK_AFTER_MS,
    killSignal: "SIGKILL",
    env: { ...process.env, ...env },
  };
  return JSON.parse(execFileSync(command, rest, { ...options, encoding: "utf8" }));
}
