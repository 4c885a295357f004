// Lock files that may not be created, written or read: what can be locked all the same is, the rest gets a clear error.
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asNobody, isRoot, publicDirectory } from "../support/as-nobody.ts";
import { outputOf, type Outcome } from "../support/driver-child.ts";
import { granted, isHeld, isRefused, locked, opened, refusal } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsRight, succeeds } from "../support/needs.ts";

everyTestNeedsLinux("/proc/self/fdinfo, and the rights that it knows");

everyTestLeavesNothing();

const rootTest = needsRight("root", isRoot);

/** A user that is neither root nor the one that `asNobody` makes of us. */
const SOMEBODY_ELSE = 12_345;

/** How a descriptor of this process was opened. */
function accessOf(fd: number | undefined): string | undefined {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${String(fd)}`, "utf8"))?.[1] ?? "";
  return ["read", "write", "read and write"][parseInt(flags, 8) & 3];
}

function fileWithMode(directory: string, mode: number, owner?: number): string {
  const path = join(directory, "work.lock");
  writeFileSync(path, "precious");
  chmodSync(path, mode);
  if (owner !== undefined) chownSync(path, owner, owner);
  return path;
}

describe("A file that may only be read", () => {
  test("is locked through a read-only descriptor, and not written to", () => {
    const path = fileWithMode(publicDirectory(), 0o444);
    const grant = asNobody(() => granted(path));
    expect(accessOf(grant.fd)).toBe("read");
    expect(isHeld(path)).toBe(true);
    grant.release({ remove: false });
    expect(isHeld(path)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("is locked against those who may write to it, and the other way round", () => {
    const path = fileWithMode(publicDirectory(), 0o444);
    const writer = granted(path);
    const reader = asNobody(() => opened(path));
    expect(asNobody(() => reader.tryLock())).toBeNull();
    writer.release({ remove: false });
    const grant = asNobody(() => reader.tryLock());
    expect(isRefused(path)).toBe(true);
    grant!.release({ remove: false });
  });

  rootTest("keeps its mode where its owner is another user, without an error", () => {
    const path = fileWithMode(publicDirectory(), 0o444);
    asNobody(() => {
      const grant = granted(path, { mode: 0o600 });
      grant.setMode(0o600);
      grant.release({ remove: false });
    });
    expect(statSync(path).mode & 0o777).toBe(0o444);
  });
});

test("A file that may be written and not read is locked no more than one that may neither", () => {
  for (const mode of [0o222, 0o000]) {
    const path = fileWithMode(publicDirectory(), mode);
    expect(asNobody(() => refusal(path))).toMatchObject({
      code: "EACCES",
      message: expect.stringMatching(
        /Cannot open the lock file '.*': permission is denied\. Use a directory/,
      ),
    });
  }
});

describe("A directory that may not be written to", () => {
  test("does not matter where the lock file is there", () => {
    const directory = publicDirectory();
    const path = fileWithMode(directory, 0o666);
    chmodSync(directory, 0o555);
    const grant = asNobody(() => granted(path));
    expect(accessOf(grant.fd)).toBe("read and write");
    grant.release({ remove: false });
  });

  test("gets a clear error where the lock file is missing", () => {
    const directory = publicDirectory();
    chmodSync(directory, 0o555);
    expect(asNobody(() => refusal(join(directory, "work.lock")))).toMatchObject({
      code: "EACCES",
      message: expect.stringContaining("permission is denied"),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test("gets a clear error where it may not be searched either", () => {
    const directory = publicDirectory();
    const path = fileWithMode(directory, 0o666);
    chmodSync(directory, 0o666);
    expect(asNobody(() => refusal(path))).toMatchObject({ code: "EACCES" });
  });
});

// fs.protected_regular in proc(5): in a sticky directory that all may write to, O_CREAT is refused on a file that
// belongs neither to the caller nor to the owner of the directory. Even root is refused.
describe("Somebody else's file in a sticky directory", () => {
  const SYSCTL = "/proc/sys/fs/protected_regular";
  const canProtect = isRoot && succeeds("sh", "-c", `cat ${SYSCTL} > ${SYSCTL}`);
  const protectedTest = needsRight("the right to set fs.protected_regular", canProtect);

  function withProtection(level: number, fn: (directory: string) => void): void {
    const directory = publicDirectory();
    chmodSync(directory, 0o1777);
    const before = readFileSync(SYSCTL, "utf8");
    writeFileSync(SYSCTL, String(level));
    try {
      fn(directory);
    } finally {
      writeFileSync(SYSCTL, before);
    }
  }

  for (const level of [1, 2]) {
    protectedTest(`is locked where it may be written to, fs.protected_regular being ${String(level)}`, () => {
      withProtection(level, (directory) => {
        const path = fileWithMode(directory, 0o666, SOMEBODY_ELSE);
        expect(() => writeFileSync(path, "", { flag: "a" })).toThrow(/EACCES/); // or nothing is protected
        for (const win of [() => granted(path), () => asNobody(() => granted(path))]) {
          const grant = win();
          expect(accessOf(grant.fd)).toBe("read and write");
          grant.release({ remove: false });
        }
      });
    });
  }

  protectedTest("is locked where it may only be read", () => {
    withProtection(1, (directory) => {
      const path = fileWithMode(directory, 0o644, SOMEBODY_ELSE);
      const grant = asNobody(() => granted(path));
      expect(accessOf(grant.fd)).toBe("read");
      grant.release({ remove: false });
    });
  });

  protectedTest("gets a clear error where it may not even be read", () => {
    withProtection(1, (directory) => {
      const path = fileWithMode(directory, 0o600, SOMEBODY_ELSE);
      expect(asNobody(() => refusal(path))).toMatchObject({ code: "EACCES" });
    });
  });
});

describe("A read-only file system", () => {
  const canMount = isRoot && succeeds("unshare", "--mount", "mount", "-o", "bind,ro", "/", "/mnt");
  const mountTest = needsRight("the right to mount", canMount);

  /** One attempt on each path in another process, which sees `directory` mounted read-only. */
  function outcomes(directory: string, ...paths: string[]): Outcome[] {
    const mounted = 'mount -o bind,ro "$0" "$0" && exec "$@"';
    const through = ["unshare", "--mount", "sh", "-c", mounted, directory];
    return outputOf("try-lock.mjs", ["self", ...paths], { through }) as Outcome[];
  }

  mountTest("does not matter where the lock file is there, and the lock counts outside of it too", () => {
    const directory = publicDirectory();
    const path = fileWithMode(directory, 0o644);
    expect(outcomes(directory, path)).toEqual([{ result: "won" }]);
    const grant = granted(path);
    expect(outcomes(directory, path)).toEqual([{ result: "held" }]);
    grant.release({ remove: false });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  mountTest("gets a clear error where the lock file is missing", () => {
    const directory = publicDirectory();
    expect(outcomes(directory, join(directory, "work.lock"))).toEqual([
      expect.objectContaining({
        code: "EROFS",
        message: expect.stringContaining("is read-only and the file does"),
      }),
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });

  // Node's recursive mkdir answers ENOENT for it: it looks what is there, and tells how that went.
  mountTest("gets an error that says so where the directory of the lock file is missing", () => {
    const directory = publicDirectory();
    expect(outcomes(directory, join(directory, "sub/work.lock"))).toEqual([
      expect.objectContaining({
        code: "EROFS",
        message: expect.stringContaining(`Cannot create the directory '${directory}/sub'`),
      }),
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

test("A file of the user's own is locked in a directory that only the user may enter", () => {
  const directory = publicDirectory();
  asNobody(() => {
    mkdirSync(join(directory, "private"), { mode: 0o700 });
    locked(join(directory, "private/work.lock"), { mode: 0o600 });
  });
});
