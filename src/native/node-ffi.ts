/**
 * The back end without a native module: `node:ffi`, which Node.js 26 has, calls the C library itself. Importing it makes
 * Node.js print an ExperimentalWarning, once in each thread.
 */
import { constants } from "node:os";
import type { BackEnd } from "./back-end.ts";

/** What is used of `node:ffi`. */
export interface Ffi {
  dlopen(
    library: null,
    functions: Record<string, { arguments: string[]; return: string }>,
  ): { functions: Record<string, (...values: unknown[]) => unknown> };
  getInt32(pointer: bigint): number;
}

/** The function that says where the C library of a platform keeps this thread's errno. */
const ERRNO_LOCATION: Partial<Record<NodeJS.Platform, string>> = {
  linux: "__errno_location", // glibc and musl
  darwin: "__error",
  freebsd: "__error",
};

/** How often an errno has to be read anew before it is believed. */
const MOST_READINGS = 10;

export function nodeFfi({
  load = () => process.getBuiltinModule("node:ffi" as "node:util") as unknown as Ffi | undefined,
  platform = process.platform,
}: { load?: () => Ffi | undefined; platform?: NodeJS.Platform } = {}): BackEnd {
  return {
    name: "node:ffi",
    survivesWorkers: true,
    load: () => {
      const ffi = load();
      if (ffi === undefined) throw new Error(`Node.js ${process.version} has none`);
      const errnoLocation = ERRNO_LOCATION[platform];
      if (errnoLocation === undefined) throw new Error(`where ${platform} keeps errno is not known`);
      const { functions } = ffi.dlopen(null, {
        flock: { arguments: ["i32", "i32"], return: "i32" },
        [errnoLocation]: { arguments: [], return: "pointer" },
      });
      const flock = functions["flock"] as (fd: number, flags: number) => number;
      const errno = functions[errnoLocation]?.() as bigint; // the same for as long as the thread lives
      return (fd, flags) => {
        const failure = settled(() => (flock(fd, flags) === 0 ? undefined : ffi.getInt32(errno)));
        if (failure !== undefined) throw systemError(failure);
      };
    },
  };
}

/**
 * Between the call and the look at errno, V8 may make system calls of its own in this thread (a garbage collection that
 * waits for its helpers), and one that fails leaves its errno there. So a failure is believed when it comes twice
 * running, which costs nothing: to ask flock(2) again changes nothing. EAGAIN, the everyday one, is believed at once:
 * whoever is refused asks again by itself. Whether it is a failure flock(2) has said itself: an errno of 0 is no success.
 */
function settled(failureOf: () => number | undefined): number | undefined {
  let last = failureOf();
  for (
    let readings = 1;
    last !== undefined && last !== constants.errno.EAGAIN && readings < MOST_READINGS;
    readings++
  ) {
    const before = last;
    last = failureOf();
    if (last === before) break;
  }
  return last;
}

/** Names as the C library has them, of which libuv knows some only. Others have none in userland, such as 524. */
function systemError(errno: number): NodeJS.ErrnoException {
  const [code] = Object.entries(constants.errno).find(([, number]) => number === errno) ?? [""];
  const message = `${code === "" ? "Error" : code} (errno ${String(errno)}), flock`;
  return Object.assign(new Error(message), { code, errno, syscall: "flock" });
}
