// A lock that lets one process run: its options, who is let in, and what is said to the others.
import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { CannotAcquireLock, FileLock, ProcessLock, Timeout } from "../src/index.ts";
import type { AcquireOptions, Holder, LockEvent } from "../src/index.ts";
import { startChild } from "./support/child.ts";
import { temporaryDirectory } from "./support/directory.ts";
import { fixture } from "./support/driver-child.ts";
import { everyTestLeavesNothing } from "./support/leaves-nothing.ts";
import { startProgram } from "./support/program.ts";
import { soon } from "./support/promises.ts";
import { needsLinux } from "./support/needs.ts";

everyTestLeavesNothing();

const PID = `${String(process.pid)}\n`;

async function refusal(lock: ProcessLock, options?: AcquireOptions): Promise<CannotAcquireLock> {
  const error: unknown = await lock.acquire(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CannotAcquireLock);
  return error as CannotAcquireLock;
}

describe("its options", () => {
  test("make up the lock file, which is not made before it is locked", () => {
    const directory = temporaryDirectory();
    const lock = new ProcessLock({ name: "a b/c", directory });
    expect(lock).toMatchObject({ name: "a b/c", die: false, timeout: 0, owner: "object", remove: true });
    expect(lock.lockFile).toBe(join(directory, "js_exclusivelock_a+b%2Fc.lock"));
    expect(lock.lockfile).toBe(lock.lockFile);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("may name the directory by a URL, a relative path or with a slash at its end", () => {
    for (const directory of [pathToFileURL("/some/where"), "/some/where/", "/some/where//"]) {
      const { lockFile } = new ProcessLock({ name: "a", directory });
      expect(lockFile).toBe("/some/where/js_exclusivelock_a.lock");
    }
    expect(new ProcessLock({ name: "a", directory: "/" }).lockFile).toBe("/js_exclusivelock_a.lock");
    const here = `${process.cwd()}/here/js_exclusivelock_a.lock`;
    expect(new ProcessLock({ name: "a", directory: "here" }).lockFile).toBe(here);
  });

  test("are left out: it is named after the file that makes it", () => {
    expect(new ProcessLock().name).toBe(realpathSync(import.meta.filename));
    expect(new ProcessLock({ name: undefined }).name).toBe(realpathSync(import.meta.filename));
  });

  test.each([
    [{ name: "" }, RangeError, "Expected `name` to be a string that is neither empty nor has half"],
    [{ name: "a\ud800b" }, RangeError, "Expected `name` to be a string that is neither empty nor has half"],
    [{ name: 5 }, TypeError, "Expected `name` to be a string"],
    [{ die: "yes" }, TypeError, "Expected `die` to be a boolean, got `'yes'` (string)"],
    [{ directory: 5 }, TypeError, "Expected the path of a directory to be a string or a file: URL, got `5`"],
    [{ directory: "" }, TypeError, "Expected the path of a directory, got an empty string"],
    [{ timeout: 5 }, TypeError, "Unknown option `timeout`; expected one of name, die, directory"],
    [null, TypeError, "Expected the options to be an object, got `null`"],
  ])("are checked: %o", (options, type, message) => {
    expect(() => new ProcessLock(options as never)).toThrow(type);
    expect(() => new ProcessLock(options as never)).toThrow(message);
  });
});

describe("while it is held", () => {
  test("its file has the process id in it, and goes with the last hold", async () => {
    const lock = new ProcessLock({ name: "one", directory: temporaryDirectory() });
    const hold = await lock.acquire();
    expect(readFileSync(lock.lockFile, "utf8")).toBe(PID);
    await lock.run(() => expect(lock.lockCounter).toBe(2));
    expect(readFileSync(lock.lockFile, "utf8")).toBe(PID);
    await hold.release();
    expect(() => readFileSync(lock.lockFile)).toThrow("ENOENT");
  });

  test("the object owns it: whoever calls counts up", async () => {
    const lock = new ProcessLock({ name: "one", directory: temporaryDirectory() });
    const holds = await soon(Promise.all([lock.acquire(), lock.acquire(), lock.tryAcquire()]), "three holds");
    expect(lock.lockCounter).toBe(3);
    await lock.release({ force: true });
    expect(holds.map((hold) => hold!.released)).toEqual([true, true, true]);
  });

  test("another object of its name is refused at once, also in the same process", async () => {
    const directory = temporaryDirectory();
    const [one, other] = [1, 2].map(() => new ProcessLock({ name: "job", directory })) as [
      ProcessLock,
      ProcessLock,
    ];
    await one.run(async () => {
      const error = await refusal(other);
      expect(error).toMatchObject({
        name: "CannotAcquireLock",
        code: "EALREADY",
        message: `Another 'job' process is already running (pid ${String(process.pid)}).`,
        lockName: "job",
        lockFile: one.lockFile,
        pid: process.pid,
        cause: expect.any(Timeout),
      });
      expect(await other.tryAcquire()).toBeUndefined();
    });
    await other.run(() => {});
  });

  test("a lock of another name, or in another directory, is another lock", async () => {
    const directory = temporaryDirectory();
    const others = [
      new ProcessLock({ name: "other", directory }),
      new ProcessLock({ name: "one", directory: temporaryDirectory() }),
    ];
    await new ProcessLock({ name: "one", directory }).run(async () => {
      for (const other of others) await other.run(() => {});
    });
  });

  // A grant that is handed on comes from an attempt that has not looked what is in the file.
  test("a FileLock on the same file is excluded, in the same process too, and leaves its place without a hand-over", async () => {
    const lock = new ProcessLock({ name: "one", directory: temporaryDirectory() });
    const file = new FileLock(lock.lockFile);
    const hold = await file.acquire();
    writeFileSync(lock.lockFile, "precious");
    const waiting = lock.acquire({ timeout: 10 });
    await hold.release();
    await expect(soon(waiting, "the lock")).rejects.toMatchObject({ code: "EEXIST" });
    expect(readFileSync(lock.lockFile, "utf8")).toBe("precious");
    writeFileSync(lock.lockFile, "");
    await lock.run(async () => {
      expect(await file.tryAcquire()).toBeUndefined();
    });
  });
});

describe("another process that holds it", () => {
  test("is named, by acquire(), run(), wrap() and a decorated method alike", async () => {
    const options = { name: "nightly backup", directory: temporaryDirectory() };
    const other = startProgram("hold", options);
    await other.says("held");
    const lock = new ProcessLock(options);
    class Backup {
      @lock.wrap
      async start(): Promise<void> {}

      @lock.wrap({ timeout: 0.01 })
      async restart(): Promise<void> {}
    }
    const backup = new Backup();
    const message = `Another 'nightly backup' process is already running (pid ${String(other.pid)}).`;
    for (const call of [
      () => lock.acquire(),
      () => lock.acquire({ timeout: 0.01 }),
      () => lock.acquire({ blocking: false }),
      () => lock.run(() => {}),
      () => lock.wrap(() => {})(),
      () => lock.forever(),
      () => backup.start(),
      () => backup.restart(),
    ]) {
      const expected = { name: "CannotAcquireLock", message, pid: other.pid, lockName: "nightly backup" };
      await expect(call()).rejects.toMatchObject(expected);
    }
    expect(await lock.tryAcquire()).toBeUndefined();
    expect(lock.isLocked).toBe(false);
    other.tell("release");
    expect(await other.ends()).toEqual({ code: 0, signal: null });
    await backup.start();
  });

  test("is waited for as long as is asked for", async () => {
    const options = { name: "job", directory: temporaryDirectory() };
    const other = startProgram("hold", options);
    await other.says("held");
    const lock = new ProcessLock(options);
    const waiting = lock.acquire({ timeout: 10, onWait: () => other.tell("release") });
    const hold = await soon(waiting, "the lock");
    expect(readFileSync(lock.lockFile, "utf8")).toBe(PID);
    await hold.release();
  });

  test("was killed: the next one has it at once, whatever the file says", async () => {
    const options = { name: "job", directory: temporaryDirectory() };
    const other = startProgram("forever", options);
    await other.says("held");
    await other.kill();
    const lock = new ProcessLock(options);
    expect(readFileSync(lock.lockFile, "utf8")).toBe(`${String(other.pid)}\n`);
    await lock.run(() => expect(readFileSync(lock.lockFile, "utf8")).toBe(PID));
  });

  needsLinux("/proc/locks")("is named by the kernel where the file names a dead one", async () => {
    const lock = new ProcessLock({ name: "job", directory: temporaryDirectory() });
    const other = startChild("hold", lock.lockFile); // writes nothing
    await other.says("held");
    for (const content of ["", "4194304\n", "no pid"]) {
      writeFileSync(lock.lockFile, content);
      expect(await refusal(lock)).toMatchObject({ pid: other.pid });
    }
    await other.kill();
  });
});

needsLinux("/proc/locks")("a look that took too long for the Timeout is waited for", async () => {
  class Hasty extends ProcessLock {
    protected override async refused({ lockFile, timeout }: Timeout): Promise<Error> {
      return super.refused(new Timeout(lockFile, { timeout, waited: 0, ahead: undefined, holder: [] }));
    }
  }
  const lock = new Hasty({ name: "job", directory: temporaryDirectory() });
  const hold = await new FileLock(lock.lockFile).acquire();
  writeFileSync(lock.lockFile, "4194304\n");
  expect(await refusal(lock)).toMatchObject({ pid: process.pid });
  await hold.release();
});

describe("without a promise", () => {
  test("another holder is named from its file, and dying is the same", async () => {
    const directory = temporaryDirectory();
    const lock = new ProcessLock({ name: "backup", directory });
    const child = startChild("hold", lock.lockFile);
    await child.says("held");
    writeFileSync(lock.lockFile, "4711\n");
    expect(() => lock.acquireSync()).toThrow(CannotAcquireLock);
    expect(() => lock.acquireSync()).toThrow("Another 'backup' process is already running (pid 4711).");
    expect(lock.tryAcquireSync()).toBeUndefined();
    await child.kill();
    const hold = lock.acquireSync();
    expect(readFileSync(lock.lockFile, "utf8")).toBe(PID);
    hold.releaseSync();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("this process is named where it holds it itself, through another object", async () => {
    const options = { name: "backup", directory: temporaryDirectory() };
    await using hold = await new ProcessLock(options).acquire();
    expect(hold.released).toBe(false);
    expect(() => new ProcessLock(options).acquireSync()).toThrow(`running (pid ${String(process.pid)}).`);
  });
});

test("there are no shared holds of it", async () => {
  const lock = new ProcessLock({ name: "backup", directory: temporaryDirectory() });
  await expect(lock.acquire({ shared: true })).rejects.toThrow(
    "Expected `shared` to be left out: a ProcessLock is held by one at a time",
  );
});

describe("where the kernel does not say who holds it", () => {
  // As for a holder in another PID namespace.
  class Blind extends ProcessLock {
    override async holder(): Promise<Holder[]> {
      return [];
    }

    protected override async refused({ lockFile, timeout }: Timeout): Promise<Error> {
      return super.refused(new Timeout(lockFile, { timeout, waited: 0, ahead: undefined, holder: [] }));
    }
  }

  test.each([
    ["4711\n", 4711, "4711"],
    ["4711", 4711, "4711"],
    ["", undefined, "unknown"],
    ["0\n", undefined, "unknown"],
    ["4711\n\n", undefined, "unknown"],
    ["no pid", undefined, "unknown"],
  ])("the file does, if it can: %j", async (content, pid, said) => {
    const lock = new Blind({ name: "job", directory: temporaryDirectory() });
    const hold = await new FileLock(lock.lockFile).acquire();
    writeFileSync(lock.lockFile, content);
    const { message, ...error } = await refusal(lock);
    expect(error.pid).toBe(pid);
    expect(message).toBe(`Another 'job' process is already running (pid ${said}).`);
    await hold.release();
  });
});

test("NODE_DEBUG=holdfast tells what it does", () => {
  const options = { name: "job", directory: temporaryDirectory() };
  const { lockFile } = new ProcessLock(options);
  const { status, stderr } = spawnSync(
    process.execPath,
    [fixture("program.mjs"), "cycle", JSON.stringify(options)],
    { env: { ...process.env, NODE_DEBUG: "holdfast" }, encoding: "utf8", timeout: 10_000 },
  );
  const told = stderr.match(/^HOLDFAST \d+: \w+: hold \d .*'(.*)'$/gm)!;
  expect(told.map((line) => line.split(": ")[1])).toEqual([
    ...["attempt", "acquired", "attempt", "acquired"],
    ...["release", "released", "release", "released"],
  ]);
  expect(told.filter((line) => line.includes(`'${lockFile}'`))).toHaveLength(8);
  expect(status).toBe(0);
});

test("what it does is told like that of any lock", async () => {
  const lock = new ProcessLock({ name: "job", directory: temporaryDirectory() });
  const seen: string[] = [];
  const steps = ["attempt", "acquired", "release", "released"].map((what) => {
    const note = (event: unknown): void => void seen.push(`${what} ${(event as LockEvent).lockFile}`);
    subscribe(`holdfast:${what}`, note);
    return () => unsubscribe(`holdfast:${what}`, note);
  });
  await lock.run(() => {});
  for (const end of steps) end();
  const expected = ["attempt", "acquired", "release", "released"].map((what) => `${what} ${lock.lockFile}`);
  expect(seen).toEqual(expected);
});

// A signal may have been meant to end the process, and somebody else may have kept it alive.
test("the end of all holds leaves no file behind for those of the process who wait, and lets them go on in the next turn", async () => {
  class Ending extends ProcessLock {
    end(): void {
      this.endAll();
    }
  }
  const options = { name: "a", directory: temporaryDirectory() };
  const lock = new Ending(options);
  await lock.acquire();
  const waiting = [1, 2].map(() =>
    new ProcessLock(options).run(() => readFileSync(lock.lockFile, "utf8"), { timeout: 60 }),
  );
  lock.end();
  expect(readdirSync(options.directory)).toEqual([]);
  expect(await soon(Promise.all(waiting), "they go on")).toEqual([PID, PID]);
  expect(readdirSync(options.directory)).toEqual([]);
});
