// The holds of one lock file form a tree: who nests where and from when on, and when the OS lock goes.
import { AsyncResource } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, vi } from "vitest";
import { FileLock, type Hold, Timeout } from "../../src/index.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { blocked, deferred } from "../support/promises.ts";
import { CriticalSection } from "./critical-section.ts";
import { keepsStrangersOut, scene, turn } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();
const OUTLIVED = /was released while one that is nested in it goes on/;

/** Asks with the marks of the moment in which it was made, wherever it is called: true where it nested. */
function prober(lock: FileLock): () => Promise<boolean> {
  return AsyncResource.bind(async () => {
    const before = lock.lockCounter;
    const hold = await lock.tryAcquire();
    const nested = hold !== undefined && before > 0;
    await hold?.release();
    return nested;
  });
}

async function settled(answers: Record<string, Promise<boolean>>): Promise<Record<string, boolean>> {
  const entries = Object.entries(answers).map(async ([name, answer]) => [name, await answer] as const);
  return Object.fromEntries(await Promise.all(entries));
}

describe("a hold admits nobody before its acquire() has settled", () => {
  it("two tasks that are started in one turn are two owners", async () => {
    const lock = new FileLock(here.path);
    const section = new CriticalSection(here.directory);
    const one = async (): Promise<void> => {
      await lock.acquire();
      await section.pass(async () => {
        expect(lock.lockCounter).toBe(1);
        await turn();
      });
      await lock.release();
    };
    await new Task().does(() => Promise.all([one(), one(), one(), one()]));
    expect(section.passes).toBe(4);
  });

  it("not inside acquire() and not before it settles, but in its first continuation", async () => {
    const lock = new FileLock(here.path);
    const nested: Record<string, Promise<boolean>> = {};
    const hold = await new Task().does(() => {
      queueMicrotask(() => {
        nested["microtask of before"] = prober(lock)();
      });
      const acquiring = lock.acquire();
      const probe = prober(lock);
      expect(lock.lockCounter).toBe(1); // it is granted
      nested["same turn"] = probe();
      nested["first continuation"] = acquiring.then(probe);
      return acquiring;
    });
    expect(await settled(nested)).toEqual({
      "microtask of before": false,
      "same turn": false,
      "first continuation": true,
    });
    await hold.release();
  });

  // 1. A holds, B waits, and C was started with B's mark. 2. A releases, which hands on to B. 3. C asks before B knows.
  it("not inside the release() that handed it on, nor before the acquire() of the next one settles", async () => {
    const lock = new FileLock(here.path);
    const [a, b] = [new Task(), new Task()];
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now()); // no turn is ever over
    await a.does(() => lock.acquire());
    let probe!: () => Promise<boolean>;
    const nested: Record<string, Promise<boolean>> = {};
    const waiting = await b.begins(() => {
      const acquiring = lock.acquire();
      probe = prober(lock);
      nested["first continuation"] = acquiring.then(() => probe());
      return acquiring;
    });
    const inside = (): void => {
      nested["inside release()"] ??= probe();
    };
    subscribe("holdfast:released", inside);
    await a.does(() => {
      queueMicrotask(() => {
        nested["microtask of before"] = probe();
      });
      const released = lock.release();
      expect(lock.lockCounter).toBe(1); // B's
      nested["same turn"] = probe();
      return released;
    });
    unsubscribe("holdfast:released", inside);
    clock.mockRestore();
    const hold = await waiting.done;
    expect(await settled(nested)).toEqual({
      "inside release()": false,
      "microtask of before": false,
      "same turn": false,
      "first continuation": true,
    });
    await hold.release();
  });
});

describe("nothing nests in what is not a live hold", () => {
  it("a waiter that timed out, or was aborted, nests nowhere", async () => {
    const lock = new FileLock(here.path);
    const [holder, late] = [new Task(), new Task()];
    await holder.does(() => lock.acquire());
    await expect(late.does(() => lock.acquire({ timeout: 0.001 }))).rejects.toThrow(Timeout);
    const signal = AbortSignal.abort();
    await expect(late.does(() => lock.acquire({ signal }))).rejects.toBe(signal.reason);
    expect(await late.does(() => prober(lock)())).toBe(false);
    const again = await late.begins(() => lock.acquire());
    await blocked(again.done);
    await holder.does(() => lock.release());
    await again.done;
    expect(lock.lockCounter).toBe(1);
    await late.does(() => lock.release());
  });

  it("a context inherited from a hold that is over gives nothing, whether the file is free or somebody else's", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    const bound: (() => Promise<boolean>)[] = [];
    await lock.run(async () => {
      bound.push(prober(lock), prober(other));
    });
    await new Task().does(async () => {
      await lock.acquire();
      bound.push(prober(lock));
      await lock.release();
    });
    for (const probe of bound) {
      expect(await probe()).toBe(false);
      await other.run(async () => {
        expect(await probe()).toBe(false);
      });
    }
  });

  it("one that is inherited from a nested hold that is over reaches the hold around it", async () => {
    const lock = new FileLock(here.path);
    await lock.run(async () => {
      const probe = await lock.run(() => lock.run(() => prober(new FileLock(here.path))));
      expect(await probe()).toBe(true);
    });
  });

  it("holds of other lock files in between do not hide it", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(`${here.path}.other`);
    await lock.run(() =>
      other.run(async () => {
        await lock.run(() => {
          expect([lock.lockCounter, other.lockCounter]).toEqual([2, 1]);
        });
      }),
    );
  });
});

describe("the OS lock goes with the last hold, in whatever order", () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  /** Each nested hold that lives when the one it nested in goes: one warning each. */
  const outlived = (order: number[]): number =>
    [1, 2].filter((nested) => order.indexOf(nested - 1) < order.indexOf(nested)).length;

  it.each(orders)("holds %i, %i, %i of three nested ones", async (...order) => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    const task = new Task();
    const holds = [0, 1, 2].map(() => task.does(() => lock.acquire()));
    const waiting = other.acquire.bind(other);
    const next = await new Task().begins(async () => {
      await Promise.all(holds);
      return waiting();
    });
    for (const [done, which] of order.entries()) {
      expect([lock.lockCounter, lock.isLocked, other.isLocked]).toEqual([3 - done, true, false]);
      expect(keepsStrangersOut(here.path)).toBe(true);
      await blocked(next.done);
      await (await holds[which]!).release();
    }
    const hold = await next.done;
    expect([lock.lockCounter, lock.isLocked, other.isLocked]).toEqual([1, false, true]);
    await hold.release();
    expect(keepsStrangersOut(here.path)).toBe(false);
    await expectWarnings(...Array.from({ length: outlived(order) }, () => OUTLIVED));
  });
});

describe("those who wait in one process", () => {
  it("get it in the order in which they arrived, whoever leaves in between and however", async () => {
    const order: number[] = [];
    const holder = new FileLock(here.path);
    const holding = deferred();
    const held = holder.run(() => holding.promise);
    const leaving = new Map([0, 3, 4, 8].map((index) => [index, new AbortController()]));
    const waiting: Promise<Hold>[] = [];
    for (let index = 0; index < 10; index++) {
      const lock = new FileLock(here.path);
      const options =
        index === 6 ? { timeout: 0.001 } : leaving.has(index) ? { signal: leaving.get(index)!.signal } : {};
      const { done } = await new Task().begins(() => lock.acquire(options));
      waiting.push(done);
      void done.then(
        async (hold) => {
          order.push(index);
          await turn();
          await hold.release();
        },
        () => undefined,
      );
    }
    await expect(waiting[6]).rejects.toThrow(Timeout);
    leaving.get(4)?.abort();
    leaving.get(0)?.abort();
    leaving.get(3)?.abort();
    holding.resolve();
    await held;
    await waiting[1];
    leaving.get(8)?.abort(); // while the others are passing
    await Promise.allSettled(waiting);
    expect(order).toEqual([1, 2, 5, 7, 9]);
  });
});
