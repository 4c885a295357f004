// One process hears of another one's release. The clock of whoever waits here stands still: after its first two attempts
// it gets the lock by a hint or never.
import { existsSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import { asNobody, isRoot, publicDirectory } from "../support/as-nobody.ts";
import { startChild, type Child } from "../support/child.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { needsRight } from "../support/needs.ts";

const rootTest = needsRight("root", isRoot);

/** A process that waits, and only hears. */
async function listener(lockFile: string, options: object = {}): Promise<Child> {
  const child = startChild("hold", lockFile, { options: { ...options, stopClock: true, pollInterval: 100 } });
  await child.says("waiting");
  return child;
}

async function holderOf(lockFile: string, options: object = {}): Promise<Child> {
  const child = startChild("hold", lockFile, { options });
  await child.says("held");
  return child;
}

/** Something happens to the lock file that means nothing; whoever hears it has tried again by the time it says so. */
const stir = (lockFile: string): void => utimesSync(lockFile, 1, 1);

test.each([false, true])("the holder lets go (remove: %s): the next one has it", async (remove) => {
  const lockFile = temporaryLockFile();
  const holder = await holderOf(lockFile, { remove });
  const waiter = await listener(lockFile, { remove });
  holder.tell("release");
  await waiter.says("held");
  waiter.tell("release");
  await waiter.says("released");
  expect(existsSync(lockFile)).toBe(!remove);
});

test("many wait: each hears of the release of the one before", async () => {
  const lockFile = temporaryLockFile();
  const holder = await holderOf(lockFile);
  const waiters = [await listener(lockFile), await listener(lockFile), await listener(lockFile)];
  const next = new Map(waiters.map((waiter) => [waiter, held(waiter)]));
  holder.tell("release");
  while (next.size > 0) {
    const first = await Promise.race(next.values());
    next.delete(first);
    first.tell("release");
    await first.says("released");
  }
});

const CHANGES: Record<string, (lockFile: string) => void> = {
  removed: (lockFile) => rmSync(lockFile),
  "moved away": (lockFile) => renameSync(lockFile, `${lockFile}.old`),
  replaced: (lockFile) => {
    writeFileSync(`${lockFile}.new`, "");
    renameSync(`${lockFile}.new`, lockFile);
  },
};

// 1. A holds, B waits and watches. 2. The file goes. 3. C makes a new one and holds it. 4. A lets go: B wins the old
// file, does not believe it, and opens the new one. 5. C lets go of that.
test.each(Object.keys(CHANGES))(
  "the file is %s while it is held, and a newcomer holds the next one",
  async (what) => {
    const lockFile = temporaryLockFile();
    const holder = await holderOf(lockFile);
    const waiter = await listener(lockFile);
    CHANGES[what]!(lockFile);
    const newcomer = await holderOf(lockFile);
    const late = await listener(lockFile);
    holder.tell("release");
    await holder.says("released");
    newcomer.tell("release");
    const both = [held(waiter), held(late)] as const;
    const first = await Promise.race(both);
    first.tell("release");
    await first.says("released");
    await Promise.all(both);
  },
);

// 1. A holds, B waits and watches. 2. The file goes, or is moved. 3. A lets go of what nobody can reach any more.
test.each(["removed", "moved away"])(
  "the file is %s, and its holder lets go: the one who waited hears, and makes it anew",
  async (what) => {
    const lockFile = temporaryLockFile();
    const holder = await holderOf(lockFile);
    const waiter = await listener(lockFile);
    CHANGES[what]!(lockFile);
    holder.tell("release");
    await waiter.says("held");
    expect(existsSync(lockFile)).toBe(true);
  },
);

test("hints that mean nothing change nothing", async () => {
  const lockFile = temporaryLockFile();
  const holder = await holderOf(lockFile);
  const waiter = await listener(lockFile);
  for (let stirs = 0; stirs < 20; stirs++) stir(lockFile);
  const probe = new FileLock(lockFile);
  expect(await probe.tryAcquire()).toBeUndefined();
  expect(waiter.unheard).not.toContain("held");
  holder.tell("release");
  await waiter.says("held");
});

// A killed holder says nothing. Those with a clock find out, and what they say when they let go is heard again.
test("the holder is killed: whoever polls finds the lock, and then the others hear", async () => {
  const lockFile = temporaryLockFile();
  const holder = await holderOf(lockFile);
  const deafened = await listener(lockFile);
  const poller = startChild("hold", lockFile, { options: { pollInterval: 0.05 } });
  await poller.says("waiting");
  await holder.kill();
  await poller.says("held");
  expect(deafened.unheard).not.toContain("held");
  poller.tell("release");
  await deafened.says("held");
});

rootTest("a holder who does not own the file lets go without an error, and without a hint", async () => {
  const lockFile = `${publicDirectory()}/work.lock`;
  writeFileSync(lockFile, "", { mode: 0o666 });
  const lock = new FileLock(lockFile, { owner: "object" });
  const hold = await lock.acquire();
  onTestFinished(() => hold.release());
  const [listening, poller] = [
    await listener(lockFile),
    startChild("hold", lockFile, { options: { pollInterval: 0.05 } }),
  ];
  await poller.says("waiting");
  await asNobody(() => hold.release());
  await poller.says("held");
  expect(listening.unheard).not.toContain("held");
  poller.tell("release");
  await listening.says("held");
});

/** The process itself, when it says that it holds. */
async function held(child: Child): Promise<Child> {
  await child.says("held");
  return child;
}
