/**
 * The journal: one line for each thing that happened in the shared directory, appended by whoever did it. It is
 * the witness against the lock, so it does not use it: an append of a short line is one write(2) with O_APPEND,
 * which the kernel does not mix with another.
 */
import { appendFileSync, readFileSync } from "node:fs";

/** Whether the pages all come from one rebuild. */
export type Condition = "whole" | "torn";

export type JournalRecord = {
  /** The number of the process in this run: 1, 2, … */
  readonly process: number;
  /** When it happened, in milliseconds of {@link now}. */
  readonly at: number;
} & (
  | { readonly what: "enter"; readonly pid: number; readonly waited: number }
  | { readonly what: "change"; readonly found: Condition; readonly counter: number }
  | { readonly what: "leave"; readonly left: Condition }
  /** Written for a process that cannot write any more, by the one that killed it, just before the kill. */
  | { readonly what: "kill" }
);

/** Milliseconds of a clock that all processes share: hrtime is CLOCK_MONOTONIC, counted from the start of the machine. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function append(journal: string, record: JournalRecord): void {
  appendFileSync(journal, `${JSON.stringify(record)}\n`);
}

export function readJournal(journal: string): JournalRecord[] {
  const lines = readFileSync(journal, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as JournalRecord);
}
