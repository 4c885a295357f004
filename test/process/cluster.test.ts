// Processes of one program: those of a cluster are strangers to each other like any others, and what a holder starts does
// not get its lock, unless it is given the descriptor.
import { exec, fork, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileLock, type Hold } from "../../src/index.ts";
import { Child, startChild } from "../support/child.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { isWindows, needsLinux, needsRight } from "../support/needs.ts";
import { soon } from "../support/promises.ts";

/** It starts five processes, one after the other. */
const STUCK_AFTER_MS = 100_000;

test(
  "a worker of a cluster that ends while it holds: the next one has it, and the primary is refused",
  async () => {
    const child = new Child(
      fork(fixture("cluster.mjs"), [temporaryLockFile()], {
        execArgv: [],
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      }),
    );
    onTestFinished(async () => {
      await child.kill();
    });
    const { got } = (await child.says("done", STUCK_AFTER_MS)) as unknown as { got: object };
    const refused = { kill: false, disconnect: false, disconnectItself: false, exit: false, workOn: false };
    expect(got).toEqual({ ...refused, atTheEnd: true });
    expect(await child.ends()).toEqual({ code: 0, signal: null });
  },
  STUCK_AFTER_MS + 10_000,
);

/** A process that lives until its standard input ends, and has said something. */
async function living(child: ChildProcess): Promise<ChildProcess> {
  onTestFinished(() => void child.kill("SIGKILL"));
  await soon(once(child.stdout!, "data"), "the child says that it lives");
  return child;
}

describe("while the lock is held, and lives on, does not have it: what is started by", () => {
  const othersGetIt = async (hold: Hold): Promise<void> => {
    await hold.release();
    const next = await new FileLock(hold.lockFile).tryAcquire();
    expect(next).toBeDefined();
    await next!.release();
  };

  test.skipIf(isWindows).each<[string, () => ChildProcess]>([
    ["spawn()", () => spawn("sh", ["-c", "echo ready; exec cat"])],
    ["exec()", () => exec("echo ready; exec cat")],
  ])("%s", async (_, start) => {
    const hold = await new FileLock(temporaryLockFile()).acquire();
    const child = await living(start());
    await othersGetIt(hold);
    expect(child.exitCode).toBeNull();
  });

  test("fork()", async () => {
    const hold = await new FileLock(temporaryLockFile()).acquire();
    const child = startChild("attempt", temporaryLockFile());
    await child.says("ready");
    await othersGetIt(hold);
    child.tell("attempt");
    await child.says("attempted");
  });
});

needsLinux("/proc lists what a process has open")(
  "nor does what blocks its starter: spawnSync() sees no descriptor of it",
  async () => {
    const lockFile = temporaryLockFile();
    await using hold = await new FileLock(lockFile).acquire();
    const { stdout } = spawnSync("sh", ["-c", "ls -l /proc/$$/fd"], { encoding: "utf8" });
    expect(stdout).not.toContain(hold.lockFile);
  },
);

const sharedTest = needsRight("a system on which a child can share a lock", !isWindows);

sharedTest(
  "a child that is given the descriptor keeps the lock when its parent dies, for as long as it lives",
  async () => {
    const lockFile = temporaryLockFile();
    const parent = startChild("hold", lockFile);
    await parent.says("held");
    parent.tell("bequeath");
    const { pid } = await parent.says("spawned");
    onTestFinished(() => {
      try {
        process.kill(pid!, "SIGKILL");
      } catch {
        // it is dead, as it should be
      }
    });
    await parent.kill();
    const lock = new FileLock(lockFile);
    expect(await lock.tryAcquire()).toBeUndefined();
    const next = lock.acquire();
    process.kill(pid!, "SIGKILL");
    await (await soon(next, "the lock is free when the heir has died")).release();
  },
);

sharedTest("and loses it when its parent releases: it is one lock", async () => {
  const lockFile = temporaryLockFile();
  const hold = await new FileLock(lockFile).acquire();
  const child = await living(
    spawn("sh", ["-c", "echo ready; exec cat"], { stdio: ["pipe", "pipe", "inherit", hold.fd!] }),
  );
  await hold.release();
  const next = await new FileLock(lockFile).tryAcquire();
  expect(next).toBeDefined();
  expect(child.exitCode).toBeNull();
  await next!.release();
});
