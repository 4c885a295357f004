// A process that holds a SoftFileLock dies of what it would have died of without it, and takes the marker with it.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { fixture } from "../support/driver-child.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { around } from "../support/soft-steps.ts";

function ended(way: string, ...lockFile: string[]) {
  const child = [fixture("at-exit.mjs"), way, ...lockFile];
  const { signal, status, stdout } = spawnSync(process.execPath, child, {
    timeout: 20_000,
    killSignal: "SIGKILL",
    encoding: "utf8",
  });
  return { signal, status, stdout };
}

test.each<[string, string, { signal?: string; status?: number; stdout?: string }]>([
  ["has a handler for one time only, and goes on", "onceHandled", { status: 7 }],
  ["has a handler that raises the signal again", "raisesAgain", { signal: "SIGTERM" }],
  ["waits at its top level for what never comes", "neverSettles", { status: 13 }],
  ["looks at its exit code", "tellsExitCode", { status: 0, stdout: "undefined\n" }],
  ["exits while it exits", "exitsInExit", { status: 3 }],
  ["throws while it exits", "throwsInExit", { status: 1 }],
  ["still needs the lock while it exits", "looksInExit", { status: 0, stdout: "true\n" }],
  ["gets a signal that Node ignores", "isSentIgnored", { status: 0 }],
  ["has replaced process.emit", "replacesEmit", { status: 0, stdout: "true\n1\n" }],
  ["replaces process.emit while it holds", "replacesEmitMeanwhile", { status: 0, stdout: "true\n" }],
  ["has two copies of the package", "interleaves", { status: 0, stdout: "true\n" }],
  ["has signal-exit for a while", "besideSignalExit", { status: 0, stdout: "0\n" }],
  ["has signal-exit, twice", "signalledBesideSignalExit", { signal: "SIGTERM", stdout: "null SIGTERM\n" }],
  ["has signal-exit 3", "signalledBesideOldSignalExit", { signal: "SIGTERM", stdout: "null SIGTERM\n" }],
])("A process that %s", (_, way, { signal = null, status = null, stdout = "" }) => {
  const lockFile = temporaryLockFile();
  expect(ended(way)).toEqual({ signal, status, stdout });
  expect(ended(way, lockFile)).toEqual({ signal, status, stdout });
  expect(around(lockFile)).toEqual([]);
});
