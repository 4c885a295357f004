// One grant a process and lock file: whoever has won is the only one who holds, whatever the others in the queue want.
import { expect, it } from "vitest";
import { memoryDriver, MemoryLock } from "../support/memory-driver.ts";
import { scene, turn } from "./scene.ts";
import { Task } from "./task.ts";

const here = scene();

// 1. A is first in the queue, and wins. 2. A leaves the queue, of which B is first now, who wants to poll faster: so the
// polling begins anew, at once. 3. A stranger has replaced the lock file: B wins the new one. Both are inside.
it("is not contended for beside the one that was just won, by the next in the queue who would poll faster", async () => {
  const driver = memoryDriver();
  const strangerLeaves = driver.seize(here.path);
  const slow = new MemoryLock(driver, here.path, { pollInterval: 0.05 });
  const fast = new MemoryLock(driver, here.path, { pollInterval: 0.001 });
  const first = await new Task().begins(() => slow.acquire());
  const second = await new Task().begins(() => fast.acquire());

  let beside = 0;
  const { attempted } = driver;
  driver.attempted = () => {
    attempted.call(driver);
    if (driver.grants === 0) return;
    beside++;
    driver.replace(here.path);
  };
  strangerLeaves();
  const hold = await first.done;
  await turn();
  expect([beside, driver.grants, slow.lockCounter]).toEqual([0, 1, 1]);
  await hold.release();
  await (await second.done).release();
  expect(driver.grants).toBe(0);
});
