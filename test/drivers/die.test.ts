// The last line of a process is written in full, as far as anybody lets it, before the process ends.
import type * as FileSystem from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { die } from "../../src/drivers/die.ts";

const stderr = vi.hoisted(() => ({
  /** What each of the next writes does: how many bytes it takes, or the code of its error. */
  next: [] as (number | string)[],
  written: "",
  writes: 0,
}));

vi.mock("node:fs", async (original) => ({
  ...(await original<typeof FileSystem>()),
  fstatSync: () => ({ isFIFO: () => false }),
  writeSync: (fd: number, bytes: Buffer): number => {
    expect(fd).toBe(2);
    stderr.writes++;
    const taken = stderr.next.shift() ?? bytes.length;
    if (typeof taken === "string") throw Object.assign(new Error(taken), { code: taken });
    stderr.written += bytes.toString("utf8", 0, taken);
    return taken;
  },
}));

const exited = new Error("exit");

beforeEach(() => {
  Object.assign(stderr, { next: [], written: "", writes: 0 });
  const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
    expect(code).toBe(1);
    throw exited;
  });
  return () => exit.mockRestore();
});

test.each<[string, (number | string)[], string, number]>([
  ["at once", [], "The end.\n", 1],
  ["in pieces", [3, 0, 2], "The end.\n", 4],
  ["once a full pipe is read from", ["EAGAIN", 4, "EAGAIN", "EAGAIN"], "The end.\n", 5],
  ["to nobody", ["EPIPE"], "", 1],
  ["to a descriptor that is closed", ["EBADF"], "", 1],
])("%s", (_, next, written, writes) => {
  stderr.next = next;
  expect(() => die("The end.")).toThrow(exited);
  expect([stderr.written, stderr.writes]).toEqual([written, writes]);
});

test("not for ever to a full pipe that nobody reads from", () => {
  stderr.next = Array.from({ length: 1000 }, () => "EAGAIN");
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 100));
  expect(() => die("The end.")).toThrow(exited);
  clock.mockRestore();
  expect(stderr.writes).toBeLessThan(100);
});
