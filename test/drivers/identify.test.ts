// What the flock driver takes for one lock file: the parent's real path and the last component as it is.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { FileLock } from "../../src/file-lock.ts";
import { asNobody, publicDirectory } from "../support/as-nobody.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { granted, isHeld, isRefused } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

everyTestLeavesNothing();

const { identify } = flockDriver();

describe("The key of a lock file", () => {
  test("is its path where that has no symbolic link, no `.` and no `..`", () => {
    const path = join(temporaryDirectory(), "work.lock");
    expect(identify(path)).toBe(path);
  });

  test("is one for the spellings of one path", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "sub"));
    const spellings = ["work.lock", "./work.lock", ".//work.lock", "sub/../work.lock", "sub/./../work.lock"];
    const keys = spellings.map((spelling) => identify(`${directory}/${spelling}`));
    expect(new Set(keys)).toEqual(new Set([join(directory, "work.lock")]));
  });

  test("is one where a parent is a symbolic link, also a link to a link", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "real"));
    symlinkSync("real", join(directory, "link"));
    symlinkSync(join(directory, "link"), join(directory, "link-to-link"));
    for (const parent of ["link", "link-to-link"]) {
      expect(identify(join(directory, parent, "work.lock"))).toBe(join(directory, "real/work.lock"));
    }
    const grant = granted(join(directory, "link/work.lock"));
    expect(isRefused(join(directory, "real/work.lock"))).toBe(true);
    expect(isHeld(join(directory, "real/work.lock"))).toBe(true);
    grant.release({ remove: false });
  });

  test("does not follow the last component, which is refused when it is opened", () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "target"), "");
    symlinkSync("target", join(directory, "work.lock"));
    expect(identify(join(directory, "work.lock"))).toBe(join(directory, "work.lock"));
  });

  // The kernel goes through the link first: `link/..` is the parent of what the link leads to.
  test("follows the kernel where `..` comes after a symbolic link", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "elsewhere/deep"), { recursive: true });
    symlinkSync("elsewhere/deep", join(directory, "link"));
    const path = `${directory}/link/../work.lock`;
    expect(identify(path)).toBe(join(directory, "elsewhere/work.lock"));
    execFileSync("touch", [path]);
    expect(existsSync(identify(path))).toBe(true);
  });

  test("follows the kernel for a relative path from a working directory", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "elsewhere/deep"), { recursive: true });
    symlinkSync("elsewhere/deep", join(directory, "link"));
    const before = process.cwd();
    process.chdir(directory);
    try {
      await new FileLock("link/../work.lock").run(() => {
        expect(isHeld(join(directory, "elsewhere/work.lock"))).toBe(true);
      });
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(directory, "work.lock"))).toBe(false);
  });

  test("has the parents that are missing as they are written, below the real path of those that are not", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "real"));
    symlinkSync("real", join(directory, "link"));
    expect(identify(join(directory, "link/a/b/work.lock"))).toBe(join(directory, "real/a/b/work.lock"));
  });

  test("is canonical where `..` leads out of directories that are missing", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "real/sub"), { recursive: true });
    for (const spelling of [
      "missing/../work.lock",
      "real/missing/../../work.lock",
      "real/sub/a/b/../../../../work.lock",
    ]) {
      const key = identify(`${directory}/${spelling}`);
      expect(key, spelling).toBe(join(directory, "work.lock"));
      expect(identify(key)).toBe(key);
    }
  });

  test("is the same before and after its parents are created", () => {
    const directory = temporaryDirectory();
    const path = join(directory, "a/b/work.lock");
    const before = identify(path);
    granted(path).release({ remove: false });
    expect(identify(path)).toBe(before);
  });

  test("creates nothing", () => {
    const directory = temporaryDirectory();
    identify(join(directory, "work.lock"));
    identify(join(directory, "a/b/work.lock"));
    expect(readdirSync(directory)).toEqual([]);
  });

  test("of a file in the root directory is its path", () => {
    expect(identify("/work.lock")).toBe("/work.lock");
    expect(identify("/../work.lock")).toBe("/work.lock");
    expect(identify("/holdfast-missing/work.lock")).toBe("/holdfast-missing/work.lock");
  });

  test("differs for names that only look alike", () => {
    const directory = temporaryDirectory();
    const names = ["work.lock", "work.lock ", "Work.lock", "\u00e4", "a\u0308", "..."];
    expect(new Set(names.map((name) => identify(`${directory}/${name}`))).size).toBe(names.length);
  });

  test("cannot be had below a file, or in a directory that may not be searched: the error says of which lock file", () => {
    const directory = publicDirectory();
    writeFileSync(join(directory, "file"), "");
    expect(() => identify(join(directory, "file/sub/work.lock"))).toThrow(
      expect.objectContaining({
        code: "ENOTDIR",
        message: expect.stringContaining(`'${directory}/file/sub/work.lock'`),
      }),
    );
    mkdirSync(join(directory, "closed/sub"), { recursive: true });
    execFileSync("chmod", ["000", join(directory, "closed")]);
    const path = join(directory, "closed/sub/work.lock");
    expect(() => asNobody(() => identify(path))).toThrow(
      expect.objectContaining({ code: "EACCES", message: expect.stringContaining("permission is denied") }),
    );
    execFileSync("chmod", ["755", join(directory, "closed")]);
  });

  // 1. A locks dir/work.lock.   2. Somebody renames dir and creates it anew.   3. B locks dir/work.lock: another file.
  test("leads to another file once its directory was replaced, and a grant says so", () => {
    const directory = temporaryDirectory();
    const path = join(directory, "dir/work.lock");
    const grant = granted(path);
    renameSync(join(directory, "dir"), join(directory, "old"));
    expect(grant.isCurrent()).toBe(false);
    const newcomer = granted(path);
    expect([grant.isCurrent(), newcomer.isCurrent()]).toEqual([false, true]);
    grant.release({ remove: true });
    expect(existsSync(path)).toBe(true);
    expect(isHeld(path)).toBe(true);
    newcomer.release({ remove: false });
  });
});
