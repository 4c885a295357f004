// Runs tests in a copy of the project, and tells what became of them. Knows no mutants.
//
// The vitest of a copy stays from one run to the next (lane.ts): it starts once, and once it reads what nobody changes.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { endGroup, startGroup } from "../support/process-group.ts";

const MOST_MS = 300_000;
const LANE = join(import.meta.dirname, "lane.ts");

export interface Outcome {
  /** The names of the tests that ran, with those of their suites. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** The longest that one of those took which failed, in milliseconds: what took less did not fail of impatience. */
  readonly failedAfterMs: number;
  /** Why tests did not run that should have; undefined where they did. */
  readonly broken: string | undefined;
}

export interface Choice {
  /** Below test/. */
  readonly file: string;
  /** Parts of the names of the tests to run; none for all of the file. */
  readonly names: readonly string[];
  /** After how many failures to stop; 0 goes on to the end. */
  readonly mostFailures: 0 | 1;
  /** How long to wait for what does not happen (test/support/promises.ts), in milliseconds; as ever unless given. */
  readonly patienceMs?: number;
}

/** The tests of the project at `copy`. One run at a time. */
export class Tests {
  readonly #copy: string;
  #lane: Lane | undefined;
  #changed: string[] = [];

  constructor(copy: string) {
    this.#copy = copy;
  }

  /** Says that a file of the copy is not what it was at the last run. */
  changed(file: string): void {
    this.#changed.push(file);
  }

  async run(choice: Choice): Promise<Outcome> {
    const { process, ended } = (this.#lane ??= startLane(this.#copy));
    const timer = setTimeout(() => {
      endGroup(process);
    }, MOST_MS);
    process.send({ choice, changed: this.#changed.splice(0) });
    const answered = new Promise<Outcome>((resolve) => process.once("message", resolve));
    const outcome = await Promise.race([answered, ended]);
    clearTimeout(timer);
    if (typeof outcome === "object") {
      endOthers(process.pid!);
      return outcome;
    }
    endGroup(process);
    this.#lane = undefined;
    const broken = `vitest has ended (${outcome}), or was not ready within ${String(MOST_MS / 1000)} s`;
    return { passed: [], failed: [], failedAfterMs: 0, broken };
  }

  /** No run after this. */
  end(): void {
    if (this.#lane !== undefined) endGroup(this.#lane.process);
  }
}

/** The process that a copy's vitest lives in, and how it ended. */
interface Lane {
  readonly process: ChildProcess;
  readonly ended: Promise<string>;
}

function startLane(copy: string): Lane {
  const lane = startGroup(process.execPath, ["--import", "tsx", LANE, copy], {
    cwd: copy,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  lane.on("error", () => {}); // it cannot be told anything any more: it has ended
  const ended = once(lane, "exit").then(([code, signal]: unknown[]) => String(signal ?? code));
  return { process: lane, ended };
}

/** What a run has left behind, and would be in the way of the next one: all of the group but what vitest needs, its own children. */
function endOthers(leader: number): void {
  if (!existsSync("/proc/self/stat")) return;
  for (const pid of readdirSync("/proc").map(Number)) {
    if (!(pid > 0) || pid === leader) continue;
    const { parent, group } = relations(pid);
    if (group !== leader || parent === leader) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended meanwhile
    }
  }
}

function relations(pid: number): { parent?: number; group?: number } {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    const [, parent, group] = stat
      .slice(stat.lastIndexOf(")") + 2) // proc_pid_stat(5): the name may have blanks in it
      .split(" ")
      .map(Number);
    return { parent: parent!, group: group! };
  } catch {
    return {};
  }
}
