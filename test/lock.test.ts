// The verbs and properties of a lock: what each does on every path, and what it leaves behind. Ownership is told in
// test/ownership/, the ends of a wait in test/cancellation/.
import { closeSync, fstatSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { detached, FileLock, type Hold } from "../src/index.ts";
import { startChild } from "./support/child.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { blocked, deferred, soon } from "./support/promises.ts";

const PATH = "/memory/work.lock";

let driver: MemoryDriver;
let lock: MemoryLock;

beforeEach(() => {
  driver = memoryDriver();
  lock = another();
});

function another(): MemoryLock {
  return new MemoryLock(driver, PATH);
}

describe("tryAcquire", () => {
  test("gives the hold where the lock is free", async () => {
    const hold = await lock.tryAcquire();
    expect([hold!.released, lock.isLocked, driver.attempts]).toEqual([false, true, 1]);
    await lock.release();
    expect([hold!.released, driver.grants]).toEqual([true, 0]);
  });

  test("gives undefined where another process holds it, after one attempt", async () => {
    driver.seize(PATH);
    expect(await lock.tryAcquire()).toBeUndefined();
    expect([driver.attempts, driver.openAttempts]).toEqual([1, 0]);
  });

  test("gives undefined where another task holds it, without an attempt", async () => {
    const hold = await another().acquire();
    expect(await lock.tryAcquire()).toBeUndefined();
    expect(driver.attempts).toBe(1);
    await hold.release();
  });

  test("goes past nobody who waits, though the lock is free at the moment", async () => {
    driver.seize(PATH);
    const waiting = another().acquire();
    await driver.nextAttempt();
    driver.letGo(PATH);
    const { attempts } = driver;
    expect(await lock.tryAcquire()).toBeUndefined();
    expect(driver.attempts).toBe(attempts);
    await (await soon(waiting, "the one that waits")).release();
  });

  test("waits behind nobody: it is over before a microtask queue is", async () => {
    const hold = await another().acquire();
    const waiting = another().acquire();
    let answer: Hold | undefined | "none yet" = "none yet";
    void lock.tryAcquire().then((given) => (answer = given));
    await new Promise((resolve) => process.nextTick(resolve));
    expect(answer).toBeUndefined();
    await hold.release();
    await (await waiting).release();
  });

  test("nests in the hold that it is called in, but not beside a sibling", async () => {
    await lock.run(async () => {
      const first = await another().tryAcquire();
      expect(first).toBeDefined();
      expect(await detached(() => another().tryAcquire())).toBeUndefined();
      expect(await another().tryAcquire()).toBeUndefined();
      await first!.release();
    });
  });
});

describe("run", () => {
  test("calls with the hold, gives the result awaited, and has released by then", async () => {
    const thenable = { then: (resolve: (value: string) => void) => void setImmediate(resolve, "awaited") };
    let given: Hold | undefined;
    const result = await lock.run((hold) => {
      given = hold;
      expect([hold.released, lock.isLocked, lock.lockCounter]).toEqual([false, true, 1]);
      return thenable as unknown as PromiseLike<string>;
    });
    expect(result).toBe("awaited");
    expect([given!.released, driver.grants]).toEqual([true, 0]);
  });

  // 1. The function gives a query, which begins nothing yet. 2. Whoever awaits that has it begin: outside, were it not called inside.
  test.each(["run", "wrap"] as const)("%s: what begins in the `then` of its result nests", async (form) => {
    const query = {
      then: (resolve: (row: string) => void, reject: (error: unknown) => void) => {
        lock.run(() => `row ${String(lock.lockCounter)}`).then(resolve, reject);
      },
    } as PromiseLike<string>;
    const run = form === "run" ? () => lock.run(() => query) : lock.wrap(() => query);
    expect(await soon(run(), "it waits for itself")).toBe("row 2");
    expect(lock.lockCounter).toBe(0);
  });

  test("has a promise that begins in a `then` of its own begin inside, too", async () => {
    class Query extends Promise<string> {
      static override get [Symbol.species](): PromiseConstructor {
        return Promise;
      }
      override then<One = string, Other = never>(
        ...handlers: Parameters<typeof Promise.prototype.then<One, Other>>
      ): Promise<One | Other> {
        return lock.run(() => `row ${String(lock.lockCounter)}`).then(...(handlers as [never, never]));
      }
    }
    const query = new Query(() => {});
    expect(
      await soon(
        lock.run(() => query),
        "it waits for itself",
      ),
    ).toBe("row 2");
  });

  test("rejects with what the `then` of its result throws, having released", async () => {
    const fault = new Error("of the query");
    const query = {
      then: () => {
        throw fault;
      },
    };
    await expect(lock.run(() => query)).rejects.toBe(fault);
    expect(lock.lockCounter).toBe(0);
  });

  test("holds until what it calls has settled", async () => {
    const gate = deferred<number>();
    const running = lock.run(() => gate.promise);
    await blocked(running);
    expect(driver.grants).toBe(1);
    gate.resolve(5);
    expect([await running, driver.grants]).toEqual([5, 0]);
  });

  test.each([
    ["throws", () => raise(new Error("of the work"))],
    ["rejects", () => Promise.reject(new Error("of the work"))],
  ])("releases where the work %s", async (_, work) => {
    await expect(lock.run(work)).rejects.toThrow("of the work");
    expect([lock.isLocked, driver.grants]).toEqual([false, 0]);
  });

  test("does not mind that the work has released the hold", async () => {
    expect(await lock.run((hold) => hold.release().then(() => driver.grants))).toBe(0);
  });

  test("rejects with the error of the release where only that fails; it is still held", async () => {
    driver.failNext("release", "ENOLCK");
    let hold: Hold | undefined;
    await expect(lock.run((given) => (hold = given))).rejects.toMatchObject({ code: "ENOLCK" });
    expect([hold!.released, driver.grants]).toEqual([false, 1]);
    await hold!.release();
    expect(driver.grants).toBe(0);
  });

  test("rejects with both errors where the work and the release fail", async () => {
    driver.failNext("release", "ENOLCK");
    const fault = new Error("of the work");
    let hold: Hold | undefined;
    const running = lock.run((given) => {
      hold = given;
      throw fault;
    });
    const error = await running.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "SuppressedError", error: { code: "ENOLCK" } });
    expect((error as SuppressedError).suppressed).toBe(fault);
    await hold!.release();
  });

  test.each([[undefined], [5], ["work"], [{ run: true }]])("wants a function, not %o", async (work) => {
    const error: unknown = await lock.run(work as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain("Expected run() to be given a function, got `");
    expect(driver.attempts).toBe(0);
  });

  // Its body would begin when somebody asks for a value, long after the release.
  test.each([
    [
      function* rows() {
        yield lock.isLocked;
      },
    ],
    [
      async function* rows() {
        yield lock.isLocked;
      },
    ],
  ])("wants no generator function: %o", async (rows) => {
    const message =
      /^Expected (run|wrap)\(\) to be given a function that does its work when it is called, got `\[(Async)?Generator/;
    await expect(lock.run(rows as () => void)).rejects.toThrow(message);
    expect(() => lock.wrap(rows as () => void)).toThrow(message);
    expect(driver.attempts).toBe(0);
  });
});

describe("a wait", () => {
  // 1. A test puts its own clock in the place of the timers. 2. A wait begins. 3. The clock is put back, and the poller's pause never ends.
  test("that a test's clock has left behind keeps nobody from a lock that is free", async () => {
    const letGo = driver.seize(PATH);
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const first = lock.run(() => "first");
    vi.useRealTimers();
    letGo();
    await blocked(first);
    const now = performance.now.bind(performance);
    const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 2000);
    const second = lock.run(() => "second", { timeout: 5 });
    expect(await soon(Promise.all([first, second]), "nobody tries")).toEqual(["first", "second"]);
    later.mockRestore();
  });

  test("that cannot begin is over: it keeps nothing, and is given nothing later", async () => {
    const letGo = driver.seize(PATH);
    const fault = new Error("of the signal");
    const signal = {
      aborted: false,
      throwIfAborted: () => {},
      addEventListener: () => {
        throw fault;
      },
    } as unknown as AbortSignal;
    await expect(lock.acquire({ signal })).rejects.toBe(fault);
    expect([driver.grants, driver.openAttempts]).toEqual([0, 0]);
    // Once it can be listened to, it is.
    const stop = new AbortController();
    Object.assign(signal, { addEventListener: stop.signal.addEventListener.bind(stop.signal) });
    const waiting = lock.acquire({ signal: Object.assign(signal, { removeEventListener: () => {} }) });
    Object.assign(signal, { reason: fault });
    stop.abort();
    await expect(waiting).rejects.toBe(fault);
    letGo();
    await (await lock.acquire({ timeout: 0 })).release();
  });

  test("of many objects that own alone ends in the order in which they came", async () => {
    const letGo = driver.seize(PATH);
    const order: number[] = [];
    const tasks = Array.from({ length: 50 }, (_, index) =>
      new MemoryLock(driver, PATH, { owner: "object" }).run(() => order.push(index)),
    );
    letGo();
    driver.hint(PATH);
    await soon(Promise.all(tasks), "they wait on");
    expect(order).toEqual([...order].sort((one, other) => one - other));
  });
});

describe("a release that fails", () => {
  test.each(["hold.release()", "lock.release()", "await using"])("leaves it held: %s", async (form) => {
    const hold = await lock.acquire();
    driver.failNext("release", "ENOLCK");
    const releases: Record<string, () => Promise<void>> = {
      "hold.release()": () => hold.release(),
      "lock.release()": () => lock.release(),
      "await using": async () => {
        await using _ = hold;
      },
    };
    await expect(releases[form]!()).rejects.toMatchObject({ code: "ENOLCK" });
    expect([hold.released, lock.isLocked, lock.lockCounter, driver.grants]).toEqual([false, true, 1, 1]);
    expect(await detached(() => another().tryAcquire())).toBeUndefined();
    await releases[form]!();
    expect([hold.released, lock.isLocked, lock.lockCounter, driver.grants]).toEqual([true, false, 0, 0]);
  });

  // 1. The holder hands on. 2. The file's mode cannot be set for the next one, and nobody else waits.
  // 3. So the lock is released after all, and that fails. The holder must still have it: nobody else could let go of it.
  test("leaves it held also where it was to be handed on, and the next one was refused", async () => {
    const hold = await lock.acquire();
    const next = new MemoryLock(driver, PATH, { mode: 0o600 }).acquire();
    const refused = expect(next).rejects.toMatchObject({ code: "EIO" });
    driver.failNext("setMode", "EIO", "EIO", "EIO");
    driver.failNext("release", "ENOLCK");
    await expect(hold.release()).rejects.toMatchObject({ code: "ENOLCK" });
    expect([hold.released, driver.grants]).toEqual([false, 1]);
    await hold.release();
    await refused;
    expect(driver.grants).toBe(0);
  });
});

describe("the file is not the one that is locked any more when a hold is handed on", () => {
  const changes: Record<string, (lockFile: string) => void> = {
    removed: (lockFile) => rmSync(lockFile),
    renamed: (lockFile) => renameSync(lockFile, `${lockFile}.old`),
    replaced: (lockFile) => {
      writeFileSync(`${lockFile}.new`, "new");
      renameSync(`${lockFile}.new`, lockFile);
    },
  };

  test.each(Object.keys(changes))(
    "%s: the next one locks the new file, and hands that on",
    async (change) => {
      const lockFile = temporaryLockFile();
      const stranger = startChild("attempt", lockFile);
      await stranger.says("ready");
      const strangerGetsIt = async (): Promise<boolean> => {
        stranger.tell("attempt");
        return (await stranger.says("attempted")).held!;
      };
      const holder = await new FileLock(lockFile).acquire();
      const old = openSync(lockFile, "r"); // its inode is not given to the new file as long as this is open
      onTestFinished(() => {
        closeSync(old);
      });
      const queue = [1, 2].map(() => detached(() => new FileLock(lockFile).acquire()));
      changes[change]!(lockFile);
      await holder.release();
      for (const waiting of queue) {
        const hold = await soon(waiting, "the next one");
        expect(fstatSync(hold.fd!).ino).not.toBe(fstatSync(old).ino);
        expect(fstatSync(hold.fd!).ino).toBe(lstatSync(lockFile).ino);
        expect(await strangerGetsIt()).toBe(false);
        await hold.release();
      }
      expect(await strangerGetsIt()).toBe(true);
    },
  );

  test("nor is it handed on where that cannot be told", async () => {
    const hold = await lock.acquire();
    const next = detached(() => another().acquire());
    driver.failNext("isCurrent", "EIO");
    const { attempts } = driver;
    await hold.release();
    await (await soon(next, "the next one")).release();
    expect(driver.attempts).toBe(attempts + 1);
  });
});

function raise(error: Error): never {
  throw error;
}
