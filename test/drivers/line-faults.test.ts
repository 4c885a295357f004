// What becomes of the line, order: "fifo", where a system call fails at the gate, at the ticket or in the directory.
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { constants as os } from "node:os";
import { basename } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Attempt, Driver } from "../../src/driver.ts";
import { flockDriver } from "../../src/drivers/flock.ts";
import { gateOf, queueOf } from "../../src/drivers/queue-directory.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { granted, isHeld, notingFlock, opened } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/self/fd");

const faults = vi.hoisted(() => ({
  beforeFchmod: (_fd: number): void => {},
  beforeOpen: (_path: string): void => {},
}));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  return {
    ...fs,
    fchmodSync: (fd: number, mode: number): void => {
      faults.beforeFchmod(fd);
      fs.fchmodSync(fd, mode);
    },
    openSync: (path: string, flags: number, mode?: number): number => {
      faults.beforeOpen(path);
      return fs.openSync(path, flags, mode);
    },
  };
});

everyTestLeavesNothing();
afterEach(() => {
  faults.beforeFchmod = faults.beforeOpen = () => {};
});

function systemCallFails(code: string): never {
  const errno = -(os.errno as Record<string, number>)[code]!;
  throw Object.assign(new Error(`${code}, as the test asked`), { code, errno });
}

const isTicket = (path: string): boolean => /^\d{16}$/.test(basename(path));

/** Calls `fn` with a lock file that is held meanwhile. */
async function whileHeld(fn: (lockFile: string) => Promise<void> | void): Promise<void> {
  const lockFile = temporaryLockFile();
  const grant = granted(lockFile);
  try {
    await fn(lockFile);
  } finally {
    grant.release({ remove: false });
  }
}

/** An attempt that was refused, and waits in line if it can. */
function waiting(lockFile: string, { by, mode }: { by?: Driver; mode?: number } = {}): Attempt {
  const attempt = opened(lockFile, { order: "fifo", mode }, by);
  attempt.watch(() => {});
  expect(attempt.tryLock()).toBeNull();
  return attempt;
}

test("a gate that refuses its mode is closed again, and open to others", () =>
  whileHeld(async (lockFile) => {
    faults.beforeFchmod = (fd) => {
      if (readlinkSync(`/proc/self/fd/${String(fd)}`) === gateOf(lockFile)) systemCallFails("EIO");
    };
    const attempt = waiting(lockFile, { mode: 0o660 });
    expect(isHeld(gateOf(lockFile))).toBe(false);
    attempt.close();
    await expectWarnings("EIO");
  }));

describe("Who leaves without ever having had a ticket removes the directory too:", () => {
  // 1. A makes the directory and a ticket. 2. B, on its way out, looks whether that lives. 3. A is refused its flock, and
  // removes it. 4. B is refused the gate, and leaves the directory to A. 5. A gives up.
  test("its ticket was refused", () =>
    whileHeld((lockFile) => {
      const { flock } = notingFlock((operation, fd) =>
        operation === "lock" && isTicket(readlinkSync(`/proc/self/fd/${String(fd)}`)) ? false : undefined,
      );
      const attempt = waiting(lockFile, { by: flockDriver(flock) });
      expect(readdirSync(queueOf(lockFile))).toEqual(["gate"]);
      attempt.close();
      expect(existsSync(queueOf(lockFile))).toBe(false);
    }));

  test("it could not be made", () =>
    whileHeld(async (lockFile) => {
      faults.beforeOpen = (path) => {
        if (isTicket(path)) systemCallFails("ENOSPC");
      };
      const attempt = waiting(lockFile);
      attempt.close();
      expect(existsSync(queueOf(lockFile))).toBe(false);
      await expectWarnings("ENOSPC");
    }));

  test("the gate could not be made", () =>
    whileHeld(async (lockFile) => {
      faults.beforeOpen = (path) => {
        if (basename(path) === "gate") systemCallFails("EMFILE");
      };
      const attempt = waiting(lockFile);
      expect(readdirSync(queueOf(lockFile))).toEqual([]);
      faults.beforeOpen = () => {};
      attempt.close();
      expect(existsSync(queueOf(lockFile))).toBe(false);
      await expectWarnings("EMFILE");
    }));
});

// 1. A has won, and leaves the line a turn later, when there is no descriptor to look with. 2. A releases: there is one
// again. The directory stayed until somebody else had waited there.
test("who could not remove the directory after the win does so with the release", async () => {
  const lockFile = temporaryLockFile();
  const holder = granted(lockFile);
  const attempt = waiting(lockFile);
  holder.release({ remove: false });
  const grant = attempt.tryLock()!;
  faults.beforeOpen = (path) => {
    if (path === queueOf(lockFile)) systemCallFails("EMFILE");
  };
  await turn();
  faults.beforeOpen = () => {};
  expect(existsSync(queueOf(lockFile))).toBe(true);
  grant.release({ remove: false });
  expect(existsSync(queueOf(lockFile))).toBe(false);
});
