// Faults of the lock that lets one process run: its name, its file, and how it ends.
import type { Mutant } from "../mutant.ts";

export const process: readonly Mutant[] = [
  {
    name: "writes the process id into a file with another name",
    file: "drivers/pid-file.ts",
    edits: [["if (!hasOneName(named) || !isAlone(path, file))", "if (named.nlink > 2n)"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "with another name"],
  },
  {
    name: "writes the process id into whatever file",
    file: "drivers/pid-file.ts",
    edits: [['if (text !== "" && !PID.test(text))', "if (false as boolean)"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "left as it is"],
  },
  {
    name: "takes the first line of a longer file for all of it",
    file: "drivers/pid-file.ts",
    edits: [["const MOST_BYTES = 32;", "const MOST_BYTES = 3;"]],
    noticedBy: ["drivers/flock-with-pid.test.ts"],
  },
  {
    name: "leaves the end of a longer process id",
    file: "drivers/pid-file.ts",
    edits: [["ftruncateSync(fd, 0);", "void ftruncateSync;"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "has the process id in it"],
  },
  {
    name: "takes a full disk for a file that may only be read",
    file: "drivers/pid-file.ts",
    edits: [["throw systemError(`Cannot write", "void systemError(`Cannot write"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "cannot be written to is an error"],
  },
  {
    name: "refuses a file that may only be read",
    file: "drivers/pid-file.ts",
    edits: [["!OPEN_FOR_READING.has(code)", "true as boolean"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "may only be read"],
  },
  {
    name: "keeps the lock of a file that it may not write to",
    file: "drivers/flock-with-pid.ts",
    edits: [["this.#unwanted?.release({ remove: false });", ""]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "left as it is"],
  },
  {
    name: "removes a file that may be somebody's",
    file: "drivers/flock-with-pid.ts",
    edits: [["this.#unwanted?.release({ remove: false });", "this.#unwanted?.release({ remove: true });"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "left as it is"],
  },
  {
    name: "shares the state of the lock file with those who do not look into it",
    file: "drivers/flock-with-pid.ts",
    edits: [['name: "flock-with-pid"', 'name: "flock"']],
    noticedBy: ["process-lock.test.ts", "without a hand-over"],
  },
  {
    name: "cuts a character in two",
    file: "drivers/process-lock-file.ts",
    edits: [['.replace(/%.?$/, "")', ""]],
    noticedBy: ["drivers/process-lock-file.test.ts", "ends with a whole character"],
  },
  {
    name: "quotes what Python does not",
    file: "drivers/process-lock-file.ts",
    edits: [["/[!'()*]/g", "/[~!'()*]/g"]],
    noticedBy: ["drivers/process-lock-file.test.ts", "is quoted"],
  },
  {
    name: "takes a directory that may not be written to",
    file: "drivers/process-lock-file.ts",
    edits: [["accessSync(path, constants.W_OK | constants.X_OK);", "accessSync(path, constants.X_OK);"]],
    noticedBy: ["drivers/process-lock-file.test.ts", "The directory"],
  },
  {
    name: "names a lock after the file of a subclass",
    file: "process-lock.ts",
    edits: [["fileThatMakes(new.target)", "fileThatMakes(ProcessLock)"]],
    noticedBy: ["caller.test.ts", "makes a subclass, which has one"],
  },
  {
    name: "needs the stacks of the program",
    file: "caller.ts",
    edits: [["Error.stackTraceLimit = 1;", ""]],
    noticedBy: ["caller.test.ts", "stacks"],
  },
  {
    name: "keeps the program from preparing its stacks",
    file: "caller.ts",
    edits: [["Error.prepareStackTrace = prepareStackTrace;", ""]],
    noticedBy: ["caller.test.ts", "prepares its stacks itself"],
  },
  {
    name: "believes the file before the kernel",
    file: "process-lock.ts",
    edits: [
      ["seen.length === 0 || (written !== undefined && seen.includes(written))", "written !== undefined"],
    ],
    noticedBy: ["process-lock.test.ts", "named by the kernel"],
  },
  {
    name: "names nobody where the look takes long",
    file: "process-lock.ts",
    edits: [["holder.length > 0 ? holder : await this.holder()", "holder"]],
    noticedBy: ["process-lock.test.ts", "took too long"],
  },
  {
    name: "lets release() end what is held for ever",
    file: "process-lock.ts",
    edits: [["else this.run(keep, options)", "else this.acquire(options).then(keep)"]],
    noticedBy: ["process/forever.test.ts", "no release() ends it"],
  },
  {
    name: "leaves the file of a process that ends",
    file: "process-lock.ts",
    edits: [["this.#endWithProcess(); });", "void this.#endWithProcess; });"]],
    noticedBy: ["process/forever.test.ts", "its file is gone"],
  },
  {
    name: "hands on, within a process that ends, what it lets go",
    file: "lock.ts",
    edits: [["for (const { domain } of this.#party.held) domain?.stepBack();", ""]],
    noticedBy: ["process/forever.test.ts", "(awaited)"],
  },
  {
    name: "tries, within a process that ends, for what it has let go",
    file: "lock-file-state.ts",
    edits: [["if (first === undefined || this.#stepsBack) return;", "if (first === undefined) return;"]],
    noticedBy: ["process/forever.test.ts", "(awaited)"],
  },
  {
    name: "ends one of several holds with the process",
    file: "lock.ts",
    edits: [
      [
        "for (const owner of [...this.#party.held]) letGo(owner);",
        "for (const owner of [...this.#party.held].slice(0, 1)) letGo(owner);",
      ],
    ],
    noticedBy: ["process/forever.test.ts", "(nested)"],
  },
  {
    name: "dies in the middle of its last line",
    file: "drivers/die.ts",
    edits: [["while (left.length > 0 &&", "for (const _ of [1]) if (left.length > 0 &&"]],
    noticedBy: ["drivers/die.test.ts"],
  },
  {
    name: "waits for ever for somebody to read its last line",
    file: "drivers/die.ts",
    edits: [["while (left.length > 0 && performance.now() < end)", "while (left.length > 0)"]],
    noticedBy: ["drivers/die.test.ts", "not for ever"],
  },
  {
    name: "loses what it could not write to and could not unlock",
    file: "drivers/flock-with-pid.ts",
    edits: [["this.#unwanted = grant; this.close();", "grant.release({ remove: false }); this.close();"]],
    noticedBy: ["drivers/flock-with-pid.test.ts", "also where it could not be unlocked at first"],
  },
];
