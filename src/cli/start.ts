/** Runs the program, and turns whatever went wrong into a line on stderr and an exit code. */
import { CommanderError } from "commander";
import { exitCodeOf } from "./exit-code.ts";
import { areOwnWordsUtf8 } from "../own-words.ts";
import { Failure, misuse, wordsOf } from "./failure.ts";
import { say } from "./output.ts";
import { program } from "./program.ts";

export async function start(): Promise<void> {
  // Node's own listener would print `(node:4711) [CODE] HoldfastWarning: …`.
  process.removeAllListeners("warning").on("warning", ({ name, message }) => {
    // Who types a command did not choose node:ffi, and cannot do anything about it.
    if (name !== "ExperimentalWarning" || !message.startsWith("FFI ")) say(message);
  });
  try {
    await main();
  } catch (error) {
    process.exitCode = explain(error);
  }
}

async function main(): Promise<void> {
  if (!areOwnWordsUtf8())
    throw misuse("A word of the command line is not UTF-8, and Node.js would change it. Rename the file");
  await program().parseAsync();
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodeOf("usage"); // it has said why
  if (!(error instanceof Error)) throw error;
  if (error instanceof Failure) {
    if (error.message !== "") say(error.message);
    return error.exitCode;
  }
  const { code } = error as NodeJS.ErrnoException;
  // What no code explains is a mistake of this program, and its stack is the way to it.
  say(code === undefined ? (error.stack ?? error.message) : wordsOf(error));
  return exitCodeOf(code ?? "software");
}
