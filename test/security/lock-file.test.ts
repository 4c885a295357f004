// The lock file in a directory where others may create files: whatever they put there, nothing of anybody else's is changed.
import { chmodSync, existsSync, linkSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileLock } from "../../src/file-lock.ts";
import { inspect } from "../../src/inspect.ts";
import { takeWarnings } from "../setup/no-stray-warnings.ts";
import { isRoot, publicDirectory } from "../support/as-nobody.ts";
import { granted, isHeld, opened } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsRight } from "../support/needs.ts";
import { PLANTS, underAttack, victim } from "../support/victim.ts";

everyTestNeedsLinux("other users, FIFOs, /proc");
everyTestLeavesNothing();

const rootTest = needsRight("root", isRoot);

/** What the tests of a plant and of a race allow: errors that say what is in the way. */
const CLEAR = ["ELOOP", "EINVAL", "EISDIR", "ENXIO", "EACCES"];

/** How long an attacker has to be lucky. */
const RACE_MS = 300;

describe("A hard link to somebody's file, in the place of the lock file,", () => {
  // A privileged process with `mode: 0o666`, and a link to a file that only root may read.
  test("does not get the mode of the lock", async () => {
    const [of, path] = [victim(), join(publicDirectory(), "work.lock")];
    linkSync(of.file("empty"), path);
    await new FileLock(path, { mode: 0o666 }).run(() => {
      of.expectUnharmed();
    });
    of.expectUnharmed();
  });

  test("does not get the time of a release", async () => {
    const [of, path] = [victim(), join(publicDirectory(), "work.lock")];
    linkSync(of.file("secret"), path);
    await new FileLock(path).run(() => expect(isHeld(path)).toBe(true));
    of.expectUnharmed();
    expect(isHeld(path)).toBe(false);
  });

  // 1. A links somebody's file to the path. 2. B opens and locks it. 3. A removes the link: the descriptor has one name.
  test("does not get either where the link is gone by then", () => {
    const [of, path] = [victim(), join(publicDirectory(), "work.lock")];
    linkSync(of.file("empty"), path);
    const grant = granted(path, { mode: 0o666 });
    unlinkSync(path);
    grant.setMode(0o666);
    grant.release({ remove: true });
    of.expectUnharmed();
  });

  test("loses that name alone where the lock file is removed", async () => {
    const [of, path] = [victim(), join(publicDirectory(), "work.lock")];
    linkSync(of.file("secret"), path);
    await new FileLock(path, { remove: true, mode: 0o666 }).run(() => undefined);
    expect(existsSync(path)).toBe(false);
    of.expectUnharmed();
  });
});

test("A file with something in it, which somebody has moved there or named by mistake, does not get the mode of the lock", async () => {
  const path = join(publicDirectory(), "work.lock");
  writeFileSync(path, "precious");
  chmodSync(path, 0o600);
  await new FileLock(path, { mode: 0o666 }).run(() => undefined);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

describe.each(Object.keys(PLANTS))("%s", (plant) => {
  test.each([{}, { mode: 0o666 }, { remove: true }, { shared: true }, { order: "fifo" as const }])(
    "in the place of the lock file is locked or refused, and nothing else: %o",
    async (options) => {
      const [of, path] = [victim(), join(publicDirectory(), "work.lock")];
      PLANTS[plant]!(path, of);
      const lock = new FileLock(path, { timeout: 0, ...options });
      const outcome = await lock.run(() => "held").catch((error: unknown) => error);
      if (outcome !== "held") {
        const { code, message } = outcome as NodeJS.ErrnoException;
        expect(CLEAR).toContain(code);
        expect(message).toContain(path);
      }
      of.expectUnharmed();
    },
  );

  test("is inspected without being opened", async () => {
    const [of, path] = [victim(), join(publicDirectory(), "work.lock")];
    PLANTS[plant]!(path, of);
    const { state, code } = (await inspect(path).catch((error: unknown) => error)) as {
      state?: string;
      code?: string;
    };
    expect(["free", "unknown", ...CLEAR]).toContain(state ?? code);
    of.expectUnharmed();
  });
});

describe("Who plants one thing after the other while the lock is taken gets nobody to change another file", () => {
  for (const [what, bits] of [
    ["everybody's", 0o777],
    ["everybody's, and sticky", 0o1777],
  ] as const) {
    rootTest(`in a directory that is ${what}`, async () => {
      const of = victim();
      const directory = publicDirectory();
      chmodSync(directory, bits);
      const path = join(directory, "work.lock");
      const seen = new Set<string>();
      await underAttack(path, of, () => {
        for (let end = performance.now() + RACE_MS, round = 0; performance.now() < end; round++) {
          seen.add(outcomeOf(path, round % 2 === 0));
        }
      });
      of.expectUnharmed({ apartFromTimes: true });
      await takeWarnings(); // what it was to remove may have been gone
      expect([...CLEAR, "EPERM", "ENOENT", "won", "held"]).toEqual(expect.arrayContaining([...seen]));
    });
  }
});

function outcomeOf(path: string, remove: boolean): string {
  const attempt = opened(path, { mode: 0o666 });
  try {
    const grant = attempt.tryLock();
    if (grant === null) return "held";
    grant.setMode(0o666);
    grant.release({ remove });
    return "won";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  } finally {
    attempt.close();
  }
}

// No promise, but what has to be known: who may replace a directory above the lock file decides where that lies.
test("A symbolic link above the lock file is followed, as by every other program", async () => {
  const [directory, elsewhere] = [publicDirectory(), publicDirectory()];
  symlinkSync(elsewhere, join(directory, "link"));
  await new FileLock(join(directory, "link/work.lock")).run(() => undefined);
  expect(existsSync(join(elsewhere, "work.lock"))).toBe(true);
});
