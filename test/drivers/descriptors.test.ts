// The descriptor that carries a flock: it runs out, it is inherited by nobody by accident, and by a child on purpose.
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { descriptorsOf, granted, isHeld } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { soon } from "../support/promises.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/self/fd");

everyTestLeavesNothing();

describe("A process that has no descriptor left", () => {
  /** How attempts go, one after the other, where each may open so many descriptors. */
  const outcomes = (...allowed: number[]): unknown =>
    outputOf("few-descriptors.mjs", [temporaryLockFile(), ...allowed.map(String)], {
      through: ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"],
    });

  const won = { result: "won", left: 0 };
  const tooMany = expect.objectContaining({
    code: "EMFILE",
    message: expect.stringContaining(
      "this process has too many files open. Close some, or raise the limit (ulimit -n)",
    ),
    left: 0,
  });

  test("gets a clear error with the code, leaks nothing, and can lock again later", () => {
    expect(outcomes(0, 20, 0, 20)).toEqual([tooMany, won, tooMany, won]);
  });

  test("needs one descriptor for a lock, once the native module is loaded", () => {
    expect(outcomes(20, 1)).toEqual([won, won]);
  });

  // 1. The native module is loaded for the first lock, and Node finds no descriptor to read a package.json with.
  // 2. It takes that for a missing package, and remembers it for as long as the process lives.
  test.each([0, 1, 2])(
    "can load the native module later where the first lock found %i descriptors",
    (found) => {
      const [first, second] = outcomes(found, 20) as unknown[];
      expect([expect.objectContaining({ code: "EMFILE", left: 0 }), won]).toContainEqual(first);
      expect(second).toEqual(won);
    },
  );
});

/** A process that lives until its input ends, with those descriptors of ours beside its input. */
async function bystander(...fds: number[]): Promise<ChildProcess> {
  const stdio: StdioOptions = ["pipe", "pipe", "inherit", ...fds];
  const child = spawn("sh", ["-c", "echo ready; exec cat"], { stdio });
  await soon(once(child.stdout!, "data"), "the bystander does not start");
  return child;
}

async function gone(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.stdin!.end();
  await soon(ended, "the bystander does not end");
}

// Whether descriptors are left was tried by opening "/", and where that was refused, the lock file was said to be what could not be opened.
test("A process that must not read the root directory locks all the same", () => {
  const path = temporaryLockFile();
  const flag = ["--permission", "--experimental-permission"].find((each) =>
    process.allowedNodeEnvironmentFlags.has(each),
  )!;
  const [project, shared] = [fileURLToPath(new URL("../..", import.meta.url)), dirname(path)];
  // In a copy of the project, what is installed is linked.
  const installed = dirname(realpathSync(`${project}node_modules/fs-ext`));
  const reads = [project, shared, installed].map((each) => `--allow-fs-read=${each}`);
  const options = [flag, "--allow-addons", ...reads, `--allow-fs-write=${shared}`, "--no-warnings"];
  const env = {
    NODE_OPTIONS: options.map((option) => JSON.stringify(option)).join(" "),
    HOLDFAST_BACKEND: "fs-ext",
  };
  expect(outputOf("try-lock.mjs", ["self", path], { env })).toEqual([{ result: "won" }]);
});

describe("A child process", () => {
  test("does not inherit the lock by accident", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    const child = await bystander();
    expect(descriptorsOf(path, child.pid)).toEqual([]);
    closeSync(grant.fd!); // as at the death of this process
    expect(isHeld(path)).toBe(false);
    await gone(child);
  });

  test("that is given the descriptor keeps the lock when this process dies, until it ends itself", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    const child = await bystander(grant.fd!);
    expect(descriptorsOf(path, child.pid)).toEqual(["3"]);
    closeSync(grant.fd!); // as at the death of this process
    expect(isHeld(path)).toBe(true);
    await gone(child);
    expect(isHeld(path)).toBe(false);
  });

  // flock(2): the lock is released by an explicit LOCK_UN on any of the duplicated descriptors.
  test("that is given the descriptor has the lock no longer than the grant lasts", async () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    const child = await bystander(grant.fd!);
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
    expect(descriptorsOf(path, child.pid)).toEqual(["3"]);
    expect(isHeld(path)).toBe(false);
    await gone(child);
  });
});

test("A lock does not go with the garbage", () => {
  const path = temporaryLockFile();
  const fd = granted(path).fd!;
  for (let round = 0; round < 5; round++) globalThis.gc!();
  expect(isHeld(path)).toBe(true);
  closeSync(fd);
});
