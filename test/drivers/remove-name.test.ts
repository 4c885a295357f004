// How files are removed on Windows, where unlink(2) alone can leave the name in use.
import { closeSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type * as FileSystem from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { removeByAnotherName } from "../../src/drivers/remove-name.ts";
import { ASIDE } from "../../src/drivers/soft-aside.ts";
import { temporaryLockFile } from "../support/directory.ts";

const pending = vi.hoisted(() => ({ isOn: false }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  return { ...fs, unlinkSync: (path: string) => (pending.isOn ? undefined : fs.unlinkSync(path)) };
});

describe("A file that is removed by another name", () => {
  test("is gone, also where somebody has it open", () => {
    const path = temporaryLockFile();
    const fd = openSync(path, "w");
    removeByAnotherName(path);
    expect(readdirSync(dirname(path))).toEqual([]);
    closeSync(fd);
  });

  test("is an error where it is not there", () => {
    const path = temporaryLockFile();
    expect(() => removeByAnotherName(path)).toThrow(
      expect.objectContaining({ code: "ENOENT", syscall: "rename" }),
    );
  });

  // As Windows has it: 1. Somebody has the file open. 2. It is removed, and stays until that one has closed it.
  test("leaves its name at once, and stays by one that is cleared away as litter", () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    pending.isOn = true;
    removeByAnotherName(path);
    pending.isOn = false;
    const [other = "", ...rest] = readdirSync(dirname(path));
    expect(rest).toEqual([]);
    expect(other.startsWith(`${basename(path)}.`)).toBe(true);
    expect(other.slice(basename(path).length + 1)).toMatch(ASIDE);
  });
});
