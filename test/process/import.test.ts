// What importing the package does to a program that does nothing else with it: nothing.
import { execFileSync } from "node:child_process";
import { constants, existsSync } from "node:fs";
import { expect } from "vitest";
import { needsTool } from "../support/needs.ts";

const dist = new URL("../../dist/index.js", import.meta.url).href;

// 1. An import opens process.stderr, so that its pipe no longer blocks. 2. A neighbour that shares it writes more than fits, and loses it.
needsTool("/proc", existsSync("/proc/self/fdinfo"))("a pipe at stderr goes on blocking", () => {
  const script = `
    const { readFileSync, writeSync } = require("node:fs");
    import(${JSON.stringify(dist)}).then(() => writeSync(2, readFileSync("/proc/self/fdinfo/2")));`;
  const shell = ["-c", '"$@" 2>&1 | cat', "sh", process.execPath, "-e", script];
  const [, flags] = /^flags:\s*([0-7]+)$/m.exec(execFileSync("sh", shell, { encoding: "utf8" }))!;
  expect(parseInt(flags!, 8) & constants.O_NONBLOCK).toBe(0);
});
