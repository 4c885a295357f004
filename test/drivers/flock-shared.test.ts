// What flock(2) shares, seen by those who stand in line for the file.
import { readlinkSync } from "node:fs";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { flock, type Flock, type Operation } from "../../src/native/flock.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { granted, opened } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/self/fd");

everyTestLeavesNothing();

const FIFO = { order: "fifo" } as const;

/** What was asked of flock(2), on which file. */
const asked: { operation: Operation; path: string }[] = [];
const recorded: Flock = (fd, operation) => {
  asked.push({ operation, path: readlinkSync(`/proc/self/fd/${String(fd)}`) });
  return flock(fd, operation);
};
const driver = flockDriver(recorded);

afterEach(() => {
  asked.length = 0;
});

// 1. R reads. 2. W stands in line, and waits for R. 3. B stands behind W. Were the file free to B, W would be stalled.
test("a file that others read is no free one to whoever stands in line behind a writer", async () => {
  const lockFile = temporaryLockFile();
  const reading = granted(lockFile, { shared: true });
  const line = [1, 2].map(() => {
    const attempt = opened(lockFile, FIFO, driver);
    onTestFinished(() => attempt.close());
    attempt.watch(() => {});
    expect(attempt.tryLock()).toBeNull();
    return attempt;
  });
  const behind = line[1]!;
  asked.length = 0;
  const looks = (): Operation[] =>
    asked.filter(({ path }) => path === lockFile).map(({ operation }) => operation);
  const end = performance.now() + 10_000;
  while (looks().length === 0 && performance.now() < end) {
    expect(behind.tryLock()).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // A shared flock would be granted beside the readers.
  expect(looks()).toEqual(["lock"]);
  for (const attempt of line) attempt.close();
  reading.release({ remove: false });
});
