// Programs for the processes that doctor() asks: the real one, with something in it that does not work.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryDirectory } from "./directory.ts";

/** The real one. */
export const CHILD = new URL("../../dist/native/child.js", import.meta.url);

export interface Strange {
  /** What is done before anything is loaded: statements. `backEnd` is the one that the process is to use. */
  readonly first?: string;
  /** What is done before a `question` is answered: statements. */
  readonly before?: string;
  /**
   * What `flockSync` of fs-ext does instead: an expression of `fd`, `flags`, the `real` one, and of `isHolder`, whether it
   * is the process that has made the file. Asked about no file, it does what it always does.
   */
  readonly flock?: string;
  /** The module that has that `flockSync`. */
  readonly module?: string;
}

/** Statements that never end, as a system call that does not. */
export const HANG = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";

/** An expression that ends the process. */
export const CRASH = `process.kill(process.pid, "SIGSEGV")`;

/** An expression that throws the error of a system call. */
export function failing(code: string, errno: number): string {
  return `(() => { throw Object.assign(new Error("${code}, Flock"), { code: "${code}", errno: ${String(errno)}, syscall: "flock" }); })()`;
}

export function programThat({
  first = "",
  before = "",
  flock = "real(fd, flags)",
  module = "fs-ext",
}: Strange): URL {
  const path = join(temporaryDirectory(), "child.mjs");
  writeFileSync(
    path,
    `import { createRequire } from "node:module";
const backEnd = process.env.HOLDFAST_BACKEND;
${first}
let isHolder = false;
if (backEnd === "${module}") {
  const native = createRequire("${CHILD.href}")("${module}");
  const real = native.flockSync;
  native.flockSync = (fd, flags) => (fd === -1 ? real(fd, flags) : ${flock});
}
await import("${CHILD.href}");
process.prependListener("message", (question) => {
  isHolder ||= question === "create";
  ${before}
});
`,
  );
  return pathToFileURL(path);
}
