// What one lock file's state must not do to another, nor an ended hold to a live one: the mutants that got by all others.
import { AsyncResource } from "node:async_hooks";
import { expect, test } from "vitest";
import { FileLock } from "../src/index.ts";
import { keepsStrangersOut, scene } from "./ownership/scene.ts";
import { Task } from "./ownership/task.ts";

const here = scene();

test("a nested hold that is released twice leaves the one around it", async () => {
  const lock = new FileLock(here.path);
  await lock.run(async () => {
    const nested = await lock.acquire();
    await nested.release();
    await nested.release();
    expect(lock.lockCounter).toBe(1);
    expect(keepsStrangersOut(here.path)).toBe(true);
  });
});

test("a hold of another lock file has the OS lock of that file, and gives it back before the one around it", async () => {
  const other = new FileLock(`${here.path}.other`);
  await new FileLock(here.path).run(async () => {
    const hold = await other.acquire();
    expect([here.path, other.lockFile].map(keepsStrangersOut)).toEqual([true, true]);
    await hold.release();
    expect([here.path, other.lockFile].map(keepsStrangersOut)).toEqual([true, false]);
  });
});

// 1. A holds, and B waits. 2. A starts something and releases. 3. B is handed the lock: the state of the lock file is
// that of A's time. 4. What A started asks for the lock: were A's hold taken for a live one, it would be in beside B.
test("a context inherited from a hold that has ended gives nothing once the lock is handed on", async () => {
  const lock = new FileLock(here.path);
  const [a, b] = [new Task(), new Task()];
  await a.does(() => lock.acquire());
  const started = await a.does(() => AsyncResource.bind(() => lock.tryAcquire()));
  const waiting = await b.begins(() => lock.acquire());
  await a.does(() => lock.release());
  const hold = await waiting.done;
  const late = await started();
  await late?.release();
  expect(late).toBeUndefined();
  expect(keepsStrangersOut(here.path)).toBe(true);
  await hold.release();
});
