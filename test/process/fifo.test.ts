// order: "fifo" between processes: who began to wait first is next, whatever becomes of the others in line.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FileLock, type Hold } from "../../src/index.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { startChild, type Child } from "../support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { counted, intervals, newJournal, overlaps } from "../support/journal.ts";
import { blocked, soon } from "../support/promises.ts";

const FIFO = { order: "fifo" } as const;

const queueOf = (lockFile: string): string => `${lockFile}.queue`;

/** The tickets of the processes that wait. */
function tickets(lockFile: string): string[] {
  if (!existsSync(queueOf(lockFile))) return [];
  return readdirSync(queueOf(lockFile)).filter((name) => name !== "gate");
}

async function untilInLine(lockFile: string, count: number): Promise<void> {
  await soon(
    vi.waitFor(() => expect(tickets(lockFile)).toHaveLength(count), { timeout: 10_000, interval: 1 }),
    `${String(count)} processes stand in line`,
  );
}

/** The last one out removes the directory, in the turn after it has won. */
async function untilGone(lockFile: string): Promise<void> {
  await soon(
    vi.waitFor(() => expect(existsSync(queueOf(lockFile))).toBe(false), { timeout: 10_000, interval: 1 }),
    "the directory is removed",
  );
}

/** Processes that wait for the lock file, in the order in which they began to. */
async function line(lockFile: string, count: number, options: object = FIFO): Promise<Child[]> {
  const children: Child[] = [];
  for (let i = 0; i < count; i++) {
    const before = tickets(lockFile).length;
    const child = startChild("hold", lockFile, { options });
    children.push(child);
    await child.says("waiting");
    await untilInLine(lockFile, before + 1);
  }
  return children;
}

/** Expects that `children` get the lock one after the other, and that nothing is left when they have. */
async function expectInTurn(lockFile: string, hold: Hold, children: readonly Child[]): Promise<void> {
  await hold.release();
  for (const [index, child] of children.entries()) {
    await child.says("held");
    for (const later of children.slice(index + 1)) expect(later.unheard).not.toContain("held");
    child.tell("release");
    expect(await child.ends()).toEqual({ code: 0, signal: null });
  }
  expect(existsSync(queueOf(lockFile)), "the directory is removed by the last one out").toBe(false);
}

describe("waiting processes get the lock in the order in which they came", () => {
  test("all of them live", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile, FIFO).acquire();
    expect(existsSync(queueOf(lockFile)), "nobody waits, so there is no line").toBe(false);
    await expectInTurn(lockFile, hold, await line(lockFile, 4));
  });

  test.each([0, 1, 2])("number %d of three is killed", async (victim) => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile, FIFO).acquire();
    const children = await line(lockFile, 3);
    await children[victim]!.kill();
    children.splice(victim, 1);
    await expectInTurn(lockFile, hold, children);
  });

  test.each([0, 1, 2])("number %d of three times out", async (impatient) => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile, FIFO).acquire();
    const children = [
      ...(await line(lockFile, impatient)),
      ...(await line(lockFile, 1, { ...FIFO, timeout: 3 })),
      ...(await line(lockFile, 2 - impatient)),
    ];
    expect(await children[impatient]!.ends()).toEqual({ code: 1, signal: null });
    expect(children[impatient]!.stderr).toContain(
      impatient === 0 ? "nobody was ahead" : `${String(impatient)} other`,
    );
    children.splice(impatient, 1);
    await expectInTurn(lockFile, hold, children);
  });

  test("the holder wants it again: it goes to the end of the line", async () => {
    const lockFile = temporaryLockFile();
    const lock = new FileLock(lockFile, FIFO);
    const hold = await lock.acquire();
    const [first] = await line(lockFile, 1);
    await hold.release();
    const again = lock.acquire();
    await untilInLine(lockFile, 1);
    await first!.says("held");
    first!.tell("release");
    await (await soon(again, "it is its turn again")).release();
    await untilGone(lockFile);
  });

  test("the holder's next task comes after the processes in line", async () => {
    const lockFile = temporaryLockFile();
    const lock = new FileLock(lockFile, FIFO);
    const hold = await lock.acquire();
    const [first] = await line(lockFile, 1);
    const task = new FileLock(lockFile, FIFO).run(() => first!.unheard);
    await hold.release();
    await first!.says("held");
    await blocked(task);
    first!.tell("release");
    await soon(task, "it is the task's turn");
  });

  test("one attempt does not get past those in line", async () => {
    const lockFile = temporaryLockFile();
    const lock = new FileLock(lockFile, FIFO);
    const hold = await lock.acquire();
    const [first] = await line(lockFile, 1);
    process.kill(first!.pid, "SIGSTOP");
    await hold.release();
    expect(await lock.tryAcquire(), "it is free, but somebody was before us").toBeUndefined();
    expect(tickets(lockFile)).toHaveLength(1);
    process.kill(first!.pid, "SIGCONT");
    await first!.says("held");
  });
});

describe("a process that is stopped in line", () => {
  test("at its head is passed after a while, and has its turn when it goes on", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile, FIFO).acquire();
    const [head, second] = await line(lockFile, 2);
    process.kill(head!.pid, "SIGSTOP");
    await hold.release();
    await second!.says("held");
    expect(head!.unheard).not.toContain("held");
    process.kill(head!.pid, "SIGCONT");
    second!.tell("release");
    await head!.says("held");
    head!.tell("release");
    expect(await head!.ends()).toEqual({ code: 0, signal: null });
    expect(await second!.ends()).toEqual({ code: 0, signal: null });
    expect(existsSync(queueOf(lockFile))).toBe(false);
  });

  test("is not passed while the lock is held, however long that is", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile, FIFO).acquire();
    const children = await line(lockFile, 2);
    await new Promise((resolve) => setTimeout(resolve, 2500)); // well over the second that a stalled one has
    await expectInTurn(lockFile, hold, children);
  });
});

describe("where no line can be had, it contends like any other, and says so once", () => {
  test("something else has the name of the directory", async () => {
    const lockFile = temporaryLockFile();
    writeFileSync(queueOf(lockFile), "not ours");
    const other = startChild("hold", lockFile);
    await other.says("held");
    const lock = new FileLock(lockFile, FIFO);
    const waiting = lock.acquire();
    const next = lock.run(() => "next");
    other.tell("release");
    await (await soon(waiting, "it is free")).release();
    expect(await next).toBe("next");
    await expectWarnings(/fifo.*work\.lock|work\.lock.*fifo/s);
  });

  test("the gate is held by somebody who does not move", async () => {
    const lockFile = temporaryLockFile();
    mkdirSync(queueOf(lockFile));
    const gate = await new FileLock(join(queueOf(lockFile), "gate")).acquire();
    onTestFinished(() => gate.release());
    const other = startChild("hold", lockFile);
    await other.says("held");
    const waiting = new FileLock(lockFile, FIFO).acquire();
    await soon(
      vi.waitFor(() => expectWarnings(/work\.lock.*gate/), { timeout: 10_000 }),
      "it does without the line",
    );
    other.tell("release");
    await (await soon(waiting, "it is free")).release();
  });
});

test.each([2, 4, 8])("%d processes: no two inside, and nothing lost", async (processes) => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const holds = 200 / processes;
  const orders = [FIFO, FIFO, FIFO, {}]; // one of four does not queue
  const children = Array.from({ length: processes }, (_, index) =>
    startChild("loop", lockFile, { options: { holds, directory, ...orders[index % 4] } }),
  );
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  for (const child of children) expect(await child.ends()).toEqual({ code: 0, signal: null });
  expect(overlaps(intervals(directory))).toEqual([]);
  expect(counted(directory)).toBe(200);
  expect(existsSync(queueOf(lockFile))).toBe(false);
});

test("nobody has two holds while another waits", async () => {
  const directory = temporaryDirectory();
  const lockFile = join(directory, "work.lock");
  newJournal(directory);
  const options = { ...FIFO, holds: 40, directory };
  const children = Array.from({ length: 4 }, () => startChild("loop", lockFile, { options }));
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  for (const child of children) await child.ends();
  const order = intervals(directory).map(({ who }) => who);
  const twice = order.filter((who, index) => index > 0 && order[index - 1] === who).length;
  // While all four were at it; before and after that one may have been alone.
  expect(twice).toBeLessThan(40);
});
