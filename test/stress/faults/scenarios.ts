// What is done while a system call fails: each scenario has a lock, and what others do around it. Knows no fault.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { granted, isHeld, opened } from "../../support/flock-steps.ts";
import { dead, tried } from "../../support/soft-steps.ts";

export interface Scenario {
  readonly name: string;
  readonly kind: "flock" | "soft" | "process";
  /** Of the lock. */
  readonly options?: object;
  /** Whether the directory of the lock file is not there yet. */
  readonly missing?: boolean;
  /** Whether nothing lies in the directory when all have let go. */
  readonly leavesNothing?: boolean;
  /** Whether how often it tries is up to the clock. */
  readonly polls?: boolean;
  /** Puts others there, and returns what has them let go: called once the process under test waits. */
  readonly others?: (path: string) => (() => boolean) | undefined;
}

/** A holder that lets go when it is told. */
function holder(path: string): () => boolean {
  const grant = granted(path);
  return once(() => {
    grant.release({ remove: false });
  });
}

/** A holder, and one in line behind it, who wins and lets go as soon as it is its turn. */
function holderAndNext(path: string): () => boolean {
  const letGo = holder(path);
  const next = opened(path, { order: "fifo" });
  next.watch(() => {});
  if (next.tryLock() !== null) throw new Error("Expected it to wait in line");
  let done = false;
  return () => {
    if (done) return true;
    letGo();
    const grant = next.tryLock();
    grant?.release({ remove: false });
    return (done = grant !== null);
  };
}

function softHolder(path: string): () => boolean {
  const grant = tried(path)!;
  return once(() => {
    grant.release({ remove: true });
  });
}

function sharer(path: string): () => boolean {
  const grant = granted(path, { shared: true });
  return once(() => {
    grant.release({ remove: false });
  });
}

function once(fn: () => void): () => boolean {
  let done = false;
  return () => {
    if (!done) fn();
    return (done = true);
  };
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "a new lock file", kind: "flock" },
  {
    name: "a lock file that is there",
    kind: "flock",
    others: (path) => {
      writeFileSync(path, "");
      return undefined;
    },
  },
  { name: "a missing directory", kind: "flock", missing: true },
  { name: "remove", kind: "flock", options: { remove: true }, leavesNothing: true },
  { name: "mode", kind: "flock", options: { mode: 0o640 } },
  { name: "a wait that is won", kind: "flock", polls: true, others: holder },
  { name: "a wait in line", kind: "flock", options: { order: "fifo" }, polls: true, others: holder },
  {
    name: "a wait behind another in line",
    kind: "flock",
    options: { order: "fifo", mode: 0o600 },
    polls: true,
    others: holderAndNext,
  },
  { name: "shared beside another", kind: "flock", options: { shared: true }, others: sharer },
  {
    name: "shared and remove",
    kind: "flock",
    options: { shared: true, remove: true },
    leavesNothing: true,
  },
  { name: "SoftFileLock", kind: "soft", leavesNothing: true },
  { name: "SoftFileLock and mode", kind: "soft", options: { mode: 0o640 }, leavesNothing: true },
  {
    name: "SoftFileLock, a dead process's marker",
    kind: "soft",
    leavesNothing: true,
    others: (path) => {
      writeFileSync(path, dead());
      return undefined;
    },
  },
  {
    name: "SoftFileLock, a wait that is won",
    kind: "soft",
    leavesNothing: true,
    polls: true,
    others: softHolder,
  },
  { name: "ProcessLock", kind: "process", leavesNothing: true },
];

/** A lock file of its own: in a directory that has nothing else in it. */
export function placeOf(
  { kind, missing = false }: Scenario,
  directory: string,
): { asked: string; lockFile: string } {
  mkdirSync(directory);
  const name = kind === "process" ? "js_exclusivelock_faulted.lock" : "work.lock";
  const lockFile = missing ? `${directory}/sub/${name}` : `${directory}/${name}`;
  return { asked: kind === "process" ? dirname(lockFile) : lockFile, lockFile };
}

/** Whether process `pid` has the lock, or anybody: asked of the kernel or of the file, not of the package. */
export function holds(kind: Scenario["kind"], lockFile: string, pid: number): boolean {
  try {
    if (kind !== "soft") return isHeld(lockFile);
    return readFileSync(lockFile, "utf8").startsWith(`${String(pid)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Whether this process can take the lock, and give it back; nothing is left of it where the scenario leaves nothing. */
export function canBeHad({ kind, leavesNothing = false }: Scenario, lockFile: string): boolean {
  if (kind === "soft") {
    const grant = tried(lockFile);
    grant?.release({ remove: true });
    return grant !== null;
  }
  const attempt = opened(lockFile);
  const grant = attempt.tryLock();
  grant?.release({ remove: leavesNothing });
  attempt.close();
  return grant !== null;
}
