// The gate of a line: the next number, who is inside, what becomes of it at the end, and files that are none of ours.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Gate } from "../../src/drivers/gate.ts";
import { gateOf, queueOf, ticketOf } from "../../src/drivers/queue-directory.ts";
import { flock } from "../../src/native/flock.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { asNobody, isRoot, publicDirectory } from "../support/as-nobody.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";
import { isHeld, notingFlock } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsRight } from "../support/needs.ts";
import { arrived, everyTestLeavesTheLine, place, PlaceChild, tickets } from "../support/places.ts";

everyTestLeavesNothing();
everyTestLeavesTheLine();

afterEach(() => {
  vi.restoreAllMocks();
});

const rootTest = needsRight("root", isRoot);

/** Goes through the gate, does `fn` inside, and comes out. */
function inside<Value>(lockFile: string, fn: (gate: Gate) => Value): Value {
  const gate = Gate.enter(lockFile, undefined, flock);
  if (gate === undefined) throw new Error("Expected to get through the gate");
  try {
    return fn(gate);
  } finally {
    gate.close();
  }
}

/** A line whose gate holds that. */
function lineWithGate(content: string): string {
  const lockFile = temporaryLockFile();
  mkdirSync(queueOf(lockFile));
  writeFileSync(gateOf(lockFile), content);
  return lockFile;
}

describe("A number", () => {
  test("is the first where nobody is in line", () => {
    expect(inside(temporaryLockFile(), (gate) => gate.nextNumber())).toBe(0);
  });

  test("is behind all that are there, the dead ones too", () => {
    const lockFile = lineWithGate("");
    for (const number of [3, 41, 7]) writeFileSync(ticketOf(lockFile, number), "");
    expect(inside(lockFile, (gate) => gate.nextNumber())).toBe(42);
  });
});

describe("A busy gate", () => {
  test("is entered by one at a time", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, () => {
      expect(Gate.enter(lockFile, undefined, flock)).toBeUndefined();
    });
  });

  test("is tried again, and then entered", () => {
    const lockFile = temporaryLockFile();
    const one = place(lockFile);
    inside(lockFile, () => {
      expect(one.isTurn()).toBe(false);
    });
    expect(one.isTurn()).toBe(true);
    expect(tickets(lockFile)).toHaveLength(1);
  });

  test("is given up after 100 ms and several tries, with one warning", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const lockFile = temporaryLockFile();
    const child = new PlaceChild("gate", lockFile);
    expect(await child.answer()).toBe(true);
    child.stop();
    for (const one of [place(lockFile), place(lockFile)]) {
      const turns = [1, 2, 3, 4, 5].map(() => {
        const turn = one.isTurn();
        now += 60_000; // a blocked event loop counts for little
        return turn;
      });
      expect(turns).toEqual([false, false, false, false, true]);
    }
    await expectWarnings(lockFile);
    rmSync(queueOf(lockFile), { recursive: true });
  });

  // Where many arrive at once on a slow machine, somebody is always inside.
  test("is not given up while others get through", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const lockFile = temporaryLockFile();
    const child = new PlaceChild("gate", lockFile);
    expect(await child.answer()).toBe(true);
    const one = place(lockFile);
    for (let number = 0; number < 20; number++) {
      expect(one.isTurn()).toBe(false);
      now += 50;
      writeFileSync(ticketOf(lockFile, number), "");
    }
    await child.kill();
    rmSync(queueOf(lockFile), { recursive: true });
  });

  test("is free once the process inside was killed", async () => {
    const lockFile = temporaryLockFile();
    const child = new PlaceChild("gate", lockFile);
    expect(await child.answer()).toBe(true);
    const one = place(lockFile);
    expect(one.isTurn()).toBe(false);
    await child.kill();
    expect(one.isTurn()).toBe(true);
  });
});

describe("A gate that is removed or replaced", () => {
  // 1. A opens the gate. 2. B removes the directory. 3. C makes a new one. 4. A flocks the old gate.
  test("between open and flock is opened again", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, () => undefined);
    let replaced = false;
    const { flock: racing } = notingFlock(() => {
      if (!replaced) {
        replaced = true;
        renameSync(gateOf(lockFile), `${lockFile}.old`);
        writeFileSync(gateOf(lockFile), "");
      }
      return undefined;
    });
    const gate = Gate.enter(lockFile, undefined, racing)!;
    expect(isHeld(gateOf(lockFile))).toBe(true);
    gate.close();
  });

  test("is not removed by the last one out, who flocked the old one", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, () => undefined);
    const { flock: racing } = notingFlock(() => {
      renameSync(gateOf(lockFile), `${lockFile}.old`);
      writeFileSync(gateOf(lockFile), "");
      return undefined;
    });
    Gate.removeUnused(lockFile, racing);
    expect(existsSync(gateOf(lockFile))).toBe(true);
  });

  // 1. A, the last one out, sees no ticket. 2. B takes one. 3. A goes through the gate.
  test("is not removed by the last one out, when somebody has arrived since", () => {
    const lockFile = temporaryLockFile();
    const [, ticket] = arrived(lockFile);
    Gate.removeUnused(lockFile, flock);
    expect([existsSync(gateOf(lockFile)), existsSync(ticket)]).toEqual([true, true]);
  });

  test("is not removed while somebody is inside", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, () => {
      Gate.removeUnused(lockFile, flock);
      expect(existsSync(gateOf(lockFile))).toBe(true);
    });
    Gate.removeUnused(lockFile, flock);
    expect(existsSync(queueOf(lockFile))).toBe(false);
  });
});

describe("What is none of ours stays as it is, and the lock is contended for without a line", () => {
  test("what a symbolic link leads to", async () => {
    const lockFile = lineWithGate("");
    renameSync(gateOf(lockFile), `${lockFile}.other`);
    symlinkSync(`${lockFile}.other`, gateOf(lockFile));
    expect(place(lockFile).isTurn()).toBe(true);
    expect(readFileSync(`${lockFile}.other`, "utf8")).toBe("");
    await expectWarnings("ELOOP");
  });

  test("a directory behind a symbolic link", async () => {
    const lockFile = temporaryLockFile();
    const other = temporaryDirectory();
    symlinkSync(other, queueOf(lockFile));
    expect(place(lockFile).isTurn()).toBe(true);
    expect(existsSync(`${other}/gate`)).toBe(false);
    await expectWarnings(queueOf(lockFile));
  });

  test("a file in the place of the directory", async () => {
    const lockFile = temporaryLockFile();
    writeFileSync(queueOf(lockFile), "precious");
    expect(place(lockFile).isTurn()).toBe(true);
    expect(readFileSync(queueOf(lockFile), "utf8")).toBe("precious");
    await expectWarnings(queueOf(lockFile));
  });
});

rootTest("Without the right to write there is no line, and one warning for all places", async () => {
  const directory = publicDirectory();
  const lockFile = `${directory}/work.lock`;
  const [first] = arrived(lockFile);
  expect(asNobody(() => [place(lockFile).isTurn(), place(lockFile).isTurn()])).toEqual([true, true]);
  await expectWarnings("EACCES");
  expect(first.isTurn()).toBe(true);
});

// 1. A process was told to queue where somebody keeps a file of that name. 2. It took that for the gate. 3. As the last
// one out, it removed it.
test("a gate with somebody's bytes in it is left alone, and there is no line", async () => {
  const lockFile = lineWithGate("precious");
  const one = place(lockFile);
  expect(one.isTurn()).toBe(true);
  one.leave();
  expect(readFileSync(gateOf(lockFile), "utf8")).toBe("precious");
  await expectWarnings("not an empty file");
});

// 1. The name of the directory is a link into somebody else's. 2. Nobody arrives through it, but whoever goes without a
// line removed on its way out what looked like a gate and tickets there.
test("nothing is removed through a symbolic link either", async () => {
  const lockFile = temporaryLockFile();
  const other = temporaryDirectory();
  const files = [`${other}/gate`, `${other}/0000000000000007`];
  for (const path of files) writeFileSync(path, "");
  symlinkSync(other, queueOf(lockFile));
  const one = place(lockFile);
  expect(one.isTurn()).toBe(true);
  one.leave();
  expect(files.map((path) => existsSync(path))).toEqual([true, true]);
  await expectWarnings(queueOf(lockFile));
});

// A listing that failed was taken for an empty line: EACCES here, EMFILE and EIO elsewhere.
rootTest("nobody takes a number where the directory cannot be listed", async () => {
  const lockFile = `${publicDirectory()}/work.lock`;
  const [gone] = arrived(lockFile);
  const [waiting] = arrived(lockFile);
  gone.leave();
  chmodSync(gateOf(lockFile), 0o666);
  chmodSync(queueOf(lockFile), 0o333);
  const late = place(lockFile);
  expect(asNobody(() => late.isTurn())).toBe(true);
  chmodSync(queueOf(lockFile), 0o777);
  expect([waiting.isTurn(), late.ahead]).toEqual([true, undefined]);
  await expectWarnings("EACCES");
});

test("a ticket with the highest number there can be leaves no room for a line", async () => {
  const lockFile = lineWithGate("");
  writeFileSync(ticketOf(lockFile, Number.MAX_SAFE_INTEGER), "");
  expect(place(lockFile).isTurn()).toBe(true);
  await expectWarnings("too high a number");
});
