/** Processes of many tasks: whether a process that asks more often gets more, and keeps the others waiting. */
import { join } from "node:path";
import { contend } from "./contention.ts";
import { withParticipants } from "./participant.ts";
import type { Report, Row, Scale } from "./report.ts";
import { percentile, sum } from "./statistics.ts";
import { ANY, FIFO } from "./ways.ts";

const CROWDS: readonly { readonly tasks: readonly [number, number]; readonly holdMs: number }[] = [
  { tasks: [100, 100], holdMs: 0 },
  { tasks: [100, 100], holdMs: 1 },
  { tasks: [40, 1], holdMs: 0 },
  { tasks: [40, 1], holdMs: 1 },
];

export async function tasks({ quick, directory }: Scale): Promise<Report> {
  const seconds = quick ? 0.3 : 2;
  const rows: Row[] = [];
  await withParticipants(["node", "node"], async (participants) => {
    for (const { tasks, holdMs } of CROWDS) {
      for (const { name, way } of [ANY, FIFO]) {
        const lockFile = join(directory, `tasks-${way}-${tasks.join("-")}-${holdMs}.lock`);
        const journal = await contend(participants, { way, lockFile, holdMs, seconds, tasks });
        const all = sum(journal.holds);
        for (const [process, holds] of journal.holds.entries()) {
          const waits = journal.waits(process);
          rows.push({
            name: `${name}, ${holdMs} ms: ${tasks[process]!} against ${tasks[1 - process]!}`,
            ...{ "share %": (holds / all) * 100, "holds/s": holds / seconds },
            ...{ p50: percentile(waits, 50), p99: percentile(waits, 99), longest: percentile(waits, 100) },
          });
        }
      }
    }
  });
  return {
    title: "Tasks of two processes",
    about:
      "Every task takes the lock again as soon as it has given it back. What each process gets, and milliseconds of a " +
      "wait of its tasks.",
    rows,
    targets: [],
  };
}
