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

/** A signal has ended the wait: whoever sent it knows why. */
export function interrupted(signal: NodeJS.Signals): Failure {
  return new Failure("", exitCodeAfter(signal));
}

/** The exit code with which a shell tells that a process died of a signal. */
export function exitCodeAfter(signal: NodeJS.Signals): number {
  return exitCodeOf("signal") + constants.signals[signal];
}
