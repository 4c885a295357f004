// Who holds a lock file, by /proc/locks: real holders, and the lines that a test does not meet by chance.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type * as FileSystem from "node:fs/promises";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as FileSystems from "../../src/drivers/file-system.ts";
import { flockDriver } from "../../src/drivers/flock.ts";
import { flockHolders } from "../../src/drivers/flock-holders.ts";
import { inspectLockFile } from "../../src/drivers/inspect-lock-file.ts";
import { commandOf, flocks } from "../../src/drivers/proc-locks.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { granted } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsTool, seesAllProcesses, succeeds } from "../support/needs.ts";
import { soon } from "../support/promises.ts";

everyTestNeedsLinux("/proc/locks");

const files = vi.hoisted(() => new Map<string, string | Error>());

vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof FileSystem>();
  const readFile = (path: string, encoding: "utf8"): Promise<string> => {
    const instead = files.get(path);
    if (instead instanceof Error) return Promise.reject(instead);
    return instead === undefined ? fs.readFile(path, encoding) : Promise.resolve(instead);
  };
  return { ...fs, readFile };
});

const types = vi.hoisted(() => new Map<string, string>());

vi.mock("../../src/drivers/file-system.ts", async (original) => {
  const module = await original<typeof FileSystems>();
  return { ...module, fileSystemOf: (path: string) => types.get(path) ?? module.fileSystemOf(path) };
});

everyTestLeavesNothing();
beforeEach(() => {
  files.clear();
  types.clear();
});

const { holders, identify } = flockDriver();
const flockTest = needsTool("flock(1)", succeeds("flock", "--version"));

/** flock(1) holds the lock file with these options until its input ends. */
function foreignHolder(path: string, ...options: string[]): Promise<ChildProcess> {
  return holding("flock", ...options, "--no-fork", path, "sh", "-c", "echo held; exec cat");
}

/** A program that holds by the time it says so. */
async function holding(command: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  await soon(once(child.stdout, "data"), "flock(1) does not get the lock");
  return child;
}

async function gone(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.stdin!.end();
  await soon(ended, "flock(1) does not end");
}

describe("The holders of a lock file are", () => {
  test("nobody where there is no file, no directory, or no lock on it", async () => {
    const path = temporaryLockFile();
    expect(await holders(path)).toEqual([]);
    expect(await holders(`${path}/sub/work.lock`)).toEqual([]);
    writeFileSync(path, "");
    expect(await holders(path)).toEqual([]);
  });

  test("this process, with its command, while it holds", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    const command = readFileSync("/proc/self/cmdline", "utf8").replaceAll("\0", " ").trim();
    expect(await holders(identify(path))).toEqual([{ pid: process.pid, command }]);
    grant.release({ remove: false });
    expect(await holders(path)).toEqual([]);
  });

  test("of this lock file, not of the one beside it", async () => {
    const [path, other] = [temporaryLockFile(), temporaryLockFile()];
    const grant = granted(path);
    writeFileSync(other, "");
    expect(await holders(other)).toEqual([]);
    grant.release({ remove: false });
  });

  flockTest("a foreign process, with its command", async () => {
    const path = temporaryLockFile();
    const holder = await foreignHolder(path);
    await vi.waitFor(async () => expect(await holders(path)).toEqual([{ pid: holder.pid, command: "cat" }]), {
      timeout: 10_000,
      interval: 1,
    });
    await gone(holder);
    expect(await holders(path)).toEqual([]);
  });

  flockTest("all who share it, each once", async () => {
    const path = temporaryLockFile();
    const sharers = [await foreignHolder(path, "--shared"), await foreignHolder(path, "--shared")];
    const pids = (await holders(path)).map(({ pid }) => pid);
    expect(pids.sort()).toEqual(sharers.map(({ pid }) => pid).sort());
    for (const sharer of sharers) await gone(sharer);
  });

  // 1. `flock 9` locks the descriptor that it has from a shell. 2. It ends, and the shell holds on. 3. Another process may have its pid.
  flockTest("not those who took it, and have ended", async () => {
    const path = temporaryLockFile();
    const shell = await holding("sh", "-c", 'exec 9>"$0"; flock 9; echo held; exec cat', path);
    expect(await holders(path)).toEqual([]);
    await gone(shell);
  });

  flockTest("not those who wait for it", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    const waiter = spawn("flock", [path, "true"], { stdio: "ignore" });
    const blocked = new RegExp(`-> FLOCK .* ${String(waiter.pid)} `);
    await vi.waitFor(() => expect(readFileSync("/proc/locks", "utf8")).toMatch(blocked), {
      timeout: 10_000,
      interval: 1,
    });
    expect((await holders(path)).map(({ pid }) => pid)).toEqual([process.pid]);
    grant.release({ remove: false });
    await soon(once(waiter, "close"), "flock(1) does not end");
  });

  test("not known, and no error, where there is no /proc/locks", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    files.set("/proc/locks", Object.assign(new Error("ENOENT"), { code: "ENOENT" }));
    expect(await holders(path)).toEqual([]);
    grant.release({ remove: false });
  });
});

describe("A line of /proc/locks", () => {
  const file = { dev: makedev(0xfe, 0x0), ino: 2_146_659n };
  const pidsIn = async (...lines: string[]): Promise<number[]> => {
    files.set("/proc/locks", [...lines, ""].join("\n"));
    return (await flocks()).on(file);
  };

  test("names the pid, the device in hexadecimal and the inode in decimal", async () => {
    expect(await pidsIn("1: FLOCK  ADVISORY  WRITE 1951 fe:00:2146659 0 EOF")).toEqual([1951]);
  });

  test("is of another file where the device or the inode differs by anything", async () => {
    const others = ["fe:01:2146659", "fd:00:2146659", "fe:00:21466590", "fe:00:146659", "00:fe:2146659"];
    expect(await pidsIn(...others.map((other) => `1: FLOCK  ADVISORY  WRITE 1951 ${other} 0 EOF`))).toEqual(
      [],
    );
  });

  test("is no holder's where it is a waiter's, or another kind of lock", async () => {
    expect(
      await pidsIn(
        "1: -> FLOCK  ADVISORY  WRITE 1952 fe:00:2146659 0 EOF",
        "2: POSIX  ADVISORY  WRITE 1953 fe:00:2146659 0 EOF",
        "3: OFDLCK ADVISORY  WRITE -1 fe:00:2146659 0 EOF",
        "4: LEASE  ACTIVE    READ 1954 fe:00:2146659 0 EOF",
      ),
    ).toEqual([]);
  });

  test("tells nothing where the process is in another PID namespace", async () => {
    expect(await pidsIn("1: FLOCK  ADVISORY  WRITE 0 fe:00:2146659 0 EOF")).toEqual([]);
  });

  test("counts once for each process", async () => {
    const line = (pid: number) => `${String(pid)}: FLOCK  ADVISORY  READ  ${String(pid)} fe:00:2146659 0 EOF`;
    expect(await pidsIn(line(7), line(8), line(7))).toEqual([7, 8]);
  });

  test("is found for devices and inodes of any size", async () => {
    files.set("/proc/locks", "1: FLOCK  ADVISORY  WRITE 9 103:abcde:18446744073709551615 0 EOF\n");
    expect((await flocks()).on({ dev: makedev(0x103, 0xabcde), ino: 2n ** 64n - 1n })).toEqual([9]);
  });

  test("agrees with what stat(2) says of a real file", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    expect(await flockHolders(path, statSync(path, { bigint: true }))).toHaveLength(1);
    grant.release({ remove: false });
  });
});

// On btrfs the kernel's list has the number of the file system, and stat(2) gives that of the subvolume.
describe("Where the device has another number in /proc/locks, the holders are", () => {
  flockTest("those who have the very file open, and locked", async () => {
    const path = temporaryLockFile();
    const holder = await foreignHolder(path);
    files.set("/proc/locks", lineOf(path, holder));
    expect((await holders(path)).map(({ pid }) => pid)).toEqual([holder.pid]);
    await gone(holder);
  });

  flockTest("not those who hold one that has the same number in another subvolume", async () => {
    const [path, other] = [temporaryLockFile(), temporaryLockFile()];
    writeFileSync(path, "");
    const holder = await foreignHolder(other);
    files.set("/proc/locks", lineOf(path, holder));
    expect(await holders(path)).toEqual([]);
    await gone(holder);
  });

  flockTest("not those who hold one of that number, and have this one open too", async () => {
    const [path, other] = [temporaryLockFile(), temporaryLockFile()];
    writeFileSync(path, "");
    const shell = ["-c", 'exec 8<"$0"; echo held; exec cat', path];
    const holder = await holding("flock", "--no-fork", other, "sh", ...shell);
    files.set("/proc/locks", lineOf(path, holder));
    expect(await holders(path)).toEqual([]);
    await gone(holder);
  });
});

describe("A lock file on btrfs", () => {
  const stateOf = async (path: string): Promise<string> => {
    types.set(path, "btrfs");
    return (await inspectLockFile(path, path)).state;
  };

  test("is free where nobody holds a file of its number", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    files.set("/proc/locks", "");
    expect(await stateOf(path)).toBe(seesAllProcesses ? "free" : "unknown");
  });

  flockTest("may be held, for all that is known, where a file of its number is held", async () => {
    const [path, other] = [temporaryLockFile(), temporaryLockFile()];
    writeFileSync(path, "");
    const holder = await foreignHolder(other);
    files.set("/proc/locks", lineOf(path, holder));
    expect(await stateOf(path)).toBe("unknown");
    await gone(holder);
  });

  flockTest("is held by whoever has it open and locked", async () => {
    const path = temporaryLockFile();
    const holder = await foreignHolder(path);
    files.set("/proc/locks", lineOf(path, holder));
    expect(await stateOf(path)).toBe("held");
    await gone(holder);
  });
});

describe("The command of a process", () => {
  test("has blanks between its arguments, and is one line without control characters", async () => {
    files.set("/proc/7/cmdline", "node\0-e\0one\ntwo\x1b[31m\0");
    expect(await commandOf(7)).toBe("node -e one two [31m");
  });

  test("is its name where it has no arguments, as kernel threads and zombies have none", async () => {
    files.set("/proc/7/cmdline", "");
    files.set("/proc/7/comm", "kworker/0:1\n");
    expect(await commandOf(7)).toBe("kworker/0:1");
  });

  test("is empty where it has ended", async () => {
    expect(await commandOf(999_999_999)).toBe("");
  });
});

/** A line that says that it holds a file with the inode number of the one at `path`, on a device with a number that no file here has. */
function lineOf(path: string, { pid }: ChildProcess): string {
  const { ino } = statSync(path, { bigint: true });
  return `1: FLOCK  ADVISORY  WRITE ${String(pid)} fff:ff:${String(ino)} 0 EOF\n`;
}

/** makedev(3), as glibc has it. */
function makedev(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  );
}
