// Letting go of a flock: what may fail on the way, and that the lock file goes only where it is ours.
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { expectWarnings, takeWarnings } from "../setup/no-stray-warnings.ts";
import { asNobody, publicDirectory } from "../support/as-nobody.ts";
import { temporaryLockFile } from "../support/directory.ts";
import {
  descriptorsOf,
  granted,
  isHeld,
  isRefused,
  locked,
  nativeError,
  notingFlock,
  replaceFile,
} from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

everyTestLeavesNothing();

/** A driver whose unlock fails so many times. */
function failingUnlock(times: number) {
  return flockDriver(
    notingFlock((operation) => {
      if (operation === "unlock" && times-- > 0) throw nativeError("EIO", 5);
      return undefined;
    }).flock,
  );
}

describe("An unlock that fails", () => {
  test("leaves the lock held, says so, and can be tried again until it works", () => {
    const path = temporaryLockFile();
    const grant = granted(path, {}, failingUnlock(2));
    for (let failures = 0; failures < 2; failures++) {
      expect(() => grant.release({ remove: false })).toThrow(
        expect.objectContaining({
          code: "EIO",
          message: `Cannot release the lock file '${path}': it is still held. Try again (EIO)`,
          cause: expect.objectContaining({ code: "EIO" }),
        }),
      );
      expect([isHeld(path), isRefused(path), grant.isCurrent()]).toEqual([true, true, true]);
    }
    grant.release({ remove: false });
    expect(isHeld(path)).toBe(false);
    expect(descriptorsOf(path)).toEqual([]);
  });

  // 1. A releases with `remove`: the file goes, the unlock fails.   2. B creates the file anew and locks it.
  // 3. A releases again: the file is B's.
  test("leaves a newcomer's file alone when it is tried again", () => {
    const path = temporaryLockFile();
    const a = granted(path, {}, failingUnlock(1));
    expect(() => a.release({ remove: true })).toThrow();
    expect(existsSync(path)).toBe(false);
    const b = granted(path);
    a.release({ remove: true });
    expect([existsSync(path), isHeld(path), b.isCurrent()]).toEqual([true, true, true]);
    b.release({ remove: false });
  });
});

describe("A close that fails after the unlock", () => {
  // Somebody has closed the descriptor behind our back, so that ours fails with EBADF.
  test("is no error: nothing is held", () => {
    const path = temporaryLockFile();
    const { flock } = notingFlock((operation, fd) => {
      if (operation !== "unlock") return undefined;
      closeSync(fd);
      return true;
    });
    granted(path, {}, flockDriver(flock)).release({ remove: false });
    expect(isHeld(path)).toBe(false);
    expect(descriptorsOf(path)).toEqual([]);
  });
});

describe("Removing the lock file", () => {
  test("happens while it is still locked", () => {
    const path = temporaryLockFile();
    let existed: boolean | undefined;
    const { flock } = notingFlock((operation) => {
      if (operation === "unlock") existed = existsSync(path);
      return undefined;
    });
    granted(path, {}, flockDriver(flock)).release({ remove: true });
    expect(existed).toBe(false);
  });

  test("leaves a file that took its place, a directory, and nothing, alone", () => {
    const path = temporaryLockFile();
    const replaced = granted(path);
    replaceFile(path);
    writeFileSync(path, "somebody else's");
    replaced.release({ remove: true });
    expect(readFileSync(path, "utf8")).toBe("somebody else's");

    const displaced = granted(path);
    unlinkSync(path);
    mkdirSync(path);
    displaced.release({ remove: true });
    expect(existsSync(path)).toBe(true);

    const other = temporaryLockFile();
    const removed = granted(other);
    unlinkSync(other);
    removed.release({ remove: true });
    expect(existsSync(other)).toBe(false);
  });

  test("that is refused is one process warning, and the release succeeds", async () => {
    const directory = publicDirectory();
    const path = join(directory, "work.lock");
    locked(path);
    chmodSync(path, 0o666);
    chmodSync(directory, 0o555);
    asNobody(() => granted(path).release({ remove: true }));
    expect(existsSync(path)).toBe(true);
    expect([isHeld(path), descriptorsOf(path)]).toEqual([false, []]);
    await expectWarnings(/^The lock file '.*\/work\.lock' was released, but could not be removed: EACCES/);
  });

  test("that is refused has a warning that can be told from others", async () => {
    const directory = publicDirectory();
    const path = join(directory, "work.lock");
    locked(path);
    chmodSync(path, 0o666);
    chmodSync(directory, 0o555);
    asNobody(() => granted(path).release({ remove: true }));
    expect(await takeWarnings()).toEqual([
      expect.objectContaining({ name: "HoldfastWarning", code: "HOLDFAST_NOT_REMOVED" }),
    ]);
  });

  test("that is refused is one warning also where the unlock has to be tried again", async () => {
    const directory = publicDirectory();
    const path = join(directory, "work.lock");
    locked(path);
    chmodSync(path, 0o666);
    chmodSync(directory, 0o555);
    asNobody(() => {
      const grant = granted(path, {}, failingUnlock(2));
      expect(() => grant.release({ remove: true })).toThrow();
      expect(() => grant.release({ remove: true })).toThrow();
      grant.release({ remove: true });
    });
    expect(isHeld(path)).toBe(false);
    await expectWarnings("was released, but could not be removed");
  });

  // The warning said that a file could not be removed which was gone.
  test("that is refused at first, and done when the unlock is tried again, is no warning", () => {
    const directory = publicDirectory();
    const path = join(directory, "work.lock");
    locked(path);
    chmodSync(path, 0o666);
    chmodSync(directory, 0o555);
    const grant = asNobody(() => {
      const refused = granted(path, {}, failingUnlock(1));
      expect(() => refused.release({ remove: true })).toThrow();
      return refused;
    });
    chmodSync(directory, 0o777);
    grant.release({ remove: true });
    expect(existsSync(path)).toBe(false);
  });
});
