// What is said of a bad option: its name, what was expected, and what came.
import { describe, expect, test } from "vitest";
import { FileLock } from "../src/index.ts";
import { MemoryLock, memoryDriver } from "./support/memory-driver.ts";

const PATH = "/memory/work.lock";

/** Of acquire(), and so of a lock too. */
const BAD_FOR_CALLS: [string, unknown, typeof TypeError | typeof RangeError, string][] = [
  ["timeout", "10", TypeError, "a finite number of seconds (-1 waits for ever), got `'10'` (string)"],
  ["timeout", null, TypeError, "a finite number of seconds (-1 waits for ever), got `null` (null)"],
  ["timeout", 10n, TypeError, "a finite number of seconds (-1 waits for ever), got `10n` (bigint)"],
  ["timeout", NaN, RangeError, "a finite number of seconds (-1 waits for ever), got `NaN` (number)"],
  [
    "timeout",
    Infinity,
    RangeError,
    "a finite number of seconds (-1 waits for ever), got `Infinity` (number)",
  ],
  [
    "timeout",
    -Infinity,
    RangeError,
    "a finite number of seconds (-1 waits for ever), got `-Infinity` (number)",
  ],
  ["blocking", 0, TypeError, "a boolean, got `0` (number)"],
  ["blocking", "false", TypeError, "a boolean, got `'false'` (string)"],
  ["blocking", null, TypeError, "a boolean, got `null` (null)"],
  ["pollInterval", "fast", TypeError, "a finite number of seconds, 0.001 or more, got `'fast'` (string)"],
  ["pollInterval", 0, RangeError, "a finite number of seconds, 0.001 or more, got `0` (number)"],
  ["pollInterval", 0.0009, RangeError, "a finite number of seconds, 0.001 or more, got `0.0009` (number)"],
  ["pollInterval", -1, RangeError, "a finite number of seconds, 0.001 or more, got `-1` (number)"],
  ["pollInterval", NaN, RangeError, "a finite number of seconds, 0.001 or more, got `NaN` (number)"],
  [
    "pollInterval",
    Infinity,
    RangeError,
    "a finite number of seconds, 0.001 or more, got `Infinity` (number)",
  ],
  ["signal", "abort", TypeError, "an AbortSignal, got `'abort'` (string)"],
  ["signal", null, TypeError, "an AbortSignal, got `null` (null)"],
  ["signal", {}, TypeError, "an AbortSignal, got `{}` (object)"],
  ["signal", { aborted: false, addEventListener() {} }, TypeError, "an AbortSignal, got `{"],
  ["signal", new AbortController(), TypeError, "an AbortSignal, got `AbortController"],
  ["onWait", "log", TypeError, "a function, got `'log'` (string)"],
  ["onWait", {}, TypeError, "a function, got `{}` (object)"],
];

const BAD_FOR_LOCKS: typeof BAD_FOR_CALLS = [
  ...BAD_FOR_CALLS,
  ["mode", "600", TypeError, "an integer from 0 to 0o7777, got `'600'` (string)"],
  ["mode", -1, RangeError, "an integer from 0 to 0o7777, got `-1` (number)"],
  ["mode", 0o10000, RangeError, "an integer from 0 to 0o7777, got `4096` (number)"],
  ["mode", 0.5, RangeError, "an integer from 0 to 0o7777, got `0.5` (number)"],
  ["mode", NaN, RangeError, "an integer from 0 to 0o7777, got `NaN` (number)"],
  ["remove", 1, TypeError, "a boolean, got `1` (number)"],
  ["owner", true, TypeError, '"task" or "object", got `true` (boolean)'],
  ["owner", "thread", RangeError, '"task" or "object", got `\'thread\'` (string)'],
  ["order", 1, TypeError, '"any" or "fifo", got `1` (number)'],
  ["order", "lifo", RangeError, '"any" or "fifo", got `\'lifo\'` (string)'],
];

/** What `call` throws, or rejects with. */
async function thrown(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("Nothing was thrown");
}

describe("a bad option is named, with what was expected and what came", () => {
  test.each(BAD_FOR_LOCKS)("of a lock: %s: %o", (name, value, type, rest) => {
    const make = (): FileLock => new FileLock("x.lock", { [name]: value });
    expect(make).toThrow(type);
    expect(make).toThrow(`Expected \`${name}\` to be ${rest}`);
  });

  test.each(BAD_FOR_CALLS)("of acquire() and run(): %s: %o", async (name, value, type, rest) => {
    const lock = new MemoryLock(memoryDriver(), PATH);
    const options = { [name]: value };
    for (const call of [() => lock.acquire(options), () => lock.run(() => expect.unreachable(), options)]) {
      const error = await thrown(call);
      expect(error).toBeInstanceOf(type);
      expect(error.message).toContain(`Expected \`${name}\` to be ${rest}`);
    }
    expect(lock.lockCounter).toBe(0);
  });

  test("of tryAcquire()", async () => {
    const lock = new MemoryLock(memoryDriver(), PATH);
    const error = await thrown(() => lock.tryAcquire({ signal: "now" as never }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe("Expected `signal` to be an AbortSignal, got `'now'` (string)");
  });

  test("of release()", async () => {
    const lock = new MemoryLock(memoryDriver(), PATH);
    const hold = await lock.acquire();
    const error = await thrown(() => lock.release({ force: 1 as never }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe("Expected `force` to be a boolean, got `1` (number)");
    expect(hold.released).toBe(false);
    await hold.release();
  });

  test("but one that is undefined is left out, also where it has no meaning", async () => {
    const lock = new MemoryLock(memoryDriver(), PATH);
    const options: object = { timeout: undefined, onWait: undefined };
    await (await lock.tryAcquire(options))!.release();
    lock.tryAcquireSync(options)!.releaseSync();
  });

  test("that is inherited, since it would be used", async () => {
    const options = Object.create({ timeout: NaN }) as object;
    expect(() => new FileLock("x.lock", options)).toThrow("Expected `timeout` to be a finite number");
    const lock = new MemoryLock(memoryDriver(), PATH);
    await expect(lock.acquire(options)).rejects.toThrow("Expected `timeout` to be a finite number");
  });

  test("of wrap(), at once and not at the first call", () => {
    const lock = new MemoryLock(memoryDriver(), PATH);
    expect(() => lock.wrap(() => {}, { timeout: NaN })).toThrow("Expected `timeout` to be a finite number");
  });
});

describe("an option that does not exist is an error that lists those that do", () => {
  test.each([
    [
      "a lock",
      "stale",
      "timeout, blocking, pollInterval, shared, signal, onWait, mode, remove, owner, order",
    ],
    [
      "a lock",
      "toString",
      "timeout, blocking, pollInterval, shared, signal, onWait, mode, remove, owner, order",
    ],
    ["acquire()", "mode", "timeout, blocking, pollInterval, shared, signal, onWait"],
    ["acquire()", "retries", "timeout, blocking, pollInterval, shared, signal, onWait"],
    ["tryAcquire()", "timeout", "pollInterval, shared, signal"],
    ["run()", "owner", "timeout, blocking, pollInterval, shared, signal, onWait"],
    ["acquireSync()", "signal", "timeout, blocking, pollInterval, shared"],
    ["tryAcquireSync()", "timeout", "pollInterval, shared"],
    ["release()", "timeout", "force"],
  ])("of %s: %s", async (what, name, names) => {
    const lock = new MemoryLock(memoryDriver(), PATH);
    const options = { [name]: 1 };
    const calls: Record<string, () => unknown> = {
      "a lock": () => new FileLock("x.lock", options),
      "acquire()": () => lock.acquire(options),
      "tryAcquire()": () => lock.tryAcquire(options),
      "run()": () => lock.run(() => expect.unreachable(), options),
      "acquireSync()": () => lock.acquireSync(options),
      "tryAcquireSync()": () => lock.tryAcquireSync(options),
      "release()": () => lock.release(options),
    };
    const error = await thrown(calls[what]!);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`Unknown option \`${name}\`; expected one of ${names}`);
  });
});

test.each([[null], [5], ["fast"], [() => {}]])("options that are no object: %o", async (options) => {
  const lock = new MemoryLock(memoryDriver(), PATH);
  const bad = options as never;
  const calls = [
    () => new FileLock("x.lock", bad),
    () => lock.acquire(bad),
    () => lock.run(() => expect.unreachable(), bad),
    () => lock.release(bad),
    () => lock.wrap(() => expect.unreachable(), bad),
  ];
  for (const call of calls) {
    const error = await thrown(call);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain("Expected the options to be an object, got `");
  }
});

// They were spread into new options first, and that makes nothing of null and of numbers.
test.each([[null], [5], ["fast"], [() => {}]])(
  "options of tryAcquire() that are no object: %o",
  async (options) => {
    const error = await thrown(() => new MemoryLock(memoryDriver(), PATH).tryAcquire(options as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain("Expected the options to be an object, got `");
  },
);
