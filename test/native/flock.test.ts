// flock(2) as the drivers see it: which errors of the native module mean what.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { flock } from "../../src/native/flock.ts";
import type * as Choice from "../../src/native/choice.ts";
import { nativeError } from "../support/flock-steps.ts";

const native = vi.hoisted(() => ({ calls: [] as number[][], throws: [] as Error[] }));

vi.mock("../../src/native/choice.ts", async (original) => ({
  ...(await original<typeof Choice>()),
  choose: () => ({
    name: "one of the test",
    call: (fd: number, flags: number) => {
      native.calls.push([fd, flags]);
      const error = native.throws.shift();
      if (error !== undefined) throw error;
    },
  }),
}));

beforeEach(() => {
  native.calls.length = native.throws.length = 0;
});

const LOCK_SH_NB = 5;
const LOCK_EX_NB = 6;
const LOCK_UN = 8;

describe("flock", () => {
  test("asks for an exclusive lock without waiting, and for its end", () => {
    expect(flock(7, "lock")).toBe(true);
    expect(flock(7, "unlock")).toBe(true);
    expect(native.calls).toEqual([
      [7, LOCK_EX_NB],
      [7, LOCK_UN],
    ]);
  });

  test("asks for a shared lock without waiting", () => {
    expect(flock(7, "share")).toBe(true);
    native.throws.push(nativeError("EAGAIN", 11));
    expect(flock(7, "share")).toBe(false);
    expect(native.calls).toEqual([
      [7, LOCK_SH_NB],
      [7, LOCK_SH_NB],
    ]);
  });

  test.each(["EAGAIN", "EWOULDBLOCK", "EACCES"])("takes %s from a lock for held elsewhere", (code) => {
    native.throws.push(nativeError(code, 11));
    expect(flock(7, "lock")).toBe(false);
    expect(native.calls).toHaveLength(1);
  });

  test.each(["lock", "unlock"] as const)("tries again after EINTR: %s", (operation) => {
    native.throws.push(...Array.from({ length: 3 }, () => nativeError("EINTR", 4)));
    expect(flock(7, operation)).toBe(true);
    expect(native.calls).toHaveLength(4);
  });

  test("tries again after EINTR, and then finds it held elsewhere", () => {
    native.throws.push(nativeError("EINTR", 4), nativeError("EAGAIN", 11));
    expect(flock(7, "lock")).toBe(false);
  });

  test.each([
    "ENOLCK",
    "EMFILE",
    "ENFILE",
    "ENOMEM",
    "ENOSPC",
    "EIO",
    "EBADF",
    "ENOSYS",
    "ENOTSUP",
    "EINVAL",
    "",
  ])("throws %s as it is, at once", (code) => {
    for (const operation of ["lock", "unlock"] as const) {
      const error = nativeError(code, 1);
      native.throws.push(error);
      expect(() => flock(7, operation)).toThrow(error);
    }
    expect(native.calls).toHaveLength(2);
  });

  test.each(["EAGAIN", "EWOULDBLOCK", "EACCES"])(
    "does not take %s from an unlock for anything but an error",
    (code) => {
      native.throws.push(nativeError(code, 11));
      expect(() => flock(7, "unlock")).toThrow(expect.objectContaining({ code }));
    },
  );
});
