/**
 * The program of a process that is asked, over IPC, to do one thing after the other with one file, through the back end that
 * HOLDFAST_BACKEND names. Whoever asks outlives what happens here: a module that crashes, a file system that does not answer.
 * Knows nothing of what the answers prove.
 */
import { constants, openSync, realpathSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { reasonOf } from "./choice.ts";
import { flock, loadFlock } from "./flock.ts";

/** What it may be asked to do. */
export type Question = "load" | "resolve" | "create" | "lock" | "unlock" | "remove";

export type Answer =
  /** `path`: with "resolve", where the directory of the file really is. */
  | { readonly type: "done"; readonly path?: string }
  /** With "lock": another has it. */
  | { readonly type: "refused" }
  | { readonly type: "failed"; readonly error: Told };

/** What of a system error gets from one process to another. */
export type Told = Pick<NodeJS.ErrnoException, "message" | "code" | "errno" | "syscall">;

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const FOR_ITSELF_ALONE = 0o600;

const [, , file = ""] = process.argv;
let fd: number | undefined;
let hasToRemove = false;

process.on("message", (question: Question) => {
  process.send?.(answerTo(question), undefined, undefined, () => undefined); // nobody may be there any more
});

/** Whoever asked has ended, however that was. */
process.on("disconnect", () => {
  if (hasToRemove) remove();
});

// ^C goes to every process of a terminal. This one has a file to remove, and ends when the one that asks does.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => undefined);

function answerTo(question: Question): Answer {
  try {
    switch (question) {
      case "load":
        loadFlock();
        return { type: "done" };
      case "resolve":
        return { type: "done", path: realpathSync.native(dirname(file)) };
      case "create":
        fd = openSync(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, FOR_ITSELF_ALONE);
        hasToRemove = true;
        return { type: "done" };
      case "lock":
        fd ??= openSync(file, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        return { type: flock(fd, "lock") ? "done" : "refused" };
      case "unlock":
        if (fd !== undefined) flock(fd, "unlock");
        return { type: "done" };
      case "remove":
        remove();
        return { type: "done" };
    }
  } catch (error) {
    return { type: "failed", error: told(error as NodeJS.ErrnoException) };
  }
}

/** Whether another has removed it before does not matter. */
function remove(): void {
  rmSync(file, { force: true });
  hasToRemove = false;
}

/** Where the back end does not load, `cause` is what it says itself, and the rest is advice for whoever wants to lock. */
function told(error: NodeJS.ErrnoException): Told {
  const cause = error.code === "HOLDFAST_NO_BACKEND" ? (error.cause ?? error) : error;
  const { code, errno, syscall } = cause as NodeJS.ErrnoException;
  return {
    message: reasonOf(cause),
    ...(code && { code }),
    ...(errno && { errno }),
    ...(syscall && { syscall }),
  };
}
