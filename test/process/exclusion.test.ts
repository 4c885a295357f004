// Processes that compete: by the clock of the machine no two are inside at once, and no update of theirs is lost.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import { letCompete, startChild } from "../support/child.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { counted, intervals, newJournal, overlaps } from "../support/journal.ts";

test.each([
  { processes: 2, holds: 100, remove: false },
  { processes: 4, holds: 50, remove: false },
  { processes: 8, holds: 25, remove: false },
  // The last one out takes the file away: 1. A holds. 2. B waits on A's file. 3. A removes it. 4. C makes a new one and
  // locks it. 5. B wins A's file, which nobody can reach.
  { processes: 2, holds: 100, remove: true },
  { processes: 4, holds: 50, remove: true },
  { processes: 8, holds: 25, remove: true },
])("$processes processes, $holds holds each, remove: $remove", async ({ processes, holds, remove }) => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const options = { holds, directory, remove, pollInterval: 0.005 };
  const children = Array.from({ length: processes }, () => startChild("loop", lockFile, { options }));
  await letCompete(children);

  const all = intervals(directory);
  expect(overlaps(all)).toEqual([]);
  expect(all).toHaveLength(processes * holds);
  expect(counted(directory)).toBe(processes * holds);
  expect(existsSync(lockFile)).toBe(!remove);
});

test("some of them remove the lock file and others do not", async () => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const children = [true, false, true, false].map((remove) =>
    startChild("loop", lockFile, { options: { holds: 40, directory, remove, pollInterval: 0.005 } }),
  );
  await letCompete(children);
  expect(overlaps(intervals(directory))).toEqual([]);
  expect(counted(directory)).toBe(160);
});

test("tasks of this process compete with others, each in its turn", async () => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const options = { holds: 30, directory, pollInterval: 0.005 };
  const children = [1, 2].map(() => startChild("loop", lockFile, { options }));
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  let turns = 0;
  const tasks = Array.from({ length: 20 }, async () => {
    const lock = new FileLock(lockFile, { pollInterval: 0.005 });
    await lock.run(async () => {
      const before = counted(directory);
      await new Promise((resolve) => setImmediate(resolve));
      expect(counted(directory)).toBe(before);
      turns++;
    });
  });
  await Promise.all(tasks);
  for (const child of children) expect(await child.ends()).toEqual({ code: 0, signal: null });
  expect(turns).toBe(20);
  expect(overlaps(intervals(directory))).toEqual([]);
  expect(counted(directory)).toBe(60);
});
