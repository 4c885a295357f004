// How long a turn lasts, how long the rest after it, and when either changes: by a clock that the test turns.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { shared } from "../src/registry.ts";
import { turnOf, type Turn } from "../src/turn.ts";

let turn: Turn;
let turnsTaken = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  vi.advanceTimersByTime(1000);
  turn = turnOf(`test:${String(++turnsTaken)}`);
});

afterEach(() => {
  vi.useRealTimers();
});

const pass = (milliseconds: number): void => void vi.advanceTimersByTime(milliseconds);

/** Has the lock for so long, and lets go of it. */
function hold(milliseconds: number): void {
  turn.won();
  pass(milliseconds);
  turn.left();
}

/** How long the turn lasts that begins now, in whole milliseconds. Lets go of the lock when it is over. */
function lasts(): number {
  turn.won();
  let milliseconds = 0;
  for (; !turn.isOver; milliseconds++) pass(1);
  turn.left();
  return milliseconds;
}

/** Rests as it should. */
function rest(): void {
  pass(turn.rest);
}

describe("A clock that is put back", () => {
  // A test may have put a clock of its own in its place, which was ahead.
  test("makes no turn longer", () => {
    pass(3_600_000);
    turn.won();
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ["performance"] });
    expect(turn.isOver).toBe(true);
    turn.left();
    expect(lasts()).toBe(10);
  });

  test("makes no rest longer", () => {
    pass(3_600_000);
    hold(10);
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ["performance"] });
    expect(turn.rest).toBe(0);
    hold(2);
    expect(turn.rest).toBeLessThanOrEqual(1);
  });
});

describe("A turn", () => {
  // Before the first one there was no rest in which nobody came in.
  test("lasts 10 ms, the first one too, and then comes a rest of 1 ms", () => {
    expect(turn.rest).toBe(0);
    expect(lasts()).toBe(10);
    expect(turn.rest).toBe(1);
    pass(0.75);
    expect(turn.rest).toBeCloseTo(0.25);
    pass(0.25);
    expect(turn.rest).toBe(0);
  });

  test("goes on over holds that follow each other at once", () => {
    for (let holds = 0; holds < 4; holds++) {
      hold(2);
      expect(turn.rest).toBe(0);
      pass(0.4);
    }
    turn.won();
    expect(turn.isOver).toBe(false);
    pass(1);
    expect(turn.isOver).toBe(true);
    turn.left();
    expect(turn.rest).toBe(1);
  });

  test("is the same after a gap of 1 ms", () => {
    hold(9);
    pass(1);
    turn.won();
    expect(turn.isOver).toBe(true);
  });

  test("is a new one after a gap of more than that", () => {
    hold(9);
    pass(1.25);
    turn.won();
    pass(9);
    expect(turn.isOver).toBe(false);
    pass(1);
    expect(turn.isOver).toBe(true);
  });

  test("is a new one where another process came in between, however short that was", () => {
    hold(9);
    turn.contested();
    pass(0.5);
    turn.won();
    pass(9);
    expect(turn.isOver).toBe(false);
    pass(1);
    expect(turn.isOver).toBe(true);
  });

  test("whose hold ends before it is over is followed by no rest", () => {
    hold(9.5);
    expect(turn.rest).toBe(0);
  });

  test("has a rest that is over where the clock is set back", () => {
    hold(10);
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ["performance"] });
    expect(performance.now()).toBe(0);
    expect(turn.rest).toBe(0);
  });

  test("has a rest however long its one hold was", () => {
    hold(5000);
    expect(turn.rest).toBe(1);
  });
});

describe("The next turn", () => {
  test("is twice as long where nobody came in during the rest, up to 80 ms", () => {
    const lengths = Array.from({ length: 6 }, () => {
      const length = lasts();
      rest();
      return length;
    });
    expect(lengths).toEqual([10, 20, 40, 80, 80, 80]);
  });

  test("is of 10 ms again where another process came in", () => {
    for (let turns = 0; turns < 3; turns++) {
      lasts();
      rest();
    }
    turn.contested();
    expect(lasts()).toBe(10);
    rest();
    expect(lasts()).toBe(20);
  });

  test("of a turn that was cut short by a pause is no longer than that one", () => {
    lasts();
    rest();
    hold(1); // of 20 ms
    pass(50);
    expect(lasts()).toBe(20);
  });

  test("grows once for each rest, and not for each hold", () => {
    lasts();
    rest();
    for (let holds = 0; holds < 5; holds++) hold(1);
    expect(lasts()).toBe(20 - 5);
  });
});

describe("Turns", () => {
  const turns = (): Map<string, Turn> => shared("turns", () => new Map<string, Turn>());

  test("are remembered between two acquisitions, by lock file", () => {
    lasts();
    rest();
    expect(turnOf(`test:${String(turnsTaken)}`)).toBe(turn);
    expect(turnOf("test:another")).not.toBe(turn);
  });

  test("are forgotten for the lock files that were let go of longest ago: 64 are remembered", () => {
    turn.won();
    turn.left();
    for (let others = 0; others < 63; others++) {
      const other = turnOf(`test:${String(turnsTaken)}:${String(others)}`);
      other.won();
      other.left();
    }
    expect(turnOf(`test:${String(turnsTaken)}`)).toBe(turn);
    turn.won();
    turn.left(); // the youngest again
    const one = turnOf("test:one more");
    one.won();
    one.left();
    expect(turns().size).toBe(64);
    expect(turnOf(`test:${String(turnsTaken)}`)).toBe(turn);
    expect(turns().has(`test:${String(turnsTaken)}:0`)).toBe(false);
  });

  test("of lock files that were only asked for are not remembered", () => {
    const before = turns().size;
    turnOf("test:asked for").contested();
    expect(turns().size).toBe(before);
  });
});
