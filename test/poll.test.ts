// How a process waits for a holder that it cannot hear: the pauses between its attempts, by a clock that the test turns.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bell, poll } from "../src/poll.ts";

/** Without a rest before the first attempt, and nobody rings. */
const AT_ONCE = { rest: 0, bell: new Bell() };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The pauses between the attempts of the next `milliseconds`, in order, where chance is always `random`. */
async function pausesIn(milliseconds: number, random: number, longestPause: number): Promise<number[]> {
  vi.spyOn(Math, "random").mockReturnValue(random);
  const attempts: number[] = [];
  const polling = new AbortController();
  const polled = poll(() => void attempts.push(performance.now()), {
    ...AT_ONCE,
    longestPause,
    signal: polling.signal,
  });
  await vi.advanceTimersByTimeAsync(milliseconds);
  polling.abort();
  await polled;
  expect(vi.getTimerCount()).toBe(0);
  return attempts.slice(1).map((time, index) => time - attempts[index]!);
}

test("the pauses double from 1 ms to the longest, and then stay, for as long as somebody waits", async () => {
  const pauses = await pausesIn(2000, 1, 50);
  expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 50, 50]);
  expect(pauses.length).toBeGreaterThan(40);
  expect(new Set(pauses.slice(6))).toEqual(new Set([50]));
});

test("chance takes something away from each pause, of the longest too, but less than half", async () => {
  const [whole, least] = [await pausesIn(2000, 1, 100), await pausesIn(2000, 0, 100)];
  expect(whole[10]).toBe(100);
  for (const pause of least.slice(10)) {
    expect(pause).toBeGreaterThan(50);
    expect(pause).toBeLessThan(100);
  }
});

test("an abort between two attempts ends it at once, without another one", async () => {
  const polling = new AbortController();
  const attempt = vi.fn();
  const polled = poll(attempt, { ...AT_ONCE, longestPause: 50, signal: polling.signal });
  await vi.advanceTimersByTimeAsync(100);
  const attempts = attempt.mock.calls.length;
  polling.abort();
  await polled;
  await vi.advanceTimersByTimeAsync(100);
  expect(attempt).toHaveBeenCalledTimes(attempts);
});

test("an abort inside an attempt, as one that wins makes, ends it without an error", async () => {
  const polling = new AbortController();
  const attempt = vi.fn(() => {
    if (attempt.mock.calls.length === 3) polling.abort();
  });
  const polled = poll(attempt, { ...AT_ONCE, longestPause: 50, signal: polling.signal });
  await vi.advanceTimersByTimeAsync(100);
  await polled;
  expect(attempt).toHaveBeenCalledTimes(3);
});

test.each([new Error("the attempt failed"), new TypeError("p-retry has an opinion on these")])(
  "what an attempt throws is what it rejects with, at once: %o",
  async (thrown) => {
    const attempt = vi.fn(() => {
      throw thrown;
    });
    const polled = poll(attempt, { ...AT_ONCE, longestPause: 50, signal: new AbortController().signal });
    const seen = polled.then(
      () => "resolved",
      (error: unknown) => error,
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(await seen).toBe(thrown);
    expect(attempt).toHaveBeenCalledTimes(1);
  },
);
