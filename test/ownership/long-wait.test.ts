// HOLDFAST_LONG_WAIT: a wait of over a second for one hold of this process is worth a word, once for each lock file.
import { once } from "node:events";
import { expect, it } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { FileLock, type Hold } from "../../src/index.ts";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
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
