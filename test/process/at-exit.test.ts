// A process that holds a SoftFileLock dies of what it would have died of without it, and takes the marker with it.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { SoftFileLock } from "../../src/index.ts";
import { fixture } from "../support/driver-child.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { needsRight, succeeds } from "../support/needs.ts";
import { around } from "../support/soft-steps.ts";

function ended(way: string, ...lockFile: string[]) {
  return endOf([process.execPath, fixture("at-exit.mjs"), way, ...lockFile]);
}

function endOf([command, ...args]: string[]) {
  const { signal, status, stdout } = spawnSync(command!, args, {
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
  ["still needs the lock while it exits", "looksInExit", { status: 0, stdout: "true\n" }],
  ["gets a signal that Node ignores", "isSentIgnored", { status: 0 }],
  ["has signal-exit for a while", "besideSignalExit", { status: 0, stdout: "0\n" }],
  ["has two copies of the package", "hasTwoCopies", { status: 0, stdout: "undone\nundone\n" }],
  ["is kept alive by signal-exit", "keptAlive", { status: 0 }],
  ["has signal-exit, twice", "signalledBesideSignalExit", { signal: "SIGTERM", stdout: "null SIGTERM\n" }],
  ["has signal-exit 3", "signalledBesideOldSignalExit", { signal: "SIGTERM", stdout: "null SIGTERM\n" }],
])("A process that %s", (_, way, { signal = null, status = null, stdout = "" }) => {
  const lockFile = temporaryLockFile();
  expect(ended(way)).toEqual({ signal, status, stdout });
  expect(ended(way, lockFile)).toEqual({ signal, status, stdout });
  expect(around(lockFile)).toEqual([]);
});

test("A process that has heard of a signal which it cannot send itself dies all the same, and takes the marker with it", () => {
  const lockFile = temporaryLockFile();
  expect(ended("cannotSend", lockFile)).toMatchObject({ signal: "SIGKILL" });
  expect(around(lockFile)).toEqual([]);
});

// Who ends the process in the middle of its end leaves the listeners behind it uncalled.
test.each([
  ["exits", "exitsInExit", 3],
  ["throws", "throwsInExit", 1],
])(
  "A process in which a listener of its end %s leaves a marker, which keeps nobody out",
  async (_, way, status) => {
    const lockFile = temporaryLockFile();
    expect(ended(way, lockFile)).toMatchObject({ signal: null, status });
    expect(around(lockFile)).toHaveLength(1);
    await (await new SoftFileLock(lockFile).acquire({ timeout: 0 })).release();
    expect(around(lockFile)).toEqual([]);
  },
);

const canUnshare = succeeds("unshare", "--pid", "--fork", "--mount-proc", "true");

needsRight("the right to make a PID namespace", canUnshare)(
  "Process 1 of a container keeps its marker where a signal does not end it",
  () => {
    const lockFile = temporaryLockFile();
    const child = [process.execPath, fixture("at-exit.mjs"), "isProcessOne", lockFile];
    const end = endOf(["unshare", "--pid", "--fork", "--mount-proc", ...child]);
    expect(end).toEqual({ signal: null, status: 0, stdout: "1 true\n" });
    expect(around(lockFile)).toEqual([]);
  },
);
