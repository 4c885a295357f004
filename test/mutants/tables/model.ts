// Mutants of everything that is compared with a model. Others notice most of them, too: here they show that the model is no
// echo of the source. Of the races between processes it sees by luck alone, none is here.
import type { Mutant } from "../mutant.ts";

const ENGINE = ["stress/model.test.ts", "those are inside whom the model lets in"] as const;
const PROCESSES = ["stress/model-processes.test.ts", "one has the lock file, as the model says"] as const;

export const model: readonly Mutant[] = [
  {
    name: "model: lets the children of one hold in side by side",
    file: "lock-file-state.ts",
    edits: [["if (nestIn.inside?.isOpenTo(owner) === false) return false;", ""]],
    noticedBy: ENGINE,
  },
  {
    name: "model: passes a place on although something nested below lives",
    file: "room.ts",
    edits: [["for (const each of nested) this.#inside.add(each);", ""]],
    noticedBy: ENGINE,
  },
  {
    name: "model: serves the last who came first",
    file: "turnstile.ts",
    edits: [["let ahead = this.#last;", "let ahead: P | undefined = undefined as P | undefined;"]],
    noticedBy: ENGINE,
  },
  {
    name: "model: ends the hold of another task",
    file: "bare-release.ts",
    edits: [['ownedBy === "task" ? ownChain(party)', "false ? ownChain(party)"]],
    noticedBy: ENGINE,
  },
  {
    name: "model: a writer comes in beside those who read",
    file: "room.ts",
    edits: [
      ["this.#inside.size === 0 || (shared && this.#shared)", "this.#inside.size === 0 || this.#shared"],
    ],
    noticedBy: ENGINE,
  },
  {
    name: "model: leaves those waiting behind one that was aborted",
    file: "lock-file-state.ts",
    edits: [["this.#refuse(wait, reason); this.#letIn(owner.parent);", "this.#refuse(wait, reason);"]],
    noticedBy: ENGINE,
  },
  {
    name: "model: gives the lock to two",
    file: "lock-file-state.ts",
    edits: [
      [
        "this.#seat(waiter.owner, grant); waiter.resolve(true);",
        "this.#seat(waiter.owner, grant); waiter.resolve(true); if (this.#top.first !== undefined) this.#pass(this.#top.first);",
      ],
    ],
    noticedBy: ENGINE,
  },
];

export const modelOfProcesses: readonly Mutant[] = [
  {
    name: "model: frees the OS lock with the root of the tree",
    file: "lock-file-state.ts",
    edits: [
      ["if (this.#tree.holds.size > 1)", "if (this.#tree.holds.size > 1 && owner.parent !== undefined)"],
    ],
    noticedBy: PROCESSES,
  },
  {
    name: "model: believes a win without a look at the inode",
    file: "drivers/flock-attempt.ts",
    edits: [["namedAs(this.#key, file);", "namedAs(this.#key, file) ?? { nlink: 1n, size: 0n };"]],
    noticedBy: PROCESSES,
  },
  {
    name: "model: leaves a refused attempt open",
    file: "drivers/flock-attempt.ts",
    edits: [["this.#file = undefined; closeQuietly(fd);", "this.#file = undefined;"]],
    noticedBy: PROCESSES,
  },
  {
    name: "model: tries no more after the first refusal",
    file: "poll.ts",
    edits: [["retries: Infinity", "retries: 0"]],
    noticedBy: PROCESSES,
  },
];
