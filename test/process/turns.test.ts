// Processes with many tasks each share the lock: none goes on handing it to its own tasks while another one waits.
import { expect, test } from "vitest";
import { startChild, type Child } from "../support/child.ts";
import { temporaryLockFile } from "../support/directory.ts";

/** Has them work beside each other for a while; gives how many holds each has had by the end. */
async function holdsOf(tasks: number[], whileMs: number): Promise<number[]> {
  const lockFile = temporaryLockFile();
  const children = tasks.map((each) => startChild("crowd", lockFile, { options: { tasks: each } }));
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  await new Promise((resolve) => setTimeout(resolve, whileMs));
  for (const child of children) child.tell("release");
  const holds = await Promise.all(children.map(counted));
  for (const child of children) {
    await child.says("done");
    expect(await child.ends()).toEqual({ code: 0, signal: null });
  }
  return holds;
}

async function counted(child: Child): Promise<number> {
  return (await child.says("counted")).holds!;
}

test("two processes of 100 tasks each have a fair share each", async () => {
  const [one, other] = (await holdsOf([100, 100], 2000)) as [number, number];
  expect(Math.min(one, other)).toBeGreaterThan((one + other) / 4);
});

test("one task is not kept out by a process of 40", async () => {
  const [many, single] = (await holdsOf([40, 1], 2000)) as [number, number];
  expect(many).toBeGreaterThan(20);
  expect(single).toBeGreaterThan(20);
});

test("four processes of ten tasks each all get in", async () => {
  const holds = await holdsOf([10, 10, 10, 10], 2000);
  expect(Math.min(...holds)).toBeGreaterThan(20);
});
