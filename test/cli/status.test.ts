// holdfast status and holdfast wait: what they tell and with which exit code; that they leave things as they are.
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileLock, type Inspection } from "../../src/index.ts";
import { startChild } from "../support/child.ts";
import { HOLDFAST, holdfast, ran, start } from "../support/command-line.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/locks");

/** What stands for a lock file that nobody holds: on some file systems nobody can know. */
const FREE = "(?:free|nobody is seen to hold it, but not everybody can be seen from here)";

async function jsonOf(...paths: string[]): Promise<Inspection[]> {
  const { stdout } = await ran(["status", "--json", ...paths]);
  return JSON.parse(stdout) as Inspection[];
}

describe("holdfast status", () => {
  test("says that lock files are free, with exit code 0", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    const { code, stdout, stderr } = await ran(["status", path, `${path}2`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^${path}: ${FREE}\n${path}2: free\n$`));
    expect(readdirSync(dirname(path))).toEqual(["work.lock"]);
  });

  test("says who holds one and who waits for it, with exit code 1", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const child = startChild("hold", hold.lockFile);
    await child.says("waiting");
    const { code, stdout, stderr } = await ran(["status", `${path}2`, path]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const [other, held, waits, end] = stdout.split("\n");
    expect(other).toBe(`${path}2: free`);
    expect(held).toMatch(new RegExp(`^${path}: held by pid ${String(process.pid)} \\(.+\\)$`));
    expect(waits).toMatch(
      new RegExp(`^  pid ${String(child.pid)} \\(.*child.mjs hold.*\\): waits, or has it open$`),
    );
    expect(end).toBe("");
  });

  test("says who stands in line, and where", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const program = holdfast(["run", "--fifo", hold.lockFile, "--", "true"]);
    await program.says("number 1 in line");
    expect((await ran(["status", path])).stdout).toMatch(
      new RegExp(`^  pid ${String(program.pid)} \\(.*\\): number 1 in line$`, "m"),
    );
    expect(await jsonOf(path)).toMatchObject([
      { state: "held", holders: [{ pid: process.pid }], waiters: [{ pid: program.pid, position: 1 }] },
    ]);
  });

  test("takes a directory for the .lock in it", async () => {
    const directory = temporaryDirectory();
    expect(await jsonOf(directory)).toEqual([
      { lockFile: join(directory, ".lock"), state: "free", holders: [], waiters: [] },
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("tells of the others where one cannot be looked at, with exit code 66", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const { code, stdout, stderr } = await ran(["status", "/dev/null", hold.lockFile]);
    expect({ code, stderr }).toEqual({
      code: 66,
      stderr: expect.stringMatching(/^holdfast: Cannot use '\/dev\/null' as a lock file: .*\n$/),
    });
    expect(stdout).toContain(`${path}: held by`);
  });

  test("shows no control characters of a name or a command", async () => {
    const path = join(temporaryDirectory(), "a\n\x1b[31mb.lock");
    expect((await ran(["status", path])).stdout).toMatch(/a\?\[31mb\.lock: free\n$/);
  });

  test.each([[["status"]], [["status", "--json"]]])("%j says so where stdout is full", async (args) => {
    const script = 'exec "$@" > /dev/full';
    const program = start(["sh", "-c", script, "sh", ...HOLDFAST, ...args, temporaryLockFile()]);
    expect(await program.ends()).toEqual({ code: 74, signal: null });
    expect(program.stderr).toMatch(/^holdfast: Cannot write to stdout: ENOSPC.*\n$/);
  });

  test("ends quietly where nobody reads on", async () => {
    const path = temporaryLockFile();
    const program = holdfast(["status", path]);
    program.closeOutput();
    expect(await program.exits()).toEqual({ code: 141, signal: null });
    expect(program.stderr).toBe("");
  });
});

describe("holdfast wait", () => {
  test("ends at once where there is no lock file, and creates none", async () => {
    const path = temporaryLockFile();
    expect(await ran(["wait", path])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await ran(["wait", dirname(path)])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test("ends at once where nobody holds it", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    chmodSync(path, 0o444);
    expect(await ran(["wait", "--timeout", "0", path])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("ends when it is free, and does not keep it", async () => {
    const directory = temporaryDirectory();
    const lock = FileLock.inDirectory(directory);
    const hold = await lock.acquire();
    const program = holdfast(["wait", directory]);
    await program.says("waiting for");
    await hold.release();
    expect(await program.ends()).toEqual({ code: 0, signal: null });
    await using next = await lock.tryAcquire();
    expect(next).toBeDefined();
  });

  test("gives up after its timeout, with the exit code for that", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    expect(await ran(["wait", "--timeout", "0.05", hold.lockFile])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Cannot have the lock"),
    });
    const quiet = ["wait", "-q", "-w", "0", "-E", "9", path];
    expect(await ran(quiet)).toEqual({ code: 9, stdout: "", stderr: "" });
  });
});
