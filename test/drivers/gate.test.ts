// The gate of a line: its counter, who is inside, what becomes of it at the end, and files that are none of ours.
import {
  existsSync,
  linkSync,
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
import { notingFlock } from "../support/flock-steps.ts";
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

describe("The counter", () => {
  test("goes up, and is ahead of the number before that can be used", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, (gate) => {
      expect(gate.next(undefined)).toBe(0);
      expect(readFileSync(gateOf(lockFile), "utf8")).toBe("0000000000000001\n");
      expect(gate.next(undefined)).toBe(1);
    });
  });

  test("leaves a gap where somebody dies inside", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, (gate) => gate.next(undefined));
    expect(inside(lockFile, (gate) => gate.next(undefined))).toBe(1);
  });

  test.each(["", "12", "000000000000"])("is the largest ticket plus one where it reads %j", (content) => {
    const lockFile = lineWithGate(content);
    writeFileSync(ticketOf(lockFile, 41), "");
    expect(inside(lockFile, (gate) => gate.next(undefined))).toBe(42);
  });

  test("is the largest ticket plus one where it lags behind", () => {
    const lockFile = lineWithGate("0000000000000003\n");
    writeFileSync(ticketOf(lockFile, 7), "");
    expect(inside(lockFile, (gate) => gate.next(undefined))).toBe(8);
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
    let now = performance.now();
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
        writeFileSync(gateOf(lockFile), "0000000000000009\n");
      }
      return undefined;
    });
    const gate = Gate.enter(lockFile, undefined, racing)!;
    expect(gate.next(undefined)).toBe(9);
    gate.close();
  });

  test("is not removed by the last one out, who flocked the old one", () => {
    const lockFile = temporaryLockFile();
    inside(lockFile, () => undefined);
    const { flock: racing } = notingFlock(() => {
      renameSync(gateOf(lockFile), `${lockFile}.old`);
      writeFileSync(gateOf(lockFile), "0000000000000009\n");
      return undefined;
    });
    Gate.removeUnused(lockFile, racing);
    expect(readFileSync(gateOf(lockFile), "utf8")).toBe("0000000000000009\n");
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
  test.each(["x".repeat(17), "precious".repeat(1000)])(
    "a file with other content: %.17s",
    async (content) => {
      const lockFile = lineWithGate(content);
      expect(place(lockFile).isTurn()).toBe(true);
      expect(readFileSync(gateOf(lockFile), "utf8")).toBe(content);
      await expectWarnings(gateOf(lockFile));
    },
  );

  test("a file with a second name", async () => {
    const lockFile = lineWithGate("");
    linkSync(gateOf(lockFile), `${lockFile}.other`);
    expect(place(lockFile).isTurn()).toBe(true);
    expect(readFileSync(`${lockFile}.other`, "utf8")).toBe("");
    await expectWarnings(gateOf(lockFile));
  });

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
