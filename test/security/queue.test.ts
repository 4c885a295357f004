// The line that processes stand in, where others may create files beside the lock file, or own the directory of the line:
// whatever they put in the place of a part of it, at whichever moment, nothing of anybody else's is changed.
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, statSync, symlinkSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { basename, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PinnedDirectory } from "../../src/drivers/pinned-directory.ts";
import { gateOf, inLine, queueOf, ticketOf } from "../../src/drivers/queue-directory.ts";
import { flock } from "../../src/native/flock.ts";
import { expectWarnings, takeWarnings } from "../setup/no-stray-warnings.ts";
import { isRoot, publicDirectory } from "../support/as-nobody.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsRight } from "../support/needs.ts";
import { arrived, crash, everyTestLeavesTheLine, place } from "../support/places.ts";
import { PLANTS, underAttack, victim, type Victim } from "../support/victim.ts";

type Call = "open" | "unlink" | "mkdir" | "made" | "fchmod";

const system = vi.hoisted(() => ({
  /** Called before each call on a path, and after a directory was made. */
  before: (_call: Call, _path: string): void => {},
  ignoresFchmod: false,
  deniesProc: false,
}));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  return {
    ...fs,
    openSync: (path: string, flags: number, mode?: number) => {
      system.before("open", path);
      return fs.openSync(path, flags, mode);
    },
    unlinkSync: (path: string) => {
      system.before("unlink", path);
      fs.unlinkSync(path);
    },
    mkdirSync: (path: string, options?: FileSystem.MakeDirectoryOptions) => {
      system.before("mkdir", path);
      fs.mkdirSync(path, options);
      system.before("made", path);
    },
    statSync: (path: string, options?: FileSystem.StatSyncOptions) => {
      if (system.deniesProc && path.startsWith("/proc/self/fd/"))
        throw Object.assign(new Error(`EACCES: permission denied, stat '${path}'`), { code: "EACCES" });
      return fs.statSync(path, options);
    },
    fchmodSync: (fd: number, mode: number) => {
      if (!system.ignoresFchmod) fs.fchmodSync(fd, mode);
    },
  };
});

everyTestNeedsLinux("other users, FIFOs, /proc");
everyTestLeavesNothing();
everyTestLeavesTheLine();
afterEach(() => {
  system.before = () => {};
  system.ignoresFchmod = false;
  system.deniesProc = false;
});

const rootTest = needsRight("root", isRoot);
const RACE_MS = 300;

const lockFileIn = (directory: string): string => join(directory, "work.lock");
const isTicket = (path: string): boolean => /^\d{16}$/.test(basename(path));

/** Puts a link to the victim's directory in the place of the line, once, as soon as that call is about to be made. */
function swapBefore(call: Call, is: (path: string) => boolean, lockFile: string, of: Victim): () => boolean {
  let done = false;
  system.before = (made, path) => {
    if (done || made !== call || !is(path)) return;
    done = true;
    renameSync(queueOf(lockFile), `${lockFile}.moved`);
    symlinkSync(of.directory, queueOf(lockFile));
  };
  return () => done;
}

/** Takes a place in line and leaves it, as whoever waits does. */
function standInLine(lockFile: string, mode?: number): void {
  const one = place(lockFile, { mode });
  one.isTurn();
  one.leave();
}

// The owner of the directory, who may be any user that waited first, can do this at any time.
describe("A link that takes the place of the directory is not followed:", () => {
  test.each<[string, Call, (path: string) => boolean]>([
    ["when the gate is about to be made", "open", (path) => basename(path) === "gate"],
    ["when a ticket is about to be made", "open", isTicket],
    ["when a ticket is about to be removed", "unlink", isTicket],
    ["when the gate is about to be removed", "unlink", (path) => basename(path) === "gate"],
    ["when the directory has just been made", "made", () => true],
  ])("%s", async (_, call, is) => {
    const [of, lockFile] = [victim(), lockFileIn(publicDirectory())];
    const swapped = swapBefore(call, is, lockFile, of);
    standInLine(lockFile, 0o666);
    expect(swapped()).toBe(true);
    of.expectUnharmed();
    await takeWarnings(); // it may have to go without a line
  });

  test("when a dead ticket is about to be removed", async () => {
    const [of, lockFile] = [victim(), lockFileIn(publicDirectory())];
    const first = arrived(lockFile);
    const [behind] = arrived(lockFile);
    crash(first);
    const swapped = swapBefore("open", (path) => basename(path) === basename(first[1]), lockFile, of);
    behind.isTurn();
    expect(swapped()).toBe(true);
    of.expectUnharmed();
    await takeWarnings(); // it may have to go without a line
  });
});

test("A pinned directory is no symbolic link, and its path is good whatever becomes of its name", () => {
  const [of, directory] = [victim(), publicDirectory()];
  symlinkSync(of.directory, join(directory, "link"));
  expect(() => new PinnedDirectory(join(directory, "link"))).toThrow("ENOTDIR");
  mkdirSync(join(directory, "line"));
  const pinned = new PinnedDirectory(join(directory, "line"));
  renameSync(join(directory, "line"), join(directory, "moved"));
  symlinkSync(of.directory, join(directory, "line"));
  expect(readdirSync(pinned.path)).toEqual([]);
  pinned.close();
});

// As AppArmor may. A descriptor was lost at each look, and the line with it.
test("Where a process may not look into /proc, it stands in line by the name of the directory, and leaves no descriptor", () => {
  const lockFile = lockFileIn(publicDirectory());
  system.deniesProc = true;
  const first = arrived(lockFile);
  const [behind] = arrived(lockFile);
  expect(behind.isTurn()).toBe(false);
  first[0].leave();
  expect(behind.isTurn()).toBe(true);
  behind.leave();
  expect(existsSync(queueOf(lockFile))).toBe(false);
});

// It named /proc/self/fd/20/gate, which nobody who reads it can find.
test("What is wrong with the gate is told with the name of the directory", async () => {
  const lockFile = lockFileIn(publicDirectory());
  mkdirSync(queueOf(lockFile));
  mkdirSync(gateOf(lockFile));
  expect(place(lockFile).isTurn()).toBe(true);
  await expectWarnings(`: EISDIR: illegal operation on a directory, open '${gateOf(lockFile)}'. It`);
});

test("A link in the place of the directory is not looked into", async () => {
  const lockFile = lockFileIn(publicDirectory());
  symlinkSync(publicDirectory(), queueOf(lockFile));
  expect(inLine(lockFile), "as where nothing can be seen").toBe(1);
  expect(place(lockFile).isTurn()).toBe(true);
  expect(await takeWarnings()).toHaveLength(1);
});

describe.each(Object.keys(PLANTS))("%s", (plant) => {
  test("in the place of the directory, the gate or a ticket stays as it is, and nobody waits for ever", async () => {
    for (const pathOf of [queueOf, gateOf, (lockFile: string) => ticketOf(lockFile, 5)]) {
      const [of, lockFile] = [victim(), lockFileIn(publicDirectory())];
      if (pathOf !== queueOf) mkdirSync(queueOf(lockFile));
      PLANTS[plant]!(pathOf(lockFile), of);
      standInLine(lockFile, 0o666);
      of.expectUnharmed();
    }
    await takeWarnings();
  });
});

rootTest(
  "Who plants one thing after the other in the place of the line gets nobody to change another file",
  async () => {
    const [of, lockFile] = [victim(), lockFileIn(publicDirectory())];
    await underAttack(queueOf(lockFile), of, () => {
      for (const end = performance.now() + RACE_MS; performance.now() < end;) standInLine(lockFile, 0o666);
    });
    of.expectUnharmed();
    await takeWarnings();
  },
);

// Locked and looked at by its path, it says more than the descriptor did: see hasOneName.
test("A gate that has got another name by the time that it is locked is somebody's", async () => {
  const lockFile = lockFileIn(publicDirectory());
  mkdirSync(queueOf(lockFile));
  const one = place(lockFile, {
    flock: (fd, operation) => {
      if (!existsSync(`${lockFile}.other`)) linkSync(gateOf(lockFile), `${lockFile}.other`);
      return flock(fd, operation);
    },
  });
  expect(one.isTurn()).toBe(true);
  expect(existsSync(ticketOf(lockFile, 0))).toBe(false);
  expect(await takeWarnings()).toHaveLength(1);
});

describe("The bits of the directory, the gate and the tickets", () => {
  const MODES: [mode: number | undefined, umask: number, expected: string[]][] = [
    [0o600, 0, ["700", "600", "600"]],
    [0o600, 0o077, ["700", "600", "600"]],
    [0o666, 0o022, ["777", "666", "666"]],
    [0o644, 0o077, ["755", "644", "644"]],
    [undefined, 0, ["777", "666", "666"]],
    [undefined, 0o022, ["755", "644", "644"]],
    [undefined, 0o077, ["700", "600", "600"]],
  ];

  function modesOf(lockFile: string, mode: number | undefined, umask: number): string[] {
    const before = process.umask(umask);
    try {
      const [, ticket] = arrived(lockFile, { mode });
      return [queueOf(lockFile), gateOf(lockFile), ticket].map((path) =>
        (statSync(path).mode & 0o7777).toString(8),
      );
    } finally {
      process.umask(before);
    }
  }

  test.each(MODES)("with the mode %o and the umask %o are %j", (mode, umask, expected) => {
    expect(modesOf(lockFileIn(publicDirectory()), mode, umask)).toEqual(expected);
  });

  // 1. B makes the gate, which everybody may open. 2. A opens it. 3. B gives it its bits, and A can hold it for ever.
  test("are never more than asked for, not even for a moment", () => {
    system.ignoresFchmod = true;
    expect(modesOf(lockFileIn(publicDirectory()), 0o600, 0)).toEqual(["700", "600", "600"]);
  });
});

test("Nothing of the line stays behind", () => {
  const lockFile = lockFileIn(publicDirectory());
  standInLine(lockFile, 0o600);
  expect(existsSync(queueOf(lockFile))).toBe(false);
});
