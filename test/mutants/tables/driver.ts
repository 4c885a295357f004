// The mutants of the flock driver: attempts, grants and what reaches flock(2).
import type { Mutant } from "../mutant.ts";

export const driver: readonly Mutant[] = [
  {
    name: "believes a win without a look at the inode",
    file: "drivers/flock-attempt.ts",
    edits: [["namedAs(this.#key, file);", "namedAs(this.#key, file) ?? { nlink: 1n, size: 0n };"]],
    noticedBy: ["drivers/flock.test.ts", "is not won by B while C holds the new one"],
  },
  {
    name: "compares inodes without their devices",
    file: "drivers/same-file.ts",
    edits: [["one.ino === other.ino && BigInt", "one.ino === other.ino || BigInt"]],
    noticedBy: ["drivers/faults.test.ts", "on another device is another file"],
  },
  {
    name: "unlinks after the unlock",
    file: "drivers/flock-grant.ts",
    edits: [
      ["if (remove) this.#remove();", ""],
      ["closeQuietly(this.fd);", "if (remove) this.#remove(); closeQuietly(this.fd);"],
    ],
    noticedBy: ["drivers/flock-release.test.ts", "happens while it is still locked"],
  },
  {
    name: "unlinks somebody else's file",
    file: "drivers/flock-grant.ts",
    edits: [["if (this.isCurrent()) removeName", "removeName"]],
    noticedBy: ["drivers/flock-release.test.ts", "leaves a file that took its place"],
  },
  {
    name: "ignores a failed LOCK_UN",
    file: "drivers/flock-grant.ts",
    edits: [["throw systemError(`Cannot release", "void systemError(`Cannot release"]],
    noticedBy: ["drivers/flock-release.test.ts", "leaves the lock held, says so"],
  },
  {
    name: "opens the file anew for each attempt",
    file: "drivers/flock-attempt.ts",
    edits: [
      [
        "this.#flock(file.fd, operation))) return null;",
        "this.#flock(file.fd, operation))) { this.close(); return null; }",
      ],
    ],
    noticedBy: ["drivers/flock.test.ts", "keeps its descriptor from one refusal to the next"],
  },
  {
    name: "leaves a refused attempt open",
    file: "drivers/flock-attempt.ts",
    edits: [["this.#file = undefined; closeQuietly(fd);", "this.#file = undefined;"]],
    noticedBy: ["drivers/flock.test.ts", "is opened again where it is removed between open and flock"],
  },
  {
    name: "follows a symbolic link",
    file: "drivers/open-itself.ts",
    edits: [["O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;", "O_NONBLOCK | O_NOCTTY;"]],
    noticedBy: ["drivers/open-lock-file.test.ts", "a symbolic link, and what it leads to"],
  },
  {
    name: "creates what a dangling link leads to, without O_NOFOLLOW",
    file: "drivers/open-itself.ts",
    edits: [["refuseLink(path); const fd", "const fd"]],
    noticedBy: ["drivers/open-itself.test.ts", "a dangling one leads to"],
  },
  {
    name: "follows a link that comes at the last moment, without O_NOFOLLOW",
    file: "drivers/open-itself.ts",
    edits: [["try { refuseLink(path);", "try {"]],
    noticedBy: ["drivers/open-itself.test.ts", "put there at the last moment"],
  },
  {
    name: "takes another name of a file for a spelling",
    file: "drivers/spelling.ts",
    edits: [["folded(basename(real)) === folded(basename(path))", "true"]],
    noticedBy: ["drivers/spelling.test.ts", "a second name of the file"],
  },
  {
    name: "hangs on a FIFO",
    file: "drivers/open-itself.ts",
    edits: [["O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;", "O_NOFOLLOW | O_NOCTTY;"]],
    noticedBy: ["drivers/faults.test.ts", "never followed, waited for or truncated"],
  },
  {
    name: "truncates the lock file",
    file: "drivers/open-lock-file.ts",
    edits: [["O_RDWR | O_CREAT, mode", "O_RDWR | O_CREAT | constants.O_TRUNC, mode"]],
    noticedBy: ["drivers/lock-file.test.ts", "stays byte for byte"],
  },
  {
    name: "locks whatever is no regular file",
    file: "drivers/open-lock-file.ts",
    edits: [["if (file.isFile()) return", "return"]],
    noticedBy: ["drivers/open-lock-file.test.ts", "/dev/null"],
  },
  {
    name: "closes the descriptor where the unlock fails",
    file: "drivers/flock-grant.ts",
    edits: [
      ["throw systemError(`Cannot release", "closeQuietly(this.fd); throw systemError(`Cannot release"],
    ],
    noticedBy: ["drivers/flock-release.test.ts", "leaves the lock held, says so"],
  },
  {
    name: "gives up where O_CREAT is refused on a file that is there",
    file: "drivers/open-lock-file.ts",
    edits: [["const fd = openExisting(path);", "const fd = undefined as number | undefined;"]],
    noticedBy: ["drivers/faults.test.ts"],
  },
  {
    name: "leaves the descriptor open where fstat fails",
    file: "drivers/open-lock-file.ts",
    edits: [["closeSync(fd); throw explained(path, error);", "throw explained(path, error);"]],
    noticedBy: ["drivers/faults.test.ts", "An error of fstat"],
  },
  {
    name: "keeps what it won where the mode cannot be set",
    file: "contender.ts",
    edits: [["this.giveBack(grant); throw error;", "throw error;"]],
    noticedBy: ["cancellation/signal.test.ts", "a mode that cannot be set gives the win back"],
  },
];
