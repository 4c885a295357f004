/** `holdfast run`: a command under the lock. */
import { contend, type ContendOptions } from "./contend.ts";
import { execute } from "./execute.ts";
import { exitCodeOf } from "./exit-code.ts";
import { Failure, misuse } from "./failure.ts";
import { lockFor, type LockChoice } from "./lock-for.ts";
import { say } from "./output.ts";
import { SignalRelay } from "./signal-relay.ts";

export interface RunOptions extends ContendOptions, Omit<LockChoice, "path"> {
  readonly nonblock?: boolean;
}

export interface Words {
  /** Those behind the options of `run`. */
  readonly words: readonly string[];
  /** Whether `--` stood right before the first of them. */
  readonly separated: boolean;
}

/** @returns the exit code of the command. */
export async function run(given: Words, options: RunOptions): Promise<number> {
  const { path, command } =
    options.name === undefined ? split(given) : { path: undefined, command: given.words };
  if (command.length === 0) throw misuse("The command is missing: it stands at the end, best behind '--'");
  const relay = new SignalRelay();
  const terms = options.nonblock === true ? { ...options, timeout: 0 } : options;
  const lock = lockFor({ ...options, path });
  const running = contend(lock, relay, terms, (hold) => {
    hold.signal.addEventListener("abort", () => {
      say((hold.signal.reason as Error).message);
    });
    return execute(command, (started) => {
      relay.passTo(started);
    });
  });
  return running.catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "EISDIR" ? directoryInstead(lock.lockFile, path, options) : error;
  });
}

/** There is a directory where the lock file is to be: the one that is to be guarded, or one that is in the way. */
function directoryInstead(lockFile: string, path: string | undefined, { dir = false }: RunOptions): Failure {
  if (path !== undefined && !dir) return misuse(`'${path}' is a directory. To guard it, say --dir`);
  return new Failure(
    `Cannot use '${lockFile}' as a lock file: it is a directory. Remove or rename it (EISDIR)`,
    exitCodeOf("EISDIR"),
  );
}

function split({ words, separated }: Words): { path: string; command: readonly string[] } {
  const [path, next, ...rest] = words;
  if (path === undefined || separated)
    throw misuse("The lock file is missing: it stands before '--' and the command");
  if (next === "--") return { path, command: rest };
  if (next?.startsWith("-") === true) {
    throw misuse(
      `'${next}' stands behind the lock file, and options come before it. Is it the command? Then put '--' before it`,
    );
  }
  return { path, command: words.slice(1) };
}
