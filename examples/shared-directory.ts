/**
 * Several processes share one directory, and a lock keeps them from disturbing each other: the main thing that the
 * package is for. `npm run demo` runs it; `npm run demo -- --help` says what else it can show.
 *
 * Read shared-directory/worker.ts for how the lock is used, shared-directory/workspace.ts for what it guards, and
 * shared-directory/verdict.ts for how it is found out whether it did.
 */
import { rmSync } from "node:fs";
import { Crew } from "./shared-directory/crew.ts";
import { parse, UsageError, USAGE, type RunOptions } from "./shared-directory/command-line.ts";
import { readJournal } from "./shared-directory/journal.ts";
import { progressOn, styleFor } from "./shared-directory/progress.ts";
import { summary } from "./shared-directory/summary.ts";
import { judge } from "./shared-directory/verdict.ts";
import { work, type WorkerOptions } from "./shared-directory/worker.ts";
import { counterOf, newWorkspace } from "./shared-directory/workspace.ts";

/** As in sysexits.h. */
const EX_USAGE = 64;

async function main(args: string[]): Promise<number> {
  if (args[0] === "--worker") {
    await work(JSON.parse(args[1] ?? "") as WorkerOptions);
    return 0;
  }
  try {
    const options = parse(args);
    if (options !== "help") return await run(options);
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nnpm run demo -- --help lists the options.\n`);
    return EX_USAGE;
  }
}

async function run({ processes, seconds, withLock, keep }: RunOptions): Promise<number> {
  const output = process.stdout;
  const style = styleFor(output);
  const workspace = newWorkspace();
  const interrupt = new AbortController();
  process.once("SIGINT", () => {
    interrupt.abort();
  });
  output.write(
    `${style("bold", `${processes} processes share one directory for ${seconds} s`)}, ` +
      `${withLock ? "guarded by FileLock.inDirectory()" : style("red", "without a lock")}\n\n`,
  );
  const crew = new Crew({ ...workspace, script: import.meta.filename, processes, seconds, withLock });
  const progress = progressOn(output, crew.workers);
  try {
    await crew.run({ signal: interrupt.signal, tell: progress.tell }).finally(progress.stop);
    const verdict = judge(readJournal(workspace.journal), counterOf(workspace));
    output.write(`\n${summary(verdict, style)}`);
    return verdict.sound ? 0 : 1;
  } finally {
    if (keep) output.write(`The directory is kept: ${workspace.directory}\n`);
    else rmSync(workspace.directory, { recursive: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
