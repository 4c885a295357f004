// The native module: loaded late and once; and what is said where it does not load.
import { closeSync, openSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as FsExt from "../../src/native/fs-ext.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { needsTool, succeeds } from "../support/needs.ts";

let loadFsExt: typeof FsExt.loadFsExt;

// It remembers what it has loaded, so each test gets one of its own.
beforeEach(async () => {
  vi.resetModules();
  ({ loadFsExt } = await import("../../src/native/fs-ext.ts"));
});

const { cache } = createRequire(import.meta.url);
const isLoaded = (): boolean => Object.keys(cache).some((file) => file.includes("/fs-ext/"));

function notFound(): never {
  throw Object.assign(new Error("Cannot find module 'fs-ext'\nRequire stack:\n- /somewhere/fs-ext.js"), {
    code: "MODULE_NOT_FOUND",
  });
}

function thrownBy(load: (name: string) => unknown): NodeJS.ErrnoException {
  try {
    loadFsExt(load);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error("Expected it not to load");
}

describe("A native module that loads", () => {
  test("is loaded at the first lock, not with the package", async () => {
    expect(isLoaded()).toBe(false);
    const { FileLock } = await import("../../src/index.ts");
    const lock = new FileLock(temporaryLockFile());
    expect(isLoaded()).toBe(false);
    await lock.run(() => undefined);
    expect(isLoaded()).toBe(true);
  });

  test("is loaded once", () => {
    const flockSync = vi.fn();
    const load = vi.fn(() => ({ flockSync }));
    expect(loadFsExt(load)).toBe(flockSync);
    expect(loadFsExt(load)).toBe(flockSync);
    expect(load.mock.calls).toEqual([["fs-ext"]]);
  });

  test("locks for real", () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    const [one, other] = [openSync(path, "r"), openSync(path, "r")];
    const flockSync = loadFsExt();
    flockSync(one, 6);
    expect(() => flockSync(other, 6)).toThrow(expect.objectContaining({ code: "EAGAIN" }));
    flockSync(one, 8);
    flockSync(other, 6);
    closeSync(one);
    closeSync(other);
  });
});

describe("A native module that does not load", () => {
  test("is one error that says what failed, and keeps its code and cause", () => {
    const error = thrownBy(notFound);
    expect(error.message).toContain("the native module fs-ext, which reaches flock(2), could not be loaded");
    expect(error.message).toContain("(Cannot find module 'fs-ext')");
    expect(error.message).not.toContain("Require stack");
    expect(error).toMatchObject({ code: "MODULE_NOT_FOUND", cause: { code: "MODULE_NOT_FOUND" } });
  });

  test.each([
    ["npm", "npm install-scripts approve fs-ext && npm rebuild fs-ext"],
    ["npm", "npm rebuild fs-ext"],
    ["pnpm", "pnpm add --allow-build=fs-ext"],
    ["yarn", "yarn rebuild fs-ext"],
    ["bun", "bun pm trust fs-ext"],
  ])("names the command for %s: %s", (manager, command) => {
    const lines = thrownBy(notFound).message.split("\n");
    expect(lines.find((line) => line.trim().startsWith(`${manager} `))).toContain(command);
  });

  test("has a code also where the loader gave none", () => {
    const error = thrownBy(() => {
      throw new Error("fs_ext.node: invalid ELF header");
    });
    expect(error).toMatchObject({
      code: "ERR_DLOPEN_FAILED",
      message: expect.stringContaining("invalid ELF header"),
    });
  });

  test("may load the next time: a failure is not remembered", () => {
    thrownBy(notFound);
    const flockSync = vi.fn();
    expect(loadFsExt(() => ({ flockSync }))).toBe(flockSync);
  });
});

// The kernel's errors, made by strace, through the native module and the driver.
describe("An error of the system call itself", () => {
  const straceTest = needsTool("strace", succeeds("strace", "-qq", "-e", "trace=none", "true"));
  const outcome = (injected: string): unknown => {
    const through = ["strace", "-qq", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=flock", "-e"];
    const [result] = outputOf("try-lock.mjs", ["self", temporaryLockFile()], {
      through: [...through, `inject=flock:${injected}`],
    }) as unknown[];
    return result;
  };

  straceTest("EINTR makes it try again", () => {
    expect(outcome("error=EINTR:when=1..3")).toEqual({ result: "won" });
  });

  straceTest("EAGAIN and EACCES are held elsewhere", () => {
    expect(outcome("error=EAGAIN")).toEqual({ result: "held" });
    expect(outcome("error=EACCES")).toEqual({ result: "held" });
  });

  straceTest("ENOLCK is an error", () => {
    expect(outcome("error=ENOLCK:when=1")).toMatchObject({ result: "threw", name: "Error", code: "ENOLCK" });
  });

  straceTest("ENOLCK at the unlock is an error of the release", () => {
    expect(outcome("error=ENOLCK:when=2")).toMatchObject({
      code: "ENOLCK",
      message: expect.stringContaining("it is still held. Try again"),
    });
  });

  for (const errno of ["ENOSYS", "EOPNOTSUPP", "524"]) {
    straceTest(`${errno} is LockUnsupported`, () => {
      expect(outcome(`error=${errno}`)).toMatchObject({ result: "threw", name: "LockUnsupported" });
    });
  }
});
