// However a holder ends, the kernel frees its lock and the next one has it: nothing is ever stale.
import { describe, expect, onTestFinished, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import { startChild, type Child, type Word } from "../support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { expectNoOverlaps } from "../support/kill-storm.ts";
import { contestant } from "../support/roles.ts";
import { soon } from "../support/promises.ts";
import { isLinux } from "../support/needs.ts";

/** A process that holds, and one that waits for it; the wait is a wait when this returns. */
async function holderAndWaiter(verb: "hold" | "run", lockFile: string): Promise<[Child, Child]> {
  const holder = startChild(verb, lockFile);
  await holder.says("held");
  const waiter = startChild(verb, lockFile);
  await waiter.says("waiting");
  expect(waiter.unheard).not.toContain("held");
  return [holder, waiter];
}

describe.each(["hold", "run"] as const)("the holder (%s)", (verb) => {
  test("lets go: the next one has it, and both end by themselves", async () => {
    const [holder, waiter] = await holderAndWaiter(verb, temporaryLockFile());
    holder.tell("release");
    await waiter.says("held");
    waiter.tell("release");
    expect(await holder.ends()).toEqual({ code: 0, signal: null });
    expect(await waiter.ends()).toEqual({ code: 0, signal: null });
  });

  test("is killed", async () => {
    const [holder, waiter] = await holderAndWaiter(verb, temporaryLockFile());
    expect(await holder.kill()).toEqual({ code: null, signal: "SIGKILL" });
    await waiter.says("held");
  });

  test.each<[string, Word, number]>([
    ["calls process.exit()", "exit", 7],
    ["dies of an uncaught error", "throw", 1],
  ])("%s", async (_, word, code) => {
    const [holder, waiter] = await holderAndWaiter(verb, temporaryLockFile());
    holder.tell(word);
    expect(await holder.ends()).toEqual({ code, signal: null });
    await waiter.says("held");
  });
});

test("the holder has nothing left to do: a hold keeps no process alive", async () => {
  const lockFile = temporaryLockFile();
  const holder = startChild("forget", lockFile);
  await holder.says("held");
  expect(await holder.ends()).toEqual({ code: 0, signal: null });
  const next = await new FileLock(lockFile).tryAcquire();
  expect(next).toBeDefined();
  await next!.release();
});

test("a process that does nothing but wait for another one stays alive, until its timeout", async () => {
  const lockFile = temporaryLockFile();
  const hold = await new FileLock(lockFile).acquire();
  const patient = startChild("cycle", lockFile);
  const impatient = startChild("cycle", lockFile, { options: { timeout: 0.5 } });
  await Promise.all([patient.says("waiting"), impatient.says("waiting")]);
  expect((await impatient.ends()).code).toBe(1);
  expect(impatient.stderr).toContain(`Timeout: The file lock '${lockFile}' could not be acquired. Waited `);
  expect(Number(/Waited ([\d.]+) s/.exec(impatient.stderr)![1])).toBeGreaterThanOrEqual(0.5);
  if (isLinux) expect(impatient.stderr).toContain(`held by pid ${String(process.pid)} (`);
  await hold.release();
  expect(await patient.ends()).toEqual({ code: 0, signal: null });
});

test("a holder is killed while tasks of this process wait, in their order", async () => {
  const lockFile = temporaryLockFile();
  const holder = startChild("hold", lockFile);
  await holder.says("held");
  const order: number[] = [];
  const tasks = [1, 2, 3].map((task) => new FileLock(lockFile).run(() => order.push(task)));
  await holder.kill();
  await soon(Promise.all(tasks), "the tasks that waited");
  expect(order).toEqual([1, 2, 3]);
});

test("a process that the holder has started does not keep the lock", async () => {
  const lockFile = temporaryLockFile();
  const [holder, waiter] = await holderAndWaiter("hold", lockFile);
  holder.tell("spawn");
  const { pid } = await holder.says("spawned");
  onTestFinished(() => void process.kill(pid!, "SIGKILL"));
  await holder.kill();
  await waiter.says("held");
  expect(process.kill(pid!, 0)).toBe(true); // the heir still lives
});

test("one after the other is killed inside, and replaced: nobody gets in beside anybody", async () => {
  const directory = temporaryDirectory();
  const options = { pollInterval: 0.005 };
  const steady = contestant({ options, holdsFirst: Infinity });
  await expectNoOverlaps(directory, {
    roles: [steady, steady, contestant({ options })],
    kills: 5,
    holds: 160,
    longestCalmMs: 10,
  });
});
