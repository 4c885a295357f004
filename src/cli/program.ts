/**
 * The command line: its subcommands, options and help. Says what can be asked for; what is then done is loaded only when
 * it is asked for.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { createRequire } from "node:module";
import type { ContendOptions } from "./contend.ts";
import { complain, print } from "./output.ts";
import type { RunOptions } from "./run.ts";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

const EXIT_CODES = `
Exit codes: 1 when the lock was not to be had in time, 64 for a command line that makes no sense, 66, 69, 71 and 73 for
a lock file that cannot be used, 128 and the number of the signal that ended the wait. docs/cli.md has them all.`;

export function program(): Command {
  const all = new Command("holdfast")
    .description(
      "Lock files for the shell: the kernel frees them when their holder dies, so that none is ever stale.",
    )
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: complain,
      outputError: (text, write) => {
        write(text.replace(/^error: /, "holdfast: "));
      },
    })
    .addHelpText(
      "after",
      `
Examples:
  holdfast run --timeout 10 /var/lock/backup.lock -- rsync -a /home /backup
  holdfast run --dir shared/build -- make
  holdfast status /var/lock/*.lock
  holdfast wait /var/lock/backup.lock
  holdfast doctor /var/lock`,
    );
  defineRun(all);
  defineStatus(all);
  defineWait(all);
  defineDoctor(all);
  return all;
}

function defineRun(all: Command): void {
  all
    .command("run")
    .summary("run a command while holding a lock")
    .description("Runs a command while holding a lock, and exits as the command does.")
    .usage("[options] <lock file> -- <command> [argument...]")
    .argument("[words...]", "the lock file (none with --name), and then the command")
    .addOption(timeoutOption())
    .addOption(new Option("-n, --nonblock", "try once: the same as --timeout 0").conflicts("timeout"))
    .option("-s, --shared", "hold it together with others that say --shared")
    .option("--fifo", "stand in line with others that say --fifo: first come, first served")
    .addOption(
      new Option("--dir", "the lock file is the .lock in the directory that is named").conflicts("name"),
    )
    .addOption(
      new Option(
        "--name <name>",
        "one instance of what has that name, without a lock file on the command line",
      ).conflicts(["shared", "fifo"]),
    )
    .addOption(conflictExitCodeOption())
    .addOption(quietOption())
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Everything behind '--' belongs to the command. The lock is released when the command has ended, whatever it has
left running. Signals are passed on to the command; while there is none yet, they end the wait.
${EXIT_CODES}
126 and 127 for a command that cannot be run or is not there; else that of the command, 128 and its number for a signal.

Examples:
  holdfast run work.lock -- make install
  holdfast run --nonblock --conflict-exit-code 0 /run/lock/mail.lock -- fetch-mail
  holdfast run --fifo queue.lock -- sh -c 'date >> log'`,
    )
    .action(async (words: string[], options: RunOptions) => {
      const { run } = await import("./run.ts");
      process.exitCode = await run(
        { words, separated: process.argv.at(-words.length - 1) === "--" },
        options,
      );
    });
}

function defineStatus(all: Command): void {
  all
    .command("status")
    .summary("tell who holds lock files, and who waits")
    .description("Tells who holds lock files, and who waits for them. Creates, locks and touches nothing.")
    .argument("<path...>", "lock files, or directories, which mean the .lock in them")
    .option("--json", "print an array of what is known of each")
    .addHelpText(
      "after",
      `
Exit codes: 0 when nobody is seen to hold any of them, 1 when somebody holds one, 66 when one cannot be looked at.
A lock file that is not there is free.

Examples:
  holdfast status work.lock
  holdfast status --json shared/build /run/lock/*.lock`,
    )
    .action(async (paths: string[], options: { json?: boolean }) => {
      const { status } = await import("./status.ts");
      process.exitCode = await status(paths, options);
    });
}

function defineWait(all: Command): void {
  all
    .command("wait")
    .summary("wait until a lock is free")
    .description("Waits until a lock is free, without keeping it.")
    .argument("<path>", "a lock file, or a directory, which means the .lock in it")
    .addOption(timeoutOption())
    .addOption(conflictExitCodeOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      `
A lock file that is not there is free, and is not created. Where a look cannot tell that nobody holds it, the lock is
waited for, and held for a moment.
${EXIT_CODES}

Examples:
  holdfast wait work.lock && echo free
  holdfast wait --timeout 30 shared/build`,
    )
    .action(async (path: string, options: ContendOptions) => {
      const { wait } = await import("./wait.ts");
      process.exitCode = await wait(path, options);
    });
}

function defineDoctor(all: Command): void {
  all
    .command("doctor")
    .summary("tell whether locks work here")
    .description(
      "Tries whether locks in a directory keep processes out, and tells through what they are reached.",
    )
    .argument("[directory]", "where lock files are to be", ".")
    .option("--json", "print all that was found")
    .addHelpText(
      "after",
      `
A file is created there, locked by one process, tried by others, and removed. Each may take 10 seconds to answer.

Exit codes: 0 when a lock keeps them out, 1 when not, 66 and 73 when no file can be created there, 69 when nothing
that reaches flock(2) can be loaded.

Examples:
  holdfast doctor shared/build
  holdfast doctor --json`,
    )
    .action(async (directory: string, options: { json?: boolean }) => {
      const { doctor } = await import("./doctor.ts");
      process.exitCode = await doctor(directory, options);
    });
}

function timeoutOption(): Option {
  return new Option(
    "-w, --timeout <seconds>",
    "how long to wait; 0 tries once (default: for ever)",
  ).argParser((text) => {
    if (!/^(?:\d+\.?\d*|\.\d+)$/.test(text) || !Number.isFinite(Number(text))) {
      throw new InvalidArgumentError("Expected a number of seconds, such as 10 or 0.5.");
    }
    return Number(text);
  });
}

function conflictExitCodeOption(): Option {
  return new Option(
    "-E, --conflict-exit-code <number>",
    "the exit code when the lock was not to be had in time",
  )
    .default(1)
    .argParser((text) => {
      if (!/^\d+$/.test(text) || Number(text) > 255)
        throw new InvalidArgumentError("Expected a number from 0 to 255.");
      return Number(text);
    });
}

function quietOption(): Option {
  return new Option("-q, --quiet", "say nothing of who is in the way");
}
