// holdfast run: the command has the lock as long as it runs, and is left alone otherwise: its words, its streams, its exit code.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileLock, ProcessLock } from "../../src/index.ts";
import { HEED, HOLDFAST, holdfast, ran, start } from "../support/command-line.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { isLinux, needsLinux, needsTool, succeeds } from "../support/needs.ts";

const sh = (script: string, ...args: string[]): string[] => ["sh", "-c", script, ...args];

describe("the command", () => {
  test("has the lock while it runs, and nobody has it afterwards", async () => {
    const path = temporaryLockFile();
    const lock = new FileLock(path);
    const program = holdfast(["run", path, "--", ...HEED]);
    await program.says("held");
    expect(await lock.tryAcquire()).toBeUndefined();
    if (isLinux) expect(await lock.holder()).toMatchObject([{ pid: program.pid }]);
    program.endInput();
    expect(await program.ends()).toEqual({ code: 5, signal: null });
    await using hold = await lock.tryAcquire();
    expect(hold).toBeDefined();
  });

  test("waits for the lock before it starts", async () => {
    const path = temporaryLockFile();
    const hold = await new FileLock(path).acquire();
    const program = holdfast(["run", path, "--", "echo", "started"]);
    await program.says("waiting for");
    expect(program.stdout).toBe("");
    await hold.release();
    expect(await program.ends()).toEqual({ code: 0, signal: null });
    expect(program.stdout).toBe("started\n");
  });

  test("gets each word behind -- as it is", async () => {
    const words = ["--", "-n", "--timeout", "", "two words", "$HOME", "*"];
    const { stdout } = await ran([
      "run",
      temporaryLockFile(),
      "--",
      ...sh('printf "%s|" "$@"', "sh", ...words),
    ]);
    expect(stdout).toBe(words.map((word) => `${word}|`).join(""));
  });

  test("needs no -- where its name does not look like an option", async () => {
    expect(await ran(["run", temporaryLockFile(), "printf", "%s|", "-n", "--", "-w"])).toEqual({
      code: 0,
      stdout: "-n|--|-w|",
      stderr: "",
    });
  });

  test("has the streams of holdfast", async () => {
    const program = holdfast(["run", temporaryLockFile(), "--", ...sh("cat; echo error >&2")]);
    program.type("through");
    program.endInput();
    await program.ends();
    expect([program.stdout, program.stderr]).toEqual(["through", "error\n"]);
  });

  needsLinux("/proc/self/fd")("does not inherit the lock file", async () => {
    const path = temporaryLockFile();
    const { stdout } = await ran(["run", path, "--", "ls", "-l", "/proc/self/fd"]);
    expect(stdout).toContain("0 -> ");
    expect(stdout).not.toContain(path);
  });

  test("does not keep the lock through what it leaves running", async () => {
    const path = temporaryLockFile();
    const program = holdfast(["run", path, "--", ...sh("sleep 1000 >&2 & echo pid $! .")]);
    const [, pid] = await program.says(/pid (\d+) \./);
    onTestFinished(() => void process.kill(Number(pid), "SIGKILL"));
    expect(await program.exits()).toEqual({ code: 0, signal: null });
    expect(process.kill(Number(pid), 0)).toBe(true);
    await using hold = await new FileLock(path).tryAcquire();
    expect(hold).toBeDefined();
  });

  test("goes on without the lock where holdfast is killed", async () => {
    const path = temporaryLockFile();
    const program = holdfast(["run", path, "--", ...HEED]);
    await program.says("held");
    program.signal("SIGKILL");
    await program.exits();
    await using hold = await new FileLock(path).acquire({ timeout: 10 });
    expect(hold).toBeDefined();
    program.endInput();
    await program.ends();
  });

  test("is told of a lock file that was replaced under it", async () => {
    const path = temporaryLockFile();
    const program = holdfast(["run", path, "--", ...HEED]);
    await program.says("held");
    renameSync(path, `${path}.away`);
    writeFileSync(path, "");
    program.endInput();
    expect(await program.ends()).toEqual({ code: 5, signal: null });
    expect(program.stderr).toMatch(/^holdfast: .*was removed or replaced while it was held.*\n$/);
  });
});

describe("the exit code", () => {
  test.each([0, 1, 7, 64, 255])("is that of the command: %d", async (code) => {
    expect(await ran(["run", temporaryLockFile(), "--", ...sh(`exit ${String(code)}`)])).toMatchObject({
      code,
      stderr: "",
    });
  });

  test.each([
    ["SIGKILL", 137],
    ["SIGTERM", 143],
    ["SIGSEGV", 139],
  ])("is 128 and the number of the signal of which it died: %s", async (name, code) => {
    const script = `ulimit -c 0; kill -${name.slice(3)} $$`;
    expect(await ran(["run", temporaryLockFile(), "--", ...sh(script)])).toMatchObject({ code, stderr: "" });
  });

  test("is 127 where there is no such command", async () => {
    for (const command of ["no-such-command", "/no/such/command", ""]) {
      expect(await ran(["run", temporaryLockFile(), "--", command])).toEqual({
        code: 127,
        stdout: "",
        stderr: `holdfast: Cannot run '${command}': there is no such command, or its interpreter is missing\n`,
      });
    }
  });

  test("is 126 where it cannot be run", async () => {
    const path = temporaryLockFile();
    const file = join(dirname(path), "file");
    writeFileSync(file, "", { mode: 0o644 });
    for (const [command, why] of [
      [file, "it is not executable"],
      [dirname(path), "it is not executable"],
      [`${file}/below`, "ENOTDIR"],
    ]) {
      const stderr = `holdfast: Cannot run '${command!}': ${why!}\n`;
      expect(await ran(["run", path, "--", command!])).toEqual({ code: 126, stdout: "", stderr });
    }
    await using hold = await new FileLock(path).tryAcquire();
    expect(hold).toBeDefined();
  });

  test("is 66 where there can be no such lock file, and nothing is run", async () => {
    const path = temporaryLockFile();
    symlinkSync("elsewhere", path);
    for (const lockFile of ["/dev/null", "/dev/null/work.lock", path]) {
      const { code, stdout, stderr } = await ran(["run", lockFile, "--", "echo", "ran"]);
      expect({ code, stdout }).toEqual({ code: 66, stdout: "" });
      expect(stderr).toMatch(/^holdfast: Cannot (?:use|open|create) .*\n$/);
    }
  });
});

describe("where the system fails,", () => {
  const define = needsTool("strace", succeeds("strace", "-V"));
  const failures = [
    ["flock", "ENOLCK", 71],
    ["flock", "EOPNOTSUPP", 69],
    ["openat", "ENOSPC", 73],
    ["openat", "EMFILE", 71],
  ] as const;

  for (const [call, failure, code] of failures) {
    define(`${failure} has exit code ${String(code)}, and nothing is run`, async () => {
      const path = temporaryLockFile();
      writeFileSync(path, "");
      const inject = ["--follow-forks", "--output=/dev/null", `--inject=${call}:error=${failure}`];
      const program = start(["strace", ...inject, "-P", path, ...HOLDFAST, "run", path, "--", "echo", "ran"]);
      expect(await program.ends()).toEqual({ code, signal: null });
      expect(program.stdout).toBe("");
      expect(program.stderr).toMatch(/^holdfast: Cannot (?:open|lock) .*\n$/);
    });
  }
});

describe("where the program cannot be loaded,", () => {
  const define = needsTool("strace", succeeds("strace", "-V"));
  const isPart = (name: string): boolean => /^(?:start|run)(?:-\w+)?\.js$/.test(name);
  const parts = readdirSync(dirname(HOLDFAST[1]!)).filter(isPart);

  test("there are parts of it", () => {
    expect(parts).toHaveLength(2);
  });

  for (const failure of ["EMFILE", "ENFILE"]) {
    define(`${failure} has exit code 71 and one line, and nothing is run`, async () => {
      for (const part of parts) {
        const path = temporaryLockFile();
        const inject = ["--follow-forks", "--output=/dev/null", `--inject=openat:error=${failure}`];
        const file = join(dirname(HOLDFAST[1]!), part);
        const words = [...inject, "-P", file, ...HOLDFAST, "run", path, "--", "echo", "ran"];
        const program = start(["strace", ...words]);
        expect(await program.ends()).toEqual({ code: 71, signal: null });
        expect(program.stdout).toBe("");
        expect(program.stderr).toMatch(
          new RegExp(`^holdfast: .*too many .*${failure}.*\n$|^holdfast: ${failure}: .*\n$`),
        );
        expect(existsSync(path)).toBe(false);
      }
    });
  }

  define("anything else has exit code 70, which is that of no conflict", async () => {
    const part = parts.find((name) => name.startsWith("start"))!;
    const inject = ["--follow-forks", "--output=/dev/null", "--inject=openat:error=EACCES"];
    const file = join(dirname(HOLDFAST[1]!), part);
    const program = start(["strace", ...inject, "-P", file, ...HOLDFAST, "run", "x", "--", "true"]);
    expect(await program.ends()).toEqual({ code: 70, signal: null });
    expect(program.stderr).toMatch(/^holdfast: .*EACCES/);
  });
});

describe("a working directory that was removed", () => {
  const define = test.skipIf(process.platform === "win32"); // which removes none that somebody is in

  define.each(["run work.lock true", "run --dir . true", "wait work.lock", "status work.lock", "doctor"])(
    "is named: %s",
    async (args) => {
      const directory = join(temporaryDirectory(), "gone");
      mkdirSync(directory);
      const program = start(["sh", "-c", `rmdir "$PWD"; exec "$@" ${args}`, "sh", ...HOLDFAST], {
        cwd: directory,
      });
      expect(await program.ends()).toEqual({ code: 66, signal: null });
      expect(program.stderr).toBe(
        "holdfast: The working directory was removed. Change to one that is there\n",
      );
    },
  );
});

describe("a lock that is held", () => {
  const conflicts = [
    [["--nonblock"], 1],
    [["-n"], 1],
    [["--timeout", "0"], 1],
    [["-w", ".05"], 1],
    [["--nonblock", "--conflict-exit-code", "0"], 0],
    [["-n", "-E", "255"], 255],
  ] as const;

  test.each(conflicts)("with %j the exit code is %d, and stderr says who has it", async (options, code) => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const outcome = await ran(["run", ...options, hold.lockFile, "--", "echo", "ran"]);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(
      new RegExp(
        `^holdfast: Cannot have the lock '${path}' \\(.+\\): held by ${isLinux ? `pid ${String(process.pid)} \\(.+\\)` : "somebody"}`,
        "m",
      ),
    );
  });

  test("with --quiet nothing is said of it", async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    for (const options of [["--nonblock"], ["--timeout", "0.05"]]) {
      const outcome = await ran(["run", "--quiet", ...options, hold.lockFile, "--", "echo", "ran"]);
      expect(outcome).toEqual({ code: 1, stdout: "", stderr: "" });
    }
  });
});

describe("which lock", () => {
  test("--dir means the .lock in a directory", async () => {
    const directory = temporaryDirectory();
    const args = ["run", "--nonblock", "--dir", directory, "--", "echo", "ran"];
    expect(await ran(args)).toEqual({ code: 0, stdout: "ran\n", stderr: "" });
    await using hold = await FileLock.inDirectory(directory).acquire();
    expect(hold.lockFile).toBe(join(directory, ".lock"));
    expect(await ran(args)).toMatchObject({ code: 1, stdout: "" });
  });

  test("a directory without --dir is no lock file, and --dir is named", async () => {
    const directory = temporaryDirectory();
    for (const path of [directory, `${directory}/`]) {
      const { code, stderr } = await ran(["run", path, "--", "true"]);
      expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(/^holdfast: .*--dir\n$/) });
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a directory where --dir and --name have their lock file is named, with what to do", async () => {
    const directory = temporaryDirectory();
    const name = `test ${String(process.pid)}`;
    const { lockfile } = new ProcessLock({ name });
    const cases = [
      [["--dir", directory], join(directory, ".lock")],
      [["--name", name], lockfile],
    ] as const;
    for (const [options, lockFile] of cases) {
      mkdirSync(lockFile);
      onTestFinished(() => {
        rmSync(lockFile, { recursive: true, force: true });
      });
      expect(await ran(["run", ...options, "--", "echo", "ran"])).toEqual({
        code: 66,
        stdout: "",
        stderr: `holdfast: Cannot use '${lockFile}' as a lock file: it is a directory. Remove or rename it (EISDIR)\n`,
      });
    }
  });

  test("--name needs no lock file", async () => {
    const name = `test ${String(process.pid)}`;
    const program = holdfast(["run", "--name", name, "--", ...HEED]);
    await program.says("held");
    const { lockfile } = new ProcessLock({ name });
    const pid = readFileSync(lockfile, "utf8").trim();
    expect(pid).toBe(String(program.pid));
    expect(await ran(["run", "-n", "--name", name, "--", "echo", "ran"])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `holdfast: Another '${name}' process is already running (pid ${pid}).\n`,
    });
    const waiting = holdfast(["run", "--name", name, "echo", "waited"]);
    await waiting.says("waiting for");
    expect(await ran(["run", "-n", "--name", `${name}!`, "echo", "ran"])).toMatchObject({
      code: 0,
      stdout: "ran\n",
    });
    program.endInput();
    await program.ends();
    expect(await waiting.ends()).toEqual({ code: 0, signal: null });
    expect(existsSync(lockfile)).toBe(false);
  });
});

test("--fifo: first come, first served, and the line goes when nobody waits", async () => {
  const path = temporaryLockFile();
  const hold = await new FileLock(path, { order: "fifo" }).acquire();
  const log = join(dirname(path), "log");
  const programs = [];
  for (const name of ["first", "second", "third"]) {
    const program = holdfast([
      "run",
      "--fifo",
      path,
      "--",
      ...sh('echo "$1" >> "$2"; cat "$2"', "sh", name, log),
    ]);
    await program.says(`number ${String(programs.length + 1)} in line`);
    programs.push(program);
  }
  await hold.release();
  for (const program of programs) expect(await program.ends()).toMatchObject({ code: 0 });
  expect(programs[2]!.stdout).toBe("first\nsecond\nthird\n");
  expect(existsSync(`${path}.queue`)).toBe(false);
});

test("--shared: several at once, and nobody else", async () => {
  const path = temporaryLockFile();
  const one = holdfast(["run", "--shared", path, "--", ...HEED]);
  await one.says("held");
  expect(await ran(["run", "--shared", "--nonblock", path, "--", "echo", "ran"])).toMatchObject({
    stdout: "ran\n",
  });
  expect(await ran(["run", "--nonblock", path, "--", "echo", "ran"])).toMatchObject({ code: 1, stdout: "" });
  one.endInput();
  await one.ends();
});

test("a warning of the package is a line like any other", async () => {
  const path = temporaryLockFile();
  writeFileSync(`${path}.queue`, "not a directory");
  const hold = await new FileLock(path).acquire();
  const program = holdfast(["run", "--fifo", path, "--", "true"]);
  await program.says("waiting for");
  await hold.release();
  expect(await program.ends()).toEqual({ code: 0, signal: null });
  expect(program.stderr).toMatch(/^holdfast: .*fifo/m);
  for (const line of program.stderr.trimEnd().split("\n")) expect(line).toMatch(/^holdfast: /);
});

describe("flock(1)", () => {
  const define = needsTool("flock(1)", succeeds("flock", "--version"));

  define("is kept out by holdfast, and keeps it out", async () => {
    const path = temporaryLockFile();
    const inside = (...peer: string[]): string[] => ["--", ...sh('"$@"; echo $?', "sh", ...peer)];
    expect(await ran(["run", path, ...inside("flock", "-n", path, "true")])).toMatchObject({ stdout: "1\n" });
    const ours = await ran(["run", path, "--", "flock", "-n", `${path}2`, process.execPath, "--version"]);
    expect(ours).toMatchObject({ code: 0 });
    const program = holdfast(["run", `${path}2`, "--", "flock", path, ...HEED]);
    await program.says("held");
    expect(await ran(["run", "-n", path, "--", "true"])).toMatchObject({ code: 1 });
    program.endInput();
    await program.ends();
    expect(await ran(["run", "-n", path, "--", "true"])).toMatchObject({ code: 0 });
  });
});
