// Places in line for tests. flock(2) belongs to the open file description, so that several in one process are to each
// other what processes are; one that crashes here loses its descriptors and nothing else, as the kernel sees to.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, readdirSync } from "node:fs";
import { afterEach } from "vitest";
import { PlaceInLine, type PlaceOptions } from "../../src/drivers/place-in-line.ts";
import { queueOf } from "../../src/drivers/queue-directory.ts";
import { flock } from "../../src/native/flock.ts";
import { fixture } from "./driver-child.ts";
import { descriptorsOf } from "./flock-steps.ts";
import { soon } from "./promises.ts";

const places = new Set<PlaceInLine>();
const children = new Set<PlaceChild>();

/** Ends what a test began. Call it after `everyTestLeavesNothing`: hooks run last first. */
export function everyTestLeavesTheLine(): void {
  afterEach(async () => {
    for (const one of places) one.leave();
    places.clear();
    await Promise.all([...children].map((child) => child.kill()));
    children.clear();
  });
}

/** A place that has not arrived yet. Unless told otherwise, somebody has the lock, so that nobody is passed. */
export function place(lockFile: string, options: Partial<PlaceOptions> = {}): PlaceInLine {
  const made = new PlaceInLine(lockFile, { mode: undefined, flock, isFree: () => false, ...options });
  places.add(made);
  return made;
}

/** A place that has arrived, and the path of its ticket. */
export function arrived(lockFile: string, options: Partial<PlaceOptions> = {}): [PlaceInLine, string] {
  const before = new Set(tickets(lockFile));
  const made = place(lockFile, options);
  made.isTurn();
  const [name] = tickets(lockFile).filter((ticket) => !before.has(ticket));
  if (name === undefined) throw new Error("Expected it to take a ticket");
  return [made, `${queueOf(lockFile)}/${name}`];
}

/** Closes what the owner of a ticket has open, and leaves the ticket where it is. */
export function crash([owner, ticket]: [PlaceInLine, string]): void {
  places.delete(owner); // its descriptor may be somebody else's by the time that it would leave
  for (const fd of descriptorsOf(ticket)) closeSync(Number(fd));
}

/** The names of the tickets, lowest first. */
export function tickets(lockFile: string): string[] {
  const directory = queueOf(lockFile);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name !== "gate")
    .sort();
}

/** A process that does one thing with the line, and is killed when the test has ended. */
export class PlaceChild {
  readonly #process: ChildProcess;

  /** @param verb "wait" takes a place; "gate" goes through the gate and stays inside. */
  constructor(verb: "wait" | "gate", lockFile: string) {
    this.#process = fork(fixture("place-in-line.mjs"), [verb, lockFile], { execArgv: [] });
    children.add(this);
  }

  /** Whether it is its turn, or for "gate" whether it got inside. */
  async answer(): Promise<boolean> {
    const [turn] = (await soon(once(this.#process, "message"), "the child says nothing")) as [boolean];
    return turn;
  }

  stop(): void {
    this.#process.kill("SIGSTOP");
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await soon(ended, "the child does not end");
  }
}
