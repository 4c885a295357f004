/** How the program ends before its work is done: with what words, and which exit code. */
import { constants } from "node:os";
import { exitCodeOf } from "./exit-code.ts";

export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;

  /** @param message an empty one says nothing. */
  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** The command line asks for something that cannot be meant. */
export function misuse(message: string): Failure {
  return new Failure(message, exitCodeOf("usage"));
}

/** What an error says to whoever typed the command. Of one case Node.js says only `uv_cwd`. */
export function wordsOf({ code, syscall, message }: NodeJS.ErrnoException): string {
  const isAdrift = code === "ENOENT" && syscall === "uv_cwd";
  return isAdrift ? "The working directory was removed. Change to one that is there" : message;
}

/** A signal has ended the wait: whoever sent it knows why. */
export function interrupted(signal: NodeJS.Signals): Failure {
  return new Failure("", endOf(signal));
}

/**
 * Has this program end as one that `signal` has ended. A shell that runs a script or a loop ends it at ^C only where its command has died
 * of SIGINT: one that exits, with whatever code, has dealt with it. So of SIGINT this program dies, once it is done. Windows has no such death:
 * its exit code would be 1, as for a conflict.
 *
 * @returns the exit code for it. A shell shows the same for a death.
 */
export function endOf(signal: NodeJS.Signals): number {
  if (signal === "SIGINT" && process.platform !== "win32") {
    process.once("exit", () => {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal); // returns in process 1 of a container, which then exits
    });
  }
  return exitCodeAfter(signal);
}

/** The exit code with which a shell tells that a process died of a signal. */
function exitCodeAfter(signal: NodeJS.Signals): number {
  return exitCodeOf("signal") + constants.signals[signal];
}
