/**
 * What becomes of the signals that this process is sent: until there is a command they end the wait for the lock; from then on they
 * are the command's, and this process lives on to hold the lock for it.
 */
import type { ChildProcess } from "node:child_process";
import { shareForeground } from "../terminal.ts";
import { interrupted } from "./failure.ts";
import { say } from "./output.ts";

const RELAYED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const;

/** Those that a terminal sends for a key. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

export class SignalRelay {
  readonly #wait = new AbortController();
  #command: ChildProcess | undefined;
  /** Whether what is heard now has been sent since there is a command. */
  #isSentSince = false;

  constructor() {
    for (const name of RELAYED) {
      process.on(name, () => {
        this.#receive(name);
      });
    }
  }

  /** Aborts at the first signal, unless there is a command by then. */
  get signal(): AbortSignal {
    return this.#wait.signal;
  }

  /**
   * From now on signals are for `command`.
   *
   * 1. ^C is typed: this process gets it, and there is no command yet. 2. The command starts. 3. Node tells of the ^C. So what is heard in the
   * first turn goes to the command, although that may have it by itself. The second immediate comes after a whole turn.
   */
  passTo(command: ChildProcess): void {
    this.#command = command;
    setImmediate(() => setImmediate(() => (this.#isSentSince = true)));
  }

  #receive(name: NodeJS.Signals): void {
    if (this.#command === undefined) {
      this.#wait.abort(interrupted(name));
    } else {
      relay(name, this.#command, this.#isSentSince);
    }
  }
}

/**
 * 1. ^C is typed. 2. The terminal sends SIGINT to this process and to the command, which are one group. 3. This process passes
 * it on, and the command has it twice: the second often means "now, and never mind the mess". So what may have been
 * typed is left to the terminal.
 */
function relay(
  name: NodeJS.Signals,
  { pid, exitCode, signalCode }: ChildProcess,
  isSentSince: boolean,
): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  if (isSentSince && TYPED.has(name) && shareForeground(pid)) return;
  try {
    // Not its own kill(): where the command runs as another user (EPERM) that one emits "error", as a failed start does.
    process.kill(pid, name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH") say(`Cannot pass ${name} on to the command (pid ${pid}): ${code ?? message}`);
  }
}
