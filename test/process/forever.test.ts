// What is held for ever: until the process ends, however it does, and no longer. The file goes with it where the process
// still can see to that, and the process dies of what it dies of.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { ProcessLock, type ProcessLockOptions } from "../../src/index.ts";
import { isRoot, NOBODY, publicDirectory } from "../support/as-nobody.ts";
import type { Child, End, Word } from "../support/child.ts";
import { start } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { needsRight, needsTool, succeeds } from "../support/needs.ts";
import { startProgram, type ProgramVerb } from "../support/program.ts";
import { soon } from "../support/promises.ts";

function newOptions(): ProcessLockOptions {
  return { name: "daemon", directory: temporaryDirectory() };
}

const lockFileOf = (options: ProcessLockOptions): string => new ProcessLock(options).lockFile;

async function running(verb: ProgramVerb, options: ProcessLockOptions): Promise<Child> {
  const program = startProgram(verb, options);
  await program.says("held");
  expect(readFileSync(lockFileOf(options), "utf8")).toBe(`${String(program.pid)}\n`);
  return program;
}

const tell = (word: Word) => (program: Child) => program.tell(word);
const send = (signal: NodeJS.Signals) => (program: Child) => void process.kill(program.pid, signal);

const ENDS: [how: string, end: (program: Child) => void, expected: End][] = [
  ["has nothing left to do", tell("go"), { code: 0, signal: null }],
  ["calls process.exit()", tell("exit"), { code: 7, signal: null }],
  ["dies of an uncaught error", tell("throw"), { code: 1, signal: null }],
  ["is interrupted", send("SIGINT"), { code: null, signal: "SIGINT" }],
  ["is terminated", send("SIGTERM"), { code: null, signal: "SIGTERM" }],
  ["loses its terminal", send("SIGHUP"), { code: null, signal: "SIGHUP" }],
];

// 1. The process ends, and removes the file. 2. Somebody in it who waited tries next, and makes it anew.
describe.each(["forever", "nested", "awaited"] as const)("a program that holds (%s)", (verb) => {
  test.each(verb === "forever" ? ENDS : ENDS.slice(1))(
    "%s, and its file is gone",
    async (_, end, expected) => {
      const options = newOptions();
      const program = await running(verb, options);
      end(program);
      expect(await program.ends()).toEqual(expected);
      expect(existsSync(lockFileOf(options))).toBe(false);
      if (expected.code === 1) expect(program.stderr).toContain("as the test asked");
      else expect(program.stderr).toBe("");
    },
  );
});

test("a program that cleans up when it is terminated, and listens once, is left to do it", async () => {
  const options = newOptions();
  const program = await running("heed", options);
  process.kill(program.pid, "SIGTERM");
  expect(await program.ends()).toEqual({ code: 7, signal: null });
  expect(existsSync(lockFileOf(options))).toBe(false);
});

test("a program that writes more than it may does not die of it", async () => {
  const options = newOptions();
  const words = [process.execPath, fixture("program.mjs"), "fill", JSON.stringify(options)];
  const program = start(["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", ...words]);
  expect(await program.ends()).toEqual({ code: 7, signal: null });
  expect(program.stdout).toBe("EFBIG\n");
  expect(existsSync(lockFileOf(options))).toBe(false);
});

test("a second one is refused, until the first one is killed", async () => {
  const options = newOptions();
  const first = await running("forever", options);
  const lock = new ProcessLock(options);
  const refused = { name: "CannotAcquireLock", pid: first.pid };
  await expect(lock.forever()).rejects.toMatchObject(refused);
  const second = startProgram("forever", options);
  expect((await second.ends()).code).toBe(1);
  expect(second.stderr).toContain(
    `CannotAcquireLock: Another 'daemon' process is already running (pid ${String(first.pid)}).`,
  );
  await first.kill();
  expect(readFileSync(lockFileOf(options), "utf8")).toBe(`${String(first.pid)}\n`);
  const third = await running("forever", options);
  await expect(lock.forever()).rejects.toMatchObject({ pid: third.pid });
});

test("no release() ends it", async () => {
  const options = newOptions();
  const program = await running("forever", options);
  program.tell("release");
  await program.says("released");
  await expect(new ProcessLock(options).acquire()).rejects.toMatchObject({ pid: program.pid });
});

test("one that comes when the first one ends has it, and its file stays", async () => {
  const options = newOptions();
  const first = await running("forever", options);
  const next = startProgram("hold", { ...options, timeout: 10 });
  await next.says("waiting");
  first.tell("exit");
  await next.says("held");
  expect(readFileSync(lockFileOf(options), "utf8")).toBe(`${String(next.pid)}\n`);
});

test("many begin at once: one of them runs, and the others know which", async () => {
  const options = newOptions();
  const programs = Array.from({ length: 6 }, () => startProgram("forever", { ...options, die: true }));
  const winner = await Promise.any(programs.map(async (program) => (await program.says("held"), program)));
  for (const loser of programs.filter((program) => program !== winner)) {
    expect(await loser.ends()).toEqual({ code: 1, signal: null });
    expect(loser.stderr).toBe(`Another 'daemon' process is already running (pid ${String(winner.pid)}).\n`);
  }
  winner.tell("exit");
  expect((await winner.ends()).code).toBe(7);
});

// Such a file is locked through a descriptor for reading. Its content stays, and so does the file itself.
needsRight("root", isRoot)(
  "what another user has left behind is locked, and the kernel says by whom",
  async () => {
    const directory = publicDirectory();
    chmodSync(directory, 0o1777);
    const options = { name: "daemon", directory };
    const lockFile = lockFileOf(options);
    writeFileSync(lockFile, "4194304\n", { mode: 0o644 });
    const program = startProgram("hold", { ...options, uid: NOBODY });
    await program.says("held");
    await expect(new ProcessLock(options).acquire()).rejects.toMatchObject({ pid: program.pid });
    expect(readFileSync(lockFile, "utf8")).toBe("4194304\n");
    program.tell("release");
    expect(await program.ends()).toEqual({ code: 0, signal: null });
    expect(program.stderr).toContain("was released, but could not be removed");
    await new ProcessLock(options).run(() => {});
    expect(existsSync(lockFile)).toBe(false);
  },
);

describe("with die", () => {
  test.each(["forever", "hold"] as const)(
    "a second one (%s) says so in one line, and exits with 1",
    async (verb) => {
      const options = newOptions();
      const first = await running("forever", options);
      const second = startProgram(verb, { ...options, die: true });
      expect(await second.ends()).toEqual({ code: 1, signal: null });
      expect(second.stderr).toBe(`Another 'daemon' process is already running (pid ${String(first.pid)}).\n`);
      expect(second.unheard).toEqual([]);
    },
  );

  test("it dies after it has waited in vain", async () => {
    const options = newOptions();
    await running("forever", options);
    const second = startProgram("hold", { ...options, die: true, timeout: 0.05 });
    expect(await second.ends()).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/^Another 'daemon' process is already running \(pid \d+\)\.\n$/);
    expect(second.unheard).not.toContain("held");
  });

  needsTool("mkfifo(1)", succeeds("mkfifo", "--version"))(
    "it does not wait for ever for a reader of a full pipe, which blocks as pipes do",
    async () => {
      const options = newOptions();
      await running("forever", options);
      const pipe = `${lockFileOf(options)}.pipe`;
      execFileSync("mkfifo", [pipe]);
      const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
      onTestFinished(() => {
        closeSync(fd);
      });
      expect(() => {
        for (;;) writeSync(fd, Buffer.alloc(4096));
      }).toThrow("EAGAIN");
      const words = [fixture("program.mjs"), "hold", JSON.stringify({ ...options, die: true })];
      const second = spawn(process.execPath, words, { stdio: ["ignore", "ignore", fd] });
      onTestFinished(() => void second.kill("SIGKILL"));
      expect(await soon(once(second, "exit"), "it does not die")).toEqual([1, null]);
    },
  );

  test("one that gets it lives", async () => {
    const program = await running("forever", { ...newOptions(), die: true });
    program.tell("exit");
    expect((await program.ends()).code).toBe(7);
  });
});
