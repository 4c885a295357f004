// SoftFileLock between processes: nobody is inside beside anybody, whoever is killed; and however a holder ends, it
// takes its marker with it and dies of what it would have died of.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { SoftFileLock } from "../../src/index.ts";
import { letCompete, startChild, type Child, type Word } from "../support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { expectNoOverlaps } from "../support/kill-storm.ts";
import { counted, intervals, newJournal, overlaps } from "../support/journal.ts";
import { contestant } from "../support/roles.ts";
import { around } from "../support/soft-steps.ts";

const POLL_INTERVAL = 0.005;

async function holder(lockFile: string): Promise<Child> {
  const child = startChild("hold", lockFile, { options: { soft: true } });
  await child.says("held");
  expect(around(lockFile)).toEqual(["work.lock"]);
  return child;
}

describe("The marker goes with its holder, which", () => {
  test.each<[string, Word, number]>([
    ["calls process.exit()", "exit", 7],
    ["dies of an uncaught error", "throw", 1],
    ["dies of an unhandled rejection", "reject", 1],
  ])("%s", async (_, word, code) => {
    const lockFile = temporaryLockFile();
    const child = await holder(lockFile);
    child.tell(word);
    expect(await child.ends()).toEqual({ code, signal: null });
    expect(around(lockFile)).toEqual([]);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)("dies of %s", async (signal) => {
    const lockFile = temporaryLockFile();
    const child = await holder(lockFile);
    child.signal(signal);
    expect(await child.ends()).toEqual({ code: null, signal });
    expect(around(lockFile)).toEqual([]);
  });

  test("has nothing left to do", async () => {
    const lockFile = temporaryLockFile();
    const child = startChild("forget", lockFile, { options: { soft: true } });
    await child.says("held");
    expect(await child.ends()).toEqual({ code: 0, signal: null });
    expect(around(lockFile)).toEqual([]);
  });
});

describe("The marker stays", () => {
  test("where the holder has a listener of its own for a signal, and goes on", async () => {
    const lockFile = temporaryLockFile();
    const child = await holder(lockFile);
    child.tell("listen");
    await child.says("ready");
    child.signal("SIGTERM");
    await child.says("heard");
    expect(new SoftFileLock(lockFile).pid).toBe(child.pid);
    child.tell("release");
    await child.says("released");
    expect(around(lockFile)).toEqual([]);
  });

  test("where a process ends that the holder has started, and where others end that wait for it", async () => {
    const lockFile = temporaryLockFile();
    const child = await holder(lockFile);
    child.tell("spawn");
    const { pid } = await child.says("spawned");
    process.kill(pid!, "SIGTERM");
    const waiter = startChild("hold", lockFile, { options: { soft: true } });
    await waiter.says("waiting");
    waiter.signal("SIGTERM");
    expect(await waiter.ends()).toEqual({ code: null, signal: "SIGTERM" });
    expect(new SoftFileLock(lockFile).pid).toBe(child.pid);
    expect(around(lockFile)).toEqual(["work.lock"]);
  });

  test("where a thread ends that has none, and goes with one that has", async () => {
    const lockFile = temporaryLockFile();
    const inThread = async (code: string): Promise<void> => {
      const index = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
      const text = `import(${index}).then(async ({ SoftFileLock }) => { ${code} })`;
      const [exitCode] = await once(new Worker(text, { eval: true }), "exit");
      expect(exitCode).toBe(0);
    };
    await new SoftFileLock(lockFile).run(async () => {
      await inThread(
        `process.exitCode = (await new SoftFileLock(${JSON.stringify(lockFile)}).tryAcquire()) ? 1 : 0`,
      );
      expect(around(lockFile)).toEqual(["work.lock"]);
    });
    await inThread(
      `process.exitCode = (await new SoftFileLock(${JSON.stringify(lockFile)}).tryAcquire()) ? 0 : 1`,
    );
    expect(around(lockFile)).toEqual([]);
  });

  test("where the holder is killed, until the next one comes, who was waiting", async () => {
    const lockFile = temporaryLockFile();
    const child = await holder(lockFile);
    const waiter = startChild("hold", lockFile, { options: { soft: true } });
    await waiter.says("waiting");
    expect((await child.kill()).signal).toBe("SIGKILL");
    await waiter.says("held");
    expect(new SoftFileLock(lockFile).pid).toBe(waiter.pid);
    waiter.tell("release");
    expect(await waiter.ends()).toEqual({ code: 0, signal: null });
    expect(around(lockFile)).toEqual([]);
  });
});

test.each([
  { processes: 2, holds: 100 },
  { processes: 4, holds: 50 },
])("$processes processes, $holds holds each", async ({ processes, holds }) => {
  const directory = temporaryDirectory();
  newJournal(directory);
  const options = { holds, directory, soft: true, pollInterval: POLL_INTERVAL };
  const children = Array.from({ length: processes }, () =>
    startChild("loop", join(directory, "work.lock"), { options }),
  );
  await letCompete(children);
  const all = intervals(directory);
  expect(overlaps(all)).toEqual([]);
  expect(all).toHaveLength(processes * holds);
  expect(counted(directory)).toBe(processes * holds);
  expect(readdirSync(directory).sort()).toEqual(["counter", "journal"]);
});

test("one after the other is killed, and replaced: nobody gets in beside anybody", async () => {
  const directory = temporaryDirectory();
  const options = { soft: true, pollInterval: POLL_INTERVAL };
  const steady = contestant({ options, holdsFirst: Infinity });
  await expectNoOverlaps(directory, {
    roles: [steady, steady, contestant({ options })],
    kills: 8,
    holds: 500,
    longestCalmMs: 10,
  });
  await new SoftFileLock(join(directory, "work.lock")).run(() => undefined);
}, 120_000);

// All who wait see the same dead marker at once: 1. A and B see it. 2. A removes it. 3. C puts its own there. 4. B
// removes C's.
test("each dies holding, again and again, and of all who see its marker one gets in", async () => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const [atATime, lives, holds] = [4, 8, 8];
  const options = { holds, diesAfter: holds, directory, soft: true, pollInterval: POLL_INTERVAL };
  const oneAfterTheOther = async (): Promise<void> => {
    for (let life = 0; life < lives; life++) {
      const child = startChild("loop", lockFile, { options });
      await child.says("ready");
      child.tell("go");
      expect(await child.ends()).toEqual({ code: null, signal: "SIGKILL" });
    }
  };
  await Promise.all(Array.from({ length: atATime }, oneAfterTheOther));
  const all = intervals(directory);
  expect(overlaps(all)).toEqual([]);
  expect(all).toHaveLength(atATime * lives * holds);
  expect(counted(directory)).toBe(atATime * lives * holds);
  await new SoftFileLock(lockFile).run(() => undefined);
  expect(readdirSync(directory).sort()).toEqual(["counter", "journal"]);
}, 120_000);
