// Where the system has no O_NOFOLLOW, as on Windows: a symbolic link is refused all the same. Here the flag is there, and not used.
import {
  closeSync,
  constants,
  existsSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import type * as FileSystem from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { openerWith } from "../../src/drivers/open-itself.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

const race = vi.hoisted(() => ({ beforeOpen: (): void => {} }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  const openSync = (path: string, flags: number, mode?: number): number => {
    race.beforeOpen();
    return fs.openSync(path, flags, mode);
  };
  return { ...fs, openSync };
});

everyTestLeavesNothing();
afterEach(() => {
  race.beforeOpen = () => {};
});

const { O_CREAT, O_RDWR } = constants;
const openItself = openerWith({});

test("a file is opened, and created where there is none", () => {
  const path = temporaryLockFile();
  closeSync(openItself(path, O_RDWR | O_CREAT, 0o600));
  writeFileSync(path, "kept");
  closeSync(openItself(path, O_RDWR | O_CREAT));
  expect(readFileSync(path, "utf8")).toBe("kept");
});

test("the system error is as it was", () => {
  const path = temporaryLockFile();
  expect(() => openItself(path, O_RDWR)).toThrow(
    expect.objectContaining({ code: "ENOENT", syscall: "open" }),
  );
});

test("a link is refused, and what a dangling one leads to is not created", () => {
  const path = temporaryLockFile();
  symlinkSync(`${path}.target`, path);
  const refused = expect.objectContaining({ code: "ELOOP", syscall: "open", path });
  expect(() => openItself(path, O_RDWR | O_CREAT)).toThrow(refused);
  expect(existsSync(`${path}.target`)).toBe(false);
  writeFileSync(`${path}.target`, "");
  expect(() => openItself(path, O_RDWR)).toThrow(refused);
});

// 1. We see no link. 2. Somebody puts one there. 3. We open what it leads to.
test("a link that is put there at the last moment is refused, and nothing stays open", () => {
  const path = temporaryLockFile();
  writeFileSync(path, "");
  writeFileSync(`${path}.target`, "");
  race.beforeOpen = () => {
    unlinkSync(path);
    symlinkSync(`${path}.target`, path);
  };
  expect(() => openItself(path, O_RDWR)).toThrow(expect.objectContaining({ code: "ELOOP" }));
});
