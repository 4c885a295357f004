// Bare acquire(): the object and the task own. The same task counts up on the same object; all else waits.
import { describe, expect, it } from "vitest";
import { FileLock, Timeout } from "../../src/index.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { blocked } from "../support/promises.ts";
import { CriticalSection } from "./critical-section.ts";
import { keepsStrangersOut, scene, turn } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();
const NOTHING_RELEASED = /release\(\) found nothing to release/;

describe("acquire()", () => {
  it("counts up for the same task on the same object, and needs as many releases", async () => {
    const lock = new FileLock(here.path);
    for (const depth of [1, 2, 3]) {
      await lock.acquire();
      await turn();
      expect(lock.lockCounter).toBe(depth);
    }
    for (const depth of [2, 1, 0]) {
      expect(keepsStrangersOut(here.path)).toBe(true);
      await lock.release();
      expect(lock.lockCounter).toBe(depth);
    }
    expect(keepsStrangersOut(here.path)).toBe(false);
    expect(lock.isLocked).toBe(false);
  });

  it("counts up in what its caller calls and awaits, and in run() and wrap() on the same object", async () => {
    const lock = new FileLock(here.path);
    const deeper = async (): Promise<number> => {
      await turn();
      await lock.acquire();
      try {
        return await lock.run(() => lock.wrap(() => lock.lockCounter)());
      } finally {
        await lock.release();
      }
    };
    await lock.acquire();
    expect(await deeper()).toBe(4);
    expect(lock.lockCounter).toBe(1);
    await lock.release();
  });

  it("makes other tasks wait, on the same object too, and the same task on other objects", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    const [holder, stranger] = [new Task(), new Task()];
    await holder.does(() => lock.acquire());
    const attempts = [
      await stranger.does(() => lock.tryAcquire()),
      await stranger.does(() => other.tryAcquire()),
      await holder.does(() => other.tryAcquire()),
    ];
    expect(attempts).toEqual([undefined, undefined, undefined]);
    const waiting = [
      await stranger.begins(() => lock.acquire()),
      await new Task().begins(() => lock.run(turn)),
      await new Task().begins(() => other.run(turn)),
    ];
    await Promise.all(waiting.map(({ done }) => blocked(done)));
    expect(lock.lockCounter).toBe(1);
    await holder.does(() => lock.release());
    await waiting[0]!.done;
    expect(await holder.does(() => lock.tryAcquire())).toBeUndefined(); // now it is the other one's
    await stranger.does(() => lock.release());
    await Promise.all(waiting.map(({ done }) => done));
  });

  it("nests below a run(), where a bare hold of one object still makes another object wait", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    await lock.run(async () => {
      await lock.acquire();
      expect(await other.tryAcquire()).toBeUndefined();
      await lock.release();
      await other.acquire();
      expect(lock.lockCounter).toBe(2);
      await other.release();
    });
  });
});

describe("release()", () => {
  it("ends the innermost hold, and with force all of them, but never one of run()", async () => {
    const lock = new FileLock(here.path);
    await lock.run(async (scope) => {
      const holds = [await lock.acquire(), await lock.acquire(), await lock.acquire()];
      const released = (): boolean[] => holds.map((hold) => hold.released);
      await lock.release();
      expect(released()).toEqual([false, false, true]);
      await lock.release({ force: true });
      expect(released()).toEqual([true, true, true]);
      await lock.release();
      await lock.release({ force: true });
      expect(scope.released).toBe(false);
      expect(lock.lockCounter).toBe(1);
    });
  });

  it("ends the bare hold outside of a run(), from inside that run()", async () => {
    const lock = new FileLock(here.path);
    const outer = await lock.acquire();
    await lock.run(async (scope) => {
      await lock.release();
      expect([outer.released, scope.released]).toEqual([true, false]);
      expect(keepsStrangersOut(here.path)).toBe(true);
    });
    expect(keepsStrangersOut(here.path)).toBe(false);
    await expectWarnings(/was released while one that is nested in it goes on/);
  });

  it("ends holds of its own object only", async () => {
    const [lock, other] = [new FileLock(here.path), new FileLock(here.path)];
    await lock.run(async () => {
      const hold = await other.acquire();
      await lock.release({ force: true });
      expect(hold.released).toBe(false);
      await other.release();
      expect(hold.released).toBe(true);
    });
  });

  it("is a no-op without a hold, without a word where nobody holds or only through other objects", async () => {
    const lock = new FileLock(here.path);
    await lock.release();
    await lock.release({ force: true });
    await new Task().does(() => new FileLock(here.path).acquire().then((hold) => hold.release()));
    const holder = new Task();
    const other = new FileLock(here.path);
    await holder.does(() => other.acquire());
    await lock.release();
    await holder.does(() => other.release());
    await holder.does(() => other.release());
    expect(lock.lockCounter).toBe(0);
  });

  it("never touches the hold of another task, and warns with where that was acquired", async () => {
    const lock = new FileLock(here.path);
    const holder = new Task();
    const hold = await holder.does(() => lock.acquire());
    await new Task().does(() => lock.release());
    await expectWarnings(/another task has one, acquired .*bare\.test\.ts/);
    await new Task().does(() => lock.release({ force: true }));
    await expectWarnings(NOTHING_RELEASED);
    expect(hold.released).toBe(false);
    await holder.does(() => lock.release());
  });

  it("warns of it also after the task had a hold and released it", async () => {
    const lock = new FileLock(here.path);
    const [holder, task] = [new Task(), new Task()];
    await task.does(() => lock.acquire());
    await task.does(() => lock.release());
    await holder.does(() => lock.acquire());
    await task.does(() => lock.release());
    await expectWarnings(NOTHING_RELEASED);
    await holder.does(() => lock.release());
  });
});

describe("many tasks", () => {
  const TASKS = 60;

  it.each(["one object for all", "an object each"])("exclude each other, %s", async (objects) => {
    const section = new CriticalSection(here.directory);
    const shared = new FileLock(here.path);
    const one = async (task: Task): Promise<void> => {
      const lock = objects === "an object each" ? new FileLock(here.path) : shared;
      await task.does(async () => {
        await lock.acquire();
        try {
          await lock.acquire();
          await section.pass();
          await lock.release();
        } finally {
          await lock.release();
        }
      });
    };
    await Promise.all(Array.from({ length: TASKS }, () => one(new Task())));
    expect(section.passes).toBe(TASKS);
    expect(shared.lockCounter).toBe(0);
  });

  it("that try again after a Timeout exclude each other, and each gets its turn", async () => {
    const section = new CriticalSection(here.directory);
    const lock = new FileLock(here.path);
    let timeouts = 0;
    const worker = async (): Promise<void> => {
      for (;;) {
        try {
          await lock.acquire({ timeout: 0.002 });
          await section.pass(() => new Promise((resolve) => setTimeout(resolve, 3)));
          return;
        } catch (error) {
          if (!(error instanceof Timeout)) throw error;
          timeouts++;
        } finally {
          await lock.release();
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, () => new Task().does(worker)));
    expect(section.passes).toBe(12);
    expect(timeouts).toBeGreaterThan(0);
  });

  // 1. One task acquires at once and marks whoever starts both. 2. The other one awaits first, and asks with that mark.
  it.each(["an object each, bare", "a shared object, run()"])(
    "of which one acquires at once and one awaits first exclude each other: %s",
    async (form) => {
      const section = new CriticalSection(here.directory);
      const shared = new FileLock(here.path);
      const one = async (before: Promise<void> | undefined): Promise<void> => {
        if (before !== undefined) await before;
        if (form === "a shared object, run()") {
          await shared.run(() => section.pass());
          return;
        }
        const lock = new FileLock(here.path);
        await lock.acquire();
        await section.pass();
        await lock.release();
      };
      for (const before of [Promise.resolve(), turn()]) {
        await Promise.all([one(undefined), one(before), one(undefined), one(before)]);
      }
      expect(section.passes).toBe(8);
    },
  );
});
