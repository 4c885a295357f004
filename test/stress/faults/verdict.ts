// What may come of a system call that failed, after the table of error numbers in docs/design.md: which calls must not keep
// anybody from the lock, and what an error has to say. Knows no scenario.
import type { Thrown, Warned } from "./subject.ts";
import type { Outcome } from "./trial.ts";
import type { Call, Fault } from "./tracer.ts";

/** What tells others sooner, and no more; and what is not to be undone. */
const NEVER_MATTERS = new Set(["utimensat", "inotify_init1", "inotify_add_watch", "close"]);

/** Which are tried again: by the package, or by libuv. */
const TRIED_AGAIN = new Set(["flock", "openat", "pread64"]);

/** What is wrong once `hit` has failed, in words; none where all is as it should be. */
export function wrongs(fault: Fault, outcome: Outcome, hit: Call): string[] {
  const { refused, notReleased, warnings, wrong } = outcome;
  const said = [refused, notReleased].filter((error) => error !== undefined);
  return [
    ...wrong.filter((each) => !mayStay(each, fault, hit)),
    ...said.flatMap((error) => unclear(error, fault)),
    ...(mustSucceed(fault, hit) && said.length > 0 ? [`it failed: ${said[0]!.message}`] : []),
    ...(notReleased?.wasHeld === false ? ["it was not released, and is not held"] : []),
    ...warnings.flatMap((warning) => unasked(warning, hit)),
  ];
}

/** Litter that is in nobody's way, and goes later: a marker aside with the next dead one, the directory of a line with the next wait. */
function mayStay(wrong: string, { call, errno }: Fault, { line }: Call): boolean {
  if (call === "unlink") return /^litter: .*\.\d+\.[0-9a-f]{24}$/.test(wrong);
  // What strace keeps from being closed stays locked.
  const seemsBusy = call === "close" || (call === "flock" && isContention(errno) && line.includes("/gate>"));
  return seemsBusy && /^litter: .*\.queue$/.test(wrong);
}

function isContention(errno: string): boolean {
  return errno === "EAGAIN" || errno === "EACCES";
}

function mustSucceed({ call, errno }: Fault, { line }: Call): boolean {
  if (NEVER_MATTERS.has(call)) return true;
  // The line is a courtesy: who cannot have it goes without.
  if (isOfLine(line)) return true;
  if (TRIED_AGAIN.has(call) && errno === "EINTR") return true;
  return call === "flock" && !line.includes("LOCK_UN") && isContention(errno);
}

function isOfLine(line: string): boolean {
  return line.includes(".queue") || line.includes("/proc/self/fd/");
}

function unclear({ name, code, message, cause }: Thrown, { errno }: Fault): string[] {
  const wrong = [];
  const isUnsupported = name === "LockUnsupported" && errno === "ENOSYS" && cause === errno;
  if (code !== errno && !isUnsupported) wrong.push(`its code is ${String(code)}: ${message}`);
  if (name !== "Error" && !isUnsupported) wrong.push(`it is a ${name}: ${message}`);
  if (!/^Cannot \w+ /.test(message) && !isUnsupported)
    wrong.push(`it does not say what was tried: ${message}`);
  if (/undefined|\[object|\/proc\/self\/fd/.test(message)) wrong.push(`it says ${message}`);
  if (!message.includes("/holdfast-faults-")) wrong.push(`it names no file: ${message}`);
  return wrong;
}

/** A warning may tell of what failed, and of nothing else. */
function unasked({ code, message }: Warned, { name, line }: Call): string[] {
  const isTold =
    (code === "HOLDFAST_NOT_REMOVED" && ["unlink", "statx", "flock"].includes(name)) ||
    (code === "HOLDFAST_NO_QUEUE" && isOfLine(line));
  if (isTold && !/undefined|\/proc\/self\/fd/.test(message)) return [];
  return [`it warns: ${message}`];
}
