// What becomes of the process id in a lock file, and of a marker, where a file that is open cannot be read.
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { constants as os } from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import { writePid } from "../../src/drivers/pid-file.ts";
import { findFile } from "../../src/drivers/soft-file.ts";
import { temporaryLockFile } from "../support/directory.ts";

/** What the next reads say, one after the other. */
const fails = vi.hoisted(() => ({ reads: [] as ("EINTR" | "EIO")[] }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  const readSync = (...given: Parameters<typeof fs.readSync>): number => {
    const code = fails.reads.shift();
    if (code === undefined) return fs.readSync(...given);
    throw Object.assign(new Error(`${code}, read`), { code, errno: -os.errno[code], syscall: "read" });
  };
  return { ...fs, readSync };
});

afterEach(() => {
  fails.reads = [];
});

/** A lock file with `text` in it, for `fn` open. */
function withFile(text: string, fn: (fd: number, path: string) => void): void {
  const path = temporaryLockFile();
  writeFileSync(path, text);
  const fd = openSync(path, "r+");
  try {
    fn(fd, path);
  } finally {
    closeSync(fd);
  }
}

// libuv makes a call again that was interrupted, but for read(2) and close(2).
test("A read that is interrupted is made again", () => {
  withFile("17\n", (fd, path) => {
    fails.reads = ["EINTR", "EINTR"];
    writePid(fd, path);
    expect(readFileSync(path, "utf8")).toBe(`${String(process.pid)}\n`);
    fails.reads = ["EINTR"];
    expect(findFile(path)?.text).toBe(`${String(process.pid)}\n`);
  });
});

// It was what read(2) said and no more: "EIO: i/o error, read".
test("A file that cannot be read is named by the error, and stays as it is", () => {
  withFile("17\n", (fd, path) => {
    fails.reads = ["EIO"];
    const message = `Cannot write the process id into the lock file '${path}' (EIO)`;
    const error = expect.objectContaining({ code: "EIO", syscall: "read", message }) as Error;
    expect(() => {
      writePid(fd, path);
    }).toThrow(error);
    expect(readFileSync(path, "utf8")).toBe("17\n");
  });
});
