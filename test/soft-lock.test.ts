// SoftFileLock as people use it: its options, what it says of the holder, and breakLock().
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { LockLost, SoftFileLock, Timeout } from "../src/index.ts";
import { rightOf } from "../src/drivers/soft-right.ts";
import { isFlockLoaded } from "../src/native/flock.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { everyTestLeavesNothing } from "./support/leaves-nothing.ts";
import { blocked, soon } from "./support/promises.ts";
import { around, dead, marker, stranger } from "./support/soft-steps.ts";

everyTestLeavesNothing();

async function timeoutOf(lock: SoftFileLock): Promise<Timeout> {
  const error: unknown = await lock.acquire({ timeout: 0 }).catch((reason: unknown) => reason);
  if (error instanceof Timeout) return error;
  throw new Error(`Expected a Timeout, got ${String(error)}`);
}

describe("An option", () => {
  test.each([
    ["order", "fifo", /Expected `order` to be "any", got `'fifo'` \(string\): .*FileLock/],
    ["remove", false, /Expected `remove` to be true, got `false` \(boolean\): .*is the lock/],
  ])("%s: %j is refused", (name, value, message) => {
    expect(() => new SoftFileLock("work.lock", { [name]: value })).toThrow(RangeError);
    expect(() => new SoftFileLock("work.lock", { [name]: value })).toThrow(message);
  });

  test("shared is refused, here and in a call", async () => {
    expect(() => new SoftFileLock("work.lock", { shared: true })).toThrow("Expected `shared` to be left out");
    const lock = new SoftFileLock(temporaryLockFile());
    await expect(lock.acquire({ shared: true })).rejects.toThrow("Expected `shared` to be left out");
  });

  test("that has no meaning is told like one of any lock", () => {
    expect(() => new SoftFileLock("work.lock", 7 as never)).toThrow("Expected the options to be an object");
    expect(() => new SoftFileLock("work.lock", { timeuot: 1 } as never)).toThrow("Unknown option `timeuot`");
    expect(() => new SoftFileLock("work.lock", { timeout: "1" as never })).toThrow("Expected `timeout`");
  });

  test("is readable as a property", () => {
    const lock = new SoftFileLock("work.lock", { timeout: 3, order: "any", remove: true, mode: 0o600 });
    expect(lock).toMatchObject({ timeout: 3, order: "any", remove: true, mode: 0o600, owner: "task" });
    expect(new SoftFileLock("work.lock").remove).toBe(true);
  });
});

describe("While it is held", () => {
  test("the lock file names this process, and it goes with the hold", async () => {
    const path = temporaryLockFile();
    const lock = new SoftFileLock(path);
    expect([lock.pid, lock.isLockHeldByUs]).toEqual([undefined, false]);
    await lock.run(async (hold) => {
      expect([lock.pid, lock.isLockHeldByUs]).toEqual([process.pid, true]);
      expect(hold.fd).toBeUndefined();
      expect(await lock.holder()).toMatchObject([{ pid: process.pid, since: expect.any(Date) }]);
    });
    expect([lock.pid, lock.isLockHeldByUs]).toEqual([undefined, false]);
    expect(around(path)).toEqual([]);
  });

  test("tasks of this process wait for each other, and nest, as with any lock", async () => {
    const path = temporaryLockFile();
    const [lock, same] = [new SoftFileLock(path), new SoftFileLock(path)];
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((task) => lock.run(() => same.run(() => expect(order.push(task)).toBe(task)))),
    );
    expect(around(path)).toEqual([]);
  });

  test("it is had and given back without a promise too", () => {
    const path = temporaryLockFile();
    const hold = new SoftFileLock(path).acquireSync();
    expect(around(path)).toEqual(["work.lock"]);
    hold.releaseSync();
    expect(around(path)).toEqual([]);
  });

  test("its mode is the one asked for", async () => {
    const path = temporaryLockFile();
    await new SoftFileLock(path, { mode: 0o640 }).run(() => {
      expect(statSync(path).mode & 0o777).toBe(0o640);
    });
  });

  test("no native module is loaded for it", async () => {
    await new SoftFileLock(temporaryLockFile()).run(() => undefined);
    expect(isFlockLoaded()).toBe(false);
  });

  test("no listener of ours waits for a signal before and after it", async () => {
    const before = process.listenerCount("SIGTERM");
    await new SoftFileLock(temporaryLockFile()).run(() => {
      expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    });
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

describe("A marker of another process", () => {
  test("of this host that lives: it is named, with its command and since when", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, stranger());
    const lock = new SoftFileLock(path);
    expect([lock.pid, lock.isLockHeldByUs]).toEqual([1, false]);
    const [holder] = await lock.holder();
    expect(holder).toEqual({ pid: 1, command: expect.stringMatching(/./), since: expect.any(Date) });
    expect(Math.abs(Date.now() - holder!.since!.getTime())).toBeLessThan(60_000);
    const { message } = await timeoutOf(lock);
    expect(message).toMatch(
      /^The file lock '.*' could not be acquired\. Tried once; held by pid 1 \(.+\)\.$/,
    );
  });

  test("that has died: nobody holds, and nothing is in the way", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, dead());
    const lock = new SoftFileLock(path);
    expect([lock.pid, lock.isLockHeldByUs]).toEqual([process.pid, false]);
    expect(await lock.holder()).toEqual([]);
    await lock.run(() => expect(lock.isLockHeldByUs).toBe(true));
  });

  test("of another host: the Timeout names that, and breakLock()", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, marker({ pid: 4711, host: "elsewhere", token: 17n }));
    const lock = new SoftFileLock(path);
    expect(await lock.holder()).toEqual([
      { pid: 4711, command: "", hostname: "elsewhere", since: expect.any(Date) },
    ]);
    const { message, holder } = await timeoutOf(lock);
    expect(message).toContain(
      "held by pid 4711 on host 'elsewhere'. Whether that process lives can be seen on",
    );
    expect(message).toContain("breakLock()");
    expect(holder).toMatchObject([{ hostname: "elsewhere" }]);
    await lock.breakLock();
    await lock.run(() => expect(lock.pid).toBe(process.pid));
  });

  test.each([
    ["is empty", ""],
    ["has something else than a marker in it", `17\n${hostname()}`],
    ["has something else than a marker in it", "17"],
    ["has something else than a marker in it", "17\n"],
  ])("that %s: the Timeout says so, and names breakLock()", async (what, text) => {
    const path = temporaryLockFile();
    writeFileSync(path, text);
    const lock = new SoftFileLock(path);
    const { message, holder } = await timeoutOf(lock);
    expect(message).toContain(`who holds it is not known. The lock file ${what}, so that nobody can tell`);
    expect(message).toContain("breakLock() frees the lock.");
    expect(holder).toEqual([]);
    await lock.breakLock();
    expect(around(path)).toEqual([]);
  });

  test.each([
    ["text", "EINVAL", "hello\nworld\n"],
    ["numbers that are no pid", "EINVAL", "12 apples\n"],
    ["what looks like nothing", "EINVAL", "\n"],
    ["much", "EFBIG", "17\n".repeat(1000)],
  ])(
    "that is no marker, but %s: breakLock() leaves it alone (%s), and the Timeout does not name that",
    async (_, code, text) => {
      const path = temporaryLockFile();
      writeFileSync(path, text);
      const lock = new SoftFileLock(path);
      await expect(lock.breakLock()).rejects.toMatchObject({
        code,
        message: expect.stringMatching(/^Cannot break '.*work.*Remove it yourself, if it is to go\.$/),
      });
      expect(readFileSync(path, "utf8")).toBe(text);
      expect((await timeoutOf(lock)).message).toMatch(/remove that file, if it is to go\.$/);
    },
  );

  test.each([
    ["pid 1 is about to remove the lock file", stranger()],
    ["somebody is about to remove the lock file", ""],
  ])("of the dead that cannot be removed: the Timeout says that %s", async (what, owner) => {
    const path = temporaryLockFile();
    writeFileSync(path, dead());
    writeFileSync(rightOf(path, path, { text: dead() }), owner);
    const { message } = await timeoutOf(new SoftFileLock(path));
    expect(message).toContain(`who holds it is not known. Its holder has died, and ${what}`);
  });

  test("is waited for, and heard of when it goes", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    const lock = new SoftFileLock(path, { pollInterval: 100 });
    const acquired = lock.acquire();
    await blocked(acquired);
    await lock.breakLock();
    await (await soon(acquired, "nobody hears that the marker is gone")).release();
  });
});

describe("breakLock()", () => {
  test("takes the lock from its holder, who finds out, and whose release removes nothing of the next one's", async () => {
    const path = temporaryLockFile();
    const lock = new SoftFileLock(path);
    const hold = await lock.acquire();
    const { signal } = hold;
    await lock.breakLock();
    expect(around(path)).toEqual([]);
    writeFileSync(path, stranger());
    await hold.release();
    expect(signal.reason).toBeInstanceOf(LockLost);
    expect(lock.pid).toBe(1);
  });

  test("does nothing where there is nothing", async () => {
    await new SoftFileLock(temporaryLockFile()).breakLock();
  });
});
