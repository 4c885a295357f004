/** What the program writes: stdout for what was asked for, stderr for all else. Knows no words of its own but its name. */
import { isatty } from "node:tty";
import { writeError } from "../standard-error.ts";
import { exitCodeOf } from "./exit-code.ts";

/** Whoever reads stdout may have enough before the end, as `head` does: then the rest is for nobody. */
export function print(text: string): void {
  if (process.stdout.listenerCount("error") === 0) {
    process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      if (code === "EPIPE") process.exit(exitCodeOf("brokenPipe"));
      say(`Cannot write to stdout: ${message}`);
      process.exit(exitCodeOf("output"));
    });
  }
  process.stdout.write(text);
}

/** A line on stderr. */
export function say(message: string): void {
  complain(`holdfast: ${message}\n`);
}

/** Writes to stderr. */
export function complain(text: string): void {
  const stream = terminal();
  if (stream === undefined) writeError(text);
  else stream.write(text);
}

/** Standard error where it is a terminal. Nothing that happens there may end a program that holds a lock for a command. */
export function terminal(): NodeJS.WriteStream | undefined {
  if (!isatty(2)) return undefined;
  if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined);
  return process.stderr;
}

/** What comes from outside, a name or a command, on one line and free of control characters. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, "?");
}
