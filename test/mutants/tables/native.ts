// The mutants of reaching flock(2), and of what threads are told of each other.
import type { Mutant } from "../mutant.ts";

export const native: readonly Mutant[] = [
  {
    name: "takes a lack of locks for contention",
    file: "native/flock.ts",
    edits: [['code === "EAGAIN" ||', 'code === "EAGAIN" || code === "ENOLCK" ||']],
    noticedBy: ["native/flock.test.ts"],
  },
  {
    name: "takes an interrupted call for an error",
    file: "native/flock.ts",
    edits: [['if (code === "EINTR") continue;', ""]],
    noticedBy: ["native/flock.test.ts", "tries again after EINTR"],
  },
  {
    name: "waits inside flock(2)",
    file: "native/flock.ts",
    edits: [["lock: 2 | 4", "lock: 2"]],
    noticedBy: ["native/flock.test.ts", "without waiting"],
  },
  {
    name: "takes a refused unlock for contention",
    file: "native/flock.ts",
    edits: [['operation !== "unlock" && (code', "(code"]],
    noticedBy: ["native/flock.test.ts"],
  },
  {
    name: "loads in a worker what a worker does not survive",
    file: "native/choice.ts",
    edits: [["if (isInWorker && !backEnd.survivesWorkers)", "if (false)"]],
    noticedBy: ["native/choice.test.ts", "In a worker thread"],
  },
  {
    name: "takes a hold of another thread for its own",
    file: "errors.ts",
    edits: [['since === undefined ? ": another', 'since === null ? ": another']],
    noticedBy: ["errors.test.ts", "whether it is a hold that this thread knows of"],
  },
  {
    name: "takes another than the one that is forced",
    file: "native/choice.ts",
    edits: [["if (named.length > 0) return named;", "if (named.length > 0) return backEnds;"]],
    noticedBy: ["native/choice.test.ts", "HOLDFAST_BACKEND"],
  },
  {
    name: "believes a module that asks nobody",
    file: "native/choice.ts",
    edits: [["assertWorks(call);", ""]],
    noticedBy: ["native/choice.test.ts", "does not reach flock(2)"],
  },
  {
    name: "believes whatever errno says",
    file: "native/node-ffi.ts",
    edits: [["last !== undefined && last !== constants.errno.EAGAIN", "false"]],
    noticedBy: ["native/node-ffi.test.ts", "another system call left there"],
  },
  {
    name: "loads a back end with the package",
    file: "native/flock.ts",
    edits: [["let chosen: Choice | undefined;", "let chosen: Choice | undefined = choose();"]],
    noticedBy: ["native/choice.test.ts", "none is loaded with the package"],
  },
];
