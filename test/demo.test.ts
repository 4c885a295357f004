// The demo: that its runs end as they should, and that its verdict can fail.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "../examples/shared-directory/command-line.ts";
import type { JournalRecord } from "../examples/shared-directory/journal.ts";
import { judge } from "../examples/shared-directory/verdict.ts";

const script = join(import.meta.dirname, "../examples/shared-directory.ts");

describe("a run", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-demo-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  interface Outcome {
    readonly status: unknown;
    readonly stdout: string;
    readonly stderr: string;
  }

  function demo(...args: string[]): Promise<Outcome> {
    const command = ["--import", "tsx", script, ...args];
    const env = { ...process.env, TMPDIR: directory, FORCE_COLOR: "1", NO_COLOR: undefined };
    return new Promise((resolve) => {
      execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : error.code, stdout, stderr });
      });
    });
  }

  const left = (): string[] => readdirSync(directory).filter((name) => name.startsWith("shared-directory-"));

  test("with the lock is sound, and survives a kill", async () => {
    const { status, stdout, stderr } = await demo("--processes", "2", "--seconds", "2");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^2 processes share one directory for 2 s, guarded by FileLock/);
    expect(stdout).toMatch(/was killed in the middle of its visit; process 3 \(pid \d+\) takes its place/);
    expect(stdout).toContain("Kills survived: 1 of 1\n");
    expect(stdout).toMatch(/^ {2}overlaps +0$/m);
    expect(stdout).toMatch(/^ {2}lost updates +0 {3}counted (\d+) times, the counter says \1$/m);
    expect(stdout).toMatch(/^ {2}torn rebuilds +0$/m);
    expect(stdout).toContain("\nVERDICT: sound.");
    expect(status).toBe(0);
    expect(left()).toEqual([]);
  });

  test("without the lock goes wrong, and says so", async () => {
    const { status, stdout, stderr } = await demo("--processes", "2", "--seconds", "2", "--without-lock");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^2 processes share one directory for 2 s, without a lock\n/);
    expect(stdout).toMatch(/^ {2}overlaps +[1-9]\d* {3}first: process \d entered/m);
    expect(stdout).toMatch(/^ {2}lost updates +[1-9]/m);
    expect(stdout).toContain("\nVERDICT: broken.");
    expect(status).toBe(1);
    expect(left()).toEqual([]);
  });

  test("prints plain lines where there is no terminal, and keeps the directory on request", async () => {
    const { stdout } = await demo("--processes", "2", "--seconds", "1", "--keep");
    expect(stdout).not.toMatch(/[\x1b\r]/);
    expect(stdout).toMatch(/^ +\d+\.\d s {2}\d+ visits \(\d+ \+ \d+/m);
    const [kept, ...others] = left();
    expect(others).toEqual([]);
    expect(stdout).toContain(`The directory is kept: ${join(directory, kept!)}\n`);
    expect(readdirSync(join(directory, kept!)).sort()).toEqual([
      ".lock",
      "counter",
      "journal.jsonl",
      "pages",
    ]);
  });

  test("refuses a bad argument with exit status 64", async () => {
    const { status, stdout, stderr } = await demo("--processes", "two");
    expect(stderr).toContain("Expected --processes to be a whole number from 2 to 64, got 'two'");
    expect(stdout).toBe("");
    expect(status).toBe(64);
    expect(left()).toEqual([]);
  });

  test("explains itself", async () => {
    const { status, stdout } = await demo("--help");
    expect(status).toBe(0);
    for (const option of ["--processes", "--seconds", "--without-lock", "--keep"]) {
      expect(stdout).toContain(option);
    }
  });
});

test.each([
  [["--processes", "2.5"], "Expected --processes to be a whole number from 2 to 64, got '2.5'"],
  [["--processes", "1"], "Expected --processes to be a whole number from 2 to 64, got '1'"],
  [["--seconds", ""], "Expected --seconds to be a number from 0.5 to 3600, got ''"],
  [["--secnods", "2"], "Unknown option '--secnods'"],
  [["two"], "Unexpected argument 'two'"],
])("the command line %j is refused with a message that quotes it", (args, message) => {
  expect(() => parse(args)).toThrow(message);
});

describe("the verdict", () => {
  const enter = (process: number, at: number): JournalRecord => ({
    ...{ process, at, what: "enter", pid: 100 + process, waited: 1 },
  });
  const change = (process: number, counter: number, found: "whole" | "torn" = "whole"): JournalRecord => ({
    ...{ process, at: NaN, what: "change", found, counter },
  });
  const leave = (process: number, at: number, left: "whole" | "torn" = "whole"): JournalRecord => ({
    ...{ process, at, what: "leave", left },
  });
  const kill = (process: number, at: number): JournalRecord => ({ process, at, what: "kill" });
  const whole = (process: number, from: number, to: number): JournalRecord[] => [
    enter(process, from),
    change(process, 0),
    leave(process, to),
  ];

  test("is sound where everybody was alone, in whatever order the lines stand", () => {
    const verdict = judge([...whole(2, 5, 8), ...whole(1, 1, 5), ...whole(1, 9, 10)], 3);
    expect(verdict).toMatchObject({ overlaps: [], lostUpdates: 0, tornRebuilds: 0, kills: 0, sound: true });
    expect(verdict.visits.map(({ process, entered, left }) => [process, entered, left])).toEqual([
      [1, 1, 5],
      [2, 5, 8],
      [1, 9, 10],
    ]);
  });

  test("sees who entered while somebody was inside", () => {
    const { overlaps, sound } = judge([...whole(1, 1, 5), ...whole(2, 4, 8)], 2);
    expect(overlaps).toMatchObject([
      { inside: { process: 1, left: 5 }, entered: { process: 2, entered: 4 } },
    ]);
    expect(sound).toBe(false);
  });

  test("sees an overlap with a long visit behind a short one", () => {
    const { overlaps } = judge([...whole(1, 1, 20), ...whole(2, 2, 3), ...whole(3, 19, 21)], 3);
    expect(overlaps.map(({ inside, entered }) => [inside.process, entered.process])).toEqual([
      [1, 2],
      [1, 3],
    ]);
  });

  test("sees lost updates", () => {
    const records = [...whole(1, 1, 2), ...whole(2, 3, 4), ...whole(1, 5, 6)];
    expect(judge(records, 1)).toMatchObject({ lostUpdates: 2, counted: 3, counter: 1, sound: false });
    expect(judge(records, 4)).toMatchObject({ lostUpdates: 1, sound: false });
  });

  test("sees torn rebuilds, at the beginning and at the end of a visit", () => {
    const found = [...whole(1, 1, 2), enter(2, 3), change(2, 2, "torn"), leave(2, 4)];
    expect(judge(found, 2)).toMatchObject({ tornRebuilds: 1, sound: false });
    const left = [enter(1, 1), change(1, 1), leave(1, 2, "torn"), ...whole(2, 3, 4)];
    expect(judge(left, 2)).toMatchObject({ tornRebuilds: 1, sound: false });
  });

  test("ends the visit of a killed process with the kill, and excuses what it left behind", () => {
    const killed = [enter(1, 1), change(1, 1), kill(1, 5)];
    const next = [enter(2, 6), change(2, 2, "torn"), leave(2, 7)];
    expect(judge([...killed, ...next], 2)).toMatchObject({ kills: 1, killsSurvived: 1, sound: true });
    expect(judge([...killed, ...whole(2, 4, 7)], 2)).toMatchObject({ sound: false });
    expect(judge([...killed, ...next, ...whole(3, 8, 9)], 3).sound).toBe(true);
    const again = [enter(3, 8), change(3, 3, "torn"), leave(3, 9)];
    expect(judge([...killed, ...next, ...again], 3)).toMatchObject({ tornRebuilds: 1, sound: false });
  });

  test("allows for what a killed process may have counted without a record", () => {
    const records = [...whole(1, 1, 2), enter(2, 3), kill(2, 4), ...whole(3, 5, 6)];
    expect(judge(records, 2)).toMatchObject({ lostUpdates: 0, sound: true });
    expect(judge(records, 3)).toMatchObject({ lostUpdates: 0, sound: true });
    expect(judge(records, 4)).toMatchObject({ lostUpdates: 1, sound: false });
  });

  test("counts a kill after which nobody got in as not survived", () => {
    const records = [...whole(1, 1, 2), enter(2, 3), change(2, 2), kill(2, 4)];
    expect(judge(records, 2)).toMatchObject({ kills: 1, killsSurvived: 0, sound: false });
  });

  test("takes an enter without an end for a process that is still inside", () => {
    const { overlaps } = judge([enter(1, 1), change(1, 1), ...whole(2, 50, 51)], 2);
    expect(overlaps).toMatchObject([{ inside: { process: 1, left: Infinity } }]);
  });

  test("is not sound where nobody ever got in", () => {
    expect(judge([], 0)).toMatchObject({ visits: [], sound: false });
  });
});
