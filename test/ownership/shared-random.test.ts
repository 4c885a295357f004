// Readers and writers that nest, give up and outlive one another at random: whoever is inside checks who else is.
import { expect, test } from "vitest";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
import { MemoryLock, memoryDriver } from "../support/memory-driver.ts";
import { soon } from "../support/promises.ts";
import { randomNumbers } from "../support/random.ts";

const PATH = "/memory/work.lock";
const TASKS = 40;
const DEEPEST = 3;

/** Somebody inside: with those around it, innermost first. */
interface Visit {
  readonly shared: boolean;
  readonly around: readonly Visit[];
}

/** Who is inside must be around the newcomer, or share with it. */
function disturbs(one: Visit, other: Visit): boolean {
  return !(one.around.includes(other) || other.around.includes(one) || (one.shared && other.shared));
}

test.each(Array.from({ length: 20 }, (_, index) => index))("seed %i", async (seed) => {
  const chance = randomNumbers(seed);
  const driver = memoryDriver();
  const inside = new Set<Visit>();
  const wrong: string[] = [];
  let visits = 0;

  const pause = (): Promise<void> => {
    const kind = chance();
    if (kind < 0.3) return Promise.resolve();
    return new Promise((resolve) => (kind < 0.7 ? setImmediate(resolve) : setTimeout(resolve, kind * 3)));
  };

  const visit = async (around: readonly Visit[]): Promise<void> => {
    const mustShare = around[0]?.shared === true;
    const shared = mustShare || chance() < 0.5;
    const timeout = chance() < 0.3 ? chance() / 50 : -1;
    const order = chance() < 0.3 ? "fifo" : "any";
    const lock = new MemoryLock(driver, PATH, { pollInterval: 0.002, order, remove: chance() < 0.2 });
    const me: Visit = { shared, around };
    try {
      await lock.run(
        async () => {
          visits++;
          for (const other of inside) if (disturbs(me, other)) wrong.push(JSON.stringify([me, other]));
          inside.add(me);
          await pause();
          const children = around.length < DEEPEST ? Math.floor(chance() * 3) : 0;
          const nested = Promise.all(Array.from({ length: children }, () => visit([me, ...around])));
          // Some leave before those whom they have let in.
          if (chance() < 0.8) await nested;
          else nested.catch(() => undefined);
          outlived.push(nested);
          inside.delete(me);
        },
        { shared, timeout },
      );
    } catch (error) {
      if ((error as Error).name !== "Timeout") throw error;
    }
  };

  const outlived: Promise<unknown>[] = [];
  const strangers = async (): Promise<void> => {
    for (let times = 0; times < 20; times++) {
      await pause();
      try {
        const letGo = driver.seize(PATH, undefined, { shared: chance() < 0.5 });
        await pause();
        letGo();
      } catch {
        // held
      }
    }
  };
  const tasks = Array.from({ length: TASKS }, async () => {
    await pause();
    await visit([]);
  });
  await soon(Promise.all([...tasks, strangers()]), "all have had their turn");
  for (const each of outlived) await soon(each, "those who outlived it"); // more may come meanwhile

  expect(wrong).toEqual([]);
  expect(inside.size).toBe(0);
  expect(visits).toBeGreaterThan(TASKS / 2);
  expect({ grants: driver.grants, open: driver.openAttempts, watches: driver.watches }).toEqual({
    grants: 0,
    open: 0,
    watches: 0,
  });
  const stray = (await takeWarnings()).filter(
    ({ message }) => !/outlives|is nested in it goes on|has waited for over/.test(message),
  );
  expect(stray).toEqual([]);
});
