// The type of the file system that a path lies on: the innermost mount that covers it.
import type * as FileSystem from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { fileSystemOf, localLockOf } from "../../src/drivers/file-system.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/self/mounts");

const mounts = vi.hoisted(() => ({ text: undefined as string | Error | undefined }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  const readFileSync = (path: string, encoding: "utf8"): string => {
    if (mounts.text === undefined) return fs.readFileSync(path, encoding);
    if (mounts.text instanceof Error) throw mounts.text;
    return mounts.text;
  };
  return { ...fs, readFileSync };
});

beforeEach(() => (mounts.text = undefined));

describe("The file system of a path", () => {
  test("is known for those that every Linux has", () => {
    expect(fileSystemOf("/proc/locks")).toBe("proc");
    expect(fileSystemOf("/sys")).toBe("sysfs");
    expect(fileSystemOf("/no/such/file")).toMatch(/^\w+$/);
  });

  test.each([
    ["/work.lock", "ext4"],
    ["/srv/work.lock", "nfs4"],
    ["/srv", "nfs4"],
    ["/srv2/work.lock", "ext4"],
    ["/srv/data/work.lock", "fuse.sshfs"],
    ["/srv/data/deep/er/work.lock", "fuse.sshfs"],
    ["/mnt/with blank\\/work.lock", "vfat"],
    ["/twice/work.lock", "tmpfs"],
  ])("%s lies on %s", (path, type) => {
    mounts.text = [
      "rootfs / ext4 rw 0 0",
      "host:/srv /srv nfs4 rw,local_lock=none 0 0",
      "user@host:/ /srv/data fuse.sshfs rw 0 0",
      "/dev/sdb1 /mnt/with\\040blank\\134 vfat rw 0 0",
      "/dev/sdc1 /twice xfs rw 0 0",
      "none /twice tmpfs rw 0 0",
      "",
    ].join("\n");
    expect(fileSystemOf(path)).toBe(type);
  });

  test("is not known, and that is no error, where there is no list of mounts", () => {
    mounts.text = Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    expect(fileSystemOf("/work.lock")).toBeUndefined();
    mounts.text = "";
    expect(fileSystemOf("/work.lock")).toBeUndefined();
  });
});

describe("The option by which a mount keeps locks to one machine", () => {
  test.each([
    ["nfs4", "rw,vers=4.2,local_lock=none,addr=10.0.0.1", undefined],
    ["nfs", "rw,vers=3,local_lock=all,addr=10.0.0.1", "local_lock=all"],
    ["nfs", "rw,local_lock=flock", "local_lock=flock"],
    ["nfs", "rw,local_lock=posix", undefined],
    ["cifs", "rw,nobrl,soft", "nobrl"],
    ["lustre", "rw,localflock", "localflock"],
    ["lustre", "rw,flock", undefined],
    ["gfs2", "rw,localflocks", "localflocks"],
  ])("%s with %s: %s", (type, options, expected) => {
    mounts.text = `rootfs / ext4 rw,local_lock=all 0 0\nserver:/srv /srv ${type} ${options} 0 0\n`;
    expect(localLockOf("/srv/build")).toBe(expected);
  });

  test("is not known where there is no list of mounts", () => {
    mounts.text = Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    expect(localLockOf("/srv/build")).toBeUndefined();
  });
});
