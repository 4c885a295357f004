/**
 * Which back end serves this thread: the first that loads, in one fixed order, or the one that the environment variable
 * HOLDFAST_BACKEND names. Knows when one must not be loaded, and what to say where none serves.
 */
import { inspect } from "../node-util.ts";
import type { BackEnd, SystemCall } from "./back-end.ts";
import { fsExt, fsExtExtraPrebuilt } from "./module.ts";
import { nodeFfi } from "./node-ffi.ts";

export const BACK_ENDS: readonly BackEnd[] = [fsExt(), fsExtExtraPrebuilt(), nodeFfi()];

/** What may be asked of a choice, for a test to ask it. */
export interface Circumstances {
  readonly backEnds?: readonly BackEnd[];
  /** The name of the one that has to serve, whatever its place. */
  readonly forced?: string | undefined;
  readonly isInWorker?: boolean;
}

export interface Choice {
  readonly name: string;
  readonly call: SystemCall;
}

interface Failure {
  readonly name: string;
  readonly cause: unknown;
}

/**
 * Loads back ends until one works. Nothing is remembered of those that do not: what is missing now may be there at
 * the next lock.
 */
export function choose({
  backEnds = BACK_ENDS,
  forced = process.env["HOLDFAST_BACKEND"],
  isInWorker = isThisWorker(),
}: Circumstances = {}): Choice {
  const failures: Failure[] = [];
  const asked = forced === "" ? undefined : forced;
  for (const backEnd of eligible(backEnds, asked)) {
    try {
      return { name: backEnd.name, call: load(backEnd, isInWorker) };
    } catch (cause) {
      failures.push({ name: backEnd.name, cause });
    }
  }
  throw nothingServes(failures, asked);
}

/** An import would load the module with the package, and that takes as long as half of the package itself. */
export function isThisWorker(): boolean {
  return !process.getBuiltinModule("node:worker_threads").isMainThread;
}

function eligible(backEnds: readonly BackEnd[], forced: string | undefined): readonly BackEnd[] {
  if (forced === undefined) return backEnds;
  const named = backEnds.filter(({ name }) => name === forced);
  if (named.length > 0) return named;
  const names = backEnds.map(({ name }) => `"${name}"`).join(", ");
  const message = `Expected the environment variable HOLDFAST_BACKEND to be one of ${names}, or not to be set, got ${inspect(forced)}`;
  throw Object.assign(new RangeError(message), { code: "HOLDFAST_NO_BACKEND" });
}

/** @throws what keeps it from serving this thread. */
export function load(backEnd: BackEnd, isInWorker: boolean): SystemCall {
  if (isInWorker && !backEnd.survivesWorkers)
    throw new Error(
      "it is not loaded in a worker thread, since it can bring the process down when threads come and go",
    );
  const call = backEnd.load();
  assertWorks(call);
  return call;
}

/** No file has the descriptor -1, and who says otherwise has not asked flock(2). */
function assertWorks(call: SystemCall): void {
  const LOCK_UN = 8;
  try {
    call(-1, LOCK_UN);
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === "EBADF") return;
    throw error;
  }
  throw new Error("it does not reach flock(2): it unlocks a file that is not open");
}

/** What went wrong, in one line, without the list of who asked for a module. A module may throw what is no Error. */
export function reasonOf(cause: unknown): string {
  const said = (cause as Error | undefined)?.message;
  const message = typeof said === "string" ? said : `it threw ${inspect(cause)}`;
  const [reason = ""] = message.split(/\s*Require stack:/, 1);
  return reason.replaceAll(/\s+/g, " ");
}

/** Each of these commands is tried by test/install, which reads it from here. */
const REMEDIES = `To install the one that brings its binaries along, in the root of your project:
  npm   npm install fs-ext-extra-prebuilt
  pnpm  pnpm add fs-ext-extra-prebuilt
  yarn  yarn add fs-ext-extra-prebuilt
  bun   bun add fs-ext-extra-prebuilt
To build fs-ext there, which needs python3, make and a C++ compiler:
  npm                 npm install-scripts approve fs-ext && npm rebuild fs-ext
  npm 11 and earlier  npm rebuild fs-ext
  pnpm                pnpm approve-builds fs-ext && pnpm rebuild fs-ext
  yarn                yarn config set enableScripts true && yarn rebuild fs-ext
  yarn 1              yarn install --force
  bun                 bun pm trust fs-ext`;

function nothingServes(failures: readonly Failure[], forced: string | undefined): Error {
  const reasons = failures.map(({ name, cause }) => `  ${name.padEnd(21)}  ${reasonOf(cause)}`);
  const isForced = forced !== undefined;
  const why = isForced
    ? "the module that the environment variable HOLDFAST_BACKEND names could not be loaded"
    : "none of the modules that reach flock(2) could be loaded";
  const message =
    `Cannot lock: ${why}.\n${reasons.join("\n")}\n` +
    (isForced ? "Do without HOLDFAST_BACKEND, so that the first that loads may serve. Or:\n" : "") +
    REMEDIES;
  const causes = failures.map(({ cause }) => cause);
  const error = new Error(message, { cause: causes.length === 1 ? causes[0] : new AggregateError(causes) });
  return Object.assign(error, { code: "HOLDFAST_NO_BACKEND" });
}
