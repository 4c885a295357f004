// A limit of bare acquire(): it marks its turn, and with that whoever started the task, and what is started afterwards.
// Each test shows what happens, so that nobody is surprised.
import { createReadStream, writeFileSync } from "node:fs";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { detached, FileLock } from "../../src/index.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { deferred } from "../support/promises.ts";
import { scene, turn } from "./scene.ts";
import { inTask } from "./task.ts";

const here = scene();
const OUTLIVED = /was released while one that is nested in it goes on/;

describe("a task that is started without await and acquires in its first turn", () => {
  const start = (lock: FileLock, until: Promise<void>): Promise<void> =>
    (async () => {
      await lock.acquire();
      await until;
      await lock.release();
    })();

  it("marks its starter, and what that starts afterwards, which count up on the same object", async () => {
    const lock = new FileLock(here.path);
    const over = deferred();
    await inTask(async () => {
      const started = start(lock, over.promise);
      await turn();
      await lock.acquire();
      expect(lock.lockCounter).toBe(2);
      await lock.release();
      const afterwards = (async () => {
        await turn();
        await lock.acquire();
        const count = lock.lockCounter;
        await lock.release();
        return count;
      })();
      expect(await afterwards).toBe(2); // as with Promise.all of tasks some of which await first
      over.resolve();
      await started;
    });
  });

  it.each<[string, (lock: FileLock, until: Promise<void>) => Promise<void>]>([
    ["with an object of its own", (_, until) => start(new FileLock(here.path), until)],
    ["by run()", (lock, until) => lock.run(() => until)],
    ["detached", (lock, until) => detached(() => start(lock, until))],
  ])("does not mark it %s", async (_, startOne) => {
    const lock = new FileLock(here.path);
    const over = deferred();
    await inTask(async () => {
      const started = startOne(lock, over.promise);
      await turn();
      expect(lock.lockCounter).toBe(1);
      expect(await lock.tryAcquire()).toBeUndefined();
      over.resolve();
      await started;
    });
  });

  it("marks the timer that its starter sets next: a chain of timers nests, setInterval() does not", async () => {
    const lock = new FileLock(here.path);
    const over = deferred();
    const counts: Promise<number>[] = [];
    const tick = async (): Promise<number> => {
      await lock.acquire();
      const count = lock.lockCounter;
      await over.promise;
      await lock.release();
      return count;
    };
    await new Promise<void>((resolve) => {
      const ring = (): void => {
        counts.push(tick());
        if (counts.length < 3) setTimeout(ring);
        else resolve();
      };
      setTimeout(ring);
    });
    await turn();
    over.resolve();
    expect(await Promise.all(counts)).toEqual([1, 2, 3]);
    await expectWarnings(OUTLIVED, OUTLIVED);
  });

  it("marks the next read of a file stream, which its listener's turn starts: use run()", async () => {
    const lock = new FileLock(here.path);
    const file = `${here.path}.data`;
    writeFileSync(file, Buffer.alloc(3 * 1024));
    const worst = async (use: (work: () => Promise<void>) => Promise<void>): Promise<number> => {
      let most = 0;
      const over = deferred();
      const tasks: Promise<void>[] = [];
      const work = async (): Promise<void> => {
        most = Math.max(most, lock.lockCounter);
        await over.promise;
      };
      const stream = createReadStream(file, { highWaterMark: 1024 }).on("data", () => tasks.push(use(work)));
      await once(stream, "close");
      over.resolve();
      await Promise.all(tasks);
      return most;
    };
    const bare = async (work: () => Promise<void>): Promise<void> => {
      const hold = await lock.acquire();
      await work();
      await hold.release();
    };
    expect(await worst((work) => lock.run(work))).toBe(1);
    expect(await worst(bare)).toBe(3);
    await expectWarnings(OUTLIVED, OUTLIVED);
  });
});
