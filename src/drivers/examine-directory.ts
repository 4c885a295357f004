/**
 * What a lock in a directory would be worth: which back end serves this thread and why not the others, and whether a file there is
 * really locked. All that touches the directory is done by other processes, so that neither a file system that does not answer nor a
 * module that crashes does anything to this one.
 */
import { randomUUID } from "node:crypto";
import { accessSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemError } from "../errors.ts";
import { BACK_ENDS, isThisWorker } from "../native/choice.ts";
import type { Answer, Told } from "../native/child.ts";
import { loadFlock } from "../native/flock.ts";
import { statesOf, type BackEndState } from "./back-end-states.ts";
import { fileSystemOf, localLockOf } from "./file-system.ts";
import { seeToDescriptors } from "./flock.ts";
import { isAskedItself, OtherProcess, type Company, type Gone } from "./other-process.ts";
import { whyNoLock } from "./trial.ts";

/** How long each process may take to answer each question. Far more than even a machine with too much to do needs. */
const LIMIT_MS = 10_000;

export interface Diagnosis {
  /** The real path of the directory; as it was given, where it did not answer. */
  readonly directory: string;
  /** The type of its file system; undefined where that is not known. */
  readonly fileSystem: string | undefined;
  /** Whether processes of this machine were seen to exclude each other there. */
  readonly excludes: boolean;
  /** Why not, and what to do, in sentences. Undefined where `excludes` is true. */
  readonly reason?: string;
  /** The path of the file that was made to try it, where that could not be removed. */
  readonly leftBehind?: string;
  /** All of them, in the order in which they are tried. */
  readonly backEnds: readonly BackEndState[];
  /** Which kind of thread `isInUse` is about. */
  readonly thread: "main" | "worker";
  /** The version of Node.js, such as "v20.20.2". */
  readonly node: string;
  /** The system and the processor, such as "linux x64". */
  readonly platform: string;
}

export interface Examination {
  /** The directory as the caller has it. */
  readonly given: string;
  /** The program of the other processes; undefined where nobody knows where it is. */
  readonly program: URL | undefined;
  readonly limitMs?: number;
}

type Verdict = Pick<Diagnosis, "directory" | "excludes" | "reason" | "leftBehind">;

/** @param directory absolute. */
export async function examineDirectory(
  directory: string,
  { given, program, limitMs = LIMIT_MS }: Examination,
): Promise<Diagnosis> {
  seeToNode();
  const file = `${directory.replace(/\/+$/, "")}/.holdfast-doctor-${randomUUID()}`;
  seeToDescriptors(file);
  const inUse = loadFlock().name;
  seeToProgram(program);
  const company = { program, file, limitMs };
  const all = BACK_ENDS.map(({ name }) => new OtherProcess(name, company));
  try {
    const answers = await Promise.all(all.map((one) => one.ask("load")));
    const contenders = all.filter((_, index) => answers[index]?.type === "done");
    const backEnds = statesOf(answers, inUse);
    const served = backEnds.find(({ isInUse }) => isInUse);
    const verdict =
      served?.loads === true
        ? await tried({ directory, given, inUse, company, contenders })
        : { directory, excludes: false, reason: `Nothing could be tried: ${inUse} ${served?.why ?? ""}.` };
    return {
      ...verdict,
      fileSystem: fileSystemOf(verdict.directory),
      backEnds,
      thread: isThisWorker() ? "worker" : "main",
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    };
  } finally {
    await Promise.all(all.map((one) => one.end()));
  }
}

interface Trial {
  readonly directory: string;
  readonly given: string;
  readonly inUse: string;
  readonly company: Company;
  readonly contenders: readonly OtherProcess[];
}

/** Makes a file to be locked, and removes it whatever happens. */
async function tried({ directory, given, inUse, company, contenders }: Trial): Promise<Verdict> {
  const holder = new OtherProcess(inUse, company);
  try {
    const found = await holder.ask("resolve");
    if (found.type !== "done") return { directory, ...refusal(given, found, "find") };
    const { path = directory } = found;
    const created = await holder.ask("create");
    const reason =
      created.type === "done"
        ? ((await whyNoLock(holder, contenders, path)) ?? whyOnlyHere(path))
        : refusal(given, created, "create").reason;
    const isRemoved = await removed(holder, company);
    return {
      directory: path,
      excludes: reason === undefined,
      ...(reason !== undefined && { reason }),
      ...(!isRemoved && { leftBehind: company.file }),
    };
  } finally {
    await holder.end();
  }
}

/** Whoever made the file may be stuck, or have crashed: then another removes it. */
async function removed(holder: OtherProcess, company: Company): Promise<boolean> {
  if ((await holder.ask("remove")).type === "done") return true;
  const another = new OtherProcess(holder.backEnd, company);
  try {
    return (await another.ask("remove")).type === "done";
  } finally {
    await another.end();
  }
}

/** What several processes of one machine cannot find out. */
function whyOnlyHere(directory: string): string | undefined {
  const option = localLockOf(directory);
  if (option === undefined) return undefined;
  return (
    `Processes of this machine exclude each other, and nobody on another one: the file system is mounted with '${option}'. ` +
    "Mount it without that, or use SoftFileLock."
  );
}

/** Where the system has said why, that is an error of the caller; a process that has gone shows that nothing can be relied upon. */
function refusal(
  given: string,
  answer: Answer | Gone,
  step: "find" | "create",
): { excludes: false; reason: string } {
  if (answer.type === "failed") throw unusable(given, answer.error, step);
  const why = answer.type === "gone" ? answer.why : "did not";
  const doing = step === "find" ? "look for the directory" : "create a file there";
  return { excludes: false, reason: `The process that was to ${doing} ${why}.` };
}

const SHELL_SAFE = /^[\w@%+=:,./-]+$/;

function unusable(given: string, cause: Told, step: "find" | "create"): Error {
  const word = SHELL_SAFE.test(given) ? given : `'${given.replaceAll("'", "'\\''")}'`;
  const reasons: Record<string, string> = {
    EACCES: `permission is denied. Try it as a user that may write there, or in another directory, as in: holdfast doctor /tmp`,
    EDQUOT: "the quota of this user is used up",
    ENOENT:
      step === "find"
        ? `there is no such directory. To make it: mkdir -p ${word}`
        : "no file can be created there",
    ENOSPC: "the file system is full",
    ENOTDIR: "it is no directory. Name the directory in which lock files are to be, as in: holdfast doctor .",
    EROFS: "the file system is read-only. Try another directory, as in: holdfast doctor /tmp",
  };
  const reason = reasons[cause.code ?? ""];
  const error = Object.assign(new Error(cause.message), cause);
  return systemError(`Cannot try locks in '${given}'${reason === undefined ? "" : `: ${reason}`}`, error);
}

/** Where this executable runs itself whatever it is told to, each process would ask others in its turn. */
function seeToNode(): void {
  const why = process.getBuiltinModule("node:sea").isSea()
    ? `'${process.execPath}' is a single executable application, which runs no program but itself`
    : isAskedItself() && "this process was started by doctor() to try them, and calls doctor() itself";
  if (why !== false)
    throw new Error(`Cannot try locks: ${why}. Ask on the command line: npx holdfast doctor`);
}

/** Node.js itself would only say that a process ended with exit code 1. */
function seeToProgram(program: URL | undefined): asserts program is URL {
  if (program === undefined) {
    throw new Error(
      "Cannot try locks: this package was bundled into a CommonJS program, which does not know where the program is that other " +
        "processes are to run. Leave the package out of the bundle, or ask on the command line: npx holdfast doctor",
    );
  }
  try {
    accessSync(program);
  } catch (error) {
    throw systemError(
      `Cannot try locks: '${fileURLToPath(program)}', a program of this package that other processes are to run, is not there. ` +
        "Was the package bundled into another program? Leave it out of the bundle, or ask on the command line: npx holdfast doctor",
      error as NodeJS.ErrnoException,
    );
  }
}
