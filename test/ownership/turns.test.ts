// A mark ends with its turn: the next event of a timer, a socket, a port or a signal starts a task that owns nothing.
//
// 1. A handler acquires, and is marked. 2. Its hold lives on in the task it started. 3. The next event comes from the
// same async resource; were the mark still on it, its task would nest in that hold: two inside.
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { FileLock } from "../../src/index.ts";
import { nextEventsWait, sources, tasksOfBeforeWait } from "../fixtures/turns.mjs";
import { scene } from "./scene.ts";

const here = scene();

// First of all, since it is about what comes before the first acquisition of the process.
it("a task that waited already when the first hold was acquired owns nothing", async () => {
  await tasksOfBeforeWait(new FileLock(here.path));
});

describe("the next event waits for the hold of the one before", () => {
  it.each(Object.keys(sources))("%s", async (name) => {
    const watched = join(here.directory, "watched");
    mkdirSync(watched);
    await nextEventsWait(sources[name]!, new FileLock(here.path), watched);
  });
});

it("all of it in a process of its own, over the built package", async () => {
  const fixture = fileURLToPath(new URL("../fixtures/turns.mjs", import.meta.url));
  for (const args of [[], ["--memory"]]) {
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, ...args]);
    expect(stdout).toBe("ok\n");
  }
});
