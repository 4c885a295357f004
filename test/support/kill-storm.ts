// Processes that are killed while they hold, in the middle of others that go on.
import { join } from "node:path";
import { expect } from "vitest";
import { startChild, type Child } from "./child.ts";
import { intervals, newJournal, overlaps } from "./journal.ts";

export interface KillStormOptions {
  readonly kills: number;
  /** How many holds each of the two has that are not killed. */
  readonly holds: number;
  /** Of the children's `loop`. */
  readonly options: object;
}

/** Expects that no two were ever inside at once, and that all had holds. */
export async function expectNoOverlaps(
  directory: string,
  { kills, holds, options }: KillStormOptions,
): Promise<void> {
  newJournal(directory);
  const start = async (most: number): Promise<Child> => {
    const child = startChild("loop", join(directory, "work.lock"), {
      options: { ...options, holds: most, directory },
    });
    await child.says("ready");
    child.tell("go");
    return child;
  };
  const steady = [await start(holds), await start(holds)];
  const killed = new Map<number, bigint>();
  for (let count = 0; count < kills; count++) {
    const victim = await start(1000);
    await victim.says("progress");
    killed.set(victim.pid, process.hrtime.bigint());
    expect((await victim.kill()).signal).toBe("SIGKILL");
  }
  for (const child of steady) expect(await child.ends()).toEqual({ code: 0, signal: null });
  const all = intervals(directory, killed);
  expect(overlaps(all)).toEqual([]);
  expect(new Set(all.map(({ pid }) => pid))).toHaveProperty("size", 2 + kills);
  expect(all.length).toBeGreaterThan(2 * holds);
}
