// What can be seen of a lock from outside: NODE_DEBUG and the diagnostics channels. Looking changes nothing.
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { LockEvent } from "../src/index.ts";
import { startChild } from "./support/child.ts";
import { temporaryLockFile } from "./support/directory.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { blocked, soon } from "./support/promises.ts";

const PATH = "/memory/work.lock";
const STEPS = ["attempt", "acquired", "release", "released"] as const;

let driver: MemoryDriver;
let lock: MemoryLock;

beforeEach(() => {
  driver = memoryDriver();
  lock = new MemoryLock(driver, PATH);
});

describe("NODE_DEBUG=holdfast", () => {
  const stderrWith = async (lockFile: string, debug: string): Promise<string[]> => {
    const child = startChild("cycle", lockFile, { env: { NODE_DEBUG: debug } });
    expect(await child.ends()).toEqual({ code: 0, signal: null });
    return child.stderr.split("\n").filter(Boolean);
  };

  test("prints the four messages of each hold, with the lock file and the hold's id", async () => {
    const lockFile = temporaryLockFile();
    const lines = await stderrWith(lockFile, "holdfast");
    const [pid] = /(?<=^HOLDFAST )\d+/.exec(lines[0]!)!;
    const sentences = (id: number): string[] =>
      [
        `attempt: hold ${String(id)} asks for the lock file '${lockFile}'`,
        `acquired: hold ${String(id)} has the lock file '${lockFile}'`,
        `release: hold ${String(id)} lets go of the lock file '${lockFile}'`,
        `released: hold ${String(id)} no longer has the lock file '${lockFile}'`,
      ].map((sentence) => `HOLDFAST ${pid}: ${sentence}`);
    const [outer, inner] = [sentences(1), sentences(2)];
    expect(lines).toEqual([...outer.slice(0, 2), ...inner, ...outer.slice(2)]);
  });

  test("and nothing of it where it is not asked for", async () => {
    expect(await stderrWith(temporaryLockFile(), "other")).toEqual([]);
  });
});

interface Seen extends LockEvent {
  readonly what: string;
}

/** Has one of the four channels call `note` until the running test has ended. */
function hear(what: (typeof STEPS)[number], note: (message: unknown) => void): void {
  subscribe(`holdfast:${what}`, note);
  onTestFinished(() => {
    unsubscribe(`holdfast:${what}`, note);
  });
}

/** Notes the messages of the four channels until the running test has ended. */
function listen(): Seen[] {
  const seen: Seen[] = [];
  for (const what of STEPS) {
    hear(what, (message) => seen.push({ what, ...(message as LockEvent) }));
  }
  return seen;
}

const TRACES = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

/** Notes the messages of the tracing channel until the running test has ended. */
function trace(): [string, LockEvent & { error?: unknown; result?: unknown }][] {
  const seen: ReturnType<typeof trace> = [];
  const note = (what: string) => (message: unknown) => void seen.push([what, { ...(message as LockEvent) }]);
  const all = Object.fromEntries(TRACES.map((what) => [what, note(what)])) as Record<
    (typeof TRACES)[number],
    (message: unknown) => void
  >;
  tracingChannel("holdfast:acquire").subscribe(all);
  onTestFinished(() => {
    tracingChannel("holdfast:acquire").unsubscribe(all);
  });
  return seen;
}

describe("the channels", () => {
  test("tell the four steps of a hold, with the lock file as given and one id", async () => {
    const seen = listen();
    await lock.run(() => {});
    const hold = await lock.acquire();
    await hold.release();
    await hold.release();
    await (await lock.tryAcquire())!.release();
    expect(seen.map(({ what }) => what)).toEqual([...STEPS, ...STEPS, ...STEPS]);
    expect(new Set(seen.map(({ lockFile }) => lockFile))).toEqual(new Set([PATH]));
    const ids = seen.map(({ holdId }) => holdId);
    expect(ids.map((id) => id - ids[0]!)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    expect(Object.keys(seen[0]!).sort()).toEqual(["holdId", "lockFile", "what"]);
  });

  test("tell of an attempt that was in vain, and of a release that failed", async () => {
    const seen = listen();
    driver.seize(PATH);
    await expect(lock.acquire({ timeout: 0 })).rejects.toThrow();
    expect(await lock.tryAcquire()).toBeUndefined();
    driver.letGo(PATH);
    const hold = await lock.acquire();
    driver.failNext("release", "EIO");
    await expect(hold.release()).rejects.toThrow();
    expect(seen.map(({ what }) => what)).toEqual(["attempt", "attempt", "attempt", "acquired", "release"]);
    await hold.release();
    expect(seen.at(-1)!.what).toBe("released");
  });

  test("know the state at each step: nobody is told of a hold that is not there", async () => {
    const grants: Record<string, number> = {};
    for (const what of STEPS) {
      hear(what, () => (grants[what] = driver.grants));
    }
    await lock.run(() => {});
    expect(grants).toEqual({ attempt: 0, acquired: 1, release: 1, released: 0 });
  });
});

describe("the tracing channel holdfast:acquire", () => {
  test("traces an acquisition, and not the work under it", async () => {
    const seen = trace();
    const hold = await lock.acquire();
    expect(seen.map(([what]) => what)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(seen[0]![1]).toEqual({ lockFile: PATH, holdId: expect.any(Number) });
    expect(seen[3]![1].result).toBe(hold);
    await hold.release();
    seen.length = 0;
    await lock.run(() => expect(seen.map(([what]) => what)).toContain("asyncEnd"));
    expect(seen).toHaveLength(4);
  });

  test("tells the error of one that failed", async () => {
    driver.seize(PATH);
    const seen = trace();
    const error: unknown = await lock.acquire({ timeout: 0.001 }).catch((thrown: unknown) => thrown);
    expect(seen.map(([what]) => what)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(seen[2]![1].error).toBe(error);
  });

  test("ends where the wait begins, and starts again where it ends", async () => {
    const hold = await new MemoryLock(driver, PATH).acquire();
    const seen = trace();
    const waiting = lock.acquire();
    await blocked(waiting);
    expect(seen.map(([what]) => what)).toEqual(["start", "end"]);
    await hold.release();
    await (await waiting).release();
    expect(seen.map(([what]) => what)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
  });

  test.each(["with subscribers", "with a store of the tracer's own"])(
    "leaves ownership alone %s",
    async (how) => {
      listen();
      trace();
      if (how === "with a store of the tracer's own") {
        const store = new AsyncLocalStorage<unknown>();
        const { start } = tracingChannel("holdfast:acquire");
        start.bindStore(store, (message) => message);
        onTestFinished(() => void start.unbindStore(store));
      }
      const outer = await lock.acquire();
      const inner = await soon(lock.acquire(), "nesting in a bare hold");
      expect(await new MemoryLock(driver, PATH).tryAcquire()).toBeUndefined();
      await lock.release();
      expect([inner.released, outer.released]).toEqual([true, false]);
      await lock.release();
      await lock.run(() =>
        soon(
          new MemoryLock(driver, PATH).run(() => {}),
          "nesting in run()",
        ),
      );

      // Two tasks that start in one turn are two owners.
      let inside = 0;
      const task = async (): Promise<void> => {
        await Promise.resolve();
        await lock.acquire();
        expect(++inside).toBe(1);
        await soon(lock.acquire(), "nesting in a task");
        await new Promise((resolve) => setImmediate(resolve));
        await lock.release();
        inside--;
        await lock.release();
      };
      await Promise.all([task(), task(), task()]);
      expect([inside, driver.grants]).toEqual([0, 0]);
    },
  );
});
