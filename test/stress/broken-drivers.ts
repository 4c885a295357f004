// Drivers that are broken in one place each, where that shows, and what the journal of a contest then has to tell. Knows no process.
import type { Edit } from "../mutants/mutant.ts";

export const WITH_A_STRANGER = "among processes whose lock file a stranger removes";

export type Where =
  | "among processes that remove the lock file"
  | typeof WITH_A_STRANGER
  | "among processes in line"
  | "among the tasks of a process";

export type Fault = "overlaps" | "lost updates" | "out of turn" | "overlaps beyond the removal";

export interface Broken {
  readonly name: string;
  readonly where: Where;
  readonly file: string;
  readonly edits: readonly Edit[];
  /** What the journal has to tell. */
  readonly faults: readonly Fault[];
}

export const BROKEN: readonly Broken[] = [
  // 1. A holds. 2. B waits on A's file. 3. A removes it. 4. C makes a new one and locks it. 5. B wins A's.
  {
    name: "no look at the inode, with remove",
    where: "among processes that remove the lock file",
    file: "drivers/flock-attempt.ts",
    edits: [["namedAs(this.#key, file);", "namedAs(this.#key, file) ?? { nlink: 1n, size: 0n };"]],
    faults: ["overlaps", "lost updates"],
  },
  // 1. A unlocks. 2. B, who waited, wins the file, which is still named. 3. A removes it. 4. C makes a new one.
  {
    name: "unlinks after the unlock",
    where: "among processes that remove the lock file",
    file: "drivers/flock-grant.ts",
    edits: [
      ["if (remove) this.#remove();", ""],
      ["closeQuietly(this.fd);", "if (remove) this.#remove(); closeQuietly(this.fd);"],
    ],
    faults: ["overlaps", "lost updates"],
  },
  // 1. A stranger removes A's file. 2. B makes a new one and locks it. 3. A removes B's.
  {
    name: "removes somebody else's file",
    where: WITH_A_STRANGER,
    file: "drivers/flock-grant.ts",
    edits: [["if (this.isCurrent()) removeName", "removeName"]],
    faults: ["overlaps beyond the removal"],
  },
  // 1. A, B and C wait. 2. B gives up. 3. C, who waited for B alone, takes its turn before A.
  {
    name: 'predecessor gone, so my turn (order "fifo" without a look at the whole line)',
    where: "among processes in line",
    file: "drivers/place-in-line.ts",
    edits: [["(number) => number < mine", "(number) => number === mine - 1"]],
    faults: ["out of turn"],
  },
  {
    name: "a grant is handed on twice",
    where: "among the tasks of a process",
    file: "lock-file-state.ts",
    edits: [
      [
        "if (heir !== undefined && grant !== undefined) this.#seatWaiter(heir, grant);",
        "if (heir !== undefined && grant !== undefined) { this.#seatWaiter(heir, grant); if (this.#top.first !== undefined) this.#seatWaiter(this.#top.first, grant); }",
      ],
    ],
    faults: ["overlaps", "lost updates"],
  },
  // 1. A acquires. 2. B, started in the same turn, finds A's mark, and nests in what nobody has been given yet.
  {
    name: "a hold admits before anybody has been given it",
    where: "among the tasks of a process",
    file: "owner.ts",
    edits: [['return this.phase === "admitting";', "return this.live;"]],
    faults: ["overlaps", "lost updates"],
  },
];
