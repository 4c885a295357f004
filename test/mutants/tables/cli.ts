// The mutants of the command line, and of what it sees of a lock file.
import type { Mutant } from "../mutant.ts";

export const cli: readonly Mutant[] = [
  {
    name: "command line: passes on what was typed on the terminal",
    file: "cli/signal-relay.ts",
    edits: [["if (isSentSince && TYPED.has(name) && shareForeground(pid)) return;", ""]],
    noticedBy: ["cli/signals.test.ts", "what is typed on the terminal reaches the command once"],
  },
  {
    name: "command line: takes each SIGINT for typed",
    file: "cli/signal-relay.ts",
    edits: [
      ["if (isSentSince && TYPED.has(name) && shareForeground(pid)) return;", "if (TYPED.has(name)) return;"],
    ],
    noticedBy: ["cli/signals.test.ts", "each signal is passed on, once"],
  },
  {
    name: "command line: takes every signal for typed",
    file: "cli/signal-relay.ts",
    edits: [
      [
        "if (isSentSince && TYPED.has(name) && shareForeground(pid)) return;",
        "if (shareForeground(pid)) return;",
      ],
    ],
    noticedBy: ["cli/signals.test.ts", "other signals are passed on all the same"],
  },
  {
    name: "command line: takes what was typed before there was a command for what the command has, too",
    file: "cli/signal-relay.ts",
    edits: [["#isSentSince = false", "#isSentSince = true"]],
    noticedBy: ["cli/signals.test.ts", "typed just before the command starts"],
  },
  {
    name: "command line: looks for itself in the foreground, and not for the command",
    file: "terminal.ts",
    edits: [["own === foregroundOf(pid)", "pid > 0"]],
    noticedBy: ["cli/signals.test.ts", "that the terminal does not reach"],
  },
  {
    name: "command line: keeps signals from the command",
    file: "cli/signal-relay.ts",
    edits: [["this.#command = command;", "void command;"]],
    noticedBy: ["cli/signals.test.ts", "a command that dies of"],
  },
  {
    name: "command line: ends before the command has ended",
    file: "cli/execute.ts",
    edits: [['command.on("exit",', 'command.on("spawn", () => { resolve(0); }); command.on("exit",']],
    noticedBy: ["cli/run.test.ts", "has the lock while it runs"],
  },
  {
    name: "command line: takes a death by a signal for success",
    file: "cli/execute.ts",
    edits: [["endOf(signal)", "0"]],
    noticedBy: ["cli/run.test.ts", "the signal of which it died"],
  },
  {
    name: "command line: exits after ^C as if it had dealt with it",
    file: "cli/failure.ts",
    edits: [['if (signal === "SIGINT" &&', "if ((false as boolean) &&"]],
    noticedBy: ["cli/signals.test.ts", "^C ends the script"],
  },
  {
    name: "command line: takes the first word behind -- for the lock file",
    file: "cli/run.ts",
    edits: [["path === undefined || separated", "path === undefined"]],
    noticedBy: ["cli/usage.test.ts", "misuse has exit code 64"],
  },
  {
    name: "command line: cannot be loaded, and ends as if the lock were held",
    file: "cli/main.ts",
    edits: [["reason === undefined ? 70 : 71", "1"]],
    noticedBy: ["cli/run.test.ts", "where the program cannot be loaded"],
  },
  {
    name: "command line: takes a directory in the way of its lock file for one that is to be guarded",
    file: "cli/run.ts",
    edits: [["path !== undefined && !dir", "!dir"]],
    noticedBy: ["cli/run.test.ts", "a directory where --dir and --name have their lock file"],
  },
  {
    name: "command line: waits for a lock file that is not there",
    file: "cli/wait.ts",
    edits: [['if (state !== "free") await contend', "await contend"]],
    noticedBy: ["cli/status.test.ts", "creates none"],
  },
  {
    name: "command line: leaves its line on the terminal",
    file: "cli/notice.ts",
    edits: [["if (this.#shown) terminal()?.write(ERASE);", ""]],
    noticedBy: ["cli/notice.test.ts", "erased before the command runs"],
  },
  {
    name: "command line: makes a pipe non-blocking for all who share it",
    file: "cli/output.ts",
    edits: [["writeError(text);", "process.stderr.write(text);"]],
    noticedBy: ["cli/notice.test.ts", "does not fail others"],
  },
  {
    name: "command line: fails loudly where nobody reads on",
    file: "cli/output.ts",
    edits: [['process.stdout.listenerCount("error") === 0', "false"]],
    noticedBy: ["cli/status.test.ts", "ends quietly where nobody reads on"],
  },
  {
    name: "inspect: takes whoever took the flock for its holder, though that one has ended",
    file: "drivers/inspect-lock-file.ts",
    edits: [["named.filter(isAlive)", "named"]],
    noticedBy: ["inspect.test.ts", "whose descriptor flock(1) has locked"],
  },
  {
    name: "inspect: does not ask the descriptors who holds",
    file: "drivers/proc-locks.ts",
    edits: [["return /^lock:\\s*\\d+: FLOCK /m.test(fdinfo);", "return fdinfo === '';"]],
    noticedBy: ["inspect.test.ts", "whose descriptor flock(1) has locked"],
  },
  {
    name: "inspect: takes everybody who has the file open for a holder",
    file: "drivers/proc-locks.ts",
    edits: [["return /^lock:\\s*\\d+: FLOCK /m.test(fdinfo);", "return fdinfo !== '';"]],
    noticedBy: ["inspect.test.ts", "has the lock file open and does not hold it"],
  },
  {
    name: "inspect: takes another file of the same name for the lock file",
    file: "drivers/open-by.ts",
    edits: [
      ["return found.dev === dev && found.ino === ino;", "return found.dev === dev || found.ino === ino;"],
    ],
    noticedBy: ["inspect.test.ts", "another file of the same name is held"],
  },
  {
    name: "holder: names whoever took the flock, though that one has ended",
    file: "drivers/flock-holders.ts",
    edits: [["return named.filter(isAlive);", "return named;"]],
    noticedBy: ["drivers/proc-locks.test.ts", "not those who took it, and have ended"],
  },
  {
    name: "holder: knows nobody where the device has another number in /proc/locks",
    file: "drivers/flock-holders.ts",
    edits: [["{ among: told.onInode(file.ino) }", "{ among: [] }"]],
    noticedBy: ["drivers/proc-locks.test.ts", "those who have the very file open, and locked"],
  },
  {
    name: "holder: takes the number of a file in another subvolume for that of this one",
    file: "drivers/flock-holders.ts",
    edits: [
      [
        "return openers.filter(({ holds }) => holds).map(({ pid }) => pid);",
        "return openers.length > -1 ? told.onInode(file.ino) : [];",
      ],
    ],
    noticedBy: ["drivers/proc-locks.test.ts", "not those who hold one that has the same number"],
  },
  {
    name: "holder: takes whoever has the file open, and holds another, for its holder",
    file: "drivers/flock-holders.ts",
    edits: [["openers.filter(({ holds }) => holds)", "openers"]],
    noticedBy: ["drivers/proc-locks.test.ts", "and have this one open too"],
  },
  {
    name: "inspect: calls a file on btrfs free though another of its number is held",
    file: "drivers/inspect-lock-file.ts",
    edits: [["(TELLING_BY_INODE.has(type) && told.onInode(ino).length === 0)", "TELLING_BY_INODE.has(type)"]],
    noticedBy: ["drivers/proc-locks.test.ts", "may be held, for all that is known"],
  },
  {
    name: "inspect: tells the line in no order",
    file: "drivers/inspect-lock-file.ts",
    edits: [[".sort((one, other) => one - other)", ".sort((one, other) => other - one)"]],
    noticedBy: ["inspect.test.ts", "in the order of the line"],
  },
];
