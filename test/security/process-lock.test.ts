// The lock file of a program lies where everybody may create files, and is written to: into nothing that is somebody's.
import { execFileSync } from "node:child_process";
import { closeSync, constants, linkSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flockWithPidDriver } from "../../src/drivers/flock-with-pid.ts";
import { pidIn, writePid } from "../../src/drivers/pid-file.ts";
import { ProcessLock } from "../../src/process-lock.ts";
import { isRoot, publicDirectory } from "../support/as-nobody.ts";
import { opened } from "../support/flock-steps.ts";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsRight } from "../support/needs.ts";
import { PLANTS, underAttack, victim } from "../support/victim.ts";

everyTestNeedsLinux("other users, FIFOs, /proc");
everyTestLeavesNothing();

const rootTest = needsRight("root", isRoot);
const RACE_MS = 300;
const CLEAR = ["ELOOP", "EINVAL", "EISDIR", "ENXIO", "EACCES", "EEXIST"];
const driver = flockWithPidDriver();

describe.each(Object.keys(PLANTS))("%s", (plant) => {
  test("in the place of the lock file is refused, or empty and nobody else's", async () => {
    const of = victim();
    const lock = new ProcessLock({ name: "program", directory: publicDirectory() });
    PLANTS[plant]!(lock.lockFile, of);
    const outcome = await lock.run(() => "held").catch((error: unknown) => error);
    if (plant !== "a file that nobody may open" || !isRoot) {
      const { code, message } = outcome as NodeJS.ErrnoException;
      expect(CLEAR).toContain(code);
      expect(message).toContain(lock.lockFile);
    }
    of.expectUnharmed();
  });
});

// 1. A links somebody's PID file to the path. 2. B opens and locks it. 3. A removes the link: the descriptor has one name.
test("The process id is not written into a file that is no longer at the path", () => {
  const [of, path] = [victim(), join(publicDirectory(), "program.lock")];
  linkSync(of.file("pid"), path);
  const fd = openSync(path, constants.O_RDWR);
  unlinkSync(path);
  writePid(fd, path);
  closeSync(fd);
  of.expectUnharmed();
});

test("Nothing is read from a FIFO where a process id is looked for", () => {
  const path = join(publicDirectory(), "program.lock");
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    writeSync(fd, "12\n");
    expect(pidIn(path)).toBeUndefined();
    expect(readSync(fd, Buffer.alloc(8))).toBe(3);
  } finally {
    closeSync(fd);
  }
});

rootTest(
  "Who plants one thing after the other while a program starts gets it to change no other file",
  async () => {
    const [of, path] = [victim(), join(publicDirectory(), "program.lock")];
    const seen = new Set<string>();
    await underAttack(path, of, () => {
      for (const end = performance.now() + RACE_MS; performance.now() < end;) {
        const attempt = opened(path, {}, driver);
        try {
          attempt.tryLock()?.release({ remove: true });
        } catch (error) {
          seen.add((error as NodeJS.ErrnoException).code ?? String(error));
        } finally {
          attempt.close();
        }
      }
    });
    of.expectUnharmed({ apartFromTimes: true });
    await takeWarnings(); // what it was to remove may have been gone
    expect([...CLEAR, "ENOENT", "EPERM"]).toEqual(expect.arrayContaining([...seen]));
  },
);
