/** The other processes of a measurement: how they start, are told what to do, answer and end. Knows no lock. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PYTHON, type Host } from "./ways.ts";

const script = (name: string): string => fileURLToPath(new URL(`processes/${name}`, import.meta.url));

const PROGRAMS: Record<Host, readonly [string, ...string[]]> = {
  node: [process.execPath, "--no-warnings", script("participant.mjs")], // it sees to its warnings itself
  python: [PYTHON, script("participant.py")],
};

/** What a process does: see processes/participant.mjs. Times are nanoseconds of the monotonic clock. */
export type Command =
  | {
      readonly do: "take";
      readonly way: string;
      readonly lockFile: string;
      /** In seconds, of the ways of this package; undefined: its default. */
      readonly pollInterval?: number | undefined;
    }
  | { readonly do: "give"; readonly after: number }
  | {
      readonly do: "contend";
      readonly way: string;
      readonly lockFile: string;
      readonly tasks: number;
      readonly holdMs: number;
      readonly from: number;
      readonly until: number;
    }
  | { readonly do: "usage" | "stop" };

export interface Answer {
  /** When it happened. */
  readonly at: number;
  /** Asked, entered and left, hold after hold. */
  readonly times: readonly number[];
  /** Whether it ever contended as with order "any" because it could not stand in line. */
  readonly unqueued?: boolean;
  /** Processor time so far. */
  readonly microseconds: number;
}

export class Participant {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown[]>;

  constructor(host: Host) {
    this.#process = spawn(...programOf(host), { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin.on("error", () => {}); // it has ended, as next() says
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#ended = once(this.#process, "exit");
  }

  get pid(): number {
    return this.#process.pid!;
  }

  tell(command: Command): void {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  async next(): Promise<Answer> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error("A process that takes part in the measurement ended");
    return JSON.parse(value) as Answer;
  }

  ask(command: Command): Promise<Answer> {
    this.tell(command);
    return this.next();
  }

  /** Resolves to the exit code once it has ended, and to null after a signal. */
  async ended(): Promise<number | null> {
    const [code] = (await this.#ended) as [number | null];
    return code;
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

function programOf(host: Host): [string, string[]] {
  const [program, ...args] = PROGRAMS[host];
  return [program, args];
}

/** Calls `fn` with as many processes, all of them ready; none of them outlives it, nor this process. */
export async function withParticipants<Result>(
  hosts: readonly Host[],
  fn: (participants: readonly Participant[]) => Promise<Result>,
): Promise<Result> {
  const participants = hosts.map((host) => new Participant(host));
  try {
    await Promise.all(participants.map((participant) => participant.next()));
    return await fn(participants);
  } finally {
    await Promise.all(participants.map((participant) => participant.kill()));
  }
}
