// What may stand at the path of a lock file, and what the driver does about it: never follow, never write, never hang.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileLock } from "../../src/file-lock.ts";
import { asNobody, publicDirectory } from "../support/as-nobody.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { outputOf, type Outcome } from "../support/driver-child.ts";
import { granted, locked, refusal } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

everyTestLeavesNothing();

describe("What is no regular file gets a clear error at once", () => {
  test("a symbolic link, and what it leads to is neither locked nor touched", () => {
    const path = temporaryLockFile();
    writeFileSync(`${path}.target`, "precious");
    symlinkSync(`${path}.target`, path);
    const error = refusal(path);
    expect(error).toMatchObject({ code: "ELOOP", message: expect.stringContaining("symbolic link") });
    expect(readFileSync(`${path}.target`, "utf8")).toBe("precious");
  });

  test("a dangling symbolic link, and what it leads to is not created", () => {
    const path = temporaryLockFile();
    symlinkSync(`${path}.target`, path);
    expect(refusal(path)).toMatchObject({
      code: "ELOOP",
      message: expect.stringContaining("links are not followed"),
    });
    expect(existsSync(`${path}.target`)).toBe(false);
  });

  test("a directory", () => {
    const directory = temporaryDirectory();
    expect(refusal(directory)).toMatchObject({
      code: "EISDIR",
      message: expect.stringMatching(/is a directory.*FileLock\.inDirectory\(\)/),
    });
  });

  test("a directory that may not be written to", () => {
    const directory = publicDirectory();
    chmodSync(directory, 0o555);
    expect(asNobody(() => refusal(directory))).toMatchObject({ code: "EISDIR" });
  });

  // In another process, since a call that hangs would take the test with it.
  test.each(["self", "nobody"])("a FIFO without a reader or a writer, as %s", (user) => {
    const directory = publicDirectory();
    const fifos = ["0666", "0444", "0222"].map((mode) => join(directory, `fifo-${mode}`));
    for (const fifo of fifos) execFileSync("mkfifo", ["-m", fifo.slice(-4), fifo]);
    const outcomes = outputOf("try-lock.mjs", [user, ...fifos]) as Outcome[];
    expect(outcomes).toHaveLength(fifos.length);
    for (const { result, message } of outcomes) {
      expect(result).toBe("threw");
      expect(message).toMatch(/not a regular file|permission is denied/);
    }
  });

  test("a FIFO with a reader", () => {
    const path = temporaryLockFile();
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      expect(outputOf("try-lock.mjs", ["self", path])).toEqual([
        expect.objectContaining({ result: "threw", code: "EINVAL" }),
      ]);
    } finally {
      closeSync(reader);
    }
  });

  test("a socket", async () => {
    const path = temporaryLockFile();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      expect(refusal(path)).toMatchObject({ code: "ENXIO", message: expect.stringContaining("a socket") });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("/dev/null", () => {
    expect(refusal("/dev/null")).toMatchObject({
      code: "EINVAL",
      message: expect.stringContaining("'/dev/null' as a lock file: it is not a regular file"),
    });
  });
});

describe("A name", () => {
  test("of 255 bytes works", () => {
    const path = join(temporaryDirectory(), "a".repeat(255));
    locked(path);
    expect(existsSync(path)).toBe(true);
  });

  test("of 255 bytes in fewer characters works", () => {
    const path = join(temporaryDirectory(), "ä".repeat(127) + "a");
    locked(path);
    expect(existsSync(path)).toBe(true);
  });

  test("of 256 bytes gets a clear error", () => {
    expect(refusal(join(temporaryDirectory(), "a".repeat(256)))).toMatchObject({
      code: "ENAMETOOLONG",
      message: expect.stringMatching(/name is too long.*255 bytes/),
    });
  });

  test("with a NUL byte gets an error and creates nothing", () => {
    const directory = temporaryDirectory();
    const path = `${directory}/work\0.lock`;
    expect(refusal(path)).toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
    expect(() => new FileLock(path)).toThrow(/free of NUL characters, got `'.*work\\x00\.lock'`/);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("that is empty never reaches the driver", () => {
    expect(() => new FileLock("")).toThrow(
      new TypeError("Expected the path of a lock file, got an empty string"),
    );
  });

  test("with blanks, quotes, newlines and bytes that are no letters works", () => {
    const path = join(temporaryDirectory(), " a'b\"c\n\\040 ☂ ");
    locked(path);
    expect(existsSync(path)).toBe(true);
  });
});

describe("The parent directory", () => {
  test("is created where it is missing, with those above it", () => {
    const path = join(temporaryDirectory(), "a/b/c/work.lock");
    locked(path);
    expect(existsSync(path)).toBe(true);
  });

  test("is created again where it was removed between two attempts", () => {
    const path = join(temporaryDirectory(), "a/b/work.lock");
    for (let round = 0; round < 3; round++) {
      granted(path).release({ remove: true });
      execFileSync("rmdir", [join(path, ".."), join(path, "../..")]);
    }
    locked(path);
  });

  test("that cannot be created gets a clear error", () => {
    const directory = publicDirectory();
    chmodSync(directory, 0o555);
    expect(asNobody(() => refusal(join(directory, "missing/work.lock")))).toMatchObject({
      code: "EACCES",
      message: expect.stringContaining(`Cannot create the directory '${directory}/missing' of the lock file`),
    });
  });

  test.each(["work.lock", "deeper/work.lock"])("that is a file gets a clear error: file/%s", (name) => {
    const file = temporaryLockFile();
    writeFileSync(file, "precious");
    expect(() => locked(join(file, name))).toThrow(
      expect.objectContaining({
        code: "ENOTDIR",
        message: expect.stringContaining("a part of its path is not a directory"),
      }),
    );
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  // mkdir(2) answers ENOENT there, although the directory above is there.
  test("on a file system where nothing can be created gets a clear error", () => {
    expect(refusal("/proc/holdfast/work.lock")).toMatchObject({
      code: "ENOENT",
      message: expect.stringContaining("Cannot create the directory '/proc/holdfast' of the lock file"),
    });
  });

  test("that is a dangling symbolic link gets an error and no directory", () => {
    const directory = temporaryDirectory();
    symlinkSync(join(directory, "nowhere"), join(directory, "link"));
    expect(refusal(join(directory, "link/work.lock")).code).toBe("ENOENT");
    expect(readdirSync(directory)).toEqual(["link"]);
  });

  test("that is a loop of symbolic links gets an error", () => {
    const directory = temporaryDirectory();
    symlinkSync("loop", join(directory, "loop"));
    expect(() => locked(join(directory, "loop/work.lock"))).toThrow(
      expect.objectContaining({ code: "ELOOP" }),
    );
  });
});
