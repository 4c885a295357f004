// Many tasks of one process, and a stranger who wants the lock file too: it is handed on inside the process for a turn,
// and then it is free, for long enough. The clock is the test's.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Timeout, type Hold } from "../src/index.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";

const PATH = "/memory/work.lock";

let driver: MemoryDriver;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
  driver = memoryDriver();
});

afterEach(() => {
  expect([driver.watches, driver.openAttempts, driver.grants, vi.getTimerCount()]).toEqual([0, 0, 0, 0]);
  vi.useRealTimers();
});

function lock(options: object = {}): MemoryLock {
  return new MemoryLock(driver, PATH, options);
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/** A task that holds for so long, again and again; gives what ends it, and the number of its holds. */
function task(milliseconds: number) {
  let working = true;
  const work = { holds: 0, ended: Promise.resolve() };
  const loop = async (): Promise<void> => {
    while (working) {
      const hold = await lock().acquire();
      work.holds++;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await hold.release();
    }
  };
  work.ended = loop();
  return Object.assign(work, {
    stop: () => {
      working = false;
    },
  });
}

/** Lets the holds of the tasks end. */
async function ended(tasks: ReturnType<typeof task>[]): Promise<void> {
  for (const { stop } of tasks) stop();
  await pass(200);
  await Promise.all(tasks.map((each) => each.ended));
}

/** Whether a stranger gets in now. Lets go at once. */
function strangerGetsIn(): boolean {
  if (driver.isHeld(PATH)) return false;
  driver.seize(PATH)();
  return true;
}

/** After a turn of 10 ms that has just ended in a release. */
async function inARest(): Promise<void> {
  const hold = await lock().acquire();
  await pass(10);
  await hold.release();
}

describe("While its turn lasts, a process", () => {
  test("hands the lock on inside itself, and never frees it", async () => {
    let hold = await lock().acquire();
    const attempts = driver.attempts;
    for (let holds = 0; holds < 9; holds++) {
      const next = lock().acquire();
      await pass(1);
      await hold.release();
      expect(driver.isHeld(PATH)).toBe(true);
      hold = await next;
    }
    expect(driver.attempts).toBe(attempts);
    await hold.release();
  });
});

describe("When its turn is over, a process", () => {
  test("frees the lock though others wait in it: a stranger who tries at that moment wins", async () => {
    const hold = await lock().acquire();
    const next = lock().acquire();
    await pass(10);
    let letGo: (() => void) | undefined;
    driver.onceUnlocked(() => (letGo = driver.seize(PATH)));
    await hold.release();
    expect(letGo).toBeDefined();
    await pass(5);
    letGo!();
    driver.hint(PATH);
    await vi.waitFor(async () => expect(await settled(next)).toBe(true));
    await (await next).release();
  });

  test("leaves it free for 1 ms, and then takes it for the next one who waits", async () => {
    const hold = await lock().acquire();
    const next = lock().acquire();
    await pass(10);
    const { attempts } = driver;
    await hold.release();
    expect([driver.isHeld(PATH), driver.attempts]).toEqual([false, attempts]);
    await pass(0);
    expect([driver.isHeld(PATH), driver.attempts]).toEqual([false, attempts]);
    await pass(1);
    expect([driver.isHeld(PATH), driver.attempts]).toEqual([true, attempts + 1]);
    await (await next).release();
  });

  test("leaves it free to others though its next caller comes only then", async () => {
    await inARest();
    const { attempts } = driver;
    const next = lock().acquire();
    await pass(0);
    expect([driver.isHeld(PATH), driver.attempts]).toEqual([false, attempts]);
    await pass(1);
    await (await next).release();
  });

  test("keeps its order", async () => {
    const order: number[] = [];
    const tasks = Array.from({ length: 20 }, (_, name) =>
      lock().run(() => {
        order.push(name);
        return new Promise<void>((resolve) => setTimeout(resolve, 3));
      }),
    );
    await pass(200);
    await Promise.all(tasks);
    expect(order).toEqual(Array.from({ length: 20 }, (_, name) => name));
  });

  test("lets nobody in beside a hold that is nested, and frees it with the last of the tree", async () => {
    const next: Promise<Hold>[] = [];
    await lock().run(async () => {
      await lock().run(() => pass(10));
      next.push(new MemoryLock(driver, PATH, { owner: "object" }).tryAcquire().then((hold) => hold!));
      expect(driver.isHeld(PATH)).toBe(true);
    });
    expect(driver.isHeld(PATH)).toBe(false);
    expect(await next[0]).toBeUndefined();
    await pass(1);
  });

  test("where the release fails, goes on holding, and the next one waits on until it works", async () => {
    const hold = await lock().acquire();
    const next = lock().acquire();
    await pass(10);
    driver.failNext("release", "EIO");
    await expect(hold.release()).rejects.toMatchObject({ code: "EIO" });
    expect([hold.released, driver.isHeld(PATH), await settled(next)]).toEqual([false, true, false]);
    await hold.release();
    expect(driver.isHeld(PATH)).toBe(false);
    await pass(1);
    await (await next).release();
  });
});

describe("A rest", () => {
  test.each([{ timeout: 0 }, { blocking: false }])(
    "keeps out nobody who has but one attempt: %o",
    async (once) => {
      await inARest();
      await (await lock().acquire(once)).release();
    },
  );

  test("keeps no tryAcquire() out", async () => {
    await inARest();
    const hold = await lock().tryAcquire();
    expect(hold).toBeDefined();
    await hold!.release();
  });

  test("ends with an abort: nothing was tried, and nothing is left", async () => {
    await inARest();
    const { attempts } = driver;
    const aborting = new AbortController();
    const next = lock().acquire({ signal: aborting.signal });
    aborting.abort();
    await expect(next).rejects.toBe(aborting.signal.reason);
    expect(vi.getTimerCount()).toBe(0);
    await pass(10);
    expect(driver.attempts).toBe(attempts);
  });

  test("puts off no deadline: an attempt is made at it", async () => {
    await inARest();
    const next = lock().acquire({ timeout: 0.0005 });
    await pass(1);
    await (await next).release();
    await inARest();
    const letGo = driver.seize(PATH);
    const late = lock()
      .acquire({ timeout: 0.0005 })
      .catch((error: unknown) => error);
    await pass(1);
    expect(await late).toBeInstanceOf(Timeout);
    letGo();
  });

  test("is nothing that waiters of another lock file notice", async () => {
    await inARest();
    const other = new MemoryLock(driver, `${PATH}.other`);
    await (await other.acquire()).release();
  });

  test("is none where the turn was not over", async () => {
    const hold = await lock().acquire();
    await pass(9);
    await hold.release();
    await (await lock().acquire()).release();
  });
});

describe("Nobody starves:", () => {
  test("a stranger who tries every quarter of a millisecond gets in at least every 12 ms", async () => {
    const tasks = Array.from({ length: 10 }, () => task(1));
    const entries: number[] = [];
    const began = performance.now();
    while (performance.now() - began < 200) {
      await pass(0.25);
      if (!driver.isHeld(PATH)) {
        const letGo = driver.seize(PATH);
        entries.push(performance.now());
        await pass(2); // long enough that this process is refused
        letGo();
        driver.hint(PATH);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const gaps = entries.slice(1).map((time, index) => time - entries[index]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 + 12);
    await ended(tasks);
  });

  test("each task of the process gets its turns, with a stranger and without", async () => {
    const tasks = Array.from({ length: 5 }, () => task(1));
    for (let rounds = 0; rounds < 200; rounds++) {
      await pass(1);
      strangerGetsIn();
    }
    const holds = tasks.map((each) => each.holds);
    expect(Math.max(...holds) - Math.min(...holds)).toBeLessThanOrEqual(1);
    expect(Math.min(...holds)).toBeGreaterThan(10);
    await ended(tasks);
  });

  // 1. A's turn is over. 2. B comes in during A's rest, and is out again before it ends. 3. A wins its first attempt, as if
  // nobody had been there.
  test("who comes and goes within a rest keeps the turns short all the same", async () => {
    const tasks = [task(1), task(1)];
    let rests = 0;
    let wasIn = false;
    for (let quarter = 0; quarter < 4 * 300; quarter++) {
      await pass(0.25);
      const isIn = strangerGetsIn();
      if (isIn) driver.hint(PATH);
      await new Promise((resolve) => setImmediate(resolve));
      if (isIn && !wasIn) rests++;
      wasIn = isIn;
    }
    expect(rests).toBeGreaterThan(15); // 300 ms are 6 turns that grow, and 25 that do not
    await ended(tasks);
  });

  test("without anybody else, the rests become few", async () => {
    const tasks = [task(1), task(1)];
    await pass(400);
    const { attempts } = driver;
    await pass(400);
    expect(driver.attempts - attempts).toBeLessThanOrEqual(400 / 80 + 1);
    await ended(tasks);
  });
});

/** Whether the promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const note = (): void => void (done = true);
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}
