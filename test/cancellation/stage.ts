// What the scenes of an abort are made of: a lock file for each scene, and those who wait beside the one that is aborted.
import { join } from "node:path";
import { expect } from "vitest";
import { FileLock, type Hold } from "../../src/index.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { soon } from "../support/promises.ts";

/** Gives a lock file that no scene has used yet, each time. To be made in the test that uses it. */
export function lockFiles(): () => string {
  const directory = temporaryDirectory();
  let scenes = 0;
  return () => join(directory, `${String(++scenes)}.lock`);
}

/** Waiters who let go as soon as they have it; and the order in which they got it. */
export interface Queue {
  readonly order: string[];
  readonly over: Promise<unknown>;
}

export function queue(lockFile: string, names: readonly string[]): Queue {
  const order: string[] = [];
  const turns = names.map(async (name) => {
    const hold = await new FileLock(lockFile).acquire();
    order.push(name);
    await hold.release();
  });
  return { order, over: soon(Promise.all(turns), "the others do not get their turns") };
}

/** Nobody is inside: one attempt wins. */
export async function expectFree(lock: { tryAcquire(): Promise<Hold | undefined> }): Promise<void> {
  const hold = await lock.tryAcquire();
  expect(hold).toBeDefined();
  await hold!.release();
}
