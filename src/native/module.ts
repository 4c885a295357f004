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

/** Bundled into CommonJS, a module has no address, from which others could be looked for. */
function requireFromHere(name: string): unknown {
  const here = import.meta.url as string | undefined;
  if (here === undefined)
    throw new Error(
      "holdfast was bundled into a CommonJS program, from where it is not found: leave holdfast out",
    );
  return createRequire(here)(name);
}
