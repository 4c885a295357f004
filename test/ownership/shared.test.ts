// Shared holds: many readers or one writer, at the top of the tree and on every level below it.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it, test, vi } from "vitest";
import { Deadlock, detached, FileLock, Timeout, type Hold } from "../../src/index.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "../support/memory-driver.ts";
import { blocked, deferred, soon } from "../support/promises.ts";
import { Task } from "./task.ts";

const PATH = "/memory/work.lock";
const SHARED = { shared: true };
const OUTLIVED = /was released while one that is nested in it goes on/;

let driver: MemoryDriver;

beforeEach(() => {
  driver = memoryDriver();
});

/** A lock of its own for whoever asks, so that nobody counts up. */
function lock(options: ConstructorParameters<typeof MemoryLock>[2] = {}): MemoryLock {
  return new MemoryLock(driver, PATH, { pollInterval: 0.005, ...options });
}

function read(): Promise<Hold> {
  return new Task().does(() => lock().acquire(SHARED));
}

describe("the tasks of one process", () => {
  it("read side by side, with one grant", async () => {
    const holds = await Promise.all([read(), read(), read()]);
    expect(driver.grants).toBe(1);
    expect(lock().lockCounter).toBe(3);
    for (const hold of holds) {
      expect(driver.isHeld(PATH)).toBe(true);
      await hold.release();
    }
    expect(driver.grants).toBe(0);
    expect(driver.isHeld(PATH)).toBe(false);
  });

  it("say so once for all, as an option of the lock, which a call overrides", async () => {
    const reader = lock(SHARED);
    expect(reader.shared).toBe(true);
    const holds = [await read(), await new Task().does(() => reader.acquire())];
    const writer = new Task().does(() => reader.acquire({ shared: false, timeout: 0 }));
    await expect(writer).rejects.toThrow(Timeout);
    for (const hold of holds) await hold.release();
  });

  it("read in run() and in what wrap() makes", async () => {
    const both = deferred();
    let inside = 0;
    const meet = (): Promise<void> => {
      if (++inside === 2) both.resolve();
      return both.promise;
    };
    const wrapped = lock().wrap(meet, SHARED);
    await soon(Promise.all([lock().run(meet, SHARED), wrapped()]), "the two meet inside");
  });

  it("write alone: behind those who read", async () => {
    const [one, other] = [await read(), await read()];
    const writing = lock().acquire();
    await one.release();
    await blocked(writing);
    await other.release();
    const writer = await soon(writing, "the writer is let in");
    expect(driver.grants).toBe(1);
    const reading = read();
    await blocked(reading);
    await writer.release();
    const reader = await soon(reading, "the reader is let in");
    driver.seize(PATH, undefined, SHARED)(); // which strangers share, too
    await reader.release();
  });

  // 1. R1 reads. 2. W waits. 3. R2 asks to read. Let in, it would go before W, and so would R3, R4, ...
  it("do not starve a writer who waits by coming to read", async () => {
    const reader = await read();
    const order: string[] = [];
    const writing = lock().run(() => void order.push("writer"));
    await blocked(writing);
    const readers = Array.from({ length: 5 }, async (_, index) => {
      const hold = await read();
      order.push(`reader ${String(index)}`);
      await hold.release();
    });
    expect(await lock().tryAcquire(SHARED), "nor by a single attempt").toBeUndefined();
    await reader.release();
    await Promise.all([writing, ...readers]);
    expect(order[0]).toBe("writer");
  });

  it("who read and wait behind a writer are let in together", async () => {
    const writer = await new Task().does(() => lock().acquire());
    const readings = [read(), read(), read()];
    await blocked(Promise.race(readings));
    const writing = lock().acquire();
    const last = read();
    await blocked(last);
    await writer.release();
    const readers = await soon(Promise.all(readings), "all of them read");
    expect(lock().lockCounter).toBe(3);
    await blocked(Promise.race([writing, last]));
    for (const reader of readers) await reader.release();
    await (await soon(writing, "the writer who came after them")).release();
    await (await soon(last, "the reader who came last")).release();
  });

  // 1. R1 reads. 2. W waits. 3. R2 waits behind W. 4. W gives up: nothing is in the way of R2.
  test.each([
    ["times out", { timeout: 0.02 }],
    ["is aborted", { signal: AbortSignal.timeout(20) }],
  ])("who read behind a writer that %s do not wait for those who read already", async (_, options) => {
    const reader = await read();
    const writing = lock().acquire(options);
    const reading = read();
    await expect(writing).rejects.toThrow();
    const second = await soon(reading, "the reader behind it is let in");
    expect(reader.released).toBe(false);
    await second.release();
    await reader.release();
  });

  it("read beside the strangers who read, and write when those have gone", async () => {
    const letGo = driver.seize(PATH, undefined, SHARED);
    await (await read()).release();
    const writing = lock().acquire();
    await blocked(writing);
    letGo();
    await (await soon(writing, "the strangers have gone")).release();
  });

  // 1. Strangers read. 2. W waits, and tries to have it alone. 3. R waits behind W. 4. W gives up. R is polled for now.
  it("waits to read after a writer has given up", async () => {
    const letGo = driver.seize(PATH);
    const writing = lock().acquire({ timeout: 0.02 });
    const reading = read();
    await expect(writing).rejects.toThrow(Timeout);
    letGo();
    driver.seize(PATH, undefined, SHARED);
    await (await soon(reading, "it is tried for as a reader")).release();
  });

  it("wait to read for a stranger who writes", async () => {
    const letGo = driver.seize(PATH);
    const readings = [read(), read()];
    await blocked(Promise.race(readings));
    letGo();
    for (const reader of await soon(Promise.all(readings), "the stranger has gone")) await reader.release();
  });

  // 1. R1 reads. 2. A stranger replaces the file, and its newcomers write. 3. R2 must not share what R1 has.
  it("do not share a grant on a file that the path no longer leads to", async () => {
    const reader = await read();
    driver.replace(PATH);
    const letGo = driver.seize(PATH);
    expect(await new Task().does(() => lock().tryAcquire(SHARED))).toBeUndefined();
    const reading = read();
    await blocked(reading);
    await reader.release();
    await blocked(reading);
    letGo();
    await (await soon(reading, "the stranger has gone")).release();
  });

  it("set the permission bits that a reader wants who shares the grant", async () => {
    const reader = await read();
    const strict = await new Task().does(() => lock({ mode: 0o600 }).acquire(SHARED));
    expect(driver.modeOf(PATH)).toBe(0o600);
    driver.failNext("setMode", "EIO");
    const failing = new Task().does(() => lock({ mode: 0o644 }).acquire(SHARED));
    await expect(failing).rejects.toMatchObject({ code: "EIO" });
    expect(lock().lockCounter).toBe(2);
    await strict.release();
    await reader.release();
  });

  it("remove the lock file with the last of them, whoever of them wants that", async () => {
    const readers = [
      await read(),
      await new Task().does(() => lock({ remove: true }).acquire(SHARED)),
      await read(),
    ];
    for (const reader of readers) {
      expect(driver.exists(PATH)).toBe(true);
      await reader.release();
    }
    expect(driver.exists(PATH)).toBe(false);
  });
});

describe("the levels of the tree", () => {
  it("have shared holds side by side below an exclusive one, and below a shared one", async () => {
    for (const outer of [undefined, SHARED]) {
      const meet = deferred();
      let inside = 0;
      const child = (): Promise<void> =>
        lock().run(async () => {
          if (++inside === 2) meet.resolve();
          await meet.promise;
        }, SHARED);
      await soon(
        lock().run(() => Promise.all([child(), child()]), outer),
        "the children read side by side",
      );
    }
    expect(driver.grants).toBe(0);
  });

  it("let an exclusive child in when the shared ones before it have ended, and those behind it after that", async () => {
    const order: string[] = [];
    await lock().run(async () => {
      const child = (name: string, options?: object): Promise<void> =>
        lock().run(async () => {
          order.push(`${name} in`);
          await new Promise((resolve) => setImmediate(resolve));
          order.push(`${name} out`);
        }, options);
      await Promise.all([child("a", SHARED), child("b", SHARED), child("w"), child("c", SHARED)]);
    });
    expect(order).toEqual(["a in", "b in", "a out", "b out", "w in", "w out", "c in", "c out"]);
  });

  it("let a shared child in when the exclusive one that waits before it gives up", async () => {
    await lock().run(async () => {
      const first = await read();
      const writing = new Task().does(() => lock().acquire({ timeout: 0.02 }));
      const reading = read();
      await expect(writing).rejects.toThrow(Timeout);
      await (await soon(reading, "it is let in")).release();
      await first.release();
    });
  });

  // 1. W holds, and C reads inside. 2. W ends before C: the OS lock stays exclusive. 3. R2, outside, must wait for C, and
  // a reader of another process is kept out as well.
  it("pass a place on when all that is nested below has ended, shared or not", async () => {
    const [over, childOver] = [deferred(), deferred()];
    const childIn = deferred();
    let child: Promise<void> | undefined;
    const outer = lock().run(async () => {
      child = lock().run(async () => {
        childIn.resolve();
        await childOver.promise;
      }, SHARED);
      await over.promise;
    });
    await childIn.promise;
    const reading = new Task().does(() => lock().acquire(SHARED));
    over.resolve();
    await outer;
    await expectWarnings(OUTLIVED);
    await blocked(reading);
    expect(() => driver.seize(PATH, undefined, SHARED)).toThrow("is held already");
    childOver.resolve();
    await child;
    const reader = await soon(reading, "the child has ended");
    driver.seize(PATH, undefined, SHARED)();
    await reader.release();
  });

  it("do not hand on to those who read what one had alone, whoever has it in the end", async () => {
    const task = new Task();
    const object = lock();
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now()); // no turn is ever over
    const outer = await task.does(() => object.acquire());
    const inner = await task.does(() => object.acquire(SHARED));
    const reading = read();
    await new Promise((resolve) => setTimeout(resolve, 1));
    await outer.release();
    await inner.release();
    const reader = await soon(reading, "the reader is let in");
    clock.mockRestore();
    driver.seize(PATH, undefined, SHARED)(); // which strangers share, too
    await reader.release();
    await expectWarnings(OUTLIVED);
  });

  it("leave the place of a shared hold that ends to all that are nested in it", async () => {
    const task = new Task();
    const reader = lock();
    const outer = await task.does(() => reader.acquire(SHARED));
    const inner = await task.does(() => reader.acquire(SHARED));
    const innermost = await task.does(() => reader.acquire(SHARED));
    await outer.release();
    await expectWarnings(OUTLIVED);
    const writing = lock().acquire();
    await inner.release();
    await expectWarnings(OUTLIVED);
    await blocked(writing);
    await innermost.release();
    await (await soon(writing, "all have ended")).release();
  });
});

describe("an exclusive hold inside a shared one", () => {
  const refused = (asking: Promise<unknown>): Promise<void> =>
    expect(asking).rejects.toMatchObject({
      name: "Deadlock",
      code: "EDEADLK",
      message: expect.stringMatching(
        /^The file lock '\/memory\/work\.lock' cannot be acquired exclusively inside a shared hold of it: .*flock\(2\).* was acquired at .*shared\.test\.ts.*\. Release the shared hold first/,
      ),
    });

  it("is refused at once: in run(), in a task, by tryAcquire() and acquireSync(), and whoever else reads or waits", async () => {
    const other = await read();
    let waiting: Promise<Hold> | undefined;
    await lock().run(async () => {
      waiting = new Task().does(() => detached(() => lock().acquire()));
      await blocked(waiting);
      await refused(lock().acquire());
      await refused(lock().acquire({ timeout: 0 }));
      await refused(lock().tryAcquire());
      expect(() => lock().acquireSync()).toThrow(Deadlock);
      await lock().run(() => refused(lock().acquire()), SHARED);
    }, SHARED);
    await other.release();
    await (await waiting!).release();
  });
});

describe("an object that owns alone", () => {
  it("counts up with what is shared below what it has alone, and refuses to have alone what it shares", async () => {
    const object = lock({ owner: "object" });
    const holds = [await object.acquire(), await object.acquire(SHARED), await object.acquire()];
    await holds[0]!.release();
    await holds[2]!.release();
    holds.push(await object.acquire()); // it has the lock alone as long as it has it at all
    for (const hold of holds) await hold.release();
    const shared = await object.acquire(SHARED);
    holds.push(await object.acquire(SHARED));
    await expect(object.acquire()).rejects.toThrow("cannot be acquired exclusively inside a shared hold");
    await holds.at(-1)!.release();
    const other = lock({ owner: "object" });
    await (await other.acquire(SHARED)).release();
    expect(await other.tryAcquire()).toBeUndefined();
    await shared.release();
    expect(driver.grants).toBe(0);
  });

  // 1. A stranger holds. 2. The object asks to share, and then to have it alone. 3. The stranger goes.
  it("is let in to share without those of its own who want it alone", async () => {
    const letGo = driver.seize(PATH);
    const object = lock({ owner: "object" });
    const sharing = object.acquire(SHARED);
    const alone = object.acquire();
    await blocked(sharing);
    letGo();
    const shared = await soon(sharing, "the stranger has gone");
    await blocked(alone);
    await shared.release();
    await (await soon(alone, "nobody shares it any more")).release();
  });

  // 1. Somebody reads, and W1 waits to write. 2. The object asks to share; W2 to write; the object to share once more. 3. W1
  // gives up, and the object is let in. Should its second wait go on, it would be behind W2, and W2 behind the object.
  it("has all that wait to share come in with the first of them, also beside those who read already", async () => {
    const reader = await read();
    const patience = new AbortController();
    const gaveUp = expect(lock().acquire({ signal: patience.signal })).rejects.toThrow("aborted");
    const object = lock({ owner: "object" });
    const sharing = [object.acquire(SHARED)];
    const writing = new Task().does(() => lock().acquire());
    await blocked(writing);
    sharing.push(object.acquire(SHARED));
    patience.abort();
    await gaveUp;
    for (const hold of await soon(Promise.all(sharing), "both share")) await hold.release();
    await blocked(writing);
    await reader.release();
    await (await soon(writing, "nobody reads any more")).release();
  });
});

describe('with order: "fifo"', () => {
  const FIFO = { order: "fifo" } as const;

  // 1. R1 reads. 2. A stranger who writes stands in line. 3. R2 asks: sharing R1's grant, it would pass the stranger.
  it("who read take their place in line behind the strangers, although their process reads already", async () => {
    const reader = await new Task().does(() => lock(FIFO).acquire(SHARED));
    driver.strangersInLine = 1;
    expect(await new Task().does(() => lock(FIFO).tryAcquire(SHARED))).toBeUndefined();
    const places = driver.places;
    const reading = new Task().does(() => lock(FIFO).acquire(SHARED));
    await blocked(reading);
    expect(driver.places).toBeGreaterThan(places);
    driver.strangersInLine = 0; // it has had its turn, or has given up
    const second = await soon(reading, "it is its turn");
    expect(driver.grants, "one grant does for both").toBe(1);
    await reader.release();
    expect(driver.isHeld(PATH)).toBe(true);
    await second.release();
    expect(driver.isHeld(PATH)).toBe(false);
    expect(driver.openAttempts).toBe(0);
  });

  // 1. R1 reads. 2. A process that stands in line is killed: its ticket stays. 3. R2 asks once. Nobody is in its way.
  it("who read are not kept out by the ticket of a process that has died", async () => {
    const lockFile = temporaryLockFile();
    const fifo = (): FileLock => new FileLock(lockFile, { ...FIFO, ...SHARED });
    const leaveTicket = (number: number): void => {
      mkdirSync(`${lockFile}.queue`);
      writeFileSync(`${lockFile}.queue/gate`, "");
      writeFileSync(`${lockFile}.queue/${String(number).padStart(16, "0")}`, "");
    };
    const holds = [await new Task().does(() => fifo().acquire())];
    for (const asks of [() => fifo().tryAcquire(), async () => Promise.resolve(fifo().acquireSync())]) {
      leaveTicket(holds.length);
      const hold = await new Task().does(asks);
      expect(hold).toBeDefined();
      holds.push(hold!);
      expect(existsSync(`${lockFile}.queue`)).toBe(false);
    }
    for (const hold of holds) await hold.release();
  });

  // 1. R1 reads. 2. R2 has its turn, and wins the lock a second time. 3. That cannot be given back.
  it("who read let go of all that they have won, also where a release has failed", async () => {
    const reader = await new Task().does(() => lock(FIFO).acquire(SHARED));
    driver.strangersInLine = 1;
    const reading = new Task().does(() => lock(FIFO).acquire(SHARED));
    await blocked(reading);
    driver.failNext("release", "EIO");
    driver.strangersInLine = 0;
    const second = await soon(reading, "it is its turn");
    expect(driver.grants).toBe(2);
    await reader.release();
    driver.failNext("release", "EIO");
    await expect(second.release()).rejects.toMatchObject({ code: "EIO" });
    expect(second.released).toBe(false);
    await second.release();
    expect(driver.grants).toBe(0);
    expect(driver.isHeld(PATH)).toBe(false);
  });

  it("who are refused to read at their one attempt say how many are in line before them", async () => {
    const reader = await new Task().does(() => lock(FIFO).acquire(SHARED));
    driver.strangersInLine = 2;
    const refused = new Task().does(() => lock(FIFO).acquire({ ...SHARED, timeout: 0 }));
    await expect(refused).rejects.toMatchObject({ name: "Timeout", ahead: 2 });
    expect(driver.openAttempts).toBe(0);
    await reader.release();
  });

  it("who read do not try again and again for a file that the path no longer leads to", async () => {
    const reader = await new Task().does(() => lock(FIFO).acquire(SHARED));
    driver.replace(PATH);
    const reading = new Task().does(() => lock(FIFO).acquire(SHARED));
    await blocked(reading);
    const { attempts } = driver;
    await blocked(reading);
    expect(driver.attempts).toBe(attempts);
    await reader.release();
    await (await soon(reading, "the old file is let go of")).release();
  });
});

test("a driver that cannot share says so at once", async () => {
  Object.defineProperty(driver, "canShare", { value: false });
  const message = "Expected `shared` to be left out: a MemoryLock is held by one at a time";
  expect(() => lock(SHARED)).toThrow(message);
  const alone = lock();
  await expect(alone.acquire(SHARED)).rejects.toThrow(TypeError);
  await expect(alone.run(() => expect.unreachable(), SHARED)).rejects.toThrow(message);
  expect(() => alone.tryAcquireSync(SHARED)).toThrow(message);
  await (await alone.acquire({ shared: false })).release();
});

test.each([[1], ["yes"], [null]])("`shared` is a boolean: %o", async (shared) => {
  const message = "Expected `shared` to be a boolean, got";
  await expect(lock().acquire({ shared: shared as never })).rejects.toThrow(message);
  expect(() => lock({ shared: shared as never })).toThrow(message);
});
