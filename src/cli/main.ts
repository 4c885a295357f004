#!/usr/bin/env node
/**
 * The command `holdfast`: loads the program, and starts it. Imports nothing itself: what cannot be loaded before the first line runs
 * ends the process as Node.js likes it, with a stack, and with 1, which means a conflict here.
 */
import("./start.ts").then(({ start }) => start(), notLoaded);

/** The exit codes are those of exit-code.ts, which is one of the parts that may be missing. */
function notLoaded({ code = "", message, stack = message }: NodeJS.ErrnoException): void {
  const reasons: Record<string, string> = {
    EMFILE: "this process has too many files open. Raise the limit (ulimit -n)",
    ENFILE: "the system has too many files open",
  };
  const reason = reasons[code];
  process.exitCode = reason === undefined ? 70 : 71;
  process.stderr.on("error", () => undefined);
  process.stderr.write(
    `holdfast: ${reason === undefined ? stack : `Cannot load its own parts: ${reason} (${code})`}\n`,
  );
}
