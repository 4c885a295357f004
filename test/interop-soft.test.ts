// SoftFileLock and a lock that is not ours, on the same files: that of python3-filelock, whose marker is empty in
// Debian's version. Whoever holds, the other waits; whoever lets go, the other gets it.
import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { SoftFileLock } from "../src/index.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { everyTestLeavesNothing } from "./support/leaves-nothing.ts";
import { needsTool, succeeds } from "./support/needs.ts";
import { holding, pyFilelock, PYTHON, start } from "./support/peer.ts";
import { blocked, soon } from "./support/promises.ts";
import { around } from "./support/soft-steps.ts";

everyTestLeavesNothing();

const define = needsTool("python3-filelock", succeeds(PYTHON, "-c", "from filelock import SoftFileLock"));

const PY_FILELOCK = pyFilelock("SoftFileLock");

define("py-filelock keeps us out while it holds, and lets us in when it ends", async () => {
  const path = temporaryLockFile();
  const lock = new SoftFileLock(path);
  const peer = await holding(PY_FILELOCK(path));
  expect(await lock.tryAcquire()).toBeUndefined();
  await expect(lock.acquire({ timeout: 0 })).rejects.toThrow(
    "The lock file is empty, so that nobody can tell",
  );
  const acquired = lock.acquire();
  await blocked(acquired);
  expect(readFileSync(path, "utf8")).toBe("");
  expect(await peer.end()).toBe(0);
  const hold = await soon(acquired, "the lock is free, and nobody gets it");
  expect(lock.isLockHeldByUs).toBe(true);
  await hold.release();
  expect(around(path)).toEqual([]);
});

define("py-filelock waits while we hold, and gets the lock when we release", async () => {
  const path = temporaryLockFile();
  const lock = new SoftFileLock(path);
  const hold = await lock.acquire();
  const peer = start(PY_FILELOCK(path));
  await soon(peer.says("waiting"), "py-filelock does not try");
  const held = peer.says("held");
  await blocked(held);
  expect(lock.isLockHeldByUs).toBe(true);
  await hold.release();
  await soon(held, "py-filelock does not get the lock");
  expect(await lock.tryAcquire()).toBeUndefined();
  expect(await peer.end()).toBe(0);
  expect(around(path)).toEqual([]);
});

define("breakLock() frees what py-filelock has left behind, and it is not broken without", async () => {
  const path = temporaryLockFile();
  const lock = new SoftFileLock(path);
  const peer = await holding(PY_FILELOCK(path));
  process.kill(peer.pid, "SIGKILL");
  await peer.end();
  expect(existsSync(path)).toBe(true);
  expect(await lock.tryAcquire()).toBeUndefined();
  await lock.breakLock();
  await lock.run(() => expect(lock.isLockHeldByUs).toBe(true));
});
