/**
 * The `fs-ext` back end. Only its synchronous `flockSync` is used, and only without blocking: its asynchronous
 * functions queue on the default event loop, where they abort a worker thread and occupy a pool thread each.
 * It is loaded at the first lock that is tried: its initialiser is not safe to run again in worker threads that
 * come and go, so a program that merely imports the package must not pay for that.
 */
import { createRequire } from "node:module";

type FlockSync = (fd: number, flags: number) => void;

let loaded: FlockSync | undefined;

export function isFsExtLoaded(): boolean {
  return loaded !== undefined;
}

export function loadFsExt(load: (name: string) => unknown = requireFromHere): FlockSync {
  if (loaded !== undefined) return loaded;
  try {
    const { flockSync } = load("fs-ext") as { flockSync?: FlockSync };
    // A bundler may have put an empty module in its place.
    if (typeof flockSync !== "function") throw new Error("it has no function flockSync");
    loaded = flockSync;
    return loaded;
  } catch (cause) {
    throw cannotLoad(cause as NodeJS.ErrnoException);
  }
}

function requireFromHere(name: string): unknown {
  return createRequire(import.meta.url)(name);
}

function cannotLoad(cause: NodeJS.ErrnoException): Error {
  const reason = cause.message.split("\n", 1)[0] ?? "";
  const error = new Error(
    `Cannot lock: the native module fs-ext, which reaches flock(2), could not be loaded (${reason}). ` +
      "Most often its install script was not allowed to run, or found no compiler (it needs python3, make and a C++ compiler). " +
      "Allow the script and build the module again, in the root of your project:\n" +
      "  npm   npm install-scripts approve fs-ext && npm rebuild fs-ext   (npm 11 and earlier: npm rebuild fs-ext)\n" +
      "  pnpm  pnpm add --allow-build=fs-ext holdfast && pnpm rebuild fs-ext\n" +
      "  yarn  yarn rebuild fs-ext   (yarn 1: yarn install --force)\n" +
      "  bun   bun pm trust fs-ext",
    { cause },
  );
  return Object.assign(error, { code: cause.code ?? "ERR_DLOPEN_FAILED" });
}
