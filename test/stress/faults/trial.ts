// One run: a scenario of which one system call fails, and what is there afterwards. It judges nothing but what has to be so
// in each run: nothing is left, nobody holds, and the next acquisitions succeed.
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { canBeHad, holds, placeOf, type Scenario } from "./scenarios.ts";
import { Subject, untilGone, type Cycle, type Warned } from "./subject.ts";
import { attach, descriptorOf, fired, isOurs, type Call, type Fault } from "./tracer.ts";

export interface Outcome extends Cycle {
  readonly calls: readonly Call[];
  /** The call that failed; undefined where none did. */
  readonly hit: Call | undefined;
  readonly warnings: readonly Warned[];
  /** What should not be so, whatever failed. */
  readonly wrong: readonly string[];
}

/** Node made one more call of that name than in the run before, and the fault hit it: it says nothing of the package. */
export class Astray extends Error {
  constructor({ line }: Call) {
    super(`The fault hit a call of Node's own: ${line}`);
  }
}

/** A process with its directory, for many runs one after the other. */
export class Bench {
  #subject: Subject | undefined;
  readonly #directory = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-faults-"));
  #runs = 0;

  async run(scenario: Scenario, calls: readonly string[], fault?: Fault): Promise<Outcome> {
    const directory = join(this.#directory, String(this.#runs++));
    try {
      return await this.#run(scenario, directory, { calls, ...(fault === undefined ? {} : { fault }) });
    } catch (error) {
      // It hangs, or is gone: the next run gets another one.
      await this.#subject?.kill();
      this.#subject = undefined;
      throw error;
    }
  }

  async #run(
    scenario: Scenario,
    directory: string,
    traced: { calls: readonly string[]; fault?: Fault },
  ): Promise<Outcome> {
    const subject = (this.#subject ??= await warmedUp(join(this.#directory, "warm")));
    const { kind, others, leavesNothing = false } = scenario;
    const place = placeOf(scenario, directory);
    const letGo = others?.(place.lockFile);
    const tracer = await attach(subject.pid, { log: `${directory}.log`, ...traced });
    const [settled] = await Promise.allSettled([subject.cycle(scenario, place, letGo)]);
    const seen = await tracer.stop();
    const hit = fired(seen);
    if (hit !== undefined && !isOurs(hit)) {
      await subject.kill();
      await untilGone(letGo);
      throw new Astray(hit);
    }
    if (settled.status === "rejected") throw settled.reason;
    const cycle = settled.value;
    // A close that strace refuses has not been made; a real one closes, whatever it says (close(2)).
    const unclosed = hit?.name === "close" ? [descriptorOf(hit)!] : [];
    const { left, warnings } = await subject.look(unclosed);

    const wrong: string[] = left.map((name) => `left behind: ${name}`);
    if (cycle.refused === undefined && cycle.wasHeld !== true) wrong.push("it held, and the lock was free");
    if (cycle.isLocked === true) wrong.push("it says that it holds still");
    if (holds(kind, place.lockFile, subject.pid)) wrong.push("it is held still");
    const { refused } = await subject.cycle(scenario, place);
    if (refused !== undefined) wrong.push(`the next acquisition failed: ${refused.message}`);
    if (!canBeHad(scenario, place.lockFile)) wrong.push("another process does not get the lock");
    const again = await subject.look();
    wrong.push(...again.left.map((name) => `left behind by the next: ${name}`));
    // libuv takes that for a kernel without statx(2), and goes without from then on.
    if (hit?.name === "statx" && hit.line.includes("ENOSYS")) await this.#end();
    const isMine = (name: string): boolean => !leavesNothing && name === place.lockFile;
    const files = readdirSync(dirname(place.lockFile)).map((name) => join(dirname(place.lockFile), name));
    const litter = files.filter((name) => !isMine(name));
    rmSync(directory, { recursive: true });
    return {
      ...cycle,
      calls: seen,
      hit,
      warnings,
      wrong: [...wrong, ...litter.map((name) => `litter: ${name}`)],
    };
  }

  async close(): Promise<void> {
    try {
      await this.#end();
    } finally {
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  /** Ends the process, which has to come to its end by itself. */
  async #end(): Promise<void> {
    const subject = this.#subject;
    this.#subject = undefined;
    if (subject === undefined) return;
    try {
      const { code, stderr } = await subject.end();
      if (code !== 0 || stderr !== "") throw new Error(`It ended with ${String(code)}: ${stderr}`);
    } finally {
      await subject.kill();
    }
  }
}

/** One that has loaded its native module, and has had its inotify descriptor. */
async function warmedUp(directory: string): Promise<Subject> {
  const subject = await Subject.start();
  for (const kind of ["flock", "soft", "process"] as const) {
    const scenario = { name: "warm up", kind };
    const place = placeOf(scenario, `${directory}-${kind}-${String(subject.pid)}`);
    await subject.cycle(scenario, place);
  }
  await subject.look();
  return subject;
}
