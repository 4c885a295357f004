// The spelling of a name where file systems take several for one, as on macOS and Windows. What realpath(3) says there is given here: this
// file system tells them apart.
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { lookUp } from "../../src/drivers/spelling.ts";
import { temporaryDirectory } from "../support/directory.ts";

/** A path, with a file there, and what it is called on the disk. */
function file(name: string, onDisk: string): [path: string, realpath: () => string, real: string] {
  const directory = temporaryDirectory();
  const real = join(directory, onDisk);
  writeFileSync(join(directory, name), "");
  return [join(directory, name), () => real, real];
}

test.each([
  ["work.lock", "Work.LOCK"],
  ["caf\u00e9.lock", "cafe\u0301.lock"],
  ["\u00c9tude.lock", "e\u0301tude.lock"],
])("%s is %s, where that is what it is called on the disk", (name, onDisk) => {
  const [path, realpath, real] = file(name, onDisk);
  expect(lookUp(path, realpath)).toBe(real);
});

// A SoftFileLock has two names for one file, for a moment.
test("a second name of the file is none of its spellings", () => {
  const [path, realpath, real] = file("work.lock", "work.lock.4711.0123456789abcdef01234567");
  linkSync(path, real);
  expect(lookUp(path, realpath)).toBe(path);
});

test("a directory or a link is what it is, and so is a file that is not there", () => {
  const directory = temporaryDirectory();
  const never = () => {
    throw new Error("Expected that nobody asks");
  };
  mkdirSync(join(directory, "sub"));
  symlinkSync("sub", join(directory, "link"));
  for (const name of ["sub", "link", "none"]) {
    expect(lookUp(join(directory, name), never)).toBe(join(directory, name));
  }
});

// 1. We see a file. 2. Somebody puts a link there. 3. We are told what it leads to.
test("what lies in another directory is no spelling", () => {
  const [path] = file("work.lock", "work.lock");
  expect(lookUp(path, () => join(dirname(path), "sub/work.lock"))).toBe(path);
});

test("where it cannot be told, the path is as it is given", () => {
  const [path] = file("work.lock", "work.lock");
  expect(
    lookUp(path, () => {
      throw new Error("EACCES");
    }),
  ).toBe(path);
});
