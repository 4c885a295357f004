// The path of a lock file: what is accepted, what it means when the working directory changes, and what is said of the
// rest.
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join, normalize, posix, win32 } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileLock } from "../src/index.ts";
import { absolute, endsWithSeparator } from "../src/lock-path.ts";
import { temporaryDirectory } from "./support/directory.ts";

/** To go there for the rest of the running test. */
function changeTo(directory: string): void {
  const before = process.cwd();
  process.chdir(directory);
  onTestFinished(() => {
    process.chdir(before);
  });
}

describe("a bad path is told, with what came", () => {
  test.each([
    [
      undefined,
      "Expected the path of a lock file to be a string or a file: URL, got `undefined` (undefined)",
    ],
    [null, "Expected the path of a lock file to be a string or a file: URL, got `null` (null)"],
    [5, "Expected the path of a lock file to be a string or a file: URL, got `5` (number)"],
    [{}, "Expected the path of a lock file to be a string or a file: URL, got `{}` (object)"],
    [
      Buffer.from("x"),
      "Expected the path of a lock file to be a string or a file: URL, got `<Buffer 78>` (object)",
    ],
    ["", "Expected the path of a lock file, got an empty string"],
    ["a\0b", "Expected the path of a lock file to be free of NUL characters, got `'a\\x00b'` (string)"],
    ["work/", "Expected the path of a lock file, got that of a directory, `'work/'` (string)"],
  ])("%o", (path, message) => {
    const make = (): FileLock => new FileLock(path as string);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  test("a URL that does not name a file", () => {
    const make = (): FileLock => new FileLock(new URL("http://host/work.lock"));
    expect(make).toThrow(TypeError);
    expect(make).toThrow("Expected the path of a lock file to be a string or a file: URL, got");
    expect(make).toThrow("http://host/work.lock");
  });

  test("and so is a bad directory", () => {
    expect(() => FileLock.inDirectory("")).toThrow("Expected the path of a directory, got an empty string");
    expect(() => FileLock.inDirectory(7 as never)).toThrow(
      "Expected the path of a directory to be a string or a file: URL, got `7` (number)",
    );
  });
});

test("a relative path is fixed to the working directory of the constructor", async () => {
  const [here, there] = [temporaryDirectory(), temporaryDirectory()];
  changeTo(here);
  const lock = new FileLock("sub/work.lock");
  process.chdir(there);
  expect(lock.lockFile).toBe("sub/work.lock");
  await lock.run(async () => {
    expect(existsSync(join(here, "sub", "work.lock"))).toBe(true);
    expect(await new FileLock(join(here, "sub/work.lock"), { owner: "object" }).holder()).toHaveLength(1);
  });
  expect(existsSync(join(there, "sub"))).toBe(false);
});

test("a file: URL is the path that it names", async () => {
  const path = join(temporaryDirectory(), "with blank & 100%.lock");
  const lock = new FileLock(pathToFileURL(path));
  expect(lock.lockFile).toBe(path);
  await lock.run(() => expect(existsSync(path)).toBe(true));
});

test("spellings of one lock file are one lock file", async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "real"));
  symlinkSync("real", join(directory, "link"));
  changeTo(directory);
  const spellings = [
    "real/work.lock",
    "./real//work.lock",
    "link/work.lock",
    join(directory, "real/work.lock"),
  ];
  const hold = await new FileLock(spellings[0]!).acquire();
  for (const spelling of spellings) expect(new FileLock(spelling).lockCounter).toBe(1);
  for (const spelling of spellings.slice(1))
    expect(await new FileLock(spelling).tryAcquire()).toBeUndefined();
  await hold.release();
});

describe("inDirectory", () => {
  test.each(["plain", "with slash/"])("guards a directory by its .lock, and makes it: %s", async (name) => {
    const directory = temporaryDirectory();
    const lock = FileLock.inDirectory(`${directory}/${name}`, { timeout: 3 });
    expect(lock.timeout).toBe(3);
    expect(normalize(lock.lockFile)).toBe(join(directory, name, ".lock"));
    await lock.run(() => expect(existsSync(join(directory, name, ".lock"))).toBe(true));
  });

  test("takes a file: URL", () => {
    const { lockFile } = FileLock.inDirectory(new URL("file:///some/where/"));
    expect(normalize(lockFile)).toBe("/some/where/.lock");
  });

  // Behind a symbolic link only the kernel knows what `..` means: not what stands before it in the text.
  test("means the directory that the kernel would mean", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "deep/inner"), { recursive: true });
    symlinkSync("deep/inner", join(directory, "link"));
    const lock = FileLock.inDirectory(`${directory}/link/..`);
    await lock.run(() => expect(existsSync(join(directory, "deep/.lock"))).toBe(true));
    expect(existsSync(join(directory, ".lock"))).toBe(false);
  });

  test("guards the working directory of the constructor as `.`", async () => {
    const directory = temporaryDirectory();
    changeTo(directory);
    const lock = FileLock.inDirectory(".");
    process.chdir("/");
    await lock.run(() => expect(existsSync(join(directory, ".lock"))).toBe(true));
  });
});

describe("On Windows", () => {
  test.each([
    ["C:\\a\\..\\work.lock", "C:\\work.lock"],
    ["C:/a/work.lock", "C:\\a\\work.lock"],
    ["\\\\server\\share\\a\\..\\work.lock", "\\\\server\\share\\work.lock"],
  ])("%s is %s", (path, expected) => {
    expect(absolute(path, win32)).toBe(expected);
  });

  test.each(["work.lock", "\\work.lock", "C:work.lock", "..\\work.lock"])("%s is made absolute", (path) => {
    expect(win32.isAbsolute(absolute(path, win32))).toBe(true);
    expect(absolute(path, win32)).not.toContain("..");
  });

  test("both slashes end the path of a directory, and elsewhere one", () => {
    expect(["a/", "a\\", "a"].map((path) => endsWithSeparator(path, win32))).toEqual([true, true, false]);
    expect(["a/", "a\\", "a"].map((path) => endsWithSeparator(path, posix))).toEqual([true, false, false]);
  });
});
