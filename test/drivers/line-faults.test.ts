// What becomes of the line, order: "fifo", where a system call fails at the gate, at the ticket or in the directory.
import type * as FileSystem from "node:fs";
import { constants as os } from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import type { Attempt, Driver } from "../../src/driver.ts";
import { gateOf } from "../../src/drivers/queue-directory.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { granted, isHeld, opened } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";

const faults = vi.hoisted(() => ({
  beforeFchmod: (): void => {},
}));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  return {
    ...fs,
    fchmodSync: (fd: number, mode: number): void => {
      faults.beforeFchmod();
      fs.fchmodSync(fd, mode);
    },
  };
});

everyTestLeavesNothing();
afterEach(() => {
  faults.beforeFchmod = () => {};
});

function systemCallFails(code: string): never {
  const errno = -(os.errno as Record<string, number>)[code]!;
  throw Object.assign(new Error(`${code}, as the test asked`), { code, errno });
}

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
    faults.beforeFchmod = () => systemCallFails("EIO");
    const attempt = waiting(lockFile, { mode: 0o660 });
    expect(isHeld(gateOf(lockFile))).toBe(false);
    attempt.close();
    await expectWarnings("EIO");
  }));
