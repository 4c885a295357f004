// The benchmarks: their statistics, and that the quick form runs. Nothing here looks at a time.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isMet, print, type Target } from "../bench/report.ts";
import { interleaved, type Subject } from "../bench/rounds.ts";
import { mean, median, percentile, ratio } from "../bench/statistics.ts";

describe("statistics", () => {
  test("the median of an odd and an even number of values, in any order", () => {
    expect(median([10, 1, 2])).toBe(2);
    expect(median([4, 1, 100, 3])).toBe(3.5);
    expect(median([])).toBeNaN();
  });

  test("a percentile by nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 95)).toBe(95);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile([7], 95)).toBe(7);
    expect(percentile([1, 2], 0)).toBe(1);
    expect(percentile([], 95)).toBeNaN();
  });

  test("the mean", () => {
    expect(mean([1, 2, 6])).toBe(3);
  });

  test("a ratio cancels out what slowed both subjects down in one round", () => {
    expect(ratio([20, 2000, 22], [10, 1000, 11])).toBe(2);
    expect(() => ratio([1], [1, 2])).toThrow("Expected as many rounds, got 1 and 2");
  });

  test("none of them changes its argument", () => {
    const values = Object.freeze([3, 1, 2]);
    expect([median(values), percentile(values, 50), mean(values)]).toEqual([2, 2, 2]);
  });
});

test("subjects take turns, and nobody looks at the rounds that warm up", async () => {
  const turns: string[] = [];
  const subject = (name: string, milliseconds: number): Subject => ({
    name,
    operations: 2,
    round: (times) => {
      turns.push(name);
      times.fill(turns.length <= 2 ? 1e6 : milliseconds);
    },
  });
  const measured = await interleaved([subject("A", 1), subject("B", 3)], { rounds: 2, warmUp: 1 });
  expect(turns.join("")).toBe("ABABAB");
  expect(measured).toEqual([
    { name: "A", median: 1000, p95: 1000, mean: 1000, rounds: [1000, 1000], times: Array(4).fill(1000) },
    { name: "B", median: 3000, p95: 3000, mean: 3000, rounds: [3000, 3000], times: Array(4).fill(3000) },
  ]);
});

test("a report says which targets were met and which were missed", () => {
  const target = (name: string, is: Target["is"], figure: number): Target => ({
    ...{ name, is, figure, limit: 2, unit: "x" },
  });
  const targets = [
    target("low", "at most", 2),
    target("high", "at most", 2.01),
    target("more", "at least", 2),
    target("less", "at least", 1.99),
    target("nothing", "at most", NaN),
  ];
  expect(targets.map(isMet)).toEqual([true, false, true, false, false]);
  const text = print({
    title: "Title",
    about: "About.",
    rows: [{ name: "a", x: 1 }, { name: "long" }],
    targets,
  });
  expect(text).toContain("  met     low: 2.00x, asked at most 2.00x\n");
  expect(text).toContain("  MISSED  less: 1.99x, asked at least 2.00x\n");
  expect(text).toContain("           x\n  a     1.00\n  long\n");
});

describe("npm run bench", () => {
  const script = join(import.meta.dirname, "../bench/index.ts");

  function bench(...args: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ["--expose-gc", "--import", "tsx", script, ...args],
        (error, stdout, stderr) => {
          resolve({ status: error === null ? 0 : error.code, stdout, stderr });
        },
      );
    });
  }

  test("measures the built package beside its peers, and says on what", async () => {
    const { status, stdout, stderr } = await bench("--quick", "uncontended");
    expect(stderr).toBe("");
    expect(stdout).toContain(`node ${process.versions.node}, holdfast `);
    expect(stdout).toMatch(/^processor .+, cores \d+, .+, kernel .+, file system \w+/);
    for (const subject of ["bare protocol", "acquire + release", "run", "async-mutex", "proper-lockfile"]) {
      expect(stdout).toContain(`\n  ${subject}`);
    }
    expect(stdout).toMatch(/^\d of 5 targets met\.$/m);
    expect(stdout).not.toContain("Written to");
    expect(status).toBe(0);
  });

  test("weighs the package, and starts processes with and without it", async () => {
    const { status, stdout, stderr } = await bench("--quick", "package");
    expect(stderr).toBe("");
    for (const row of [
      "library",
      "command line",
      "declarations",
      "tarball",
      "start of node",
      "with import of holdfast",
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${row} +[\\d.]`, "m"));
    }
    expect(stdout).toMatch(/^\d of 3 targets met\.$/m);
    expect(status).toBe(0);
  });

  // On a machine that is very busy, processes take seconds to start.
  const PATIENCE_MS = 120_000;

  test.each(["hand-off", "fairness", "tasks", "crowd"])(
    "measures %s among processes, none of which held together with another",
    { timeout: PATIENCE_MS },
    async (name) => {
      const { status, stdout, stderr } = await bench("--quick", name);
      expect(stderr).toBe("");
      expect(stdout).toContain("\n  holdfast, any");
      expect(stdout).toMatch(/^\d of \d targets met\.$/m);
      expect(status).toBe(0);
    },
  );

  test("refuses a measurement that there is not", async () => {
    const { status, stdout, stderr } = await bench("--quick", "speed");
    expect(stderr).toContain("There is no measurement 'speed'");
    expect(stdout).toBe("");
    expect(status).toBe(64);
  });
});
