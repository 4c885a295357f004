// The soft driver keeps the contract; only markers of the dead are broken; and nobody removes a marker but the one that
// was looked at.
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { softCalls, type SoftCalls } from "../../src/drivers/soft-aside.ts";
import { rightOf } from "../../src/drivers/soft-right.ts";
import { breakMarker, softDriver } from "../../src/drivers/soft.ts";
import { describeDriver } from "../driver-suite.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { softHarness } from "../support/soft-harness.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { around, dead, marker, replaceBy, stranger, tried } from "../support/soft-steps.ts";

describeDriver("soft", () => softHarness());

everyTestLeavesNothing();

const driverWith = (calls: Partial<SoftCalls>) => softDriver({ ...softCalls, ...calls });
const right = (path: string, text: string, of = path): string => rightOf(path, of, { text });
const text = (path: string): string => readFileSync(path, "utf8");
const failing = (code: string) => (): never => {
  throw Object.assign(new Error(code), { code, errno: -1, syscall: "link" });
};

describe("A marker", () => {
  test("has this process's text while it holds, and nothing else lies beside it", () => {
    const path = temporaryLockFile();
    const grant = tried(path)!;
    expect(text(path)).toBe(marker());
    expect(around(path)).toEqual(["work.lock"]);
    expect(statSync(path).nlink).toBe(1);
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("has the directory made for it", () => {
    const path = join(temporaryLockFile(), "a", "b", "work.lock");
    tried(path)!.release({ remove: true });
    expect(existsSync(dirname(path))).toBe(true);
  });

  test.each([
    ["another process's pid is gone", () => dead()],
    ["the machine was booted since", () => marker({ pid: 1, token: 17n })],
  ])("of the dead is broken: %s", (_, of) => {
    const path = temporaryLockFile();
    writeFileSync(path, of());
    const grant = tried(path)!;
    expect(text(path)).toBe(marker());
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test.each([
    ["of somebody who lives", () => stranger()],
    ["of somebody who lives, without a token", () => marker({ pid: 1, token: "none" })],
    ["of another host", () => marker({ host: "elsewhere", token: 17n })],
    ["that is empty, as old versions of py-filelock write it", () => ""],
    ["that is half written", () => "17\nho"],
    ["that is something else", () => "precious".repeat(1000)],
  ])("%s is left as it is", (_, of) => {
    const path = temporaryLockFile();
    writeFileSync(path, of());
    expect(tried(path)).toBeNull();
    expect(text(path)).toBe(of());
    expect(around(path)).toEqual(["work.lock"]);
  });

  test.each<[string, (path: string) => void, string]>([
    ["a directory", (path) => mkdirSync(path), "EINVAL"],
    ["a FIFO", (path) => void execFileSync("mkfifo", [path]), "EINVAL"],
    ["a symbolic link", (path) => symlinkSync("elsewhere", path), "ELOOP"],
  ])("is not looked for in %s, which stays as it is", async (_, make, code) => {
    const path = temporaryLockFile();
    make(path);
    expect(() => tried(path)).toThrow(expect.objectContaining({ code }));
    await expect(breakMarker(path)).rejects.toMatchObject({ code });
    expect(around(path)).toEqual(["work.lock"]);
  });
});

describe("Taking", () => {
  // NFS: the answer to link(2) is lost, it is sent again, and the second one says EEXIST.
  test("has worked where link(2) says that the file exists, and it is this process's own", () => {
    const path = temporaryLockFile();
    const grant = tried(
      path,
      driverWith({
        link: (from, to) => {
          linkSync(from, to);
          failing("EEXIST")();
        },
      }),
    )!;
    expect(text(path)).toBe(marker());
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("is refused where somebody was quicker", () => {
    const path = temporaryLockFile();
    const quicker = driverWith({
      link: (from, to) => {
        if (to === path) writeFileSync(path, stranger());
        linkSync(from, to);
      },
    });
    expect(tried(path, quicker)).toBeNull();
    expect(text(path)).toBe(stranger());
    expect(around(path)).toEqual(["work.lock"]);
  });

  // 1. A breaks a dead marker, and the right to do so, a second name of its file aside, cannot be removed. 2. B takes the
  // lock. 3. A tries to.
  test("is refused where the file aside has another name for another reason", () => {
    const path = temporaryLockFile();
    const quicker = driverWith({
      unlink: (file) => {
        if (file !== path) failing("EIO")();
        unlinkSync(file);
      },
      link: (from, to) => {
        if (to === path) writeFileSync(path, stranger());
        linkSync(from, to);
      },
    });
    writeFileSync(path, dead());
    expect(tried(path, quicker)).toBeNull();
    expect(text(path)).toBe(stranger());
  });

  test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EISDIR"])(
    "needs no hard links (%s)",
    (code) => {
      const path = temporaryLockFile();
      const driver = driverWith({ link: failing(code) });
      writeFileSync(path, dead());
      const grant = tried(path, driver)!;
      expect(text(path)).toBe(marker());
      expect(tried(path, driver)).toBeNull();
      expect(grant.isCurrent()).toBe(true);
      grant.release({ remove: true });
      expect(around(path)).toEqual([]);
    },
  );

  test.each(["ENOSPC", "EIO", "EROFS"])("leaves nothing behind where it fails (%s)", (code) => {
    const path = temporaryLockFile();
    const driver = driverWith({ link: failing(code) });
    expect(() => tried(path, driver)).toThrow(expect.objectContaining({ code }));
    expect(around(path)).toEqual([]);
  });
});

describe("Breaking", () => {
  // 1. A and B see a dead marker. 2. A removes it. 3. C puts its own there. 4. B removes C's.
  test("removes no marker that has come since the look", () => {
    const path = temporaryLockFile();
    writeFileSync(path, dead());
    const slow = driverWith({
      find: (at) => {
        const found = softCalls.find(at);
        if (found?.text === dead()) replaceBy(path, stranger());
        return found;
      },
    });
    expect(tried(path, slow)).toBeNull();
    expect(text(path)).toBe(stranger());
    expect(around(path)).toEqual(["work.lock"]);
  });

  test("is left to whoever lives and has the right to it", () => {
    const path = temporaryLockFile();
    writeFileSync(path, dead());
    writeFileSync(right(path, dead()), stranger());
    expect(tried(path)).toBeNull();
    expect(text(path)).toBe(dead());
    unlinkSync(right(path, dead()));
    tried(path)!.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("goes on where one after the other has died with the right to it", () => {
    const path = temporaryLockFile();
    const first = right(path, dead());
    const second = right(path, dead(), first);
    for (const file of [path, first, second]) writeFileSync(file, dead());
    tried(path)!.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("gives the right back where the marker may not be removed", () => {
    const path = temporaryLockFile();
    writeFileSync(path, dead());
    const unlink = (at: string): void => (at === path ? failing("EPERM")() : unlinkSync(at));
    expect(() => tried(path, driverWith({ unlink }))).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(around(path)).toEqual(["work.lock"]);
  });

  test("clears away what dead processes have left beside it, and nothing else", () => {
    const path = temporaryLockFile();
    const [ofDead, ofLiving] = [`${path}.17.${"a".repeat(24)}`, `${path}.1.${"b".repeat(24)}`];
    writeFileSync(path, dead());
    writeFileSync(ofDead, dead());
    writeFileSync(right(path, "something"), dead());
    writeFileSync(ofLiving, stranger());
    writeFileSync(`${path}.txt`, dead());
    tried(path)!.release({ remove: true });
    expect(around(path)).toEqual(
      [ofLiving, `${path}.txt`].map((file) => file.slice(dirname(path).length + 1)),
    );
  });
});

describe("A release", () => {
  test("removes no marker but its own, though that has the same inode number", () => {
    const path = temporaryLockFile();
    const grant = tried(path)!;
    unlinkSync(path);
    writeFileSync(path, stranger());
    grant.release({ remove: true });
    expect(text(path)).toBe(stranger());
    expect(around(path)).toEqual(["work.lock"]);
  });

  // 1. The holder sees that the marker is its own. 2. Somebody breaks it. 3. C puts its own there. 4. The holder removes
  // C's: it has the right by then, and looks again.
  test("removes no marker that has come since it looked", () => {
    const path = temporaryLockFile();
    const slow = driverWith({
      link: (from, to) => {
        if (from === path) replaceBy(path, stranger());
        linkSync(from, to);
      },
    });
    const grant = tried(path, slow)!;
    grant.release({ remove: true });
    expect(text(path)).toBe(stranger());
    expect(around(path)).toEqual(["work.lock"]);
  });

  test("needs no room for a file: its own marker stands for the right", () => {
    const path = temporaryLockFile();
    const names: string[] = [];
    const grant = tried(path, driverWith({ link: (from, to) => linkSync(from, (names.push(from), to)) }))!;
    names.length = 0;
    grant.release({ remove: true });
    expect(names).toEqual([path]);
  });

  test("fails, and leaves the lock held, where somebody has the right to break it and stops", () => {
    const path = temporaryLockFile();
    const grant = tried(path)!;
    writeFileSync(right(path, marker()), stranger());
    expect(() => grant.release({ remove: true })).toThrow(
      expect.objectContaining({ code: "EBUSY", message: expect.stringContaining("it is still held") }),
    );
    expect(grant.isCurrent()).toBe(true);
    unlinkSync(right(path, marker()));
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("fails, and leaves the lock held, where the disk has no room for a name", () => {
    const path = temporaryLockFile();
    let isFull = false;
    const full = driverWith({
      link: (from, to) => {
        if (isFull) failing("ENOSPC")();
        linkSync(from, to);
      },
    });
    const grant = tried(path, full)!;
    isFull = true;
    expect(() => grant.release({ remove: true })).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    expect(text(path)).toBe(marker());
    isFull = false;
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("is over where whoever breaks it removes the marker", () => {
    const path = temporaryLockFile();
    const breaker = right(path, marker());
    const grant = tried(
      path,
      driverWith({
        link: (from, to) => {
          if (to === breaker) {
            writeFileSync(breaker, stranger());
            unlinkSync(path);
          }
          linkSync(from, to);
        },
      }),
    )!;
    grant.release({ remove: true });
    unlinkSync(breaker);
    expect(around(path)).toEqual([]);
  });

  test("takes the right from one who has died with it", () => {
    const path = temporaryLockFile();
    const grant = tried(path)!;
    writeFileSync(right(path, marker()), dead());
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("is over where the directory is gone", () => {
    const path = join(temporaryLockFile(), "work.lock");
    const grant = tried(path)!;
    execFileSync("rm", ["-r", dirname(path)]);
    grant.release({ remove: true });
    expect(existsSync(dirname(path))).toBe(false);
  });
});

test("The right to remove a marker is called the same wherever its directory is mounted", () => {
  const [here, there] = [right("/mnt/a/work.lock", "17"), right("/srv/work.lock", "17")];
  expect(here.slice("/mnt/a/".length)).toBe(there.slice("/srv/".length));
  expect(right("/srv/work.lock", "18")).not.toBe(there);
});

describe("breakMarker", () => {
  test("does nothing where there is none", async () => {
    const path = temporaryLockFile();
    await breakMarker(path);
    expect(around(path)).toEqual([]);
  });

  test.each([
    ["of somebody who lives", () => stranger()],
    ["of another host", () => marker({ host: "elsewhere" })],
    ["that is empty", () => ""],
    ["that is half written", () => "17\nho"],
  ])("removes one %s", async (_, of) => {
    const path = temporaryLockFile();
    writeFileSync(path, of());
    await breakMarker(path);
    expect(around(path)).toEqual([]);
  });

  test("leaves what is too large for one, and says so", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "precious".repeat(1000));
    await expect(breakMarker(path)).rejects.toMatchObject({
      code: "EFBIG",
      message: expect.stringContaining("8000 bytes"),
    });
    expect(text(path)).toHaveLength(8000);
  });

  test("leaves it to whoever lives and has the right, and says so", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    writeFileSync(right(path, ""), stranger());
    await expect(breakMarker(path)).rejects.toMatchObject({ code: "EBUSY" });
    expect(text(path)).toBe("");
    expect(around(path)).toHaveLength(2);
  });

  test("takes a right of which nobody can tell whose it is, once that has had time", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    writeFileSync(right(path, ""), "");
    await breakMarker(path);
    expect(around(path)).toEqual([]);
  });
});
