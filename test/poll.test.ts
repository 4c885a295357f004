// How a process waits for a holder of another one: the pauses between its attempts, what ends and what precedes them, by a clock that the test turns.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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
  const polled = poll(() => attempts.push(performance.now()) < 0, {
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

test.each(["returns true", "aborts"])("an attempt that %s is the last one, and no error", async (what) => {
  const polling = new AbortController();
  const attempt = vi.fn((): boolean => {
    if (attempt.mock.calls.length < 3) return false;
    if (what === "aborts") polling.abort();
    return what === "returns true";
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

/** A poll over a bell and a rest of the test's own: when its attempts were, and how it ended. */
function polled({ rest = 0, longestPause = 1000 } = {}) {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const bell = new Bell();
  const polling = new AbortController();
  const began = performance.now();
  const at: number[] = [];
  const ended = poll(() => at.push(performance.now() - began) < 0, {
    longestPause,
    rest,
    bell,
    signal: polling.signal,
  });
  const end = async (): Promise<void> => {
    polling.abort();
    await ended;
    expect([vi.getTimerCount(), bell.onRing]).toEqual([0, undefined]);
  };
  return { bell, at, polling, end };
}

describe("The bell", () => {
  test("has an attempt made at once, and the pauses start short again", async () => {
    const { bell, at, end } = polled();
    await vi.advanceTimersByTimeAsync(100); // in the pause from 63 to 127
    expect(at).toEqual([0, 1, 3, 7, 15, 31, 63]);
    bell.ring();
    expect(at.slice(7)).toEqual([100]);
    await vi.advanceTimersByTimeAsync(10);
    expect(at.slice(8)).toEqual([101, 103, 107]);
    await end();
  });

  test("has an attempt made each time it rings: the last may be the one that counts", async () => {
    const { bell, at, end } = polled();
    await vi.advanceTimersByTimeAsync(100);
    for (let rings = 0; rings < 3; rings++) bell.ring();
    expect(at.slice(7)).toEqual([100, 100, 100]);
    await end();
  });

  test("rung while nobody pauses changes nothing", async () => {
    const { bell, at, end } = polled({ rest: 5 });
    bell.ring(); // a rest is no pause: it is there for the others
    await vi.advanceTimersByTimeAsync(4);
    expect(at).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(at).toEqual([5]);
    await end();
    bell.ring();
    await vi.advanceTimersByTimeAsync(100);
    expect(at).toEqual([5]);
  });

  test("rung inside an attempt does not shorten the pause after it", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const [bell, polling] = [new Bell(), new AbortController()];
    const attempt = vi.fn(() => {
      bell.ring();
      return false;
    });
    const ended = poll(attempt, { longestPause: 8, rest: 0, bell, signal: polling.signal });
    await vi.advanceTimersByTimeAsync(7);
    expect(attempt).toHaveBeenCalledTimes(4);
    polling.abort();
    await ended;
  });

  test("is heard no longer once an attempt that it asked for was the last one", async () => {
    const bell = new Bell();
    const attempt = vi.fn(() => attempt.mock.calls.length > 7);
    const { signal } = new AbortController();
    const ended = poll(attempt, { rest: 0, bell, longestPause: 1000, signal });
    await vi.advanceTimersByTimeAsync(100);
    bell.ring();
    bell.ring();
    expect([vi.getTimerCount(), bell.onRing]).toEqual([0, undefined]);
    await ended;
    expect(attempt.mock.results.filter(({ value }) => value === false)).toHaveLength(7);
  });

  test("leaves the pause of the next poll to the next poll", async () => {
    const first = polled();
    await vi.advanceTimersByTimeAsync(10);
    const second = new AbortController();
    const attempt = vi.fn();
    await first.end();
    const ended = poll(attempt, { longestPause: 1000, rest: 0, bell: first.bell, signal: second.signal });
    await vi.advanceTimersByTimeAsync(100);
    const before = attempt.mock.calls.length;
    first.bell.ring();
    await vi.advanceTimersByTimeAsync(0);
    expect(attempt).toHaveBeenCalledTimes(before + 1);
    expect(first.at).toEqual([0, 1, 3, 7]);
    second.abort();
    await ended;
  });
});

describe("A rest", () => {
  test("comes before the first attempt, and the pauses after that", async () => {
    const { at, end } = polled({ rest: 3 });
    await vi.advanceTimersByTimeAsync(10);
    expect(at).toEqual([3, 4, 6, 10]);
    await end();
  });

  test("ends with an abort, without an attempt", async () => {
    const { at, end } = polled({ rest: 3 });
    await vi.advanceTimersByTimeAsync(2);
    await end();
    await vi.advanceTimersByTimeAsync(10);
    expect(at).toEqual([]);
  });

  test("of none at all has the first attempt made before poll() returns", async () => {
    const { at, end } = polled();
    expect(at).toEqual([0]);
    await end();
  });
});

test("an abort after the ring ends it without another attempt", async () => {
  const { bell, at, end } = polled();
  await vi.advanceTimersByTimeAsync(100);
  bell.ring();
  await end();
  await vi.advanceTimersByTimeAsync(1000);
  expect(at).toHaveLength(8);
});

test("what an attempt throws at a ring is what it rejects with, and it leaves no timer", async () => {
  const thrown = new Error("the attempt failed");
  const bell = new Bell();
  const attempt = vi.fn();
  const { signal } = new AbortController();
  const polled = poll(attempt, { rest: 0, bell, longestPause: 50, signal });
  const seen = polled.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(100);
  attempt.mockImplementationOnce(() => {
    throw thrown;
  });
  bell.ring();
  expect(await seen).toBe(thrown);
  expect(vi.getTimerCount()).toBe(0);
});
