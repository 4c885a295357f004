// The children of one hold: they exclude each other, and what becomes of those who wait when that hold goes.
import { writeFileSync, renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { FileLock, type Hold, Timeout } from "../../src/index.ts";
import { expectWarnings, takeWarnings } from "../setup/no-stray-warnings.ts";
import { blocked, deferred, type Deferred } from "../support/promises.ts";
import { keepsStrangersOut, scene } from "./scene.ts";
import { type Begun, Task } from "./task.ts";

const here = scene();
const OUTLIVED = /was released while one that is nested in it goes on/;

/** Starts `count` tasks inside a run() of the lock; the scope stays until it is told to end. */
async function family(lock: FileLock, count: number): Promise<Family> {
  const over = deferred();
  const started = deferred<Task[]>();
  const ended = lock.run(async () => {
    started.resolve(Array.from({ length: count }, () => new Task()));
    await over.promise;
  });
  return { over, ended, children: await started.promise };
}

interface Family {
  readonly over: Deferred<void>;
  readonly ended: Promise<void>;
  readonly children: Task[];
}

describe("children of one hold", () => {
  it.each(["run()", "a bare acquire()"])(
    "of %s exclude each other, and pass in the order of arrival",
    async (form) => {
      const lock = new FileLock(here.path);
      const order: string[] = [];
      let inside = 0;
      const child = async (name: string): Promise<void> => {
        const hold = await lock.acquire();
        expect(++inside).toBe(1);
        expect(lock.lockCounter).toBe(2);
        order.push(name);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        await hold.release();
      };
      const all = async (): Promise<unknown> => Promise.all(["a", "b", "c", "d"].map(child));
      if (form === "run()") {
        await lock.run(all);
      } else {
        await new Task().does(async () => {
          const hold = await lock.acquire();
          await all();
          await hold.release();
        });
      }
      expect(order).toEqual(["a", "b", "c", "d"]);
    },
  );

  it.each([
    [0, 1, 2],
    [1, 0, 2],
  ])(
    "pass a place on only when the child and all that is nested below it has ended: %i, %i, %i",
    async (...order) => {
      const lock = new FileLock(here.path);
      const { over, ended, children } = await family(lock, 2);
      const [a, b] = children as [Task, Task];
      const holds: Hold[] = [];
      while (holds.length < order.length) holds.push(await a.does(() => lock.acquire()));
      const waiting = await b.begins(() => new FileLock(here.path).acquire());
      for (const [done, which] of order.entries()) {
        expect(lock.lockCounter).toBe(4 - done);
        await blocked(waiting.done);
        await holds[which]?.release();
      }
      await (await waiting.done).release();
      over.resolve();
      await ended;
      expect(await takeWarnings()).not.toEqual([]); // tree.test.ts says which
    },
  );

  it("that time out or are aborted in the queue do not disturb the others", async () => {
    const lock = new FileLock(here.path);
    const { over, ended, children } = await family(lock, 4);
    const hold = await children[0]!.does(() => lock.acquire());
    const left = new AbortController();
    const first = await children[1]!.begins(() => lock.acquire({ signal: left.signal }));
    const second = await children[2]!.begins(() => lock.acquire({ timeout: 0.001 }));
    const third = await children[3]!.begins(() => lock.acquire());
    await expect(second.done).rejects.toThrow(Timeout);
    left.abort();
    await expect(first.done).rejects.toThrow("aborted");
    await blocked(third.done);
    await hold.release();
    await (await third.done).release();
    over.resolve();
    await ended;
  });

  it("make one attempt behind nobody and past nobody", async () => {
    const lock = new FileLock(here.path);
    const { over, ended, children } = await family(lock, 3);
    const hold = await children[0]!.does(() => lock.acquire());
    const waiting = await children[1]!.begins(() => lock.acquire());
    expect(await children[2]!.does(() => lock.tryAcquire())).toBeUndefined();
    await hold.release();
    expect(await children[2]!.does(() => lock.tryAcquire())).toBeUndefined();
    await (await waiting.done).release();
    await (await children[2]!.does(() => lock.tryAcquire()))?.release();
    over.resolve();
    await ended;
  });
});

describe("a child that still waits when the holder lets go", () => {
  let lock: FileLock;
  let inTheWay: Hold;
  let waiting: Begun<Hold>;
  let end: () => Promise<void>;

  beforeEach(() => {
    lock = new FileLock(here.path);
  });
  afterEach(() => {
    expect(keepsStrangersOut(here.path)).toBe(false);
  });

  /** A scope with one child in it and one that waits for that; `end` ends the scope. */
  const begin = async (options: { timeout?: number } = {}): Promise<void> => {
    const { over, ended, children } = await family(lock, 2);
    inTheWay = await children[0]!.does(() => lock.acquire());
    waiting = await children[1]!.begins(() => lock.acquire(options));
    end = async () => {
      over.resolve();
      await ended;
      await expectWarnings(OUTLIVED);
    };
  };

  it("goes on waiting until the tree is gone, and is an owner of its own then", async () => {
    await begin();
    await end();
    await blocked(waiting.done);
    expect(lock.lockCounter).toBe(1);
    expect(keepsStrangersOut(here.path)).toBe(true);
    await inTheWay.release();
    const hold = await waiting.done;
    expect(lock.lockCounter).toBe(1);
    expect(keepsStrangersOut(here.path)).toBe(true);
    await hold.release();
  });

  it("keeps its deadline", async () => {
    const timeout = 0.05;
    const begun = performance.now();
    await begin({ timeout });
    await end();
    await expect(waiting.done).rejects.toThrow(Timeout);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(timeout * 1000);
    expect(lock.lockCounter).toBe(1);
    await inTheWay.release();
  });

  it("keeps the place that its arrival earned, among those who wait outside", async () => {
    const order: string[] = [];
    const noted = ({ done }: Begun<Hold>, name: string): Promise<void> =>
      done.then(async (hold) => {
        order.push(name);
        await hold.release();
      });
    const stranger = new FileLock(here.path);
    const { over, ended, children } = await family(lock, 2);
    inTheWay = await children[0]!.does(() => lock.acquire());
    const before = noted(await new Task().begins(() => stranger.acquire()), "before");
    const child = noted(await children[1]!.begins(() => lock.acquire()), "child");
    const after = noted(await new Task().begins(() => stranger.acquire()), "after");
    over.resolve();
    await ended;
    await inTheWay.release();
    await Promise.all([before, child, after]);
    expect(order).toEqual(["before", "child", "after"]);
    await expectWarnings(OUTLIVED);
  });

  // 1. The scope ends. 2. A stranger replaces the lock file, and locks the new one. 3. The last hold of the tree ends.
  // What it had is no longer the lock, so the waiter has to win the new file.
  it("never enters without the OS lock", async () => {
    await begin();
    await end();
    writeFileSync(`${here.path}.new`, "");
    renameSync(`${here.path}.new`, here.path);
    const theirs = flockDriver().open(here.path, {}).tryLock();
    await inTheWay.release();
    await blocked(waiting.done);
    theirs?.release({ remove: false });
    const hold = await waiting.done;
    expect(keepsStrangersOut(here.path)).toBe(true);
    await hold.release();
  });

  it("goes on to wait inside the hold around that one, where there is one", async () => {
    await lock.run(async () => {
      await begin();
      await end();
      await blocked(waiting.done);
      expect(lock.lockCounter).toBe(2);
      await inTheWay.release();
      const hold = await waiting.done; // while the outermost one still lives
      expect(lock.lockCounter).toBe(2);
      await hold.release();
    });
  });

  it("admits its own nested holds once it has entered", async () => {
    const { over, ended, children } = await family(lock, 2);
    inTheWay = await children[0]!.does(() => lock.acquire());
    const nested = await children[1]!.begins(() =>
      lock.run(() => new FileLock(here.path).run(() => lock.lockCounter)),
    );
    over.resolve();
    await ended;
    await inTheWay.release();
    expect(await nested.done).toBe(2);
    await expectWarnings(OUTLIVED);
  });
});
