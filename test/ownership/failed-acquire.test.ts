// An acquire() that fails: the task has what it had before, and the release() of its `finally` says nothing.
import { describe, expect, it } from "vitest";
import { FileLock } from "../../src/index.ts";
import { scene, turn } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();

/** The ways to ask in vain for a lock that somebody else holds. */
const failures: Record<string, (lock: FileLock) => Promise<unknown>> = {
  "a Timeout": (lock) => lock.acquire({ timeout: 0.001 }),
  "one attempt": (lock) => lock.acquire({ blocking: false }),
  "tryAcquire()": (lock) => lock.tryAcquire(),
  "an abort": (lock) => lock.acquire({ signal: AbortSignal.abort() }),
  "a bad option": (lock) => lock.acquire({ timeout: NaN }),
};

describe.each(Object.keys(failures))("after %s", (name) => {
  const fail = (lock: FileLock): Promise<unknown> => failures[name]!(lock).catch(() => undefined);

  it("a task still has the holds that it had", async () => {
    const lock = new FileLock(here.path);
    const wanted = new FileLock(`${here.path}.wanted`);
    const [holder, task] = [new Task(), new Task()];
    await holder.does(() => wanted.acquire());
    const holds = [await task.does(() => lock.acquire()), await task.does(() => lock.acquire())];
    await task.does(() => fail(wanted));
    await task.does(() => lock.acquire());
    expect(lock.lockCounter).toBe(3);
    await task.does(() => lock.release({ force: true }));
    expect(holds.map(({ released }) => released)).toEqual([true, true]);
    await task.does(() => lock.run(async () => fail(wanted).then(() => lock.run(turn))));
    await holder.does(() => wanted.release());
  });

  it("release() is a no-op without a word, though another task holds through this object", async () => {
    const lock = new FileLock(here.path);
    const [holder, task] = [new Task(), new Task()];
    const hold = await holder.does(() => lock.acquire());
    await task.does(() => fail(lock));
    await task.does(() => lock.release());
    expect(hold.released).toBe(false);
    await holder.does(() => lock.release());
  });

  // 1. A task fails to get one lock. 2. It says so under another lock. 3. Its `finally` releases the first.
  it("release() is one too where the task has had another lock in between", async () => {
    const lock = new FileLock(here.path);
    const log = new FileLock(`${here.path}.log`);
    const [holder, task] = [new Task(), new Task()];
    await holder.does(() => lock.acquire());
    await task.does(() => fail(lock));
    await task.does(() => log.acquire());
    await task.does(() => log.release());
    await task.does(() => lock.release());
    await holder.does(() => lock.release());
  });
});

it("a task still has the holds that it had after it asked for a lock file that cannot be", async () => {
  const lock = new FileLock(here.path);
  const impossible = new FileLock(`${here.path}/below/a file`);
  await new Task().does(async () => {
    const hold = await lock.acquire();
    await expect(impossible.acquire()).rejects.toThrow("not a directory");
    await lock.acquire();
    await lock.release({ force: true });
    expect(hold.released).toBe(true);
  });
});
