// Two locks that are not ours, on the same files: flock(1) of util-linux, and python3-filelock of Debian. Whoever
// holds, the other waits; whoever lets go, the other gets it; and a Timeout says who it was.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, vi } from "vitest";
import { FileLock } from "../src/file-lock.ts";
import { Timeout } from "../src/errors.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { everyTestLeavesNothing } from "./support/leaves-nothing.ts";
import { needsTool, succeeds } from "./support/needs.ts";
import { holding, pyFilelock, PYTHON, start } from "./support/peer.ts";
import { blocked, soon } from "./support/promises.ts";

everyTestLeavesNothing();

// Each peer says "waiting" once it has been refused, and "held" once it has the lock, which it keeps until its input
// ends.

const FLOCK = (path: string, ...options: string[]): string[] => ["sh", "-c", FLOCK_SCRIPT, path, ...options];
const FLOCK_SCRIPT = `
  flock "$@" --nonblock "$0" true || echo waiting
  exec flock "$@" --no-fork "$0" sh -c "echo held; exec cat"
`;

const PY_FILELOCK = pyFilelock("FileLock");

/** The exit code of a program that needs nothing from us. */
async function exitCode([command, ...args]: string[]): Promise<number> {
  const child = spawn(command!, args, { stdio: "ignore" });
  const [code] = (await soon(once(child, "close"), `${command!} does not end`)) as [number];
  return code;
}

async function timeoutOf(lock: FileLock, timeout: number): Promise<Timeout> {
  const error: unknown = await lock.acquire({ timeout }).catch((reason: unknown) => reason);
  if (error instanceof Timeout) return error;
  throw new Error(`Expected a Timeout, got ${String(error)}`);
}

const PEERS = [
  {
    name: "flock(1)",
    define: needsTool("flock(1)", succeeds("flock", "--version")),
    command: FLOCK,
    runsAs: "cat",
  },
  {
    name: "py-filelock",
    define: needsTool("python3-filelock", succeeds(PYTHON, "-c", "import filelock")),
    command: PY_FILELOCK,
    runsAs: PYTHON,
  },
];

describe.each(PEERS)("$name,", ({ name, define, command, runsAs }) => {
  define("keeps us out while it holds, and lets us in when it ends", async () => {
    const path = temporaryLockFile();
    const lock = new FileLock(path);
    const peer = await holding(command(path));
    expect(await lock.tryAcquire()).toBeUndefined();
    const acquired = lock.acquire();
    await blocked(acquired);
    expect(await peer.end()).toBe(0);
    const hold = await soon(acquired, "the lock is free, and nobody gets it");
    expect(await lock.holder()).toMatchObject([{ pid: process.pid }]);
    await hold.release();
  });

  define("waits while we hold, and gets the lock when we release", async () => {
    const path = temporaryLockFile();
    const hold = await new FileLock(path).acquire();
    const peer = start(command(path));
    await soon(peer.says("waiting"), `${name} does not try`);
    const held = peer.says("held");
    await blocked(held);
    await hold.release();
    await soon(held, `${name} does not get the lock`);
    expect(await new FileLock(path).tryAcquire()).toBeUndefined();
    expect(await peer.end()).toBe(0);
  });

  define("is named, with its pid and command, by holder() and by a Timeout", async () => {
    const path = temporaryLockFile();
    const lock = new FileLock(path);
    const peer = await holding(command(path));
    await untilItsCommandIs(peer.pid, runsAs);
    expect(await lock.holder()).toEqual([{ pid: peer.pid, command: expect.stringContaining(runsAs) }]);
    for (const timeout of [0, 0.02]) {
      // A look that takes longer than 50 ms, on a machine that is busy enough, is not waited for.
      const seen = async (): Promise<void> => {
        const error = await timeoutOf(lock, timeout);
        expect(error.message).toMatch(`The file lock '${path}' could not be acquired. `);
        expect(error.message).toMatch(`held by pid ${String(peer.pid)} (${runsAs}`);
        expect(error.holder).toMatchObject([{ pid: peer.pid }]);
      };
      await vi.waitFor(seen, { timeout: 5000 });
    }
    await peer.end();
    expect(await lock.holder()).toEqual([]);
  });

  define("frees the lock when it is killed", async () => {
    const path = temporaryLockFile();
    const peer = await holding(command(path));
    const acquired = new FileLock(path).acquire();
    await blocked(acquired);
    process.kill(peer.pid, "SIGKILL");
    await (await soon(acquired, "the lock is free, and nobody gets it")).release();
    await peer.end();
  });
});

describe("flock(1)", () => {
  const { define } = PEERS[0]!;

  define("fails at once with --nonblock while we hold", async () => {
    const path = temporaryLockFile();
    await new FileLock(path).run(async () => {
      expect(await exitCode(["flock", "--nonblock", "--conflict-exit-code", "9", path, "true"])).toBe(9);
    });
    expect(await exitCode(["flock", "--nonblock", path, "true"])).toBe(0);
  });

  define("keeps us out with a shared lock too, and is kept out by ours", async () => {
    const path = temporaryLockFile();
    const lock = new FileLock(path);
    const sharer = await holding(FLOCK(path, "--shared"));
    expect(await lock.tryAcquire()).toBeUndefined();
    await sharer.end();
    await lock.run(async () => {
      expect(await exitCode(["flock", "--shared", "--nonblock", path, "true"])).toBe(1);
    });
  });

  define("locks the file that guards a directory", async () => {
    const path = temporaryLockFile();
    const directory = `${path}.d`;
    await FileLock.inDirectory(directory).run(async () => {
      expect(await exitCode(["flock", "--nonblock", `${directory}/.lock`, "true"])).toBe(1);
      expect(await exitCode(["flock", "--nonblock", directory, "true"])).toBe(0);
    });
  });
});

describe("py-filelock", () => {
  const { define } = PEERS[1]!;
  const TIMES_OUT = `
import sys
from filelock import FileLock, Timeout
try:
    FileLock(sys.argv[1]).acquire(timeout=0)
except Timeout as error:
    assert str(error) == sys.argv[2], str(error)
`;

  define("times out while we hold, with the sentence that our Timeout begins with", async () => {
    const path = temporaryLockFile();
    await new FileLock(path).run(async () => {
      const { message } = await timeoutOf(new FileLock(path, { owner: "object" }), 0);
      const [sentence] = /^.*?acquired\./.exec(message)!;
      expect(sentence).toBe(`The file lock '${path}' could not be acquired.`);
      expect(await exitCode([PYTHON, "-c", TIMES_OUT, path, sentence])).toBe(0);
    });
  });

  // It truncates the lock file whenever it opens it; we do not.
  define("and we lock one file whose content is nobody's", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "precious");
    await new FileLock(path).run(() => undefined);
    expect(readFileSync(path, "utf8")).toBe("precious");
    const peer = await holding(PY_FILELOCK(path));
    expect(await new FileLock(path).tryAcquire()).toBeUndefined();
    await peer.end();
    expect(existsSync(path)).toBe(true);
  });
});

/** The shell that says "held" turns into the command that holds on. */
async function untilItsCommandIs(pid: number, command: string): Promise<void> {
  const name = (): string | undefined => readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").split("\0")[0];
  await vi.waitFor(() => expect(name()).toBe(command), { timeout: 10_000, interval: 1 });
}
