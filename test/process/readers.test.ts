// Shared holds between processes: many readers or one writer, by flock(2), so together with flock(1) as well.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { FileLock } from "../../src/index.ts";
import { letCompete, startChild } from "../support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { counted, intervals, newJournal, overlaps } from "../support/journal.ts";
import { blocked, soon } from "../support/promises.ts";
import { needsLinux, needsTool, succeeds } from "../support/needs.ts";

const SHARED = { shared: true };

/** Whether flock(1) gets the file at once. */
function flockGets(lockFile: string, how: "--shared" | "--exclusive"): boolean {
  const { status } = spawnSync("flock", [how, "--nonblock", lockFile, "true"]);
  expect([0, 1]).toContain(status);
  return status === 0;
}

test.each([["any"], ["fifo"]] as const)(
  "nobody reads while somebody writes, and nobody writes beside another: order %s",
  async (order) => {
    const directory = temporaryDirectory();
    const lockFile = join(directory, "work.lock");
    newJournal(directory);
    const options = { holds: 40, directory, order, pollInterval: 0.005 };
    const start = (shared: boolean) => startChild("loop", lockFile, { options: { ...options, shared } });
    const readers = [start(true), start(true), start(true)];
    const writers = [start(false), start(false)];
    const all = [...readers, ...writers];
    await letCompete(all);

    const isReader = new Set(readers.map((child) => String(child.pid)));
    const wrong = overlaps(intervals(directory)).filter(
      ([one, other]) => !(isReader.has(one.who) && isReader.has(other.who)),
    );
    expect(wrong).toEqual([]);
    expect(intervals(directory)).toHaveLength(200);
    expect(counted(directory)).toBe(80);
  },
);

test("those who remove the lock file do not take it from under those who still read", async () => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const options = { holds: 40, directory, remove: true, pollInterval: 0.005 };
  const children = [true, true, true, false, false].map((shared) =>
    startChild("loop", lockFile, { options: { ...options, shared } }),
  );
  await letCompete(children);
  expect(counted(directory)).toBe(80);
  expect(existsSync(lockFile)).toBe(false);
});

needsTool("flock(1)", succeeds("flock", "--version"))(
  "readers are inside together, and a writer gets in when the last of them has gone or died",
  async () => {
    const lockFile = temporaryLockFile();
    const readers = [1, 2].map(() => startChild("hold", lockFile, { options: SHARED }));
    for (const reader of readers) await reader.says("held");
    const own = await new FileLock(lockFile).acquire(SHARED);
    expect(flockGets(lockFile, "--shared")).toBe(true);
    expect(flockGets(lockFile, "--exclusive")).toBe(false);

    const writing = new FileLock(lockFile, { pollInterval: 0.005 }).acquire();
    await own.release();
    readers[0]!.tell("release");
    await readers[0]!.ends();
    await blocked(writing);
    await readers[1]!.kill();
    const writer = await soon(writing, "the last reader was killed");
    expect(flockGets(lockFile, "--shared")).toBe(false);
    await writer.release();
    expect(flockGets(lockFile, "--exclusive")).toBe(true);
  },
);

needsLinux("/proc/locks")(
  "a reader is told of as a holder, and waits for a writer of another process",
  async () => {
    const lockFile = temporaryLockFile();
    const child = startChild("hold", lockFile, { options: SHARED });
    await child.says("held");
    const lock = new FileLock(lockFile);
    expect((await lock.holder()).map(({ pid }) => pid)).toEqual([child.pid]);
    // A look that takes longer than 50 ms, on a machine that is busy enough, is not waited for.
    const refused = (): Promise<void> =>
      expect(lock.acquire({ timeout: 0 })).rejects.toThrow(`held by pid ${String(child.pid)}`);
    await vi.waitFor(refused, { timeout: 5000 });
    const own = await lock.acquire({ shared: true });
    child.tell("release");
    await child.ends();
    const writer = startChild("hold", lockFile);
    await writer.says("waiting");
    await own.release();
    await writer.says("held");
    await expect(lock.acquire({ ...SHARED, timeout: 0 })).rejects.toThrow("could not be acquired");
    writer.tell("release");
    await writer.ends();
  },
);

// 1. We read. 2. A writer of another process stands in line. 3. Another task of ours asks to read: it must not pass.
test('with order: "fifo" a writer of another process is not passed by those who come to read', async () => {
  const lockFile = temporaryLockFile();
  const fifo = { order: "fifo", pollInterval: 0.005 } as const;
  const own = await new FileLock(lockFile, fifo).acquire(SHARED);
  const writer = startChild("hold", lockFile, { options: fifo });
  await writer.says("waiting");
  await soon(
    vi.waitFor(() => expect(readdirSync(`${lockFile}.queue`)).toHaveLength(2), {
      timeout: 10_000,
      interval: 1,
    }),
    "the writer has taken its place",
  );
  const reading = new FileLock(lockFile, fifo).acquire(SHARED);
  await blocked(reading);
  await own.release();
  await writer.says("held");
  await blocked(reading);
  writer.tell("release");
  await (await soon(reading, "the writer has had its turn")).release();
  expect(await writer.ends()).toEqual({ code: 0, signal: null });
});
