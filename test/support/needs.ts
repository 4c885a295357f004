// Tests that need something of the machine: they say in their title what that is, and are skipped where it is missing.
import { spawnSync } from "node:child_process";
import { test } from "vitest";

type Body = () => void | Promise<void>;

/** Defines a test that needs a `tool` that is installed or not. In CI, which installs it, a missing tool fails the test. */
export function needsTool(tool: string, isThere: boolean): (title: string, body: Body) => void {
  const inCi = (process.env["CI"] ?? "") !== "";
  return (title, body) => {
    test.skipIf(!isThere && !inCi)(`${title} [needs ${tool}]`, () => {
      if (!isThere) throw new Error(`${tool} is missing, and CI has to have it (.ci/run installs it)`);
      return body();
    });
  };
}

/** Defines a test that needs a `right` that no installation gives. */
export function needsRight(right: string, isThere: boolean): (title: string, body: Body) => void {
  return (title, body) => {
    test.skipIf(!isThere)(`${title} [needs ${right}]`, body);
  };
}

/** Whether a command runs and succeeds. */
export function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}
