// The processes of a measurement end with it, however it ends and whatever they wait for.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { withParticipants } from "../../bench/participant.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/<pid>/task");

const PATIENCE_MS = 120_000;
const bench = join(import.meta.dirname, "../../bench");

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

test("a wait that blocks a thread ends with the standard input", { timeout: PATIENCE_MS }, async () => {
  const take = { do: "take", way: "blocking", lockFile: temporaryLockFile() } as const;
  await withParticipants(["node"], async ([holder]) => {
    await holder!.ask(take);
    await holder!.next();
    const waiter = start(join(bench, "processes/participant.mjs"));
    const ended = once(waiter, "exit");
    waiter.stdin!.write(`${JSON.stringify(take)}\n`);
    for (let said = ""; !said.includes("asks");) said += String((await once(waiter.stdout!, "data"))[0]);
    waiter.stdin!.end();
    expect(await ended).toEqual([null, "SIGKILL"]);
  });
});

test("nobody who takes part outlives a bench that is killed", { timeout: PATIENCE_MS }, async () => {
  const directory = temporaryDirectory(); // a bench that is killed leaves its lock files
  const killed = start(
    "--import",
    "tsx",
    join(bench, "index.ts"),
    "--quick",
    "--directory",
    directory,
    "hand-off",
  );
  const ended = once(killed, "exit");
  let children: string[] = [];
  while (children.length < 4) {
    await pause(1);
    children = childrenOf(killed.pid!);
  }
  killed.kill("SIGKILL");
  await ended;
  while (children.some(isAlive)) await pause(1);
});

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
}

/** Where nobody waits for orphans, they stay as zombies. */
function isAlive(pid: string): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
