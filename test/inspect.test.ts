// What inspect() tells of a lock file: who holds it and who waits, by flocks that other programs take too, and nothing that
// it cannot know. It leaves no trace.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fileSystemOf } from "../src/drivers/file-system.ts";
import { FileLock, inspect } from "../src/index.ts";
import { isRoot } from "./support/as-nobody.ts";
import { startChild, type Child } from "./support/child.ts";
import { temporaryDirectory, temporaryLockFile } from "./support/directory.ts";
import { everyTestNeedsLinux, needsRight, seesAllProcesses, succeeds } from "./support/needs.ts";
import { soon } from "./support/promises.ts";

everyTestNeedsLinux("/proc/locks and /proc/<pid>/fd");

const isTelling = /^(?:btrfs|ext[234]|tmpfs|xfs)$/.test(fileSystemOf(tmpdir()) ?? "");
const FREE = seesAllProcesses && isTelling ? "free" : "unknown";

/** A process that has the lock file, until the test ends. */
async function holder(path: string): Promise<Child> {
  const child = startChild("hold", path);
  await child.says("held");
  return child;
}

async function waiter(path: string, options: object = {}): Promise<Child> {
  const child = startChild("hold", path, { options });
  await child.says("waiting");
  return child;
}

/** Runs a shell until it says "ready", and keeps it until the test ends. */
async function shell(script: string, path: string): Promise<number> {
  const child = spawn("sh", ["-c", `${script}; echo ready; read line`, path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.stdin.end();
    await soon(ended, "the shell does not end");
  });
  await soon(once(child.stdout, "data"), "the shell is not ready");
  return child.pid!;
}

describe("a lock file that nobody holds", () => {
  test("is free where it is not there, and is not created", async () => {
    const path = temporaryLockFile();
    expect(await inspect(path)).toEqual({ lockFile: path, state: "free", holders: [], waiters: [] });
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test("is free where its directory is not there", async () => {
    expect(await inspect(`${temporaryLockFile()}/deep/work.lock`)).toMatchObject({ state: "free" });
  });

  test("is free where it is there, and stays as it is", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "precious");
    const before = lstatSync(path, { bigint: true });
    expect(await inspect(path)).toEqual({ lockFile: path, state: FREE, holders: [], waiters: [] });
    expect(lstatSync(path, { bigint: true })).toEqual(before);
    expect(existsSync(`${path}.queue`)).toBe(false);
  });

  test("is free again when it was released", async () => {
    const path = temporaryLockFile();
    await new FileLock(path).run(() => undefined);
    expect(await inspect(path)).toMatchObject({ state: FREE, holders: [] });
  });

  test("is free where another file of the same name is held", async () => {
    const path = temporaryLockFile();
    const directory = `${dirname(path)}/other`;
    writeFileSync(path, "");
    await using hold = await new FileLock(`${directory}/work.lock`).acquire();
    expect(await inspect(path)).toMatchObject({ state: FREE, holders: [], waiters: [] });
    expect(await inspect(hold.lockFile)).toMatchObject({ state: "held" });
  });
});

describe("a lock file that is held", () => {
  test("by this process, is held by its pid", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const { state, holders } = await inspect(hold.lockFile);
    expect({ state, holders }).toEqual({
      state: "held",
      holders: [{ pid: process.pid, command: expect.stringContaining("vitest") }],
    });
  });

  test("by another process, is held by that one", async () => {
    const path = temporaryLockFile();
    const { pid } = await holder(path);
    expect(await inspect(path)).toMatchObject({ state: "held", holders: [{ pid }], waiters: [] });
  });

  test("may be named by a file: URL", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    expect(await inspect(pathToFileURL(hold.lockFile))).toMatchObject({ lockFile: path, state: "held" });
  });

  // 1. `flock 9` locks the descriptor that it has from a shell. 2. It ends, and the shell holds on. 3. /proc/locks names the
  // one that has ended, or nobody.
  test("by a shell whose descriptor flock(1) has locked, is held by the shell", async () => {
    const path = temporaryLockFile();
    const pid = await shell('exec 9>"$0"; flock 9', path);
    const { state, holders } = await inspect(path);
    expect({ state, pids: holders.map((one) => one.pid) }).toEqual({ state: "held", pids: [pid] });
  });

  test("by several that share it, is held by them all", async () => {
    const path = temporaryLockFile();
    const pids = [];
    for (let i = 0; i < 2; i++) pids.push(await shell('exec 9>"$0"; flock --shared 9', path));
    const { holders, waiters } = await inspect(path);
    expect(holders.map(({ pid }) => pid).sort()).toEqual(pids.sort());
    expect(waiters).toEqual([]);
  });
});

describe("who waits", () => {
  test("is whoever has the lock file open and does not hold it", async () => {
    const path = temporaryLockFile();
    const { pid } = await holder(path);
    const waiting = await waiter(path);
    const { holders, waiters } = await inspect(path);
    expect(holders.map((one) => one.pid)).toEqual([pid]);
    expect(waiters).toEqual([{ pid: waiting.pid, command: expect.stringContaining("child.mjs hold") }]);
  });

  test("is told in the order of the line, and before those who do not stand in it", async () => {
    const path = temporaryLockFile();
    await holder(path);
    const contender = await waiter(path);
    const line: Child[] = [];
    for (let i = 1; i <= 3; i++) {
      line.push(await waiter(path, { order: "fifo" }));
      const tickets = (): string[] => readdirSync(`${path}.queue`).filter((name) => name !== "gate");
      await vi.waitFor(() => expect(tickets()).toHaveLength(i), { timeout: 10_000, interval: 1 });
    }
    const { waiters } = await inspect(path);
    expect(waiters.map(({ pid, position }) => ({ pid, position }))).toEqual([
      ...line.map(({ pid }, ahead) => ({ pid, position: ahead + 1 })),
      { pid: contender.pid, position: undefined },
    ]);
  });
});

describe("a directory", () => {
  test("means the .lock in it", async () => {
    const directory = temporaryDirectory();
    await using hold = await FileLock.inDirectory(directory).acquire();
    const held = { lockFile: hold.lockFile, state: "held", holders: [{ pid: process.pid }] };
    expect(await inspect(directory)).toMatchObject(held);
    expect(await inspect(`${directory}/`)).toMatchObject(held);
  });

  test("that nobody has guarded yet is free, and stays empty", async () => {
    const directory = temporaryDirectory();
    expect(await inspect(directory)).toMatchObject({ lockFile: `${directory}/.lock`, state: "free" });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("what cannot be a lock file", () => {
  test("is refused: a symbolic link, a device, something below a file", async () => {
    const path = temporaryLockFile();
    symlinkSync("nowhere", path);
    await expect(inspect(path)).rejects.toMatchObject({
      code: "ELOOP",
      message: expect.stringContaining(path),
    });
    await expect(inspect("/dev/null")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(inspect("/dev/null/work.lock")).rejects.toMatchObject({ code: "ENOTDIR" });
    mkdirSync(`${dirname(path)}/.lock`);
    await expect(inspect(dirname(path))).rejects.toMatchObject({ code: "EINVAL" });
  });

  test("is a TypeError where it is no path", async () => {
    await expect(inspect(7 as never)).rejects.toThrow(
      "Expected the path of a lock file or directory to be a string or a file: URL, got `7` (number)",
    );
  });
});

const OVERLAY = `cd "$0" && mount -t tmpfs none . && cd "$0" && mkdir lower upper work merged &&
  mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged && ln -s merged link`;

// What looks like a path on one file system leads to another, where a holder need not be seen.
const canMount = isRoot && succeeds("unshare", "--mount", "sh", "-c", OVERLAY, "/mnt");
needsRight("the right to mount", canMount)(
  "behind a link to a file system that does not tell of all who hold, nothing is claimed",
  async () => {
    const directory = temporaryDirectory();
    const script = `${OVERLAY} && touch merged/work.lock && exec "$@"`;
    expect(
      await inspected(["--mount", "sh", "-c", script, directory], join(directory, "link/work.lock")),
    ).toMatchObject({
      state: "unknown",
    });
  },
);

const canUnshare = succeeds("unshare", "--pid", "--fork", "--mount-proc", "true");

needsRight("the right to make a PID namespace", canUnshare)(
  "where the holder is outside of the PID namespace, nothing is claimed",
  async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const seen = await inspected(["--pid", "--fork", "--mount-proc"], hold.lockFile);
    expect(seen).toEqual({ lockFile: path, state: "unknown", holders: [], waiters: [] });
  },
);

/** What a process that unshare(1) has started is told of a lock file. */
async function inspected(unshare: readonly string[], lockFile: string): Promise<unknown> {
  const script = `import { inspect } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
    console.log(JSON.stringify(await inspect(${JSON.stringify(lockFile)})));`;
  const node = [process.execPath, "--input-type=module", "-e", script];
  const child = spawn("unshare", [...unshare, ...node], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (data: string) => (text += data));
  await soon(once(child, "close"), "nobody has looked");
  return JSON.parse(text) as unknown;
}
