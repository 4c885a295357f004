// HOLDFAST_LONG_WAIT: a wait of over a second for one hold of this process is worth a word, once for each lock file.
import { once } from "node:events";
import { expect, it } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { FileLock, type Hold } from "../../src/index.ts";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
import { MemoryLock, memoryDriver } from "../support/memory-driver.ts";
import { scene } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();
const LONG_MS = 1000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it("is warned of once, through whichever object, and only where one hold is in the way for that long", async () => {
  const lock = new FileLock(here.path);
  const hold = await new Task().does(() => lock.acquire());
  const waiting = (path = here.path): Promise<Hold> => new Task().does(() => new FileLock(path).acquire());

  const began = performance.now();
  const waits = [waiting(), waiting()];
  // Beside it, for as long: a stranger's hold, and holds that follow one another.
  const theirs = flockDriver().open(`${here.path}.theirs`, {}).tryLock();
  waits.push(waiting(`${here.path}.theirs`));
  let goOn = true;
  const busy = async (): Promise<void> => {
    const mine = new FileLock(`${here.path}.busy`);
    while (goOn) await mine.run(() => (goOn ? pause(50) : undefined));
  };
  const queue = Array.from({ length: 40 }, busy);

  const [warning] = (await once(process, "warning")) as [Error & { code: string }];
  expect(performance.now() - began).toBeGreaterThanOrEqual(LONG_MS);
  expect(warning.code).toBe("HOLDFAST_LONG_WAIT");
  expect(warning.message).toContain(`'${here.path}'`);
  expect(warning.message).toMatch(/acquired it at .*long-wait\.test\.ts:\d+/);
  waits.push(waiting());
  await pause(2 * LONG_MS + 100); // as long as a second one would take, from a wait that begins now
  expect(await takeWarnings()).toEqual([warning]);

  goOn = false;
  theirs?.release({ remove: false });
  await hold.release();
  for (const wait of waits) await (await wait).release();
  await Promise.all(queue);
});

// 1. R1 reads. 2. A stranger stands in line. 3. R2 waits behind the stranger, whatever R1 does.
it("is not warned of where it is for a stranger who stands in line, though this process reads", async () => {
  const driver = memoryDriver();
  const read = (path: string): Promise<Hold> =>
    new Task().does(() => new MemoryLock(driver, path, { order: "fifo", shared: true }).acquire());
  const reader = await read("/memory/line.lock");
  driver.strangersInLine = 1;
  const reading = read("/memory/line.lock");
  const task = new Task();
  const hold = await task.does(() => new MemoryLock(driver, "/memory/alone.lock").acquire());
  const waiting = new Task().does(() => new MemoryLock(driver, "/memory/alone.lock").acquire());
  const [warning] = (await once(process, "warning")) as [Error];
  expect(warning.message).toContain("'/memory/alone.lock'");
  await pause(LONG_MS + 100); // the first look may have come too early by a hair
  expect(await takeWarnings()).toEqual([warning]);
  driver.strangersInLine = 0;
  for (const each of [reader, hold]) await each.release();
  for (const each of [reading, waiting]) await (await each).release();
});
