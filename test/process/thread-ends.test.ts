// However a worker thread ends, its flock(2) goes with its descriptors, though its process lives on: Node closes them. What
// a thread leaves on the disk, and what the others are told of it.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { describe, expect, test, vi } from "vitest";
import { FileLock, inspect, ProcessLock, SoftFileLock, Timeout } from "../../src/index.ts";
import { startChild, type Child, type Verb, type Word } from "../support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { needsLinux, needsRight } from "../support/needs.ts";
import { blocked, soon } from "../support/promises.ts";
import { around } from "../support/soft-steps.ts";
import { startThread, THREAD_STUCK_AFTER_MS, type Thread, type ThreadOptions } from "../support/thread.ts";

vi.setConfig({ testTimeout: 3 * THREAD_STUCK_AFTER_MS });

const FIFO = { order: "fifo" } as const;

async function holder(lockFile: string, verb: Verb = "hold", options: ThreadOptions = {}): Promise<Thread> {
  const thread = startThread(verb, lockFile, options);
  await thread.says("held");
  return thread;
}

/** A process of which a thread holds: both have to start. */
async function startedDelegate(lockFile: string, options: object = {}): Promise<Child> {
  const child = startChild("delegate", lockFile, { options });
  await child.says("held", THREAD_STUCK_AFTER_MS);
  return child;
}

async function timeoutOf(acquisition: Promise<unknown>): Promise<Timeout> {
  return acquisition.then(
    () => expect.fail("Expected it to time out"),
    (error: unknown) => {
      expect(error).toBeInstanceOf(Timeout);
      return error as Timeout;
    },
  );
}

/** A thread that runs `code`, with all that the package exports as `holdfast`. */
function running(code: string): Worker {
  const index = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
  const text = `const { parentPort } = require("node:worker_threads");
    const say = (value) => parentPort.postMessage(value);
    import(${index}).then(async (holdfast) => { ${code} })`;
  return new Worker(text, { eval: true, execArgv: ["--no-warnings"] });
}

/** What it says; then it is terminated. */
async function said(code: string): Promise<unknown> {
  const worker = running(code);
  const [value] = (await soon(
    once(worker, "message"),
    "the thread says something",
    THREAD_STUCK_AFTER_MS,
  )) as [unknown];
  await worker.terminate();
  return value;
}

describe("A thread that holds", () => {
  test.each<[string, Verb, object]>([
    ["", "hold", {}],
    ["by run()", "run", {}],
    ["by acquireSync()", "holdSync", {}],
    ["and shares", "hold", { shared: true }],
    ["in order", "hold", FIFO],
  ])("%s is terminated: a task of the main thread that waits has it", async (_, verb, options) => {
    const lockFile = temporaryLockFile();
    const thread = await holder(lockFile, verb, { options });
    const next = new FileLock(lockFile, { order: "fifo" }).run(() => "has it");
    await blocked(next);
    await thread.terminate();
    expect(await soon(next, "the main thread has it")).toBe("has it");
  });

  test("is terminated: another thread that waits has it, and after that one another process", async () => {
    const lockFile = temporaryLockFile();
    const first = await holder(lockFile);
    const second = startThread("hold", lockFile);
    await second.says("waiting");
    await first.terminate();
    await second.says("held");
    const third = startChild("hold", lockFile);
    await third.says("waiting", THREAD_STUCK_AFTER_MS);
    await second.terminate();
    await third.says("held");
  });

  test.each<[string, Word, number, boolean]>([
    ["calls process.exit()", "exit", 7, false],
    ["dies of an uncaught error", "throw", 1, true],
    ["dies of an unhandled rejection", "reject", 1, true],
  ])("%s: it is free", async (_, word, exitCode, hasError) => {
    const lockFile = temporaryLockFile();
    const thread = await holder(lockFile);
    const next = new FileLock(lockFile).run(() => "has it");
    await blocked(next);
    thread.tell(word);
    expect(await thread.ends()).toBe(exitCode);
    expect(thread.error?.message).toBe(hasError ? "as the test asked" : undefined);
    expect(await soon(next, "the main thread has it")).toBe("has it");
  });

  test("has nothing left to do: a hold keeps no thread alive, and goes with it", async () => {
    const lockFile = temporaryLockFile();
    const thread = await holder(lockFile, "forget");
    expect(await thread.ends()).toBe(0);
    expect(
      await soon(
        new FileLock(lockFile).run(() => "has it"),
        "the main thread has it",
      ),
    ).toBe("has it");
  });

  test("and was made with trackUnmanagedFds: false leaves its lock to the process", async () => {
    const lockFile = temporaryLockFile();
    const child = await startedDelegate(lockFile, { trackUnmanagedFds: false });
    child.tell("release");
    await child.says("released"); // the thread was terminated
    child.tell("attempt");
    expect(await child.says("attempted")).toMatchObject({ held: false });
    child.tell("release");
    expect(await child.ends()).toEqual({ code: 0, signal: null });
    await new FileLock(lockFile, { timeout: 10 }).run(() => undefined);
  });

  test.each<[string, Word | "kill"]>([
    ["is killed", "kill"],
    ["calls process.exit()", "exit"],
  ])("keeps nothing when its process %s", async (_, end) => {
    const lockFile = temporaryLockFile();
    const child = await startedDelegate(lockFile);
    const next = new FileLock(lockFile).run(() => "has it");
    await blocked(next);
    if (end === "kill") await child.kill();
    else child.tell(end);
    expect(await soon(next, "this process has it")).toBe("has it");
  });
});

describe("A thread that is terminated while it waits", () => {
  test.each<[string, Verb]>([
    ["", "hold"],
    ["in acquireSync()", "holdSync"],
  ])("%s disturbs nobody", async (_, verb) => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile).acquire();
    const thread = startThread(verb, lockFile);
    await thread.says(verb === "hold" ? "waiting" : "ready");
    const child = startChild("hold", lockFile);
    await child.says("waiting", THREAD_STUCK_AFTER_MS);
    await thread.terminate();
    await hold.release();
    await child.says("held");
  });

  test("in line leaves a dead ticket, and the one behind it removes that", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new FileLock(lockFile, FIFO).acquire();
    const thread = startThread("hold", lockFile, { options: FIFO });
    await thread.says("waiting");
    const tickets = (): string[] => readdirSync(`${lockFile}.queue`).filter((name) => name !== "gate");
    await vi.waitFor(() => expect(tickets()).toHaveLength(1), { timeout: 10_000, interval: 1 });
    const child = startChild("hold", lockFile, { options: FIFO });
    await child.says("waiting", THREAD_STUCK_AFTER_MS);
    await vi.waitFor(() => expect(tickets()).toHaveLength(2), { timeout: 10_000, interval: 1 });
    await thread.terminate();
    await hold.release();
    await child.says("held");
    await vi.waitFor(() => expect(existsSync(`${lockFile}.queue`)).toBe(false), { timeout: 10_000 });
    expect(around(lockFile)).toEqual(["work.lock"]);
  });
});

describe("To the threads of one process", () => {
  const seenTest = needsLinux("/proc/locks names who holds");

  seenTest("a thread that holds is another holder with their own process id", async () => {
    const lockFile = temporaryLockFile();
    await holder(lockFile);
    const lock = new FileLock(lockFile);
    expect([lock.isLocked, lock.lockCounter]).toEqual([false, 0]);
    expect(await lock.holder()).toEqual([{ pid: process.pid, command: expect.any(String) }]);
    expect(await inspect(lockFile)).toMatchObject({ state: "held", holders: [{ pid: process.pid }] });
    const told = async (): Promise<void> => {
      const { message } = await timeoutOf(lock.acquire({ timeout: 0.1 }));
      expect(message).toContain(`; held by pid ${String(process.pid)} (`);
      expect(message).toContain(", this process: another thread of it, or another kind of lock).");
    };
    await vi.waitFor(told, { timeout: 10_000 }); // a busy machine looks for too long
  });

  seenTest("and the other way round: a worker is told of its main thread", async () => {
    const lockFile = temporaryLockFile();
    await using hold = await new FileLock(lockFile).acquire();
    const file = JSON.stringify(hold.lockFile);
    const code = `const lock = new holdfast.FileLock(${file});
      say([await lock.tryAcquire(), lock.isLocked, lock.lockCounter, await lock.holder()])`;
    expect(await said(code)).toEqual([
      undefined,
      false,
      0,
      [{ pid: process.pid, command: expect.any(String) }],
    ]);
  });

  test("a wait of one for another is no deadlock to be told, nor is a synchronous one refused", async () => {
    const lockFile = temporaryLockFile();
    const thread = await holder(lockFile);
    const lock = new FileLock(lockFile);
    expect(() => lock.acquireSync({ timeout: 0.02 })).toThrow(Timeout);
    const next = lock.run(() => "has it");
    await blocked(next);
    thread.tell("release");
    expect(await soon(next, "the main thread has it")).toBe("has it");
  });

  test("a thread that waits for itself, and has nothing left to run, is told", async () => {
    const lockFile = JSON.stringify(temporaryLockFile());
    const code = `await new holdfast.FileLock(${lockFile}).acquire();
      await new holdfast.FileLock(${lockFile}).acquire().catch((error) => say(error.name))`;
    expect(await said(code)).toBe("Deadlock");
  });
});

describe("A SoftFileLock in a thread", () => {
  const soft = { soft: true };

  test.each<[string, Word]>([
    ["calls process.exit()", "exit"],
    ["dies of an uncaught error", "throw"],
  ])("goes with a thread that %s", async (_, word) => {
    const lockFile = temporaryLockFile();
    const thread = await holder(lockFile, "hold", { options: soft });
    thread.tell(word);
    await thread.ends();
    expect(around(lockFile)).toEqual([]);
  });

  test("stays where the thread is terminated, until somebody breaks it: the process lives", async () => {
    const lockFile = temporaryLockFile();
    const thread = await holder(lockFile, "hold", { options: soft });
    await thread.terminate();
    const lock = new SoftFileLock(lockFile);
    expect([lock.pid, lock.isLockHeldByUs]).toEqual([process.pid, true]);
    expect(await lock.tryAcquire()).toBeUndefined();
    expect(await lock.holder()).toMatchObject([{ pid: process.pid, since: expect.any(Date) }]);
    await lock.breakLock();
    await lock.run(() => undefined);
    expect(around(lockFile)).toEqual([]);
  });

  test.each<[string, (child: Child) => void]>([
    ["calls process.exit()", (child) => child.tell("exit")],
    ["dies of SIGTERM", (child) => child.signal("SIGTERM")],
  ])("stays where the process %s, and the next one removes it", async (_, end) => {
    const lockFile = temporaryLockFile();
    const child = await startedDelegate(lockFile, soft);
    end(child);
    await child.ends();
    expect(around(lockFile)).toEqual(["work.lock"]);
    await new SoftFileLock(lockFile, { timeout: 10 }).run(() => undefined);
    expect(around(lockFile)).toEqual([]);
  });
});

describe("A ProcessLock in a thread", () => {
  const make = (directory: string): [ProcessLock, string] => [
    new ProcessLock({ name: "thread", directory }),
    `const lock = new holdfast.ProcessLock({ name: "thread", directory: ${JSON.stringify(directory)} });`,
  ];

  test("is refused where the main thread holds, and names their process", async () => {
    const [lock, code] = make(temporaryDirectory());
    await lock.acquire();
    const refused = await said(`${code} await lock.acquire().catch((error) => say([error.name, error.pid]))`);
    expect(refused).toEqual(["CannotAcquireLock", process.pid]);
    await lock.release();
  });

  test("is free when the thread is terminated; the file stays, and goes with the next hold", async () => {
    const [lock, code] = make(temporaryDirectory());
    const stays = 'parentPort.on("message", () => {})';
    expect(await said(`${code} await lock.forever(); ${stays}; say("held")`)).toBe("held");
    expect(readFileSync(lock.lockFile, "utf8")).toBe(`${String(process.pid)}\n`);
    await lock.run(() => undefined);
    expect(existsSync(lock.lockFile)).toBe(false);
  });

  test("and its file are gone when the thread has ended by itself", async () => {
    const [lock, code] = make(temporaryDirectory());
    const worker = running(`${code} await lock.forever(); process.exitCode = lock.isLocked ? 3 : 4`);
    expect(await soon(once(worker, "exit"), "the thread ends", THREAD_STUCK_AFTER_MS)).toEqual([3]);
    expect(existsSync(lock.lockFile)).toBe(false);
    await lock.run(() => undefined);
  });
});

describe("A worker thread in which nothing reaches flock(2)", () => {
  test("says so, and its main thread goes on", async () => {
    const lockFile = temporaryLockFile();
    const thread = startThread("hold", lockFile, { env: { HOLDFAST_BACKEND: "fs-ext" } });
    expect(await thread.ends()).toBe(1);
    expect(thread.error).toMatchObject({ code: "HOLDFAST_NO_BACKEND" });
    expect(thread.error?.message).toContain("it is not loaded in a worker thread");
    await new FileLock(lockFile).run(() => undefined);
  });

  // fs-ext-extra-prebuilt has no binary for it.
  const withoutFfi = needsRight("Node.js 26", Number(process.versions.node.split(".")[0]) === 26);
  withoutFfi("is any of a Node.js that is told to do without node:ffi", () => {
    const program = `new (require("node:worker_threads").Worker)(process.argv[1], { argv: ["hold", process.argv[2]] })
      .on("error", ({ code, message }) => console.log(JSON.stringify({ code, message })));`;
    const words = ["--no-experimental-ffi", "-e", program, fixture("child.mjs"), temporaryLockFile()];
    const { stdout } = spawnSync(process.execPath, words, { encoding: "utf8" });
    expect(JSON.parse(stdout)).toEqual({
      code: "HOLDFAST_NO_BACKEND",
      message: expect.stringMatching(
        /fs-ext +it is not loaded in a worker thread[^]*node:ffi +Node\.js .* has none/,
      ),
    });
  });
});
