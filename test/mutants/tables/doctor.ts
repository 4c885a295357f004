// The mutants of doctor(): of finding out whether a lock keeps anybody out.
import type { Mutant } from "../mutant.ts";

export const doctor: readonly Mutant[] = [
  {
    name: "doctor: is content with a process that was refused",
    file: "drivers/trial.ts",
    edits: [["for (const one of contenders) {", "for (const one of [] as OtherProcess[]) {"]],
    noticedBy: ["doctor.test.ts", "refused after its release, too"],
  },
  {
    name: "doctor: takes who failed for one that was refused",
    file: "drivers/trial.ts",
    edits: [['if (answer.type !== "refused") return', 'if (answer.type === "gone") return']],
    noticedBy: ["doctor.test.ts", "that proves nothing"],
  },
  {
    name: "doctor: takes who crashed for one that was refused",
    file: "drivers/trial.ts",
    edits: [['if (answer.type !== "refused") return', 'if (answer.type === "failed") return']],
    noticedBy: ["doctor.test.ts", "has crashed"],
  },
  {
    name: "doctor: asks one back end alone",
    file: "drivers/trial.ts",
    edits: [["await Promise.all(contenders.map(", "await Promise.all(contenders.slice(0, 1).map("]],
    noticedBy: ["doctor.test.ts", "that one sees other locks"],
    harmlessFrom: 26,
  },
  {
    name: "doctor: finds nobody to ask, and is content",
    file: "drivers/examine-directory.ts",
    edits: [["served?.loads === true", "served !== undefined"]],
    noticedBy: ["doctor.test.ts", "does not load in another process"],
  },
  {
    name: "doctor: leaves its file where the one that made it hangs",
    file: "drivers/examine-directory.ts",
    edits: [['return (await another.ask("remove")).type === "done";', "return true;"]],
    noticedBy: ["doctor.test.ts", "another removes it"],
  },
  {
    name: "doctor: asks others where it is asked itself",
    file: "drivers/other-process.ts",
    edits: [["return process.env[MARK] !== undefined;", "return false;"]],
    noticedBy: ["doctor.test.ts", "when it is asked itself"],
  },
  {
    name: "doctor: waits for ever for an answer",
    file: "drivers/other-process.ts",
    edits: [
      [
        "return this.#inTime(Promise.race([answered, this.#gone]));",
        "return Promise.race([answered, this.#gone]);",
      ],
    ],
    noticedBy: ["doctor.test.ts", "when it should find the directory"],
  },
  {
    name: "doctor: leaves its file where whoever asks is killed",
    file: "native/child.ts",
    edits: [["if (hasToRemove) remove();", ""]],
    noticedBy: ["doctor.test.ts", "by SIGKILL"],
  },
  {
    name: "doctor: dies of an answer that nobody hears, and leaves its file",
    file: "native/child.ts",
    edits: [["(answerTo(question), undefined, undefined, () => undefined)", "(answerTo(question))"]],
    noticedBy: ["doctor.test.ts", "before it hears that the file is there"],
  },
  {
    name: "doctor: dies of ^C, and leaves its file",
    file: "native/child.ts",
    edits: [["process.on(signal, () => undefined)", "void signal"]],
    noticedBy: ["doctor.test.ts", "^C"],
  },
  {
    name: "doctor: loads all back ends into the process that asks",
    file: "drivers/back-end-states.ts",
    edits: [
      [
        "const failure = failureOf(answers[index]);",
        "const failure = failureOf(answers[index]); try { backEnds[index].load(); } catch {}",
      ],
    ],
    noticedBy: ["doctor.test.ts", "and nothing else"],
    harmlessFrom: 26,
  },
  {
    name: "doctor: takes locks that do not leave the machine for good ones",
    file: "drivers/examine-directory.ts",
    edits: [["?? whyOnlyHere(path)", ""]],
    noticedBy: ["doctor.test.ts", "on other machines"],
  },
  {
    name: "command line: says that all is well where it is not",
    file: "cli/doctor.ts",
    edits: [['return excludes ? 0 : exitCodeOf("conflict");', "return 0;"]],
    noticedBy: ["cli/doctor.test.ts", "locks nothing"],
  },
];
