// The journal that fairness is read from: its figures, and that it notices two holders.
import { describe, expect, test } from "vitest";
import { Journal } from "../../bench/journal.ts";

describe("a journal of holds", () => {
  const MS = 1e6;
  /** Asked, entered and left, in milliseconds. */
  const times = (...holds: [number, number, number][]): number[] => holds.flat().map((each) => each * MS);

  test("tells holds, waits, and how long it takes until everybody had a turn", () => {
    const journal = new Journal(
      [times([0, 1, 6], [6, 13, 18]), times([0, 7, 12], [12, 20, 25])], // each pause takes 1, 1 and 2
      19 * MS,
    );
    expect(journal.holds).toEqual([2, 1]); // the last one began too late to count
    expect(journal.waits()).toEqual([1, 7, 7, 8]);
    expect(journal.waits(1)).toEqual([7, 8]);
    expect(journal.cycle).toBe(2 * (5 + 1));
  });

  test("two at the same time are an error, in two processes and in one", () => {
    const overlap = "Processes 0 and 1 both held the lock, for 2.000 ms";
    expect(() => new Journal([times([0, 1, 6]), times([0, 4, 9])], MS)).toThrow(overlap);
    expect(() => new Journal([times([0, 1, 6], [0, 5, 9])], MS)).toThrow("Processes 0 and 0 both held");
  });
});
