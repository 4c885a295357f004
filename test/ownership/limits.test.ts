// The limits of bare acquire(): each test shows what happens, so that nobody is surprised, and what to do instead.
import { AsyncResource } from "node:async_hooks";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { FileLock, type Hold, Timeout } from "../../src/index.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { blocked } from "../support/promises.ts";
import { scene, turn } from "./scene.ts";
import { inTask, Task } from "./task.ts";

const here = scene();
const NOTHING_RELEASED = /release\(\) found nothing to release/;
const OUTLIVED = /was released while one that is nested in it goes on/;

/** Asserts that the running task has no bare hold through `lock`: another acquire() would wait, and release() finds nothing. */
async function ownsNothing(lock: FileLock): Promise<void> {
  expect(await lock.tryAcquire()).toBeUndefined();
  await lock.release();
  expect(lock.lockCounter).toBe(1);
}

describe("ownership does not pass to the caller", () => {
  it("of a helper that awaited something before it acquired: keep the Hold", async () => {
    const lock = new FileLock(here.path);
    const helper = async (): Promise<Hold> => {
      await turn();
      return await lock.acquire();
    };
    await inTask(async () => {
      const hold = await helper();
      await lock.release();
      await expectWarnings(NOTHING_RELEASED);
      await ownsNothing(lock); // and no second word: this task has asked and failed by now
      await hold.release();
      expect(lock.lockCounter).toBe(0);
    });
  });

  it("of a helper that acquires at once, it does", async () => {
    const lock = new FileLock(here.path);
    const helper = async (): Promise<void> => {
      await lock.acquire();
      await turn();
    };
    await inTask(async () => {
      await helper();
      await lock.acquire();
      expect(lock.lockCounter).toBe(2);
      await lock.release({ force: true });
      expect(lock.lockCounter).toBe(0);
    });
  });

  it("of a generator that awaited first, nor to its own later turns, which the caller starts", async () => {
    const lock = new FileLock(here.path);
    const holds: Hold[] = [];
    const generate = async function* (): AsyncGenerator<number> {
      await turn();
      holds.push(await lock.acquire());
      yield lock.lockCounter;
      await lock.release();
      await expectWarnings(NOTHING_RELEASED);
      yield lock.lockCounter;
    };
    await inTask(async () => {
      const counts: number[] = [];
      for await (const count of generate()) counts.push(count);
      expect(counts).toEqual([1, 1]);
      await ownsNothing(lock);
      await holds[0]?.release();
    });
  });

  it("of setup and teardown that a framework calls, each in a turn of its own", async () => {
    const lock = new FileLock(here.path);
    const setup = (): Promise<Hold> => lock.acquire();
    const teardown = (): Promise<void> => lock.release();
    await inTask(async () => {
      const hold = await Promise.resolve().then(setup);
      await Promise.resolve().then(teardown);
      await expectWarnings(NOTHING_RELEASED);
      await ownsNothing(lock);
      await hold.release();
    });
  });

  it("of runInAsyncScope()", async () => {
    const lock = new FileLock(here.path);
    const resource = new AsyncResource("scope");
    await inTask(async () => {
      const hold = await resource.runInAsyncScope(() => lock.acquire());
      await lock.release();
      await expectWarnings(NOTHING_RELEASED);
      await ownsNothing(lock);
      await hold.release();
    });
  });

  it('with owner: "object" it need not: the object has it', async () => {
    const lock = new FileLock(here.path, { owner: "object" });
    await inTask(async () => {
      await turn().then(() => lock.acquire());
      await lock.acquire();
      await lock.release({ force: true });
      expect(lock.lockCounter).toBe(0);
    });
  });
});

describe("acquisitions that do not wait for each other", () => {
  it("of two locks at once leave a mark of the second only: keep the Holds", async () => {
    const a = new FileLock(here.path);
    const b = new FileLock(`${here.path}.b`);
    await inTask(async () => {
      const holds = await Promise.all([a.acquire(), b.acquire()]);
      await b.release();
      await a.release();
      await expectWarnings(NOTHING_RELEASED);
      expect(holds.map(({ released }) => released)).toEqual([false, true]);
      await ownsNothing(a);
      await holds[0].release();
    });
  });

  it("of one lock make the second wait for the first", async () => {
    const lock = new FileLock(here.path);
    await inTask(async () => {
      const [first, second] = [lock.acquire(), lock.acquire()];
      const hold = await first;
      await blocked(second);
      await hold.release();
      await (await second).release();
    });
  });
});

describe("a nested acquire() that fails inside the try", () => {
  const withTry = async (
    lock: FileLock,
    release: (hold: Hold | undefined) => Promise<void>,
  ): Promise<void> => {
    let hold: Hold | undefined;
    try {
      hold = await lock.acquire({ timeout: 0 });
      await turn();
    } finally {
      await release(hold);
    }
  };

  it.each(["release()", "Hold.release()"])("with %s in the finally", async (form) => {
    const lock = new FileLock(here.path);
    const sibling = new Task();
    await inTask(async () => {
      const outer = await lock.acquire();
      const bound = AsyncResource.bind(() => lock.acquire());
      const other = await sibling.does(bound); // in the way of the next nested one
      const nested = withTry(lock, (hold) =>
        form === "release()" ? lock.release() : (hold?.release() ?? Promise.resolve()),
      );
      await expect(nested).rejects.toThrow(Timeout);
      expect(outer.released).toBe(form === "release()"); // the trap
      await other.release();
      await outer.release();
    });
    await (form === "release()" ? expectWarnings(OUTLIVED) : expectWarnings());
  });
});

// On Node 20 and 22 an async context follows only promises that were made after it was first used.
describe("a task that began to wait before the package was imported", () => {
  const gapped = Number(process.versions.node.split(".", 1)[0]) < 24;

  it("resumes in whatever context is current, on Node 20 and 22", async () => {
    const fixture = fileURLToPath(new URL("../fixtures/late-import.mjs", import.meta.url));
    const run = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(process.execPath, [fixture, here.path, ...args])).stdout.trim();
    expect(await run("early")).toBe("waits");
    expect(await run("late")).toBe(gapped ? "nests" : "waits");
  });
});
