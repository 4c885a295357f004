// Programs of which there is to be one: each runs test/fixtures/program.mjs, and is killed at the latest when the test
// that started it has ended.
import { fork } from "node:child_process";
import { onTestFinished } from "vitest";
import type { ProcessLockOptions } from "../../src/index.ts";
import { Child } from "./child.ts";
import { fixture } from "./driver-child.ts";

export type ProgramVerb = "forever" | "nested" | "awaited" | "heed" | "hold" | "where";

export interface ProgramOptions extends ProcessLockOptions {
  /** Of its acquisition, in seconds. */
  readonly timeout?: number;
  /** The user and group that it becomes before it makes its lock. */
  readonly uid?: number;
}

/** Starts a process that does `verb` with the lock that `options` make. */
export function startProgram(verb: ProgramVerb, options: ProgramOptions): Child {
  const child = new Child(
    fork(fixture("program.mjs"), [verb, JSON.stringify(options)], {
      execArgv: [], // not the options of the test runner
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    }),
  );
  onTestFinished(async () => {
    await child.kill();
  });
  return child;
}
