// What doctor() finds out: tried with real processes on real directories, some of which have a back end that lies, fails, crashes or
// hangs. It leaves nothing behind.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { statesOf } from "../src/drivers/back-end-states.ts";
import { examineDirectory, type Diagnosis } from "../src/drivers/examine-directory.ts";
import { fileSystemOf } from "../src/drivers/file-system.ts";
import type * as FileSystem from "../src/drivers/file-system.ts";
import { doctor } from "../src/index.ts";
import type { BackEnd } from "../src/native/back-end.ts";
import { start, type Program } from "./support/command-line.ts";
import { temporaryDirectory } from "./support/directory.ts";
import { fixture, outputOf } from "./support/driver-child.ts";
import { needsRight } from "./support/needs.ts";
import { CHILD, CRASH, failing, HANG, programThat, type Strange } from "./support/strange-child.ts";

const mounted = vi.hoisted(() => ({ localLock: undefined as string | undefined }));

vi.mock("../src/drivers/file-system.ts", async (original) => ({
  ...(await original<typeof FileSystem>()),
  localLockOf: () => mounted.localLock,
}));

/** A process starts in far less time, unless the machine has too much to do. */
const PATIENT_MS = 60_000;

async function examined(strange?: Strange, directory = temporaryDirectory()): Promise<Diagnosis> {
  const program = strange === undefined ? CHILD : programThat(strange);
  const found = await examineDirectory(directory, { given: directory, program, limitMs: PATIENT_MS });
  expect(readdirSync(directory)).toEqual([]);
  expect(found.leftBehind).toBeUndefined();
  return found;
}

const hasTwo = Number(process.versions.node.split(".")[0]) < 26;
const needsTwo = needsRight("a Node.js that fs-ext-extra-prebuilt serves", hasTwo);

describe("A directory in which locks exclude", () => {
  test("is found to be one, and nothing is left in it", async () => {
    const directory = temporaryDirectory();
    expect(await examined(undefined, directory)).toMatchObject({
      directory,
      excludes: true,
      fileSystem: fileSystemOf(directory),
      thread: "main",
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    });
  });

  test("is told by its real path, and has no reason", async () => {
    const directory = temporaryDirectory();
    const found = await examineDirectory(`${directory}/../${directory.split("/").at(-1)!}/`, {
      given: ".",
      program: CHILD,
    });
    expect(found).toMatchObject({ directory, excludes: true });
    expect("reason" in found).toBe(false);
  });

  test("is found by the public function, which loads what a lock loads and nothing else", () => {
    const directory = temporaryDirectory();
    const { diagnosis, loaded } = outputOf("doctor.mjs", ["main", directory]) as {
      diagnosis: Diagnosis;
      loaded: string[];
    };
    expect(diagnosis).toMatchObject({ directory, excludes: true, thread: "main" });
    expect(diagnosis.backEnds[0]).toEqual({ name: "fs-ext", isInUse: true, loads: true });
    expect(loaded).toEqual(["fs-ext"]);
    expect(readdirSync(directory)).toEqual([]);
  });

  needsTwo("is found in a worker thread, where another back end serves", () => {
    const directory = temporaryDirectory();
    const { diagnosis, loaded } = outputOf("doctor.mjs", ["worker", directory]) as {
      diagnosis: Diagnosis;
      loaded: string[];
    };
    expect(diagnosis).toMatchObject({ excludes: true, thread: "worker" });
    expect(diagnosis.backEnds.slice(0, 2)).toEqual([
      { name: "fs-ext", isInUse: false, loads: true, why: "is not loaded in a worker thread" },
      { name: "fs-ext-extra-prebuilt", isInUse: true, loads: true },
    ]);
    expect(loaded).toEqual(["fs-ext-extra-prebuilt"]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("A lock does not exclude", () => {
  test("where another process gets it, too", async () => {
    const { excludes, reason } = await examined({ flock: "isHolder ? real(fd, flags) : undefined" });
    expect(excludes).toBe(false);
    expect(reason).toMatch(
      /^While one process had the lock \(fs-ext\), another got it too \(fs-ext\)\. .*SoftFileLock/,
    );
  });

  needsTwo("where another back end gets it, too: that one sees other locks", async () => {
    const { excludes, reason } = await examined({ module: "fs-ext-extra-prebuilt", flock: "undefined" });
    expect(excludes).toBe(false);
    expect(reason).toContain("had the lock (fs-ext), another got it too (fs-ext-extra-prebuilt)");
  });

  test("where whoever should be refused has failed: that proves nothing", async () => {
    const { excludes, reason } = await examined({
      flock: `isHolder ? real(fd, flags) : ${failing("ENOLCK", 37)}`,
    });
    expect(excludes).toBe(false);
    expect(reason).toMatch(/^The process that was to be refused \(fs-ext\) failed\. .*\(ENOLCK\)\.$/);
  });

  test("where whoever should be refused has crashed", async () => {
    const { excludes, reason } = await examined({ flock: `isHolder ? real(fd, flags) : ${CRASH}` });
    expect(excludes).toBe(false);
    expect(reason).toBe("The process that was to be refused (fs-ext) was ended by SIGSEGV.");
  });

  test("where it is refused after its release, too: then it was not refused for the lock", async () => {
    const { excludes, reason } = await examined({
      flock: `isHolder ? real(fd, flags) : ${failing("EAGAIN", 11)}`,
    });
    expect(excludes).toBe(false);
    expect(reason).toContain("A process (fs-ext) was refused although nobody had the lock any more.");
  });

  test("where a new file is said to be held", async () => {
    const { excludes, reason } = await examined({ flock: failing("EAGAIN", 11) });
    expect(excludes).toBe(false);
    expect(reason).toContain("The lock of a new file, which nobody can hold, was refused.");
  });

  test("where the file system has no flock(2): in the words of the lock's own error", async () => {
    const directory = temporaryDirectory();
    const { excludes, reason } = await examined({ flock: failing("ENOSYS", 38) }, directory);
    expect(excludes).toBe(false);
    expect(reason).toMatch(
      new RegExp(
        `^Cannot lock '${directory}': its file system.* does not support flock\\(2\\) \\(ENOSYS\\)\\.`,
      ),
    );
  });

  test("where it cannot be released", async () => {
    const { reason } = await examined({ flock: `flags === 8 ? ${failing("EIO", 5)} : real(fd, flags)` });
    expect(reason).toMatch(/^The process that was to release the lock \(fs-ext\) failed\. .*\(EIO\)\.$/);
  });

  test("as far as can be known, where the back end in use does not load in another process", async () => {
    const { excludes, reason, backEnds } = await examined({ first: `if (backEnd === "fs-ext") ${CRASH}` });
    expect(excludes).toBe(false);
    expect(reason).toBe(
      "Nothing could be tried: fs-ext cannot be loaded: a process that tried was ended by SIGSEGV.",
    );
    expect(backEnds[0]).toEqual({
      name: "fs-ext",
      isInUse: true,
      loads: false,
      why: "cannot be loaded: a process that tried was ended by SIGSEGV",
    });
  });

  test("on other machines, where the mount keeps locks to this one", async () => {
    mounted.localLock = "local_lock=all";
    try {
      const { excludes, reason } = await examined();
      expect(excludes).toBe(false);
      expect(reason).toMatch(/nobody on another one: the file system is mounted with 'local_lock=all'/);
    } finally {
      mounted.localLock = undefined;
    }
  });
});

describe("A process that does not answer", () => {
  /** Whoever else is late is told of in the same words. */
  const LIMIT_MS = 4_000;
  const LATE = / did not answer within 4 s and was killed\./;

  async function hung(strange: Strange): Promise<Diagnosis> {
    const directory = temporaryDirectory();
    const program = programThat(strange);
    const found = await examineDirectory(directory, { given: directory, program, limitMs: LIMIT_MS });
    expect(readdirSync(directory)).toEqual([]);
    return found;
  }

  test("when it should be refused is killed, and the file is removed", async () => {
    const { excludes, reason } = await hung({ before: `if (question === "lock" && !isHolder) { ${HANG} }` });
    expect(excludes).toBe(false);
    expect(reason).toMatch(LATE);
  });

  test("when it has the file is killed, and another removes it", async () => {
    const { excludes, reason } = await hung({ before: `if (question === "lock" && isHolder) { ${HANG} }` });
    expect(excludes).toBe(false);
    expect(reason).toMatch(LATE);
  });

  test("when it should find the directory is killed", async () => {
    const { excludes, reason } = await hung({ before: `if (question === "resolve") { ${HANG} }` });
    expect(excludes).toBe(false);
    expect(reason).toMatch(LATE);
  });
});

// A process that was never started has no send(), and that there is none was all that was told.
test.runIf(process.platform !== "win32")("A process for which there are no descriptors is told of", () => {
  const { diagnosis } = outputOf("doctor.mjs", ["main", temporaryDirectory(), "3"], {
    through: ["sh", "-c", 'ulimit -n 128 && exec "$@"', "sh"],
  }) as { diagnosis: Diagnosis };
  expect(diagnosis).toMatchObject({
    excludes: false,
    reason: expect.stringMatching(/^Nothing could be tried: .* could not be started \(EMFILE\)\.$/),
  });
});

test("A file that nobody removes is told of", async () => {
  const directory = temporaryDirectory();
  const program = programThat({ before: `if (question === "remove") ${CRASH};` });
  const { leftBehind } = await examineDirectory(directory, {
    given: directory,
    program,
    limitMs: PATIENT_MS,
  });
  expect(readdirSync(directory).map((name) => join(directory, name))).toEqual([leftBehind]);
  expect(leftBehind).toMatch(/\/\.holdfast-doctor-[0-9a-f-]{36}$/);
});

describe("Where whoever asks has ended, the file goes:", () => {
  /** The holder leaves a note when it ends, and by then the file has to be gone. */
  async function leftBy(
    strange: string,
    end: (examiner: Program, directory: string) => Promise<void>,
  ): Promise<string[]> {
    const [directory, note] = [temporaryDirectory(), join(temporaryDirectory(), "note")];
    const program = programThat({
      first: `const { writeFileSync } = await import("node:fs");
        process.on("exit", (code) => { if (isHolder) writeFileSync("${note}", String(code)); });`,
      before: strange,
    });
    const examiner = start([process.execPath, fixture("doctor-for-ever.mjs"), directory, program.href]);
    await end(examiner, directory);
    await vi.waitFor(() => expect(existsSync(note)).toBe(true), { timeout: 10_000, interval: 1 });
    return readdirSync(directory);
  }

  test.each(["SIGKILL", "SIGINT"] as const)("by %s", async (signal) => {
    // Whoever should be refused never answers, so that the file stays until then.
    const deaf = `if (question === "lock" && !isHolder) process.send = () => true;`;
    const left = leftBy(deaf, async (examiner, directory) => {
      await vi.waitFor(() => expect(readdirSync(directory)).toHaveLength(1), {
        timeout: 10_000,
        interval: 1,
      });
      examiner.signal(signal);
      expect(await examiner.exits()).toMatchObject({ signal });
    });
    expect(await left).toEqual([]);
  });

  // 1. Whoever asks is killed. 2. The file is created. 3. The answer reaches nobody, which would end the process.
  test("before it hears that the file is there", async () => {
    const alone = `if (question === "create") {
      const parent = process.ppid;
      process.kill(parent, "SIGKILL");
      while (process.ppid === parent);
    }`;
    const left = leftBy(alone, async (examiner) => {
      expect(await examiner.exits()).toMatchObject({ signal: "SIGKILL" });
    });
    expect(await left).toEqual([]);
  });
});

test("^C, which reaches all processes of a terminal, ends none of those that are asked", async () => {
  expect(await examined({ before: `process.kill(process.pid, "SIGINT");` })).toMatchObject({
    excludes: true,
  });
});

describe("A directory that cannot be used", () => {
  test("is refused: one that is not there, with the command that makes it", async () => {
    const directory = join(temporaryDirectory(), "it's new");
    const error = examineDirectory(directory, { given: directory, program: CHILD });
    await expect(error).rejects.toMatchObject({
      code: "ENOENT",
      message: expect.stringContaining(
        `Cannot try locks in '${directory}': there is no such directory. To make it: mkdir -p '`,
      ),
      cause: expect.objectContaining({ code: "ENOENT" }),
    });
    await expect(error).rejects.toThrow("it'\\''s new'");
    expect(existsSync(directory)).toBe(false);
  });

  test("is refused: a file", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "precious");
    await expect(examineDirectory(file, { given: file, program: CHILD })).rejects.toMatchObject({
      code: "ENOTDIR",
      message: expect.stringContaining("it is no directory"),
    });
  });

  test.runIf(process.platform === "linux")("is refused: one that nobody may write to", async () => {
    await expect(examineDirectory("/sys", { given: "/sys", program: CHILD })).rejects.toMatchObject({
      code: "EACCES",
      message: expect.stringContaining("permission is denied. Try it as a user that may write there"),
    });
  });

  test("is a TypeError where it is no path", async () => {
    await expect(doctor(7 as never)).rejects.toThrow(
      "Expected the path of a directory to be a string or a file: URL, got `7` (number)",
    );
  });
});

// These tests run what is not built: the program is not where it would be then.
test("Where its program is not there, it says what may have become of it", async () => {
  await expect(doctor(temporaryDirectory())).rejects.toMatchObject({
    code: "ENOENT",
    message: expect.stringMatching(
      /native\/child\.js', .* is not there\. Was the package bundled into another program\? .*npx holdfast doctor/,
    ),
  });
});

// A single executable application started itself in place of the program, which started itself in its turn, and there was no end to it.
describe("An executable that runs itself and not the program", () => {
  test("does not ask others when it is asked itself", async () => {
    const note = join(temporaryDirectory(), "note");
    const index = new URL("../dist/index.js", import.meta.url).href;
    await examined({
      first: `const { appendFileSync } = await import("node:fs");
        const said = await (await import("${index}")).doctor("/tmp").then(() => "asks", ({ message }) => message);
        appendFileSync("${note}", said + "\\n");`,
    });
    const all = readFileSync(note, "utf8").trim().split("\n");
    expect(all.length).toBeGreaterThan(1);
    for (const each of all)
      expect(each).toMatch(
        /^Cannot try locks: this process was started by doctor\(\) .*npx holdfast doctor$/,
      );
  });

  test("starts no other process where Node.js knows that it is such a one", async () => {
    const original = process.getBuiltinModule;
    const builtins = vi
      .spyOn(process, "getBuiltinModule")
      .mockImplementation((name: string) => (name === "node:sea" ? { isSea: () => true } : original(name)));
    onTestFinished(() => {
      builtins.mockRestore();
    });
    const directory = temporaryDirectory();
    const nowhere = new URL("nowhere.js", CHILD);
    await expect(examineDirectory(directory, { given: directory, program: nowhere })).rejects.toThrow(
      "is a single executable application",
    );
  });
});

describe("Of a back end that does not serve", () => {
  const backEnd = (name: string, survivesWorkers = true): BackEnd => ({
    name,
    survivesWorkers,
    load: () => {
      throw new Error("loaded here");
    },
  });
  const backEnds = [backEnd("one", false), backEnd("two"), backEnd("three")];
  const done = { type: "done" } as const;
  const whys = (inUse: string, circumstances: object = {}): unknown[] =>
    statesOf([done, done, done], inUse, {
      backEnds,
      isInWorker: false,
      forced: undefined,
      ...circumstances,
    }).map(({ why }) => why);

  test("it is said that it stands behind the one that does", () => {
    const behind = "would load, and stands behind one";
    expect(whys("one")).toEqual([undefined, behind, behind]);
  });

  test("it is said that another is forced", () => {
    const forced = "stands back, since HOLDFAST_BACKEND names two";
    expect(whys("two", { forced: "two" })).toEqual([forced, undefined, forced]);
  });

  test("it is said that it is not loaded in a worker thread", () => {
    expect(whys("two", { isInWorker: true })).toEqual([
      "is not loaded in a worker thread",
      undefined,
      "would load, and stands behind two",
    ]);
  });

  test("it is said that it loads by now", () => {
    expect(whys("two")).toEqual([
      "loads in a new process, and did not in this one when it chose",
      undefined,
      "would load, and stands behind two",
    ]);
  });

  test("it is said why it does not load, before all else", () => {
    const answers = [
      { type: "failed", error: { message: "Cannot find module 'one'" } },
      done,
      { type: "gone", why: "was ended by SIGSEGV" },
    ] as const;
    expect(statesOf(answers, "two", { backEnds, isInWorker: true, forced: "two" })).toEqual([
      { name: "one", isInUse: false, loads: false, why: "cannot be loaded: Cannot find module 'one'" },
      { name: "two", isInUse: true, loads: true },
      {
        name: "three",
        isInUse: false,
        loads: false,
        why: "cannot be loaded: a process that tried was ended by SIGSEGV",
      },
    ]);
  });
});
