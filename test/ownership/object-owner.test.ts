// owner: "object": the object alone owns, whoever calls; no context is looked at, and none is left behind.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { detached, FileLock, Timeout } from "../../src/index.ts";
import { blocked, deferred } from "../support/promises.ts";
import { keepsStrangersOut, scene, turn } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();
const objectLock = (): FileLock => new FileLock(here.path, { owner: "object" });

describe('a lock with owner: "object"', () => {
  it("counts up whoever calls, also detached and at the same time", async () => {
    const lock = objectLock();
    await Promise.all([
      new Task().does(() => lock.acquire()),
      new Task().does(() => detached(() => lock.acquire())),
      new Task().does(() => turn().then(() => lock.tryAcquire())),
    ]);
    expect(lock.lockCounter).toBe(3);
    let both = 0;
    const together = deferred();
    const arrive = async (): Promise<void> => {
      if (++both === 2) together.resolve();
      await together.promise; // one at a time would never get past this
    };
    await Promise.all([lock.run(arrive), lock.run(arrive)]);
    await lock.release();
    await new Task().does(() => lock.release());
    expect(keepsStrangersOut(here.path)).toBe(true);
    await new Task().does(() => lock.release());
    expect(keepsStrangersOut(here.path)).toBe(false);
    await lock.release();
    expect(lock.isLocked).toBe(false);
  });

  it("makes other objects wait, from wherever they ask", async () => {
    const lock = objectLock();
    const others = [objectLock(), new FileLock(here.path)];
    await lock.run(async () => {
      for (const other of others) expect(await other.tryAcquire()).toBeUndefined();
    });
    await lock.acquire();
    for (const other of others) expect(await other.tryAcquire()).toBeUndefined();
    await lock.release();
  });

  it("does not nest in what its caller holds through other objects", async () => {
    const lock = objectLock();
    await new FileLock(here.path).run(async () => {
      expect(await lock.tryAcquire()).toBeUndefined();
      await expect(lock.acquire({ timeout: 0.001 })).rejects.toThrow(Timeout);
    });
  });

  it("uses no context: nothing that its holds start is known by it", async () => {
    const lock = objectLock();
    const run = AsyncLocalStorage.prototype.run;
    const enterWith = AsyncLocalStorage.prototype.enterWith;
    const touched: string[] = [];
    AsyncLocalStorage.prototype.run = function (...args: unknown[]) {
      touched.push("run");
      return Reflect.apply(run, this, args) as never;
    };
    AsyncLocalStorage.prototype.enterWith = function (store: unknown) {
      touched.push("enterWith");
      enterWith.call(this, store);
    };
    try {
      await lock.acquire();
      await lock.run(turn);
      await lock.release();
    } finally {
      Object.assign(AsyncLocalStorage.prototype, { run, enterWith });
    }
    expect(touched).toEqual([]);
  });
});

describe("those who wait on the same object", () => {
  it("all get in when it wins the lock from a stranger, and those of other objects do not", async () => {
    const lock = objectLock();
    const other = new FileLock(here.path);
    const stranger = flockDriver().open(here.path, {}).tryLock();
    const first = lock.acquire({ pollInterval: 0.001 });
    const between = (await new Task().begins(() => other.run(() => lock.lockCounter))).done;
    const rest = [lock.acquire(), lock.acquire()];
    await Promise.all([first, between, ...rest].map(blocked));
    stranger?.release({ remove: false });
    await Promise.all([first, ...rest]);
    expect(lock.lockCounter).toBe(3);
    await blocked(between);
    await lock.release({ force: true });
    expect(await between).toBe(1);
  });

  it("all get in when it is handed the lock inside the process, but for those who have left", async () => {
    const lock = objectLock();
    const other = new FileLock(here.path);
    const holder = new Task();
    await holder.does(() => other.acquire());
    const left = new AbortController();
    const reason = new Error("as the test asked");
    const waiting = [lock.acquire(), lock.acquire({ signal: left.signal }), lock.acquire()];
    left.abort(reason);
    await expect(waiting[1]).rejects.toBe(reason);
    await holder.does(() => other.release());
    const holds = await Promise.all([waiting[0]!, waiting[2]!]);
    expect(lock.lockCounter).toBe(2);
    for (const hold of holds) await hold.release();
  });
});

describe("release()", () => {
  it("ends the innermost bare hold, with force all of them, but never one of run()", async () => {
    const lock = objectLock();
    const outer = await lock.acquire();
    await lock.run(async (scope) => {
      const inner = await lock.acquire();
      await lock.release();
      expect([outer.released, inner.released, scope.released]).toEqual([false, true, false]);
      await lock.acquire();
      await lock.release({ force: true });
      expect([outer.released, scope.released]).toEqual([true, false]);
      expect(keepsStrangersOut(here.path)).toBe(true);
    });
    expect(keepsStrangersOut(here.path)).toBe(false);
  });

  // 1. acquire() is granted. 2. Before it has settled, somebody calls release(). 3. acquire() settles: a hold that says
  // it is held while the file is free would let two in.
  it.each([{ force: false }, { force: true }])(
    "in the turn of an acquire() leaves no hold without the lock: %o",
    async (options) => {
      const lock = objectLock();
      const acquiring = lock.acquire();
      await lock.release(options);
      const hold = await acquiring;
      expect(keepsStrangersOut(here.path)).toBe(!hold.released);
      expect(lock.lockCounter).toBe(hold.released ? 0 : 1);
      expect(lock.isLocked).toBe(!hold.released);
      await hold.release();
      expect(hold.released).toBe(true);
      expect(lock.lockCounter).toBe(0);
      expect(await new FileLock(here.path).run(() => lock.lockCounter)).toBe(1);
    },
  );
});
