// What becomes of signals: while somebody waits they end the wait, afterwards they are the command's, each once. The lock is
// held until the command has ended.
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import type { End } from "../support/child.ts";
import {
  HEED,
  HOLDFAST,
  holdfast,
  holdfastInTerminal,
  start,
  startInTerminal,
  type Program,
} from "../support/command-line.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { everyTestNeeds, isWindows, needsTool, succeeds } from "../support/needs.ts";

everyTestNeeds("signals", !isWindows);

const RELAYED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const;
const ENDING = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

const inTerminal = needsTool("script(1)", succeeds("script", "--version"));

/** How often a command of test/fixtures/heed.mjs has said so. */
const times = (said: string, name: string): number =>
  said.split(/\r?\n/).filter((line) => line.endsWith(name)).length;

/** As a shell has it, 128 and the number either way: but of ^C it has to see a death. */
const endOf = (name: NodeJS.Signals): End =>
  name === "SIGINT" ? { code: null, signal: name } : { code: 128 + constants.signals[name], signal: null };

describe("while the command runs", () => {
  test("each signal is passed on, once, and the lock is held on", async () => {
    const path = temporaryLockFile();
    const program = holdfast(["run", path, "--", ...HEED]);
    await program.says("held");
    for (const name of RELAYED) {
      program.signal(name);
      await program.says(name);
    }
    expect(await new FileLock(path).tryAcquire()).toBeUndefined();
    program.endInput();
    expect(await program.ends()).toEqual({ code: 5, signal: null });
    for (const name of RELAYED) expect(times(program.stdout, name), name).toBe(1);
  });

  test.each(ENDING)("a command that dies of %s is told so", async (name) => {
    const path = temporaryLockFile();
    const program = holdfast(["run", path, "--", "sh", "-c", "echo held; exec cat"]);
    await program.says("held");
    program.signal(name);
    expect(await program.ends()).toEqual(endOf(name));
    await using hold = await new FileLock(path).tryAcquire();
    expect(hold).toBeDefined();
  });

  // 1. ^C is typed, while holdfast is stopped. 2. The terminal sends SIGINT to both, and the command says so. 3. holdfast goes
  // on. Passing it on, it would do so before it passes on the SIGUSR1.
  inTerminal("what is typed on the terminal reaches the command once", async () => {
    const program = holdfastInTerminal(["run", temporaryLockFile(), "--", ...HEED]);
    const [, pid] = await program.says(/held (\d+) \./);
    process.kill(Number(pid), "SIGSTOP");
    for (const [key, name] of [
      ["\x03", "SIGINT"],
      ["\x1c", "SIGQUIT"],
    ] as const) {
      program.type(key);
      await program.says(name);
    }
    process.kill(Number(pid), "SIGCONT");
    process.kill(Number(pid), "SIGUSR1");
    await program.says("SIGUSR1");
    program.type("\x04");
    expect(await program.ends()).toEqual({ code: 5, signal: null });
    expect([times(program.stdout, "SIGINT"), times(program.stdout, "SIGQUIT")]).toEqual([1, 1]);
  });

  // strace(1) sends it as holdfast is about to fork, when Node holds signals back.
  needsTool("script(1) and strace", succeeds("script", "--version") && succeeds("strace", "-V"))(
    "what is typed just before the command starts reaches it, too",
    async () => {
      const strace = ["strace", "--follow-forks", "--output=/dev/null", "--inject=clone:signal=INT:when=1"];
      const program = startInTerminal([...strace, ...HOLDFAST, "run", temporaryLockFile(), "--", "cat"]);
      expect(await program.ends()).toEqual({ code: 130, signal: null });
    },
  );

  inTerminal("on a terminal other signals are passed on all the same", async () => {
    const program = holdfastInTerminal(["run", temporaryLockFile(), "--", ...HEED]);
    const [, pid] = await program.says(/held (\d+) \./);
    process.kill(Number(pid), "SIGTERM");
    await program.says("SIGTERM");
    program.type("\x04");
    expect(await program.ends()).toEqual({ code: 5, signal: null });
  });

  inTerminal("what is typed is passed on to a command that the terminal does not reach", async () => {
    const program = holdfastInTerminal(["run", temporaryLockFile(), "--", "setsid", ...HEED]);
    await program.says("held");
    program.type("\x03");
    await program.says("SIGINT");
    program.type("\x04");
    expect(await program.ends()).toEqual({ code: 5, signal: null });
    expect(times(program.stdout, "SIGINT")).toBe(1);
  });
});

describe("while it waits", () => {
  /** How it ends, given a signal while it waits for a lock file that is held. */
  async function interrupted(name: NodeJS.Signals, args: (path: string) => string[]): Promise<void> {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const program = holdfast(args(hold.lockFile));
    await program.says("waiting for");
    program.signal(name);
    expect(await program.ends()).toEqual(endOf(name));
    expect(program.stdout).toBe("");
    expect(program.stderr.split("\n")).toHaveLength(2);
    expect(readdirSync(dirname(path))).toEqual(["work.lock"]);
    expect(hold.released).toBe(false);
  }

  test.each(RELAYED)("%s ends the wait of run, and nothing is left of it", async (name) => {
    await interrupted(name, (path) => ["run", path, "--", "echo", "ran"]);
  });

  test.each(ENDING)("%s ends that of wait", async (name) => {
    await interrupted(name, (path) => ["wait", path]);
  });

  test("in line, its place is given up", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const program = holdfast(["run", "--fifo", hold.lockFile, "--", "echo", "ran"]);
    await program.says("number 1 in line");
    expect(readdirSync(dirname(path))).toContain("work.lock.queue");
    program.signal("SIGTERM");
    expect(await program.ends()).toEqual({ code: 143, signal: null });
    expect(readdirSync(dirname(path))).toEqual(["work.lock"]);
  });

  inTerminal("^C ends the wait, and the line that told of it is gone", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const program = holdfastInTerminal(["run", hold.lockFile, "--", "echo", "ran"]);
    await program.says("holdfast: waiting");
    program.type("\x03");
    expect(await program.ends()).toEqual({ code: 130, signal: null });
    expect(program.stdout).toMatch(/\r\x1b\[K$/);
    expect(program.stdout).not.toContain("ran");
  });
});

describe("^C ends the script", () => {
  /** A loop of bash(1) in a terminal, which goes on where a command exits, and ends where it dies. */
  function loop(args: readonly string[]): Program {
    const words = [...HOLDFAST, ...args].map((word) => `'${word}'`).join(" ");
    const command = `bash -c 'for i in 1 2; do echo turn $i; "$@"; done; exit 0' bash ${words}`;
    return start(["script", "--quiet", "--return", "--command", command, "/dev/null"]);
  }

  const define = needsTool("script(1)", succeeds("script", "--version"));

  define("in which holdfast waits", async () => {
    await using hold = await new FileLock(temporaryLockFile()).acquire();
    const program = loop(["run", hold.lockFile, "--", "true"]);
    await program.says("holdfast: waiting");
    program.type("\x03");
    expect(await program.ends()).toEqual({ code: 130, signal: null });
    expect(program.stdout).not.toContain("turn 2");
  });

  define("in which its command dies of it", async () => {
    const program = loop(["run", temporaryLockFile(), "--", "sh", "-c", "echo held; exec cat"]);
    await program.says("held");
    program.type("\x03");
    expect(await program.ends()).toEqual({ code: 130, signal: null });
    expect(program.stdout).not.toContain("turn 2");
  });
});
