/** Runs a command to its end, and tells how that was. Knows no lock: whoever calls it holds one meanwhile. */
import { spawn, type ChildProcess } from "node:child_process";
import { exitCodeOf, type Ending } from "./exit-code.ts";
import { endOf, Failure } from "./failure.ts";

/** Why a command did not start, where it is not the command's fault. */
const NO_RESOURCES = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"]);

/**
 * Runs a command, with this process's own stdin, stdout and stderr. It inherits no other descriptor: all are opened with
 * O_CLOEXEC, so that neither it nor what it leaves behind keeps the lock.
 *
 * @param onStart is called with the command once it runs, in the same turn.
 * @returns its exit code; 128 and the number of the signal, where it died of one.
 * @throws Failure where it cannot be started.
 */
export function execute(words: readonly string[], onStart: (command: ChildProcess) => void): Promise<number> {
  const [file = "", ...args] = words;
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(notStarted(file, error));
    };
    try {
      const command = spawn(file, args, { stdio: "inherit" });
      if (command.pid !== undefined) onStart(command);
      command.on("error", fail);
      // Node knows no names of real-time signals, and reports a death by one as exit code 0.
      command.on("exit", (code, signal) => {
        resolve(signal === null ? (code ?? 0) : endOf(signal));
      });
    } catch (error) {
      fail(error as Error); // E2BIG is thrown, ENOENT is emitted
    }
  });
}

function notStarted(file: string, cause: NodeJS.ErrnoException): Failure {
  const code = file === "" ? "ENOENT" : (cause.code ?? "");
  const ending: Ending = code === "ENOENT" ? "notFound" : NO_RESOURCES.has(code) ? "system" : "notExecutable";
  const why =
    code === "ENOENT"
      ? "there is no such command, or its interpreter is missing"
      : code === "EACCES"
        ? "it is not executable"
        : /\.(?:bat|cmd)$/i.test(file)
          ? `a batch file needs a shell: cmd /d /c ${file} (${code})`
          : code;
  return new Failure(`Cannot run '${file}': ${why}`, exitCodeOf(ending), cause);
}
