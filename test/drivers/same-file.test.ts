// What tells two files apart, where a system tells of one device in two ways.
import { lstatSync } from "node:fs";
import { expect, test } from "vitest";
import { isSameInode } from "../../src/drivers/same-file.ts";
import { temporaryDirectory } from "../support/directory.ts";

test("a file is itself", () => {
  const { dev, ino } = lstatSync(temporaryDirectory(), { bigint: true });
  expect(isSameInode({ dev, ino }, { dev, ino })).toBe(true);
  expect(isSameInode({ dev, ino }, { dev, ino: ino + 1n })).toBe(false);
  expect(isSameInode({ dev, ino }, { dev: dev + 1n, ino })).toBe(false);
});

test("the serial number of a volume may be there in full, or as its lower half", () => {
  const ino = 7n;
  const [full, half] = [0x1234_5678_9abc_def0n, 0x9abc_def0n];
  expect(isSameInode({ dev: full, ino }, { dev: half, ino })).toBe(true);
  expect(isSameInode({ dev: full, ino }, { dev: half + 1n, ino })).toBe(false);
});
