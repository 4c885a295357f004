// Tests that need something of the machine: they say in their title what that is, and are skipped where it is missing.
import { spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { beforeEach, test } from "vitest";

type Body = () => void | Promise<void>;

export const isLinux = process.platform === "linux";
export const isWindows = process.platform === "win32";
/** Whether /proc shows every process that could hold a file: those of the first PID namespace see all. */
export const seesAllProcesses = isLinux && readlinkSync("/proc/self/ns/pid") === "pid:[4026531836]";

/** Has each test of the file skipped where that is not there, and says so. Call it at the top, before other hooks. */
export function everyTestNeeds(what: string, isThere: boolean): void {
  beforeEach(({ skip }) => {
    skip(!isThere, `needs ${what}`);
  });
}

/** Has each test of the file skipped where this is not Linux. */
export function everyTestNeedsLinux(why: string): void {
  everyTestNeeds(`Linux: ${why}`, isLinux);
}

/** Defines a test that needs Linux, and says why. */
export function needsLinux(why: string): (title: string, body: Body) => void {
  return needsRight(`Linux: ${why}`, isLinux);
}

/**
 * Defines a test that needs a `tool` that is installed or not. In CI, which installs it on Linux, a missing tool fails the test
 * there.
 */
export function needsTool(
  tool: string,
  isThere: boolean,
): (title: string, body: Body, timeoutMs?: number) => void {
  const inCi = isLinux && (process.env["CI"] ?? "") !== "";
  return (title, body, timeoutMs) => {
    const tested = (): void | Promise<void> => {
      if (!isThere) throw new Error(`${tool} is missing, and CI has to have it (.ci/run installs it)`);
      return body();
    };
    test.skipIf(!isThere && !inCi)(`${title} [needs ${tool}]`, tested, timeoutMs);
  };
}

/** Defines a test that needs a `right` that no installation gives. */
export function needsRight(
  right: string,
  isThere: boolean,
): (title: string, body: Body, timeoutMs?: number) => void {
  return (title, body, timeoutMs) => {
    test.skipIf(!isThere)(`${title} [needs ${right}]`, body, timeoutMs);
  };
}

/** Whether a command runs and succeeds. */
export function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}
