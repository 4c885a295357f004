/** Which system calls a cycle makes, as strace counts them: the difference between a long run and a short one. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Report, Row, Scale } from "./report.ts";

const CYCLES = 2000;
/** Both runs have as many before they begin to count, so that what the compiler asks for is much the same. */
const BEFORE = 1000;
/** What occurs more rarely than that is the runtime's, not the cycle's. */
const RARE = 0.5;
const script = new URL("processes/cycle.ts", import.meta.url).pathname;

export function hasStrace(): boolean {
  return spawnSync("strace", ["-V"]).status === 0;
}

export async function systemCalls({ directory }: Scale): Promise<Report> {
  const kinds = { "bare protocol": "bare", "acquire + release": "acquire", run: "run" };
  const rows = Object.entries(kinds).map(([name, kind]) => {
    const [few, many] = [count(kind, BEFORE, directory), count(kind, BEFORE + CYCLES, directory)];
    const each = [...many]
      .map(([call, times]): [string, number] => [call, (times - (few.get(call) ?? 0)) / CYCLES])
      .filter(([, times]) => times >= RARE)
      .sort(([a], [b]) => a.localeCompare(b));
    const all = each.reduce((sum, [, times]) => sum + times, 0);
    return { name, all, ...Object.fromEntries(each) } satisfies Row;
  });
  return {
    title: "System calls",
    about: "How many a cycle makes, over all threads of the process (strace -f -c).",
    rows,
    targets: [],
  };
}

function count(kind: string, cycles: number, directory: string): Map<string, number> {
  const output = join(directory, "strace.txt");
  const lockFile = join(directory, "system-calls.lock");
  const node = [process.execPath, ...process.execArgv, script, kind, String(cycles), lockFile];
  const { status, stderr } = spawnSync("strace", ["-f", "-c", "-o", output, ...node], { encoding: "utf8" });
  if (status !== 0) throw new Error(`strace failed: ${stderr}`);
  const calls = new Map<string, number>();
  for (const line of readFileSync(output, "utf8").split("\n")) {
    // % time     seconds  usecs/call     calls    errors syscall
    const [, , , times, ...rest] = line.trim().split(/\s+/);
    const call = rest.at(-1);
    if (call !== undefined && call !== "total" && /^\d+$/.test(times ?? "")) calls.set(call, Number(times));
  }
  rmSync(output);
  return calls;
}
