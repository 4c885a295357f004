// The programs that check the project leave nothing behind, however they are ended. What they have in common is tried, with a
// program that takes its time over it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { everyTestNeedsLinux } from "./support/needs.ts";
import { soon } from "./support/promises.ts";

everyTestNeedsLinux("signals, process groups");

const program = fileURLToPath(new URL("fixtures/tidies-up.mjs", import.meta.url));

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "a second %s does not cut short what the first one began",
  async (signal) => {
    const child = spawn(process.execPath, ["--import", "tsx", program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    const says = async (word: string): Promise<void> => {
      while (!said.includes(word)) await once(child.stdout, "data");
    };
    const ended = once(child, "close");
    await soon(says("ready"), "its start");
    child.kill(signal);
    await soon(says("begun"), "its end");
    child.kill(signal);
    child.stdin.end("\n");
    expect(await soon(ended, "its end, and that of what it has started")).toEqual([1, null]);
    expect(said).toContain("done");
  },
);

// tsx passes signals on to a second process, which it kills where that does not say at once that it has heard: so does none that tidies up.
test("what tidies up is started without anybody in between", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const name of ["check", "test:install", "test:matrix", "test:mutants"])
    expect(scripts[name]).toMatch(/^node --import tsx test\//);
});
