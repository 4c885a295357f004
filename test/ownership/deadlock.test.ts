// Deadlock: told when the event loop of the process has drained, never sooner. Each test is a process that would end.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { blocked, deferred, soon } from "../support/promises.ts";
import { scene } from "./scene.ts";

const here = scene();
const FIXTURE = fileURLToPath(new URL("../fixtures/deadlock.mjs", import.meta.url));
const DEADLOCK = "Deadlock EDEADLK The file lock";

interface Played {
  /** What it said, a line each. */
  readonly said: string[];
  readonly stderr: string;
  readonly code: number | null;
}

/** Starts the fixture; `heard` resolves with the first line that it says, `ended` once it has ended by itself. */
function play(scenario: string): { heard: Promise<string>; ended: Promise<Played> } {
  const child = spawn(process.execPath, ["--no-warnings", FIXTURE, scenario, here.path], {
    stdio: "pipe",
    timeout: 10_000,
    killSignal: "SIGKILL",
  });
  const heard = deferred<string>();
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    heard.resolve(stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Played>((resolve) => {
    child.on("close", (code) => {
      resolve({ said: stdout.split("\n").slice(0, -1), stderr, code });
    });
  });
  return { heard: heard.promise, ended };
}

/** Where a line of the fixture is, as a message has it. */
function placeOf(text: string): string {
  const line = readFileSync(FIXTURE, "utf8")
    .split("\n")
    .findIndex((each) => each.includes(text));
  return `deadlock.mjs:${String(line + 1)}:`;
}

describe("a wait for a hold of this process, when nothing is left to run", () => {
  it("rejects with Deadlock, whatever its timeout is, and says where that was acquired; then all is well again", async () => {
    const { said, stderr, code } = await play("caught").ended;
    expect(said).toHaveLength(4);
    for (const word of said.slice(0, 3)) {
      expect(word).toContain(`${DEADLOCK} '${here.path}' will never be released`);
      expect(word).toContain(placeOf("the hold that everybody waits for"));
    }
    expect([said[3], stderr, code]).toEqual(["acquired", "", 0]);
  });

  it("fails the process where nobody catches it", async () => {
    const { said, stderr, code } = await play("uncaught").ended;
    expect([said, code]).toEqual([[], 1]);
    expect(stderr).toContain("EDEADLK");
    expect(stderr).toContain(placeOf("the hold that nobody releases"));
    expect(stderr).toContain("[cause]");
  });

  it("rejects a child that waits for its sibling, and names the sibling", async () => {
    const { said, code } = await play("children").ended;
    expect(said).toEqual([expect.stringContaining(placeOf("the sibling that never ends"))]);
    expect(code).toBe(0);
  });

  it("rejects on each of several lock files", async () => {
    const { said, code } = await play("two files").ended;
    expect(said).toEqual([
      expect.stringContaining(`'${here.path}' will`),
      expect.stringContaining(`'${here.path}.2' will`),
    ]);
    expect(code).toBe(0);
  });

  it("rejects again where it is asked again", async () => {
    const { said, code } = await play("asks again").ended;
    expect(said).toEqual([expect.stringContaining(DEADLOCK), expect.stringContaining(DEADLOCK), "acquired"]);
    expect(code).toBe(0);
  });

  it("names a hold that lives, where the one that came first has ended", async () => {
    const { said, code } = await play("the outer hold has ended").ended;
    expect(said).toEqual([expect.stringContaining(placeOf("the one that is left"))]);
    expect(code).toBe(0);
  });

  it("rejects also in a worker thread", async () => {
    const { said, code } = await play("in a worker thread").ended;
    expect(said.map((word) => word.startsWith(DEADLOCK))).toEqual([true, true, true, false]);
    expect(code).toBe(0);
  });

  // 1. A handle is listed as active, but keeps nothing alive. 2. The loop drains, is run again for a look, drains again…
  it("rejects also where a handle that keeps nothing alive is open, and does not spin", async () => {
    const { said, code } = await play("standard input is paused").ended;
    expect(said).toEqual([expect.stringContaining(DEADLOCK)]);
    expect(code).toBe(0);
  });
});

describe("a hold that somebody releases when the loop has drained is no deadlock", () => {
  it.each([
    "released by another listener",
    "released in a microtask",
    "released by a timer",
    "released by an immediate",
    "released at the second drain",
    "released by work that is not listed",
    "released at the drain after work that is not listed",
  ])("%s", async (scenario) => {
    const { said, stderr, code } = await play(scenario).ended;
    expect([said, stderr, code]).toEqual([["acquired"], "", 0]);
  });
});

it("a wait for a stranger's hold keeps the process alive", async () => {
  const grant = flockDriver().open(here.path, {}).tryLock();
  const { heard, ended } = play("a stranger holds it");
  expect(await soon(heard, "the process does not wait")).toBe("waiting\n");
  await blocked(ended);
  grant?.release({ remove: false });
  const { said, stderr, code } = await ended;
  expect([said.at(-1), stderr, code]).toEqual(["acquired", "", 0]);
});
