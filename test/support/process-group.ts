// Commands that end together with all that they started: each runs in a process group of its own.
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";

const running = new Set<ChildProcess>();

/** Starts a command. It belongs to the groups that end with {@link endAllGroups} until it has ended. */
export function startGroup(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, args, { ...options, detached: true });
  running.add(child);
  return child;
}

/**
 * How the command ended, and all that it wrote. What it leaves behind is ended then, unless it is told to wait: for all
 * that can still write.
 */
export async function groupEnded(
  child: ChildProcess,
  { waitForAll = false } = {},
): Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const closed = once(child, "close");
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (!waitForAll) endGroup(child);
  await closed;
  running.delete(child);
  return { code, signal, output };
}

export function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // all of the group has ended
  }
}

/** Sends all groups that are still running a signal that ends them. */
export function endAllGroups(signal: NodeJS.Signals = "SIGKILL"): void {
  for (const child of running) endGroup(child, signal);
}

/**
 * Has all groups end with this process, and then calls `tidyUp`, which must not throw: at its end, and where a signal ends it. To be
 * called once.
 */
export function atTheEnd(tidyUp: () => void): void {
  process.on("exit", () => {
    endAllGroups();
    tidyUp();
  });
  // Not once: a second one would cut short what the first began.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
}
