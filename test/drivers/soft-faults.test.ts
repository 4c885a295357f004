// What the soft driver makes of a disk that is full, and of files and directories that are not for this user.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { constants as os } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { breakMarker, softDriver } from "../../src/drivers/soft.ts";
import { asNobody, isRoot, publicDirectory } from "../support/as-nobody.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsRight } from "../support/needs.ts";
import { around, dead, marker, tried } from "../support/soft-steps.ts";

/** At which call the disk is full. */
const full = vi.hoisted((): { at: "nothing" | "open" | "write" } => ({ at: "nothing" }));
/** What else fails: the next call of each, once. */
const failsOnce = vi.hoisted(() => ({ close: false, unlinkOf: undefined as RegExp | undefined }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  const mayFail = (call: string): void => {
    if (full.at !== call) return;
    throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC", errno: -os.errno.ENOSPC, syscall: call });
  };
  return {
    ...fs,
    openSync: (path: string, flags: number, mode?: number) => {
      if ((flags & fs.constants.O_CREAT) !== 0) mayFail("open");
      return fs.openSync(path, flags, mode);
    },
    closeSync: (fd: number) => {
      fs.closeSync(fd);
      if (!failsOnce.close) return;
      failsOnce.close = false;
      throw Object.assign(new Error("EIO"), { code: "EIO", errno: -os.errno.EIO, syscall: "close" });
    },
    unlinkSync: (path: string) => {
      if (failsOnce.unlinkOf?.test(path) !== true) {
        fs.unlinkSync(path);
        return;
      }
      failsOnce.unlinkOf = undefined;
      throw Object.assign(new Error("EIO"), { code: "EIO", errno: -os.errno.EIO, syscall: "unlink" });
    },
    writeFileSync: (file: string | number, text: string) => {
      if (typeof file === "number") mayFail("write");
      fs.writeFileSync(file, text);
    },
  };
});

everyTestLeavesNothing();
afterEach(() => {
  full.at = "nothing";
});

const asRoot = needsRight("root", isRoot);

test.each(["open", "write"] as const)("A full disk (%s) leaves nothing behind, and is told", (call) => {
  const path = temporaryLockFile();
  full.at = call;
  expect(() => tried(path)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  expect(around(path)).toEqual([]);
  full.at = "nothing";
  tried(path)!.release({ remove: true });
});

test("A full disk keeps a dead process's marker where it is", () => {
  const path = temporaryLockFile();
  writeFileSync(path, dead());
  full.at = "write";
  expect(() => tried(path)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  expect(around(path)).toEqual(["work.lock"]);
});

test.each(["open", "write"] as const)(
  "A disk that is full (%s) does not keep a lock from its release",
  (call) => {
    const path = temporaryLockFile();
    const grant = tried(path)!;
    full.at = call;
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  },
);

// 1. A looks for a marker, or for its own when it releases. 2. close(2) reports an error, and has closed all the same.
test("A close that fails keeps nobody from the lock, nor from its release", () => {
  const path = temporaryLockFile();
  writeFileSync(path, dead());
  failsOnce.close = true;
  const grant = tried(path)!;
  expect(failsOnce.close).toBe(false);
  failsOnce.close = true;
  grant.release({ remove: true });
  expect(failsOnce.close).toBe(false);
  expect(around(path)).toEqual([]);
});

// 1. A releases: it removes its marker by the right to do so, and cannot remove the right. 2. A takes the lock again: its
// marker has the same text, and so has the right to it the same name. 3. A cannot release: somebody who lives has the right.
test("A right that could not be given up keeps this process from no later release", () => {
  const path = temporaryLockFile();
  const grant = tried(path)!;
  failsOnce.unlinkOf = /\.break\./;
  grant.release({ remove: true });
  expect(around(path)).toEqual([expect.stringContaining(".break.")]);
  tried(path)!.release({ remove: true });
  expect(around(path)).toEqual([]);
});

asRoot("A marker that may not be read is that of somebody who may live", () => {
  const path = join(publicDirectory(), "work.lock");
  writeFileSync(path, dead());
  chmodSync(path, 0o600);
  asNobody(() => {
    expect(tried(path)).toBeNull();
    expect(softDriver().obstacle(path)).toContain("may not be read by this user");
  });
  expect(readFileSync(path, "utf8")).toBe(dead());
  tried(path)!.release({ remove: true });
});

asRoot("A directory in which nobody may write is told, and how to go on", () => {
  const path = temporaryLockFile();
  chmodSync(join(path, ".."), 0o755);
  const attempt = (): unknown => asNobody(() => tried(path));
  expect(attempt).toThrow(/^Cannot open the lock file '.*': permission is denied\. .*\(EACCES\)$/);
  writeFileSync(path, dead());
  expect(attempt).toThrow(expect.objectContaining({ code: "EACCES" }));
  expect(around(path)).toEqual(["work.lock"]);
});

asRoot("A marker that this user may not write, nor read any more, is still its own to remove", () => {
  const path = join(publicDirectory(), "work.lock");
  asNobody(() => {
    const grant = tried(path)!;
    grant.setMode(0);
    grant.release({ remove: true });
  });
  expect(around(path)).toEqual([]);
});

asRoot(
  "A dead process's marker in a sticky directory is not this user's to remove, and that is told",
  async () => {
    const directory = publicDirectory();
    const path = join(directory, "work.lock");
    chmodSync(directory, 0o1777);
    writeFileSync(path, marker({ token: 1n }));
    expect(() => asNobody(() => tried(path))).toThrow(
      expect.objectContaining({
        code: "EPERM",
        message: expect.stringContaining("of a process that has died"),
      }),
    );
    await expect(asNobody(() => breakMarker(path))).rejects.toMatchObject({
      code: "EPERM",
      message: `Cannot break '${path}' (EPERM)`,
    });
    expect(around(path)).toEqual(["work.lock"]);
  },
);
