/**
 * The back ends that are native modules: `fs-ext`, and the fork of it that brings its binaries along. Only `flockSync`
 * is used, and only without blocking: their asynchronous functions queue on the default event loop, where they abort a
 * worker thread, and a blocking call occupies one of the few threads of the pool.
 */
import { createRequire } from "node:module";
import type { BackEnd, SystemCall } from "./back-end.ts";

type Load = (name: string) => unknown;

/**
 * `fs-ext` is built when it is installed. Its initialiser resets handles of the whole process: with the module loaded in
 * the main thread, the second worker that loads it after a first one has ended brings the process down.
 */
export function fsExt(load?: Load): BackEnd {
  return nativeModule("fs-ext", { survivesWorkers: false, load });
}

/** `fs-ext-extra-prebuilt` needs neither a compiler nor an install script, on the systems that it has a binary for. */
export function fsExtExtraPrebuilt(load?: Load): BackEnd {
  return nativeModule("fs-ext-extra-prebuilt", { survivesWorkers: true, load });
}

function nativeModule(
  name: string,
  { survivesWorkers, load = requireFromHere }: { survivesWorkers: boolean; load: Load | undefined },
): BackEnd {
  return {
    name,
    survivesWorkers,
    load: () => {
      const { flockSync } = load(name) as { flockSync?: SystemCall };
      // A bundler may have put an empty module in its place.
      if (typeof flockSync !== "function") throw new Error("it has no function flockSync");
      return flockSync;
    },
  };
}

function requireFromHere(name: string): unknown {
  return createRequire(import.meta.url)(name);
}
