// What becomes of the lock file itself: its content is nobody's business, its mode only where a mode is asked for.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { FileLock } from "../../src/file-lock.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { granted, isHeld, locked, opened } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

everyTestLeavesNothing();

describe("The content of a lock file", () => {
  test("stays byte for byte, and its times stay", () => {
    const path = temporaryLockFile();
    const content = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));
    writeFileSync(path, content);
    const before = statSync(path, { bigint: true });
    const grant = granted(path);
    expect(isHeld(path)).toBe(true);
    expect(statSync(path, { bigint: true })).toMatchObject({ mtimeNs: before.mtimeNs, size: before.size });
    grant.release({ remove: false });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(statSync(path, { bigint: true }).ino).toBe(before.ino);
  });

  test("stays where the lock file is another name of a precious file, and that file is locked", () => {
    const path = temporaryLockFile();
    writeFileSync(`${path}.precious`, "precious");
    linkSync(`${path}.precious`, path);
    const grant = granted(path);
    expect(isHeld(`${path}.precious`)).toBe(true);
    grant.release({ remove: true });
    expect(readFileSync(`${path}.precious`, "utf8")).toBe("precious");
    expect(existsSync(path)).toBe(false);
  });

  test("of a new lock file is none", () => {
    const path = temporaryLockFile();
    locked(path);
    expect(statSync(path).size).toBe(0);
    expect(readdirSync(join(path, ".."))).toEqual([basename(path)]);
  });
});

describe("The mode of a lock file", () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
  const withUmask = (umask: number, fn: () => void): void => {
    const before = process.umask(umask);
    try {
      fn();
    } finally {
      process.umask(before);
    }
  };

  test.each([
    [0o022, "644"],
    [0o002, "664"],
    [0o077, "600"],
    [0o000, "666"],
  ])("is what the umask leaves of 0666: %i", (umask, mode) => {
    const path = temporaryLockFile();
    withUmask(umask, () => locked(path));
    expect(modeOf(path)).toBe(mode);
  });

  test("is never more than asked for, also while the lock is not won yet", () => {
    const path = temporaryLockFile();
    withUmask(0, () => {
      const attempt = opened(
        path,
        { mode: 0o600 },
        flockDriver(() => false),
      );
      expect(attempt.tryLock()).toBeNull();
      expect(modeOf(path)).toBe("600");
      attempt.close();
    });
  });

  test("is set whatever the umask takes from it", () => {
    const path = temporaryLockFile();
    withUmask(0o077, () => {
      const grant = granted(path, { mode: 0o666 });
      grant.setMode(0o666);
      expect(modeOf(path)).toBe("666");
      grant.release({ remove: false });
    });
  });

  test("is not set on a file that has taken the place of the one that is locked", () => {
    const path = temporaryLockFile();
    const grant = granted(path);
    mkdirSync(`${path}.d`);
    execFileSync("mv", [path, `${path}.d/old`]);
    writeFileSync(path, "", { mode: 0o644 });
    grant.setMode(0o600);
    expect([modeOf(path), modeOf(`${path}.d/old`)]).toEqual(["644", "644"]);
    grant.release({ remove: false });
  });

  test("is set on an existing file once the lock is won, and not before", async () => {
    const path = temporaryLockFile();
    writeFileSync(path, "", { mode: 0o644 });
    const lock = new FileLock(path, { mode: 0o600 });
    const holder = granted(path);
    expect(await lock.tryAcquire()).toBeUndefined();
    expect(modeOf(path)).toBe("644");
    holder.release({ remove: false });
    await lock.run(() => expect(modeOf(path)).toBe("600"));
    expect(modeOf(path)).toBe("600");
  });

  test("of an existing file is left alone by a driver that is not told to set it", () => {
    const path = temporaryLockFile();
    writeFileSync(path, "");
    chmodSync(path, 0o640);
    locked(path);
    expect(modeOf(path)).toBe("640");
  });
});
