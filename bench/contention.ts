/** Processes that all want one lock, again and again, for a while. */
import { Journal } from "./journal.ts";
import type { Participant } from "./participant.ts";

/** Until they begin: all of them have read by then what to do. */
const LEAD_MS = 200;

export interface Contest {
  readonly way: string;
  readonly lockFile: string;
  readonly holdMs: number;
  readonly seconds: number;
  /** How many tasks each process has; default: one. */
  readonly tasks?: readonly number[];
}

export async function contend(
  participants: readonly Participant[],
  { tasks = [], seconds, ...contest }: Contest,
): Promise<Journal> {
  const from = Number(process.hrtime.bigint()) + LEAD_MS * 1e6;
  const until = from + seconds * 1e9;
  const answers = await Promise.all(
    participants.map((participant, index) =>
      participant.ask({ do: "contend", ...contest, tasks: tasks[index] ?? 1, from, until }),
    ),
  );
  return new Journal(
    answers.map(({ times }) => times),
    until,
    answers.filter(({ unqueued }) => unqueued).length,
  );
}
