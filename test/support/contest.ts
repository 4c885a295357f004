// Processes that compete for one lock file, each started again when it has ended, and a view of who is inside. Decides nothing
// about who dies: whoever looks on does. All end with the test.
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { entry, newJournal, processOf } from "./journal.ts";
import { soon } from "./promises.ts";
import { randomNumbers } from "./random.ts";
import type { Life, Place, Role } from "./roles.ts";

const MOST_READ = 1 << 16;

/** A process of the contest. */
export interface Participant extends Life {
  readonly role: Role;
  readonly process: ChildProcess;
  /** How many holds it has begun. */
  holds: number;
}

export interface ContestOptions {
  readonly directory: string;
  readonly seed: number;
}

export class Contest {
  readonly place: Place;
  /** When those who were killed were still there, by number. */
  readonly killed = new Map<string, bigint>();
  /** The processes that live, by number. */
  readonly #living = new Map<string, Participant>();
  /** Those of Holdfast, also who is no longer there. */
  readonly #ours = new Set<string>();
  readonly #ends = new Set<Promise<void>>();
  readonly #random: () => number;
  #journal: number | undefined;
  #read = 0;
  #rest = "";
  #started = 0;
  #isOver = false;
  #failed: Error | undefined;
  /** How many holds have begun. */
  holds = 0;
  /** Who is inside, as far as the journal says. */
  inside: string | undefined;

  constructor({ directory, seed }: ContestOptions) {
    newJournal(directory);
    this.place = { directory, lockFile: join(directory, "work.lock") };
    this.#random = randomNumbers(seed);
    this.#journal = openSync(join(directory, "journal"), "r");
    onTestFinished(() => this.abandon());
  }

  get living(): Participant[] {
    return [...this.#living.values()];
  }

  /** Whether that process, or a task of it, was one that uses Holdfast. */
  isOurs(who: string): boolean {
    return this.#ours.has(processOf(who));
  }

  start(role: Role): Participant {
    const life = { number: String(++this.#started), seed: Math.floor(this.#random() * 2 ** 31) };
    const participant: Participant = { ...life, role, process: role.start(this.place, life), holds: 0 };
    this.#living.set(life.number, participant);
    if (role.isHoldfast) this.#ours.add(life.number);
    const end = this.#awaitEnd(participant).finally(() => this.#ends.delete(end));
    this.#ends.add(end);
    return participant;
  }

  /** Kills it at this moment. */
  kill({ number, process: child }: Participant): void {
    this.killed.set(number, process.hrtime.bigint());
    child.kill("SIGKILL");
    this.#living.delete(number);
  }

  /** Reads what is new in the journal. Throws where a process has come to an end of its own that it should not have. */
  look(): void {
    if (this.#failed !== undefined) throw this.#failed;
    const bytes = Buffer.alloc(MOST_READ);
    for (;;) {
      const length = readSync(this.#journal!, bytes, 0, MOST_READ, this.#read);
      if (length === 0) return;
      this.#read += length;
      const lines = (this.#rest + bytes.toString("utf8", 0, length)).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) this.#heed(line);
    }
  }

  /** Has those of ours end by themselves, once their tasks are through, and kills the others. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const each of this.living) {
      if (each.role.isHoldfast) each.process.send("stop");
      else this.kill(each);
    }
    await soon(Promise.all(this.#ends), `${this.living.map(({ number }) => number).join(", ")} to end`);
    this.look();
    this.#close();
  }

  /** Kills all. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    for (const { process } of this.#living.values()) process.kill("SIGKILL");
    await Promise.all(this.#ends);
    this.#close();
  }

  #close(): void {
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
  }

  #heed(line: string): void {
    const { what, who } = entry(line);
    if (what === "leave") this.inside = undefined;
    if (what !== "enter") return;
    this.holds++;
    this.inside = processOf(who);
    const participant = this.#living.get(this.inside);
    if (participant !== undefined) participant.holds++;
  }

  async #awaitEnd(participant: Participant): Promise<void> {
    const { number, role, process: child } = participant;
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    this.#living.delete(number);
    const isWelcome = code === 0 && (role.endsItself || this.#isOver);
    if (!this.killed.has(number) && !isWelcome && signal !== "SIGKILL")
      this.#failed ??= new Error(`Process ${number} has ended (${String(signal ?? code)}). ${stderr}`);
    if (!this.#isOver && role.startsAgain !== false) this.start(role);
  }
}
