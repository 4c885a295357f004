// run(): the scope owns. Whatever is started from inside nests, through any object for the file; all else waits.
import { AsyncResource } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { detached, FileLock, type Hold } from "../../src/index.ts";
import { blocked, deferred } from "../support/promises.ts";
import { CriticalSection } from "./critical-section.ts";
import { keepsStrangersOut, scene, turn } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();

describe("what is started from run()", () => {
  it("nests through any object for the file, however its path is spelt", async () => {
    const real = join(here.directory, "real");
    const link = join(here.directory, "link");
    mkdirSync(real);
    symlinkSync(real, link);
    const path = join(real, "work.lock");
    const locks = [
      new FileLock(path),
      new FileLock(path),
      new FileLock(join(link, "work.lock")),
      new FileLock(pathToFileURL(path)),
      new FileLock(relative(process.cwd(), path)),
      new FileLock(`${link}/../real/./work.lock`),
    ];
    const nest = async (depth: number): Promise<void> => {
      const lock = locks[depth];
      if (lock === undefined) return;
      expect(lock.isLocked).toBe(false);
      await lock.run(async () => {
        expect(locks.map(({ lockCounter }) => lockCounter)).toEqual(locks.map(() => depth + 1));
        expect(lock.isLocked).toBe(true);
        expect(keepsStrangersOut(path)).toBe(true);
        await nest(depth + 1);
        expect(keepsStrangersOut(path)).toBe(true);
      });
      expect(lock.lockCounter).toBe(depth);
    };
    await nest(0);
    expect(keepsStrangersOut(path)).toBe(false);
  });

  it("nests with a bare acquire(), a tryAcquire() and a wrapped function too, also after it has awaited", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    await lock.run(async () => {
      await turn();
      await other.acquire();
      expect(lock.lockCounter).toBe(2);
      await other.release();
      const hold = await other.tryAcquire();
      expect(hold?.released).toBe(false);
      await hold?.release();
      expect(await other.wrap(() => lock.lockCounter)()).toBe(2);
    });
    expect(lock.lockCounter).toBe(0);
  });

  it("nests in the run() around it again, once the nested one is over", async () => {
    const lock = new FileLock(here.path);
    await lock.run(async () => {
      await lock.run(turn);
      await lock.run(async () => {
        expect(lock.lockCounter).toBe(2);
      });
    });
  });

  it("includes listeners that it emits to, and callbacks that were bound inside", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    const events = new EventEmitter();
    const heard: Promise<number>[] = [];
    events.on("event", () => heard.push(other.run(() => lock.lockCounter)));
    let bound!: () => Promise<number>;
    await lock.run(async () => {
      events.emit("event");
      bound = AsyncResource.bind(() => other.run(() => lock.lockCounter));
      expect(await new Task().does(bound)).toBe(2);
    });
    expect(await Promise.all(heard)).toEqual([2]);
    expect(await bound()).toBe(1); // the hold that it was bound in is over
  });
});

describe("what is not started from run()", () => {
  it("waits: its starter, other tasks, tasks of before, strangers; on the same object and on others", async () => {
    const lock = new FileLock(here.path);
    const other = new FileLock(here.path);
    const before = new Task();
    await before.does(turn);
    const inside = deferred();
    const done = lock.run(() => inside.promise); // whoever starts a run() without await is not inside it
    await turn();
    expect(await lock.tryAcquire()).toBeUndefined();
    const waiting = [
      lock.run(() => lock.lockCounter),
      other.run(() => lock.lockCounter),
      (await before.begins(() => lock.run(() => lock.lockCounter))).done,
      (await new Task().begins(() => other.run(() => lock.lockCounter))).done,
    ];
    await Promise.all(waiting.map(blocked));
    expect(lock.lockCounter).toBe(1);
    expect(keepsStrangersOut(here.path)).toBe(true);
    inside.resolve();
    await done;
    expect(await Promise.all(waiting)).toEqual([1, 1, 1, 1]);
  });

  it("waits when it is detached, however often, and owns nothing that it could release", async () => {
    const lock = new FileLock(here.path);
    const waiting: Promise<unknown>[] = [];
    await lock.run(async () => {
      await lock.acquire();
      detached(() => waiting.push(lock.run(turn)));
      detached(() => detached(() => waiting.push(lock.run(turn))));
      detached(() => waiting.push(lock.acquire().then((hold) => hold.release())));
      await Promise.all(waiting.map(blocked));
      expect(lock.lockCounter).toBe(2); // and the caller still has what it had
      await lock.release();
      expect(lock.lockCounter).toBe(1);
    });
    await Promise.all(waiting);
    expect(lock.lockCounter).toBe(0);
  });
});

describe("detached()", () => {
  it("gives what its function gives, and throws what it throws", () => {
    expect(detached(() => 7)).toBe(7);
    expect(() =>
      detached(() => {
        throw new RangeError("as the test asked");
      }),
    ).toThrow(RangeError);
  });

  // 1. A run() of AsyncLocalStorage with the store that is current is a plain call. 2. A bare acquire() in it marks
  // the caller. 3. The caller's next acquire() nests in a hold that it does not have.
  it("keeps a mark that is made in it from its caller, also from one that owns nothing and from one that is detached", async () => {
    const lock = new FileLock(here.path);
    const callers = [(fn: () => void) => fn(), (fn: () => void) => detached(fn)];
    for (const caller of callers) {
      const task = new Task();
      const hold = deferred<Hold>();
      let afterwards!: () => Promise<unknown>;
      await task.does(() => {
        caller(() => {
          detached(() => void lock.acquire().then(hold.resolve));
          afterwards = AsyncResource.bind(() => lock.tryAcquire());
        });
      });
      await hold.promise;
      expect(await afterwards()).toBeUndefined();
      expect(await task.does(() => lock.tryAcquire())).toBeUndefined();
      await (await hold.promise).release();
    }
  });
});

describe.each(["one object for all", "an object each"])("200 tasks at a time, %s", (objects) => {
  const TASKS = 200;
  const crowd = async (section: CriticalSection): Promise<void> => {
    const shared = new FileLock(here.path);
    const one = async (index: number): Promise<void> => {
      const lock = objects === "an object each" ? new FileLock(here.path) : shared;
      if (index % 2 === 1) await turn(); // some ask at once, and some have awaited something first
      await lock.run(async () => {
        await lock.run(() => lock.run(() => section.pass()));
        await lock.run(() => section.pass(async () => {}));
      });
    };
    await Promise.all(Array.from({ length: TASKS }, (_, index) => one(index)));
  };

  it("exclude each other", async () => {
    const section = new CriticalSection(here.directory);
    await crowd(section);
    expect(section.passes).toBe(2 * TASKS);
  });

  it("exclude each other as children of one hold", async () => {
    const section = new CriticalSection(here.directory);
    await new FileLock(here.path).run(() => crowd(section));
    expect(section.passes).toBe(2 * TASKS);
    expect(keepsStrangersOut(here.path)).toBe(false);
  });
});
