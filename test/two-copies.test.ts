// Two copies of the package in one thread, as a dependency tree may hold them: they agree on who owns what, and two that
// cannot agree refuse each other. And the one copy as CommonJS gets it.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as holdfast from "../src/index.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { blocked, soon } from "./support/promises.ts";

type Copy = typeof holdfast;

const root = fileURLToPath(new URL("..", import.meta.url));
// Below node_modules: the copies find their dependencies, and no tool takes them for a part of the project.
const cache = join(root, "node_modules/.cache", `holdfast-copies-${String(process.pid)}`);

let one: Copy;
let other: Copy;

beforeAll(async () => {
  const imported = ["one", "other"].map((name) => {
    const directory = join(cache, name);
    mkdirSync(directory, { recursive: true });
    cpSync(join(root, "dist"), join(directory, "dist"), { recursive: true });
    writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
    return import(pathToFileURL(join(directory, "dist/index.js")).href) as Promise<Copy>;
  });
  [one, other] = (await Promise.all(imported)) as [Copy, Copy];
});

afterAll(() => {
  rmSync(cache, { recursive: true, force: true });
});

describe("two copies of one format", () => {
  test("are two copies", () => {
    expect(one.FileLock).not.toBe(other.FileLock);
  });

  test("nest in each other's run(), and count together", async () => {
    const lockFile = temporaryLockFile();
    const [a, b] = [new one.FileLock(lockFile), new other.FileLock(lockFile)];
    for (const [outer, inner] of [
      [a, b],
      [b, a],
    ] as const) {
      await outer.run(async () => {
        await soon(
          inner.run(async () => {
            await (await soon(outer.acquire(), "a bare hold in it")).release();
            expect([a.lockCounter, b.lockCounter]).toEqual([2, 2]);
          }),
          "nesting in the other copy's run()",
        );
      });
    }
    expect([a.lockCounter, b.lockCounter]).toEqual([0, 0]);
  });

  test("know each other's errors, and others from those", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new one.FileLock(lockFile, { shared: true }).acquire();
    const error: unknown = await one.detached(() => {
      try {
        return new other.FileLock(lockFile).acquireSync();
      } catch (thrown) {
        return thrown;
      }
    });
    class Derived extends one.Deadlock {}
    const types = [one.Deadlock, other.Deadlock, Error, Derived, one.LockUnsupported, one.Timeout];
    expect(types.map((type) => error instanceof type)).toEqual([true, true, true, false, false, false]);
    const derived = Object.assign(new Derived(lockFile, "drained", undefined), { name: "Derived" });
    expect([derived instanceof Derived, derived instanceof one.Deadlock]).toEqual([true, true]);
    await hold.release();
  });

  test("exclude each other's tasks, in one queue", async () => {
    const lockFile = temporaryLockFile();
    const hold = await new one.FileLock(lockFile).acquire();
    expect(await new other.FileLock(lockFile).tryAcquire()).toBeUndefined();
    const order: number[] = [];
    let inside = 0;
    const tasks = Array.from({ length: 20 }, (_, index) =>
      new [one, other][index % 2]!.FileLock(lockFile).run(async () => {
        expect(++inside).toBe(1);
        order.push(index);
        await Promise.resolve();
        inside--;
      }),
    );
    await blocked(Promise.race(tasks));
    await hold.release();
    await soon(Promise.all(tasks), "the tasks of both");
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test("hold what the other has detached apart", async () => {
    const lockFile = temporaryLockFile();
    await new one.FileLock(lockFile).run(async () => {
      expect(await other.detached(() => new one.FileLock(lockFile).tryAcquire())).toBeUndefined();
    });
  });

  test("tell each other when the event loop has drained", async () => {
    // Each puts its waits on the one list; one listener looks.
    const lockFile = temporaryLockFile();
    const before = process.listenerCount("beforeExit");
    const holds = [
      await new one.FileLock(lockFile).acquire(),
      await new other.FileLock(`${lockFile}.b`).acquire(),
    ];
    const waits = [new other.FileLock(lockFile).acquire(), new one.FileLock(`${lockFile}.b`).acquire()];
    expect(process.listenerCount("beforeExit")).toBe(before + 1);
    for (const hold of holds) await hold.release();
    for (const hold of await Promise.all(waits)) await hold.release();
    expect(process.listenerCount("beforeExit")).toBe(before);
  });

  // On Node 20 and 22 a mark has to be taken off the resource. 1. A turn of an interval acquires through both copies:
  // each puts its mark there. 2. One takes its own off and finds the other's, the other puts back what it had found: the
  // first mark. 3. The next turn begins with that, and nests in a hold of a task that still works.
  test.each(["one", "both"])("leave no mark on a timer whose turn %s marked twice", async (who) => {
    const lockFile = temporaryLockFile();
    const [a, b] = [new one.FileLock(lockFile), new (who === "both" ? other : one).FileLock(`${lockFile}.b`)];
    let inside = 0;
    let most = 0;
    const task = async (): Promise<void> => {
      const acquired = [a.acquire(), b.acquire()] as const;
      const hold = await acquired[0];
      most = Math.max(most, ++inside);
      await pause(20);
      inside--;
      await hold.release();
      await (await acquired[1]).release();
    };
    const tasks: Promise<void>[] = [];
    await new Promise<void>((resolve) => {
      const interval = setInterval(() => {
        tasks.push(task());
        if (tasks.length < 4) return;
        clearInterval(interval);
        resolve();
      }, 5);
    });
    await soon(Promise.all(tasks), "the tasks");
    expect(most).toBe(1);
  });
});

describe("in a process of its own", () => {
  const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, args, { cwd: root });

  test.each([["{ format: 2, slots: new Map() }"], ["{ format: 0 }"], ["{}"]])(
    "a copy of another format is refused at import, with what to do: %s",
    async (state) => {
      const script = `globalThis[Symbol.for("holdfast")] = ${state}; await import("holdfast");`;
      const error = (await run("--input-type=module", "-e", script).catch((thrown: unknown) => thrown)) as {
        code: number;
        stderr: string;
      };
      expect(error.code).toBe(1);
      expect(error.stderr).toMatch(
        /Error: Two versions of holdfast that cannot work together were loaded in one thread \(state formats (2|0|undefined) and 1\)/,
      );
      expect(error.stderr).toContain("npm ls holdfast");
    },
  );

  test("require() gets what import gets", async () => {
    const script = `
      const required = require("holdfast");
      import("holdfast").then(async (imported) => {
        const { FileLock } = required;
        const result = await new FileLock(process.argv[1]).run((hold) => typeof hold.fd);
        console.log(JSON.stringify([Object.keys(required).sort(), imported.FileLock === FileLock, result]));
      });`;
    const { stdout } = await run("-e", script, temporaryLockFile());
    const [names, same, result] = JSON.parse(stdout) as [string[], boolean, string];
    expect(names).toEqual(Object.keys(one).sort());
    expect([same, result]).toEqual([true, "number"]);
  });
});
