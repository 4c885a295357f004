// The lock file is removed, renamed or replaced by a stranger while processes wait for it. Who wins a file that the path
// does not name any more has won nothing: removing the file never splits those who wait over two inodes.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import { startChild, type Child } from "../support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { counted, intervals, newJournal, overlaps } from "../support/journal.ts";

const changes: Record<string, (lockFile: string) => void> = {
  removed: (lockFile) => rmSync(lockFile),
  renamed: (lockFile) => renameSync(lockFile, `${lockFile}.old`),
  "replaced by another": (lockFile) => {
    writeFileSync(`${lockFile}.new`, "new");
    renameSync(`${lockFile}.new`, lockFile);
  },
  "removed and made anew": (lockFile) => {
    rmSync(lockFile);
    writeFileSync(lockFile, "new");
  },
};

/** Whether `child`, an `attempt`, gets the lock now. */
async function getsIt(child: Child): Promise<boolean> {
  child.tell("attempt");
  return (await child.says("attempted")).held!;
}

// 1. A holds inode 1, B and C wait on it. 2. The file goes. 3. D makes inode 2 and locks it: nobody could know better.
// 4. A lets go. 5. B and C win inode 1, one after the other, and must not believe it: D is inside.
test.each(Object.keys(changes))("%s under those who wait", async (change) => {
  const lockFile = temporaryLockFile();
  const holder = startChild("hold", lockFile);
  await holder.says("held");
  const waiters = [startChild("hold", lockFile), startChild("hold", lockFile)];
  for (const waiter of waiters) await waiter.says("waiting");
  changes[change]!(lockFile);
  const newcomer = startChild("hold", lockFile);
  await newcomer.says("held");
  holder.tell("release");
  await holder.ends();

  // Each has a wait of many attempts behind it by the time that a whole process has started.
  const probe = startChild("attempt", lockFile);
  await probe.says("ready");
  expect(await getsIt(probe)).toBe(false);
  expect(waiters.map(({ unheard }) => unheard.filter((what) => what === "held"))).toEqual([[], []]);

  newcomer.tell("release");
  const first = await Promise.race(waiters.map((waiter) => waiter.says("held").then(() => waiter)));
  const second = waiters.find((waiter) => waiter !== first)!;
  expect(await getsIt(probe)).toBe(false);
  expect(second.unheard).not.toContain("held");
  first.tell("release");
  await first.says("released");
  // The other one's says("held") was heard by the race above; that it holds is seen by what it says after.
  second.tell("release");
  await second.says("released");
  expect(await getsIt(probe)).toBe(true);
  const content = readFileSync(lockFile, "utf8");
  expect(content).toBe(change === "replaced by another" || change === "removed and made anew" ? "new" : "");
});

test.each(Object.keys(changes))(
  "%s under a holder that removes: it takes nobody else's file away",
  async (change) => {
    const lockFile = temporaryLockFile();
    const options = { remove: true };
    const holder = startChild("hold", lockFile, { options });
    await holder.says("held");
    changes[change]!(lockFile);
    const newcomer = startChild("hold", lockFile, { options });
    await newcomer.says("held");
    holder.tell("release");
    await holder.says("released");
    const probe = startChild("attempt", lockFile, { options });
    await probe.says("ready");
    expect(await getsIt(probe)).toBe(false);
    newcomer.tell("release");
    await newcomer.says("released");
    expect(await getsIt(probe)).toBe(true);
  },
);

// Whoever changes the file holds it then, so that only its own hold is lost: the others keep excluding each other.
test.each([false, true])("again and again, by one of many who compete (remove: %s)", async (remove) => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const options = { holds: 60, directory, remove, pollInterval: 0.005 };
  const children = [1, 2, 3].map(() => startChild("loop", lockFile, { options }));
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  let working = true;
  const ends = Promise.all(children.map((child) => child.ends())).finally(() => (working = false));
  const kinds = Object.values(changes);
  let made = 0;
  while (working) {
    const hold = await new FileLock(lockFile, { remove, pollInterval: 0.005 }).acquire();
    try {
      kinds[made++ % kinds.length]!(lockFile);
    } catch (error) {
      // A newcomer came in through the file that was put there, and took it away.
      expect(error).toMatchObject({ code: "ENOENT" });
    }
    await hold.release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await ends).toEqual(children.map(() => ({ code: 0, signal: null })));
  expect(made).toBeGreaterThanOrEqual(kinds.length); // each kind of change was made
  expect(overlaps(intervals(directory))).toEqual([]);
  expect(counted(directory)).toBe(180);
});
