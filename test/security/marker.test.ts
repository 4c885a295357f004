// The marker of a SoftFileLock, and what lies beside it, where others may create files.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Grant } from "../../src/driver.ts";
import { softCalls, type SoftCalls } from "../../src/drivers/soft-aside.ts";
import { softDriver } from "../../src/drivers/soft.ts";
import { findFile } from "../../src/drivers/soft-file.ts";
import { rightOf } from "../../src/drivers/soft-right.ts";
import { SoftFileLock } from "../../src/soft-lock.ts";
import { isRoot, publicDirectory } from "../support/as-nobody.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsRight } from "../support/needs.ts";
import { around, dead, tried } from "../support/soft-steps.ts";
import { PLANTS, underAttack, victim } from "../support/victim.ts";

everyTestNeedsLinux("other users, FIFOs, /proc");
everyTestLeavesNothing();

const rootTest = needsRight("root", isRoot);
const RACE_MS = 300;

/** "ETIMEDOUT": what lies there may be the marker of somebody who lives. */
const CLEAR = ["ELOOP", "EINVAL", "EISDIR", "ENXIO", "EACCES", "ETIMEDOUT", "EFBIG"];

const aPath = (): string => join(publicDirectory(), "work.lock");

describe.each(Object.keys(PLANTS))("%s", (plant) => {
  test("in the place of the marker is refused, and so is breaking it, or that name alone goes", async () => {
    const [of, path] = [victim(), aPath()];
    PLANTS[plant]!(path, of);
    const lock = new SoftFileLock(path, { timeout: 0, mode: 0o666 });
    await expect(lock.run(() => "held")).rejects.toMatchObject({
      code: expect.toSatisfy((code: string) => CLEAR.includes(code)),
      message: expect.stringContaining(path),
    });
    expect([lock.pid, lock.isLockHeldByUs]).toEqual([undefined, false]);
    const error = (await lock.breakLock().catch((thrown: unknown) => thrown)) as
      { code?: string } | undefined;
    expect([undefined, ...CLEAR]).toContain(error?.code);
    of.expectUnharmed();
  });

  test("in the place of the right keeps the holder from releasing, clearly, and only while it is there", () => {
    const [of, path] = [victim(), aPath()];
    const grant = tried(path)!;
    const right = rightOf(path, path, findFile(path)!);
    PLANTS[plant]!(right, of);
    expect(() => grant.release({ remove: true })).toThrow(
      expect.objectContaining({ message: expect.stringContaining("it is still held. Try again") }),
    );
    of.expectUnharmed();
    execFileSync("rm", ["-r", right]);
    grant.release({ remove: true });
    expect(around(path)).toEqual([]);
  });

  test("in the place of the right of a dead process's marker stays as it is", () => {
    const [of, path] = [victim(), aPath()];
    writeFileSync(path, dead());
    PLANTS[plant]!(rightOf(path, path, findFile(path)!), of);
    try {
      expect(tried(path)).toBeNull();
    } catch (error) {
      expect(CLEAR).toContain((error as NodeJS.ErrnoException).code);
    }
    of.expectUnharmed();
    expect(readFileSync(path, "utf8")).toBe(dead());
  });

  test("that is called like something left behind stays as it is", () => {
    const [of, path] = [victim(), aPath()];
    const litter = `${path}.4711.${"0".repeat(24)}`;
    PLANTS[plant]!(litter, of);
    writeFileSync(path, dead());
    tried(path)!.release({ remove: true });
    expect(lstatSync(litter, { throwIfNoEntry: false })).toBeDefined();
    of.expectUnharmed();
  });
});

test("What seems left behind is not removed through a link, and of a file with a second name that name alone goes", () => {
  const path = aPath();
  const [target, other] = [join(publicDirectory(), "target"), join(publicDirectory(), "other")];
  for (const file of [target, other]) writeFileSync(file, dead());
  const link = `${path}.4711.${"0".repeat(24)}`;
  symlinkSync(target, link);
  linkSync(other, `${path}.4711.${"1".repeat(24)}`);
  writeFileSync(path, dead());
  tried(path)!.release({ remove: true });
  expect(lstatSync(link, { throwIfNoEntry: false })).toBeDefined();
  for (const file of [target, other]) expect(readFileSync(file, "utf8")).toBe(dead());
});

rootTest(
  "Who plants one thing after the other in the place of the marker gets nobody to change another file",
  async () => {
    const [of, path] = [victim(), aPath()];
    const seen = new Set<string>();
    const held = new Set<Grant>(); // a release that fails can be tried again
    await underAttack(path, of, () => {
      for (const end = performance.now() + RACE_MS; performance.now() < end;) {
        try {
          const grant = tried(path);
          if (grant === null) continue;
          held.add(grant);
          grant.setMode(0o666);
          grant.release({ remove: true });
          held.delete(grant);
        } catch (error) {
          seen.add((error as NodeJS.ErrnoException).code ?? String(error));
        }
      }
    });
    for (const grant of held) grant.release({ remove: true });
    of.expectUnharmed();
    expect([...CLEAR, "ENOENT", "EPERM", "EBUSY"]).toEqual(expect.arrayContaining([...seen]));
  },
);

// Anybody may have written it, and it stands in the message that a terminal shows.
test("Control characters in the name of a host are in no message: such a file is no marker", async () => {
  const path = aPath();
  writeFileSync(path, "1\nhost\u001b]0;gotcha\u0007\n");
  const lock = new SoftFileLock(path, { timeout: 0 });
  await expect(lock.acquire()).rejects.toMatchObject({
    message: expect.stringMatching(/^[^\u001b]*something else than a marker[^\u001b]*$/),
  });
  expect(await lock.holder()).toEqual([]);
});

test("The name of this host makes a marker", () => {
  expect(hostname()).toMatch(/^\P{Cc}+$/u);
});

describe("The bits of what is created", () => {
  /** Of each file that is removed, when it is: the marker, the file aside, and the right. */
  function modesOf(mode: number | undefined, umask: number, links: boolean): string[] {
    const path = aPath();
    const seen: string[] = [];
    const note = (file: string): void => void seen.push((lstatSync(file).mode & 0o7777).toString(8));
    const calls: SoftCalls = {
      ...softCalls,
      link: (from, to) => {
        note(from);
        if (!links) throw Object.assign(new Error("EPERM, as the test asked"), { code: "EPERM" });
        linkSync(from, to);
      },
      unlink: (file) => {
        note(file);
        unlinkSync(file);
      },
    };
    const before = process.umask(umask);
    try {
      const attempt = softDriver(calls).open(path, { mode });
      attempt.tryLock()!.release({ remove: true });
      attempt.close();
    } finally {
      process.umask(before);
    }
    expect(around(path)).toEqual([]);
    expect(seen.length).toBeGreaterThan(3);
    return [...new Set(seen)];
  }

  test.each([
    [0o600, 0, "600"],
    [0o600, 0o077, "600"],
    [undefined, 0, "666"],
    [undefined, 0o022, "644"],
    [undefined, 0o077, "600"],
  ])(
    "with the mode %o and the umask %o are all %s, also where there are no hard links",
    (mode, umask, expected) => {
      expect(modesOf(mode, umask, true)).toEqual([expected]);
      expect(modesOf(mode, umask, false)).toEqual([expected]);
    },
  );

  // Where there are no hard links, breakLock() writes a file for its right, too.
  test("are those of the lock for what breakLock() writes", async () => {
    const path = aPath();
    writeFileSync(path, "");
    chmodSync(path, 0o600);
    const before = process.umask(0);
    let bits: string[] = [];
    const link = softCalls.link;
    softCalls.link = (from, to) => {
      bits = [...bits, (lstatSync(from).mode & 0o7777).toString(8)];
      link(from, to);
    };
    try {
      await new SoftFileLock(path, { mode: 0o600 }).breakLock();
    } finally {
      softCalls.link = link;
      process.umask(before);
    }
    expect(bits).toEqual(["600"]);
    expect(around(path)).toEqual([]);
  });
});
