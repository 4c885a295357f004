// What a lock needs has run out for real: descriptors, room on the disk, the right to write, watches, and the very directory
// while somebody waits in it.
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileLock, ProcessLock, SoftFileLock } from "../../src/index.ts";
import type { Lock } from "../../src/lock.ts";
import type { Grant } from "../../src/driver.ts";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { granted } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsRight, succeeds } from "../support/needs.ts";
import { blocked, soon } from "../support/promises.ts";
import { tried } from "../support/soft-steps.ts";
import { noteFigure, scaled } from "./scale.ts";

everyTestNeedsLinux("/proc/self/fd, tmpfs and inotify");
everyTestLeavesNothing();

const mountTest = needsRight(
  "the right to mount",
  succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"),
);

/** What test/fixtures/scarce.mjs says, below a shell that does `first` with the directory as `$0`. */
function said(what: string, first: string): unknown {
  const directory = temporaryDirectory();
  const through = ["unshare", "--mount", "sh", "-c", `${first} && exec "$@"`, directory];
  return outputOf("scarce.mjs", [what, directory], { through, env: { NODE_NO_WARNINGS: "1" } });
}

const error = (code: string, words: string): unknown =>
  expect.stringMatching(new RegExp(`^Error ${code}: Cannot .*${words}.*\\(${code}\\)$`));
const full = error("ENOSPC", "the file system is full");
const healthy = {
  again: { line: "won", missing: "won", soft: "won" },
  files: ["missing.lock", "there.lock"],
  left: 0,
};

test("Where a process may open 30 files, each lock beyond them is a clear error, and the next release makes room for one", () => {
  const through = ["sh", "-c", 'ulimit -n 30 && exec "$@"', "sh"];
  const round = {
    some: true,
    error: "EMFILE",
    full: error("EMFILE", "too many files open.*ulimit -n"),
    waits: expect.stringMatching(/^Timeout ETIMEDOUT: /) as unknown,
    after: "won",
  };
  expect(outputOf("scarce.mjs", ["descriptors", temporaryDirectory()], { through })).toEqual({
    rounds: [round, round, round],
    warnings: [],
    left: 0,
  });
});

mountTest("Where there is room for no other name, what is there can be locked, and nothing is lost", () => {
  expect(said("names", "mount -t tmpfs -o size=1m,nr_inodes=12 none $0")).toEqual({
    full: {
      there: "won",
      missing: full,
      line: "won", // without one, as the warning says
      softRelease: error("ENOSPC", "it is still held. Try again"),
      softIsHeld: true,
      softNew: full,
    },
    warnings: ["HOLDFAST_NO_QUEUE"],
    ...healthy,
  });
});

mountTest("Where there is room for names alone, only a marker cannot be written", () => {
  expect(said("room", "mount -t tmpfs -o size=64k none $0")).toEqual({
    full: { missing: "won", line: "won", soft: error("ENOSPC", "Cannot create|soft.lock"), litter: [] },
    warnings: [],
    ...healthy,
  });
});

mountTest("Where nothing can be written, a lock file that is there serves for all but its removal", () => {
  const mount = "mount -t tmpfs none $0 && touch $0/there.lock && mount -o remount,ro $0";
  const won = Object.fromEntries(
    ["there", "mode", "shared", "waits", "line", "remove"].map((each) => [each, "won"]),
  );
  const readOnly = error("EROFS", "is read-only and the file does not exist");
  expect(said("readOnly", mount)).toEqual({
    ...won,
    missing: readOnly,
    soft: readOnly,
    warnings: ["HOLDFAST_NO_QUEUE", "HOLDFAST_NOT_REMOVED"],
    left: 0,
  });
});

describe("A user who may have no inotify instance", () => {
  const NONE = "echo 0 > /proc/sys/user/max_inotify_instances";
  const userTest = needsRight("user namespaces", succeeds("unshare", "-Ur", "sh", "-c", NONE));

  userTest("waits by polling alone", () => {
    const through = ["unshare", "-Ur", "sh", "-c", `${NONE} && exec "$@"`, "sh"];
    expect(outputOf("watch-lock.mjs", [temporaryLockFile()], { through })).toEqual({
      tries: ["held", "held", "won"],
      hinted: false,
      left: 0,
    });
  });
});

// 1. A holds, B waits. 2. Somebody removes the directory, with the lock file in it. 3. A lets go.
describe("A directory that is removed while somebody waits in it is made again, and the lock is won:", () => {
  const removed: [name: string, make: (directory: string) => Lock, seize: (path: string) => Grant][] = [
    ["FileLock", (directory) => new FileLock(join(directory, "work.lock")), granted],
    [
      "FileLock in line",
      (directory) => new FileLock(join(directory, "work.lock"), { order: "fifo" }),
      granted,
    ],
    ["SoftFileLock", (directory) => new SoftFileLock(join(directory, "work.lock")), (path) => tried(path)!],
    ["ProcessLock", (directory) => new ProcessLock({ directory, name: "removed" }), granted],
  ];

  test.each(removed)("%s", async (name, make, seize) => {
    const times = scaled(3, 200);
    for (let time = 0; time < times; time++) {
      const directory = join(temporaryDirectory(), "sub");
      mkdirSync(directory);
      const lock = make(directory);
      const holder = seize(lock.lockFile);
      const waited = lock.acquire({ timeout: 20 });
      if (time === 0) await blocked(waited);
      rmSync(directory, { recursive: true });
      holder.release({ remove: true });
      const won = await soon(waited, "the lock is not won");
      expect(won.lockFile).toBe(lock.lockFile);
      await won.release();
      rmSync(dirname(directory), { recursive: true });
    }
    // The line was in that directory, too: who had a place in it goes on without.
    const warned = (await takeWarnings()).map((warning) => (warning as NodeJS.ErrnoException).code);
    expect([...new Set(warned)]).toEqual(name === "FileLock in line" ? ["HOLDFAST_NO_QUEUE"] : []);
    noteFigure({
      chapter: "scarce",
      what: `the directory goes while a ${name} waits`,
      figure: `won ${String(times)} times of ${String(times)}`,
    });
  });
});
