// A place in line: who is next, what becomes of those who die, give up or stall, and what is left behind.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { gateOf, inLine, queueOf, ticketOf } from "../../src/drivers/queue-directory.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { descriptorsOf, notingFlock } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { arrived, crash, everyTestLeavesTheLine, place, PlaceChild, tickets } from "../support/places.ts";
import { blocked, deferred, soon } from "../support/promises.ts";
import { randomNumbers } from "../support/random.ts";

everyTestLeavesNothing();
everyTestLeavesTheLine();

afterEach(() => {
  vi.restoreAllMocks();
});

/** Stands for the clock: time goes by only where the test says so. */
function stoppedClock(): (milliseconds: number) => void {
  let now = 0; // whole numbers: a sum of fractions could fall short of a second
  vi.spyOn(performance, "now").mockImplementation(() => now);
  return (milliseconds) => {
    now += milliseconds;
  };
}

describe("The order", () => {
  test("is that of arrival", () => {
    const lockFile = temporaryLockFile();
    const line = Array.from({ length: 5 }, () => arrived(lockFile)[0]);
    while (line.length > 0) {
      expect(line.map((one) => one.isTurn())).toEqual(line.map((_, index) => index === 0));
      line.shift()!.leave();
    }
  });

  test("tells how many are ahead, and nothing before the arrival", () => {
    const lockFile = temporaryLockFile();
    arrived(lockFile);
    arrived(lockFile);
    const third = place(lockFile);
    expect(third.ahead).toBeUndefined();
    third.isTurn();
    expect(third.ahead).toBe(2);
    expect(inLine(lockFile)).toBe(3);
  });

  test("stays where the one directly ahead gives up: the one before that is still ahead", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const [second] = arrived(lockFile);
    const [third] = arrived(lockFile);
    second.leave();
    expect(third.isTurn()).toBe(false);
    first.leave();
    expect(third.isTurn()).toBe(true);
  });

  test("puts whoever gave up and comes again at the end", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const [second] = arrived(lockFile);
    first.leave();
    const [again] = arrived(lockFile);
    expect([second.isTurn(), again.isTurn()]).toEqual([true, false]);
  });

  test("is kept where the last in line gives up and its number is given again", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const [second, ticket] = arrived(lockFile);
    second.leave();
    const [third, again] = arrived(lockFile);
    expect(again).toBe(ticket);
    expect([first.isTurn(), third.isTurn()]).toEqual([true, false]);
  });

  test("is that of a model, over thousands of arrivals, ends and crashes", () => {
    const lockFile = temporaryLockFile();
    const random = randomNumbers(20_261_121);
    const line: ReturnType<typeof arrived>[] = [];
    for (let step = 0; step < 2000; step++) {
      const one = Math.floor(random() * line.length);
      const deed = random();
      if (line.length < 6 && deed < 0.45) {
        line.push(arrived(lockFile));
      } else if (line[one] !== undefined && deed < 0.75) {
        const [gone] = line.splice(one, 1) as [ReturnType<typeof arrived>];
        if (deed < 0.6) gone[0].leave();
        else crash(gone);
      }
      expect(line.map(([waiter]) => waiter.isTurn())).toEqual(line.map((_, index) => index === 0));
    }
    for (const [waiter] of line) waiter.leave();
    arrived(lockFile)[0].leave();
    expect(existsSync(queueOf(lockFile))).toBe(false);
  });
});

describe("A ticket whose owner died", () => {
  test("is removed by whoever stands behind it, and nobody waits for it", () => {
    const lockFile = temporaryLockFile();
    const dead = arrived(lockFile);
    const [second] = arrived(lockFile);
    crash(dead);
    expect(second.isTurn()).toBe(true);
    expect(existsSync(dead[1])).toBe(false);
  });

  test("goes with the directory, when the last one out that lives has left", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const dead = arrived(lockFile);
    crash(dead);
    first.leave();
    expect(existsSync(queueOf(lockFile))).toBe(false);
  });

  test("may be that of a process that was killed", async () => {
    const lockFile = temporaryLockFile();
    const [head, waiting] = [new PlaceChild("wait", lockFile), new PlaceChild("wait", lockFile)];
    const turns = await Promise.all([head.answer(), waiting.answer()]);
    const [last] = arrived(lockFile);
    expect(turns.filter((turn) => turn)).toHaveLength(1);
    await (turns[0] ? waiting : head).kill();
    expect(last.isTurn()).toBe(false);
    await (turns[0] ? head : waiting).kill();
    expect(last.isTurn()).toBe(true);
  });
});

describe("A stalled one", () => {
  /** Looks as often as time goes by in tenths of a second, and stops at its turn. */
  function looksUntilTurn(one: ReturnType<typeof place>, go: (milliseconds: number) => void): number {
    for (let looks = 1; looks < 100; looks++) {
      if (one.isTurn()) return looks;
      go(100);
    }
    throw new Error("Expected it to get its turn");
  }

  test("is passed after a second in which the lock was free at every look", () => {
    const lockFile = temporaryLockFile();
    arrived(lockFile);
    const go = stoppedClock();
    const [second] = arrived(lockFile, { isFree: () => true });
    expect(looksUntilTurn(second, go)).toBe(11);
  });

  test("may be a stopped process", async () => {
    const lockFile = temporaryLockFile();
    const head = new PlaceChild("wait", lockFile);
    expect(await head.answer()).toBe(true);
    head.stop();
    const go = stoppedClock();
    const [second] = arrived(lockFile, { isFree: () => true });
    expect(looksUntilTurn(second, go)).toBe(11);
  });

  test("is not passed while somebody has the lock, and the second begins anew after that", () => {
    const lockFile = temporaryLockFile();
    arrived(lockFile);
    const go = stoppedClock();
    let free = true;
    const [second] = arrived(lockFile, { isFree: () => free });
    for (let looks = 0; looks < 9; looks++) {
      go(100);
      expect(second.isTurn()).toBe(false);
    }
    free = false;
    go(100);
    expect(second.isTurn()).toBe(false);
    free = true;
    expect(looksUntilTurn(second, go)).toBe(11);
  });

  test("is not passed by one whose own event loop was blocked", () => {
    const lockFile = temporaryLockFile();
    arrived(lockFile);
    const go = stoppedClock();
    const [second] = arrived(lockFile, { isFree: () => true });
    go(60_000);
    expect(second.isTurn()).toBe(false);
  });

  // 1. A is stopped. 2. B, who was behind it, wins and leaves. 3. C waits for A now. 4. D saw the lock free at every look
  // since B began to wait, and took C for stalled.
  test("is not whoever waits for a stalled one, where the line has moved since", () => {
    const lockFile = temporaryLockFile();
    arrived(lockFile);
    const [second] = arrived(lockFile);
    const go = stoppedClock();
    const [third] = arrived(lockFile, { isFree: () => true });
    const [fourth] = arrived(lockFile, { isFree: () => true });
    const look = (): boolean[] => {
      go(100);
      return [third.isTurn(), fourth.isTurn()];
    };
    fourth.isTurn();
    for (let looks = 0; looks < 11; looks++) expect(look()).toEqual([false, false]);
    second.leave();
    for (let looks = 0; looks < 10; looks++) expect(look()).toEqual([false, false]);
    expect(look()).toEqual([true, false]);
  });

  test("is passed by the one behind it before those further behind pass anybody", () => {
    const lockFile = temporaryLockFile();
    arrived(lockFile);
    const go = stoppedClock();
    const [second] = arrived(lockFile, { isFree: () => true });
    const [third] = arrived(lockFile, { isFree: () => true });
    for (let looks = 0; looks < 10; looks++) {
      go(100);
      expect(third.isTurn()).toBe(false);
      if (second.isTurn()) break;
    }
    expect([second.isTurn(), third.isTurn()]).toEqual([true, false]);
    expect(third.ahead).toBe(2);
  });
});

describe("A hint", () => {
  test("comes when the one directly ahead leaves", async () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const second = place(lockFile);
    const hinted = deferred();
    second.watch(() => {
      hinted.resolve();
    });
    second.isTurn();
    await blocked(hinted.promise);
    first.leave();
    await soon(hinted.promise, "no hint");
    expect(second.isTurn()).toBe(true);
  });

  test("follows whoever is directly ahead now", async () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const [second] = arrived(lockFile);
    const third = place(lockFile);
    let hinted = deferred();
    third.watch(() => {
      hinted.resolve();
    });
    third.isTurn();
    second.leave();
    await soon(hinted.promise, "no hint of the second");
    expect(third.isTurn()).toBe(false);
    // Whatever the second one's end still has to say is said by then.
    await new Promise((resolve) => setTimeout(resolve, 10));
    hinted = deferred();
    first.leave();
    await soon(hinted.promise, "no hint of the first");
    expect(third.isTurn()).toBe(true);
  });
});

describe("What strangers do", () => {
  test("a removed ticket is noticed, and another one taken", () => {
    const lockFile = temporaryLockFile();
    const [first, ticket] = arrived(lockFile);
    const [second] = arrived(lockFile);
    rmSync(ticket);
    expect([first.isTurn(), second.isTurn()]).toEqual([false, true]);
    expect(tickets(lockFile)).toHaveLength(2);
  });

  test("a removed directory is noticed, and a new line formed", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const [second] = arrived(lockFile);
    rmSync(queueOf(lockFile), { recursive: true });
    expect([second.isTurn(), first.isTurn()]).toEqual([true, false]);
    second.leave();
    expect(first.isTurn()).toBe(true);
  });

  test("a file in the directory that is no ticket is nobody, and stays", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const path = `${queueOf(lockFile)}/notes.txt`;
    writeFileSync(path, "precious");
    expect(first.isTurn()).toBe(true);
    first.leave();
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  // 1. Somebody keeps files in a directory of that name, and calls them by the time in microseconds: 16 digits. 2. Whoever
  // came to stand in line there took them for the tickets of the dead.
  test("a file with a number for a name and bytes in it is no ticket, and stays", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const path = ticketOf(lockFile, 1_790_000_000_000_000);
    writeFileSync(path, "precious");
    const [second] = arrived(lockFile);
    first.leave();
    expect(second.isTurn()).toBe(true);
    second.leave();
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("a file that took the place of the own ticket is not removed with it", () => {
    const lockFile = temporaryLockFile();
    const [first, ticket] = arrived(lockFile);
    arrived(lockFile);
    rmSync(ticket);
    writeFileSync(ticket, "");
    first.leave();
    expect(existsSync(ticket)).toBe(true);
  });
});

describe("leave()", () => {
  test("may be called twice, and before the arrival", () => {
    const lockFile = temporaryLockFile();
    const one = place(lockFile);
    one.leave();
    one.isTurn();
    one.leave();
    one.leave();
    expect(existsSync(queueOf(lockFile))).toBe(false);
  });

  test("keeps the directory while somebody is in line", () => {
    const lockFile = temporaryLockFile();
    const [first] = arrived(lockFile);
    const [, ticket] = arrived(lockFile);
    first.leave();
    expect(existsSync(ticket)).toBe(true);
    expect(existsSync(gateOf(lockFile))).toBe(true);
  });

  test("leaves neither the ticket nor a descriptor of it", () => {
    const lockFile = temporaryLockFile();
    const [first, ticket] = arrived(lockFile);
    arrived(lockFile);
    expect(descriptorsOf(ticket)).toHaveLength(1);
    first.leave();
    expect(descriptorsOf(ticket)).toEqual([]);
    expect(existsSync(ticket)).toBe(false);
  });

  // 1. A unlocks its ticket. 2. B takes it for dead, removes it, and as the last one out the directory. 3. C makes a new
  // one, and takes the same number. 4. A removes C's ticket.
  test("removes the ticket while it is flocked", () => {
    const lockFile = temporaryLockFile();
    const seen: boolean[] = [];
    let ticket = "";
    const { flock: noting } = notingFlock((operation) => {
      if (operation === "unlock") seen.push(existsSync(ticket));
      return undefined;
    });
    const [first, path] = arrived(lockFile, { flock: noting });
    ticket = path;
    first.leave();
    expect(seen).toEqual([false]);
  });
});

test("The files of the line get the mode of the lock file, and the directory lets those in who may read", () => {
  const lockFile = temporaryLockFile();
  const [, ticket] = arrived(lockFile, { mode: 0o660 });
  const modes = [queueOf(lockFile), gateOf(lockFile), ticket].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o770, 0o660, 0o660]);
  expect(ticket).toBe(ticketOf(lockFile, 0));
});
