// What order: "fifo" asks of this process's own queue: whose place in line is whose, and what is handed on inside.
// The memory driver plays the line: strangers stand in it before whoever asks next.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Timeout, type WaitEvent } from "../src/index.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { blocked, soon } from "./support/promises.ts";

const PATH = "/memory/work.lock";

let driver: MemoryDriver;
let fifo: MemoryLock;
let otherFifo: MemoryLock;
let any: MemoryLock;

beforeEach(() => {
  driver = memoryDriver();
  fifo = new MemoryLock(driver, PATH, { order: "fifo", pollInterval: 0.005 });
  otherFifo = new MemoryLock(driver, PATH, { order: "fifo", pollInterval: 0.005 });
  any = new MemoryLock(driver, PATH, { pollInterval: 0.005 });
});

describe("handing on inside the process", () => {
  test("goes before nobody who stands in line outside", async () => {
    const first = await fifo.acquire();
    const second = otherFifo.run(() => "second");
    driver.strangersInLine = 1;
    const attempts = driver.attempts;
    await first.release();
    expect(driver.grants, "the lock was really freed").toBe(0);
    await blocked(second);
    expect(driver.attempts, "and is tried for in line").toBeGreaterThan(attempts);
    driver.strangersInLine = 0;
    expect(await soon(second, "it is its turn")).toBe("second");
  });

  test("goes on where nobody stands in line", async () => {
    const first = await fifo.acquire();
    const second = otherFifo.run(() => driver.grants);
    const attempts = driver.attempts;
    await first.release();
    expect(await second).toBe(1);
    expect(driver.attempts).toBe(attempts);
  });

  test("goes on to a waiter that asks for no order, whoever stands in line", async () => {
    const first = await fifo.acquire();
    const second = any.run(() => driver.grants);
    driver.strangersInLine = 1;
    const attempts = driver.attempts;
    await first.release();
    expect(await second).toBe(1);
    expect(driver.attempts).toBe(attempts);
  });
});

describe("a place in line", () => {
  // 1. T1 waits, and has the process's place in line. 2. Strangers arrive behind it. 3. T1 gives up. T2, which asked
  // later than the strangers, must not have its place.
  test.each([
    ["times out", { timeout: 0.02 }],
    ["is aborted", { signal: AbortSignal.timeout(20) }],
  ])("is given up when the waiter that it is for %s", async (_, options) => {
    const letGo = driver.seize(PATH);
    const first = fifo.acquire(options);
    const places = driver.places;
    const second = fifo.acquire();
    await expect(first).rejects.toThrow();
    await soon(
      vi.waitFor(() => expect(driver.places).toBeGreaterThan(places)),
      "the second one stands in line itself",
    );
    expect(driver.openAttempts, "and the first one's place is closed").toBeLessThanOrEqual(1);
    letGo();
    await (await soon(second, "it is free")).release();
  });

  test("is not given up when a waiter behind the first gives up", async () => {
    const letGo = driver.seize(PATH);
    const first = fifo.acquire();
    const places = driver.places;
    await expect(fifo.acquire({ timeout: 0.02 })).rejects.toThrow(Timeout);
    expect(driver.places).toBe(places);
    letGo();
    await (await soon(first, "it is free")).release();
  });

  test("without an order serves the next waiter too", async () => {
    const letGo = driver.seize(PATH);
    const first = any.acquire({ timeout: 0.02 });
    const places = driver.places;
    const second = any.acquire();
    await expect(first).rejects.toThrow(Timeout);
    letGo();
    await (await soon(second, "it is free")).release();
    expect(driver.places).toBe(places);
  });
});

describe("how far ahead the others are", () => {
  const positionOf = async (lock: MemoryLock): Promise<WaitEvent["position"]> => {
    const onWait = vi.fn<(event: WaitEvent) => unknown>();
    const signal = AbortSignal.timeout(50);
    await expect(lock.acquire({ onWait, signal })).rejects.toThrow();
    return onWait.mock.calls[0]![0].position;
  };

  test("onWait tells the place in line, 1 for whoever is next", async () => {
    driver.seize(PATH);
    expect(await positionOf(fifo)).toBe(1);
    driver.strangersInLine = 2;
    expect(await positionOf(fifo)).toBe(3);
  });

  test("onWait counts the tasks of its own process that asked before", async () => {
    const hold = await fifo.acquire();
    driver.strangersInLine = 2;
    const first = otherFifo.run(() => undefined);
    expect(await positionOf(new MemoryLock(driver, PATH, { order: "fifo" }))).toBe(4);
    driver.strangersInLine = 0;
    await hold.release();
    await first;
  });

  test("onWait tells it to those who wait to nest, whatever the order", async () => {
    await any.run(async () => {
      const beside = await new MemoryLock(driver, PATH).acquire();
      expect(await positionOf(new MemoryLock(driver, PATH))).toBe(1);
      await beside.release();
    });
  });

  test("without an order nobody can tell", async () => {
    driver.seize(PATH);
    expect(await positionOf(any)).toBeUndefined();
    await expect(any.acquire({ timeout: 0.01 })).rejects.toMatchObject({ ahead: undefined });
  });

  test.each([0.01, 0])("a Timeout tells how many were ahead at the end, timeout %d", async (timeout) => {
    driver.seize(PATH);
    await expect(fifo.acquire({ timeout })).rejects.toMatchObject({ ahead: 0 });
    driver.strangersInLine = 3;
    const error: unknown = await fifo.acquire({ timeout }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Timeout);
    expect((error as Timeout).ahead).toBe(3);
    expect((error as Timeout).message).toMatch(/; 3 others were ahead of it in the queue\.$/);
  });
});
