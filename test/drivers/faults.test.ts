// What the flock driver makes of calls of node:fs that fail, lose a race or answer oddly: each can be told to.
import { constants, existsSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { constants as os } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { descriptorsOf, granted, isHeld, locked, refusal } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

const faults = vi.hoisted(() => ({
  beforeOpen: (_path: string, _flags: number): void => {},
  beforeFstat: (): void => {},
  beforeFchmod: (): void => {},
  /** Added to the device that lstat tells of. */
  otherDevice: 0n,
}));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  const openSync = (path: string, flags: number, mode?: number): number => {
    if (path.endsWith(".lock")) faults.beforeOpen(path, flags);
    return fs.openSync(path, flags, mode);
  };
  const fstatSync = (fd: number, options: object): unknown => {
    faults.beforeFstat();
    return fs.fstatSync(fd, options);
  };
  const fchmodSync = (fd: number, mode: number): void => {
    faults.beforeFchmod();
    fs.fchmodSync(fd, mode);
  };
  const lstatSync = (path: string, options: { bigint: true; throwIfNoEntry: false }): unknown => {
    const stats = fs.lstatSync(path, options);
    if (stats !== undefined) stats.dev += faults.otherDevice;
    return stats;
  };
  return { ...fs, openSync, fstatSync, fchmodSync, lstatSync };
});

everyTestLeavesNothing();
afterEach(() => {
  faults.beforeOpen = () => {};
  faults.beforeFstat = faults.beforeFchmod = () => {};
  faults.otherDevice = 0n;
});

/** A system error as node:fs throws it. */
function systemCallFails(code: string, syscall = "open"): never {
  const errno = -(os.errno as Record<string, number>)[code]!;
  throw Object.assign(new Error(`${code}, as the test asked`), { code, errno, syscall });
}

/** Calls `fn` with the flags of each of the next opens, until one has passed and all is as usual again. */
function onOpens(...fns: ((flags: number) => void)[]): { flags: number[] } {
  const seen = { flags: [] as number[] };
  faults.beforeOpen = (_, flags) => {
    seen.flags.push(flags);
    fns.shift()?.(flags);
  };
  return seen;
}

const { O_CREAT, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC } = constants;
const ALWAYS = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const refuse = (code: string) => () => systemCallFails(code);

test("A lock file is opened for both, created, never followed, waited for or truncated", () => {
  const { flags } = onOpens();
  locked(temporaryLockFile());
  expect(flags).toEqual([O_RDWR | O_CREAT | ALWAYS]);
});

test.each(["EACCES", "EPERM", "EROFS"])(
  "%s makes it try without O_CREAT, and then for reading only",
  (code) => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    const { flags } = onOpens(refuse(code), refuse(code));
    const grant = granted(path);
    expect(flags).toEqual([O_RDWR | O_CREAT | ALWAYS, O_RDWR | ALWAYS, O_RDONLY | ALWAYS]);
    expect(flags.some((each) => (each & O_TRUNC) !== 0)).toBe(false);
    faults.beforeOpen = () => {};
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
  },
);

test.each(["EACCES", "EPERM", "EROFS"])("%s at the last of the three is the error", (code) => {
  const path = temporaryLockFile();
  writeFileSync(path, "");
  onOpens(refuse("EACCES"), refuse("EACCES"), refuse(code));
  expect(refusal(path)).toMatchObject({ code, syscall: "open", cause: { code } });
});

// 1. A opens with O_CREAT and is refused, for the file is somebody else's.   2. B removes it.
// 3. A opens without O_CREAT: there is no such file.   4. A opens with O_CREAT: now it may.
test("A file that goes between the two opens is created", () => {
  const path = temporaryLockFile();
  writeFileSync(path, "");
  const { flags } = onOpens(refuse("EACCES"), () => unlinkSync(path));
  locked(path);
  expect(flags).toEqual([O_RDWR | O_CREAT | ALWAYS, O_RDWR | ALWAYS, O_RDWR | O_CREAT | ALWAYS]);
});

// 1. A finds no directory and makes it.   2. B removes it.   3. A opens: again there is no directory.
test("A directory that goes between mkdir and open is made again", () => {
  const path = join(temporaryDirectory(), "sub/work.lock");
  const remove = (): void => rmdirSync(dirname(path));
  const { flags } = onOpens(() => {}, remove, remove, remove);
  locked(path);
  expect(flags).toHaveLength(5);
  expect(existsSync(path)).toBe(true);
});

test("A directory that never stays is an error in the end, not a hang", () => {
  const path = join(temporaryDirectory(), "sub/work.lock");
  faults.beforeOpen = () => {
    if (existsSync(dirname(path))) rmdirSync(dirname(path));
  };
  expect(refusal(path)).toMatchObject({ code: "ENOENT", message: expect.stringContaining(path) });
});

test("ENOENT while the directory is there, as network file systems say for a moment, makes it try again", () => {
  const path = temporaryLockFile();
  onOpens(refuse("ENOENT"), refuse("ENOENT"));
  locked(path);
});

test.each([
  ["EMFILE", /this process has too many files open.*ulimit -n/],
  ["ENFILE", /the system has too many files open/],
  ["ENOSPC", /the file system is full/],
  ["EIO", /Cannot open the lock file '.*' \(EIO\)/],
  ["ENOMEM", /Cannot open the lock file '.*' \(ENOMEM\)/],
  ["ENOLCK", /Cannot open the lock file '.*' \(ENOLCK\)/],
  ["EAGAIN", /Cannot open the lock file '.*' \(EAGAIN\)/],
])("%s from open is an error at once, with its code and what it means", (code, message) => {
  const path = temporaryLockFile();
  const { flags } = onOpens(refuse(code), refuse(code));
  const error = refusal(path);
  expect(error).toMatchObject({
    code,
    syscall: "open",
    cause: { code },
    message: expect.stringMatching(message),
  });
  expect(error.message).toContain(path);
  expect(flags).toHaveLength(1);
});

test("An error of fstat leaves no descriptor open", () => {
  const path = temporaryLockFile();
  faults.beforeFstat = () => systemCallFails("EIO", "fstat");
  expect(refusal(path)).toMatchObject({
    code: "EIO",
    syscall: "fstat",
    message: expect.stringContaining(path),
  });
  expect(descriptorsOf(path)).toEqual([]);
  faults.beforeFstat = () => {};
  locked(path);
  expect(readdirSync(dirname(path))).toHaveLength(1);
});

// It was what fchmod(2) said and no more: "EIO: i/o error, fchmod".
test("A mode that cannot be set names the lock file, and what was tried", () => {
  const path = temporaryLockFile();
  const grant = granted(path);
  faults.beforeFchmod = () => systemCallFails("EIO", "fchmod");
  const message = `Cannot change the permission bits of the lock file '${path}' (EIO)`;
  const error = expect.objectContaining({ code: "EIO", syscall: "fchmod", message }) as Error;
  expect(() => {
    grant.setMode(0o600);
  }).toThrow(error);
  grant.release({ remove: false });
});

// A is locked on one file system. Somebody mounts another one over its directory, where the same inode number is B's.
test("A file with the same inode number on another device is another file", () => {
  const grant = granted(temporaryLockFile());
  faults.otherDevice = 1n;
  expect(grant.isCurrent()).toBe(false);
  faults.otherDevice = 0n;
  expect(grant.isCurrent()).toBe(true);
  grant.release({ remove: false });
});
