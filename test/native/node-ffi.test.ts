// The back end that reads errno itself, on a C library that the test makes up: what it believes, and what it does not.
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { nodeFfi, type Ffi } from "../../src/native/node-ffi.ts";

const { EAGAIN, EBADF, EINTR, EIO, ENOLCK } = constants.errno;
const LOCK_EX_NB = 6;

/** A flock that fails, after which somebody else has set errno to 0. */
const WIPED = NaN;

/** A C library whose flock comes to each of `errnos` in turn, where 0 is done, and which notes what it is asked. */
function libraryOf(errnos: number[], calls: unknown[][] = []): Ffi {
  let errno = 0;
  return {
    dlopen: (_, asked) => ({
      functions: Object.fromEntries(
        Object.keys(asked).map((name) => [
          name,
          name === "flock"
            ? (...values: unknown[]) => {
                calls.push(values);
                errno = errnos.shift() ?? 0;
                return errno === 0 ? 0 : -1;
              }
            : () => 4711n,
        ]),
      ),
    }),
    getInt32: (pointer) => (pointer === 4711n ? errno || 0 : NaN),
  };
}

function outcome(errnos: number[]): string {
  const calls: unknown[][] = [];
  const call = nodeFfi({ load: () => libraryOf(errnos, calls), platform: "linux" }).load();
  let answer = "done";
  try {
    call(7, LOCK_EX_NB);
  } catch (error) {
    answer = (error as NodeJS.ErrnoException).code!;
  }
  expect(calls.every(([fd, flags]) => fd === 7 && flags === LOCK_EX_NB)).toBe(true);
  return `${answer} after ${String(calls.length)}`;
}

describe("node:ffi", () => {
  test("asks once where the lock can be had, and where it is held", () => {
    expect(outcome([0])).toBe("done after 1");
    expect(outcome([EAGAIN])).toBe("EAGAIN after 1");
  });

  test("believes an error that comes twice", () => {
    expect(outcome([ENOLCK, ENOLCK])).toBe("ENOLCK after 2");
  });

  // 1. flock(2) answers EAGAIN. 2. A system call of V8 fails and leaves EINTR. 3. errno is read.
  test("does not believe an errno that another system call left there", () => {
    expect(outcome([EINTR, EAGAIN])).toBe("EAGAIN after 2");
    expect(outcome([EIO, 0])).toBe("done after 2");
    expect(outcome([EIO, EBADF, EBADF])).toBe("EBADF after 3");
  });

  // 1. flock(2) answers EAGAIN. 2. Whoever looks for errors through errno sets it to 0 before. 3. errno is read.
  test("does not take a lock for its own that was refused, where errno was set to 0 meanwhile", () => {
    expect(outcome([WIPED, EAGAIN])).toBe("EAGAIN after 2");
    expect(outcome([WIPED, WIPED])).toBe(" after 2");
  });

  test("ends also where no answer is like the one before", () => {
    expect(outcome(Array.from({ length: 99 }, (_, index) => (index % 2 === 0 ? EIO : ENOLCK)))).toBe(
      "ENOLCK after 10",
    );
  });

  test("keeps the number of an error that has no name", () => {
    const call = nodeFfi({ load: () => libraryOf([524, 524]), platform: "linux" }).load();
    expect(() => call(7, LOCK_EX_NB)).toThrow(expect.objectContaining({ code: "", errno: 524 }));
  });

  test("does not load where Node.js has no such module, or errno is not known where it is", () => {
    expect(() => nodeFfi({ load: () => undefined }).load()).toThrow(`Node.js ${process.version} has none`);
    expect(() => nodeFfi({ load: () => libraryOf([]), platform: "win32" }).load()).toThrow(
      "where win32 keeps errno is not known",
    );
  });
});
