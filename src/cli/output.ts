/** What the program writes: stdout for what was asked for, stderr for all else. Knows no words of its own but its name. */
import { exitCodeAfter } from "./failure.ts";

/** Whoever reads stdout may have enough before the end, as `head` does: then the rest is for nobody. */
export function print(text: string): void {
  if (process.stdout.listenerCount("error") === 0) {
    process.stdout.on("error", () => process.exit(exitCodeAfter("SIGPIPE")));
  }
  process.stdout.write(text);
}

/** A line on stderr. */
export function say(message: string): void {
  stderr().write(`holdfast: ${message}\n`);
}

/** Nothing that happens on stderr may end a program that holds a lock for a command. */
export function stderr(): NodeJS.WriteStream {
  if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined);
  return process.stderr;
}

/** What comes from outside, a name or a command, on one line and free of control characters. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, "?");
}
