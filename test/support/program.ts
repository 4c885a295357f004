// Programs of which there is to be one: each runs test/fixtures/program.mjs, and is killed at the latest when the test
// that started it has ended.
import { fork } from "node:child_process";
import { onTestFinished } from "vitest";
import type { ProcessLockOptions } from "../../src/index.ts";
import { Child } from "./child.ts";
import { fixture } from "./driver-child.ts";

export type ProgramVerb = "forever" | "nested" | "hold" | "where";

export interface Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** The user and group that it runs as; this process's where it is left out. */
  readonly uid?: number;
}

/** Starts a process that does `verb` with the lock that `options` make; `timeout` is that of its acquisition. */
export function startProgram(
  verb: ProgramVerb,
  options: ProcessLockOptions & { readonly timeout?: number },
  { env = {}, uid }: Surroundings = {},
): Child {
  const child = new Child(
    fork(fixture("program.mjs"), [verb, JSON.stringify(options)], {
      execArgv: [], // not the options of the test runner
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    }),
  );
  onTestFinished(async () => {
    await child.kill();
  });
  return child;
}
