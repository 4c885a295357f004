// The words of the errors: a Timeout as a caller meets it, and the shapes of the others.
import { describe, expect, test, vi } from "vitest";
import { SuppressedError, systemError } from "../src/errors.ts";
import { FileLock, LockLost, Timeout, type AcquireOptions } from "../src/index.ts";
import { startChild } from "./support/child.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { MemoryLock, memoryDriver } from "./support/memory-driver.ts";
import { needsLinux } from "./support/needs.ts";

async function timeoutOf(lock: MemoryLock | FileLock, options: AcquireOptions): Promise<Timeout> {
  const error: unknown = await lock.acquire(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Timeout);
  return error as Timeout;
}

describe("Timeout", () => {
  test("has a name, a code, the lock file and the timeout that applied", async () => {
    const driver = memoryDriver();
    driver.seize("/memory/work.lock", { pid: 4711, command: "make all" });
    const error = await timeoutOf(new MemoryLock(driver, "/memory/work.lock"), { timeout: 0.02 });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "Timeout",
      code: "ETIMEDOUT",
      lockFile: "/memory/work.lock",
      timeout: 0.02,
      holder: [{ pid: 4711, command: "make all" }],
    });
    expect(String(error)).toMatch(
      /^Timeout: The file lock '\/memory\/work\.lock' could not be acquired\. Waited \d+\.\d+ s; held by pid 4711 \(make all\)\.$/,
    );
    const waited = Number(/Waited ([\d.]+) s/.exec(error.message)![1]);
    expect(waited).toBeGreaterThanOrEqual(0.02);
    expect(waited).toBeLessThan(10); // not milliseconds
    expect(error.stack).toContain("errors.test.ts");
  });

  test.each([{ timeout: 0 }, { blocking: false }])("tells of one attempt with %o", async (options) => {
    const driver = memoryDriver();
    driver.seize("/memory/work.lock");
    const error = await timeoutOf(new MemoryLock(driver, "/memory/work.lock"), options);
    expect(error.timeout).toBe(0);
    expect(error.message).toMatch(
      /^The file lock '\/memory\/work\.lock' could not be acquired\. Tried once; held by /,
    );
  });

  test("names the path as it was given", async () => {
    const driver = memoryDriver();
    driver.seize("some/../work.lock");
    const error = await timeoutOf(new MemoryLock(driver, "some/../work.lock"), { timeout: 0 });
    expect(error.lockFile).toBe("some/../work.lock");
    expect(error.message.startsWith("The file lock 'some/../work.lock' could not be acquired.")).toBe(true);
  });

  needsLinux("/proc/locks")("names a foreign holder by pid and command", async () => {
    const lockFile = temporaryLockFile();
    const child = startChild("hold", lockFile);
    await child.says("held");
    for (const timeout of [0, 0.05]) {
      // A look that takes longer than 50 ms, on a machine that is busy enough, is not waited for.
      const seen = async (): Promise<void> => {
        const error = await timeoutOf(new FileLock(lockFile), { timeout });
        expect(error.holder).toEqual([{ pid: child.pid, command: expect.stringContaining("child.mjs") }]);
        expect(error.message).toContain(`; held by pid ${String(child.pid)} (${process.execPath} `);
      };
      await vi.waitFor(seen, { timeout: 5000 });
    }
  });

  test("names this process where it holds the lock itself, and since when", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile).acquire();
    const error = await timeoutOf(new FileLock(lockFile), { timeout: 0.01 });
    expect(error.holder).toEqual([
      { pid: process.pid, command: process.argv.join(" "), since: expect.any(Date) },
    ]);
    expect(error.message).toMatch(
      new RegExp(`; held by pid ${String(process.pid)} \\(.*, this process\\)\\.$`),
    );
    await hold.release();
  });

  const worded = (waited: number, holder: Timeout["holder"], ahead?: number): string =>
    new Timeout("work.lock", { timeout: 1, waited, ahead, holder }).message;

  test("says how many were ahead of it, where that is known", () => {
    expect(worded(1, [], 0)).toMatch(/; nobody was ahead of it in the queue\.$/);
    expect(worded(1, [], 1)).toMatch(/; 1 other was ahead of it in the queue\.$/);
    expect(worded(1, [], 12)).toMatch(/; 12 others were ahead of it in the queue\.$/);
  });

  test("says how long in seconds", () => {
    expect(worded(0.0004, [])).toContain("Waited 0.000 s;");
    expect(worded(1.23456, [])).toContain("Waited 1.235 s;");
    expect(worded(3725.04, [])).toContain("Waited 3725.0 s;");
  });

  test("says what is known of the holders, and that nothing is", () => {
    expect(worded(1, [])).toMatch(/; who holds it is not known\.$/);
    expect(worded(1, [{ pid: 7, command: "" }])).toMatch(/; held by pid 7\.$/);
    const two = [
      { pid: 7, command: "a b" },
      { pid: 8, command: "c" },
    ];
    expect(worded(1, two)).toMatch(/; held by pid 7 \(a b\), pid 8 \(c\)\.$/);
    expect(worded(1, [{ pid: 7, command: "x".repeat(500) }])).toContain(`(${"x".repeat(119)}…)`);
  });

  test("says of this process whether it is a hold that this thread knows of", () => {
    const { pid } = process;
    expect(worded(1, [{ pid, command: "a", since: new Date() }])).toMatch(/ \(a, this process\)\.$/);
    expect(worded(1, [{ pid, command: "a" }])).toMatch(
      / \(a, this process: another thread of it, or another kind of lock\)\.$/,
    );
  });
});

test("SuppressedError has the shape of the standard one: error failed last, suppressed first", () => {
  const [last, first] = [new Error("last"), "first"];
  const error = new SuppressedError(last, first);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "SuppressedError", error: last, suppressed: first });
  expect(error.message).toBe("The work failed, and the release of the lock after it failed too.");
});

test("LockLost names the lock file and what to do", () => {
  expect(new LockLost("work.lock")).toMatchObject({
    name: "LockLost",
    code: "ELOCKLOST",
    lockFile: "work.lock",
    message: expect.stringMatching(
      /^The lock file 'work\.lock' was removed or replaced while it was held.*Stop /,
    ),
  });
});

// To libuv ENOLCK, which NFS says where its lock daemon is gone, is "Unknown system error -37".
needsLinux("its error numbers")(
  "A system error that libuv has no name for has the name of its number",
  () => {
    const cause = Object.assign(new Error("open failed"), { code: "Unknown system error -37", errno: -37 });
    expect(systemError("Cannot open it", cause)).toMatchObject({
      code: "ENOLCK",
      message: "Cannot open it (ENOLCK)",
      cause,
    });
    expect(systemError("Cannot write it", Object.assign(cause, { code: "UNKNOWN" })).code).toBe("ENOLCK");
    Object.assign(cause, { code: "Unknown system error -37", errno: -12_345 });
    expect(systemError("Cannot open it", cause)).toMatchObject({
      code: "Unknown system error -37",
    });
  },
);
