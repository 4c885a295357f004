// The mutants of the soft driver: markers, proofs of death, and the right to remove a marker.
import type { Mutant } from "../mutant.ts";

export const soft: readonly Mutant[] = [
  {
    name: "breaks markers of other hosts",
    file: "drivers/soft-death.ts",
    edits: [["return marker.hostname === hostname();", 'return marker.hostname !== "";']],
    noticedBy: ["drivers/soft.test.ts", "of another host is left as it is"],
  },
  {
    name: "breaks empty markers",
    file: "drivers/soft-death.ts",
    edits: [
      ["return marker !== undefined && isHere", 'return text === "" || marker !== undefined && isHere'],
    ],
    noticedBy: ["drivers/soft.test.ts", "that is empty, as old versions"],
  },
  {
    name: "takes a pid alone for a proof of life",
    file: "drivers/soft-death.ts",
    edits: [
      [
        "return now === undefined || now === startToken || ticksOf(now) === startToken;",
        "return ticksOf(now ?? 0n) !== -1n;",
      ],
    ],
    noticedBy: ["drivers/soft-marker.test.ts", "another process has its pid"],
  },
  {
    name: "takes a process that may not be signalled for dead",
    file: "drivers/is-alive.ts",
    edits: [['return (error as NodeJS.ErrnoException).code !== "ESRCH";', "return false;"]],
    noticedBy: ["drivers/soft-marker.test.ts", "somebody else's process"],
  },
  {
    name: "takes what it cannot look at for dead",
    file: "drivers/soft-death.ts",
    edits: [["now === undefined || now === startToken", "now === startToken"]],
    noticedBy: ["drivers/soft-marker.test.ts", "that cannot be looked at"],
  },
  {
    name: "reads the start time of a process up to the first parenthesis",
    file: "drivers/soft-marker.ts",
    edits: [['stat.lastIndexOf(")")', 'stat.indexOf(")")']],
    noticedBy: ["drivers/soft-marker.test.ts", "blanks and parentheses"],
  },
  {
    name: "removes markers without a look once it has the right",
    file: "drivers/soft-right.ts",
    edits: [["if (isSame(findFile(path), seen)) unlinkIfThere", "unlinkIfThere"]],
    noticedBy: ["drivers/soft.test.ts", "removes no marker that has come since the look"],
  },
  {
    name: "removes markers without the right",
    file: "drivers/soft-right.ts",
    edits: [["if (claim(right)) {", "if (claim(right) || path === lockFile) {"]],
    noticedBy: ["drivers/soft.test.ts", "is left to whoever lives and has the right"],
  },
  {
    name: "takes the right from its owner, who lives",
    file: "drivers/soft-right.ts",
    edits: [["const isAbandoned = isDead(owner.text) ||", "const isAbandoned = true ||"]],
    noticedBy: ["drivers/soft.test.ts", "is left to whoever lives and has the right"],
  },
  {
    name: "waits for ever behind a right whose owner has died",
    file: "drivers/soft-right.ts",
    edits: [["const isAbandoned = isDead(owner.text) ||", "const isAbandoned ="]],
    noticedBy: ["drivers/soft.test.ts", "one after the other has died with the right"],
  },
  {
    name: "keeps the right where the marker cannot be removed",
    file: "drivers/soft-right.ts",
    edits: [
      [
        "} finally { giveUp(right, calls); }",
        "} finally { if (findFile(path) === undefined) giveUp(right, calls); }",
      ],
    ],
    noticedBy: ["drivers/soft.test.ts", "gives the right back"],
  },
  {
    name: "calls the right after where the lock file is mounted",
    file: "drivers/soft-right.ts",
    edits: [["`${basename(path)}", "`${path}"]],
    noticedBy: ["drivers/soft.test.ts", "is called the same wherever"],
  },
  {
    name: "believes link(2) when it says EEXIST",
    file: "drivers/soft-aside.ts",
    edits: [["return isNamed(path, this.#file) ? this.#file : undefined;", "return undefined;"]],
    noticedBy: ["drivers/soft.test.ts", "it is this process's own"],
  },
  {
    name: "leaves the file aside where it is refused",
    file: "drivers/soft-attempt.ts",
    edits: [["aside?.remove(won);", "if (won !== undefined) aside?.remove(won);"]],
    noticedBy: ["drivers/soft.test.ts", "is refused where somebody was quicker"],
  },
  {
    name: "removes its marker by name alone",
    file: "drivers/soft-grant.ts",
    edits: [
      [
        "return !this.isCurrent() || removeMarker(this.#key, this.#file, removal);",
        'this.#calls.unlink(this.#key); return removal.lockFile !== "";',
      ],
    ],
    noticedBy: ["drivers/soft.test.ts", "removes no marker but its own"],
  },
  {
    name: "says that it has released what somebody is about to break",
    file: "drivers/soft-grant.ts",
    edits: [["if (waits === MOST_WAITS) throw busy(this.#key);", "if (waits === MOST_WAITS) break;"]],
    noticedBy: ["drivers/soft.test.ts", "fails, and leaves the lock held"],
  },
  {
    name: "leaves its marker when the process ends",
    file: "drivers/soft-grant.ts",
    edits: [["this.#removeQuietly(); });", "});"]],
    noticedBy: ["process/soft.test.ts", "calls process.exit()"],
  },
  {
    name: "listens for signals after the release",
    file: "drivers/soft-grant.ts",
    edits: [["this.#cancel(); closeQuietly", "closeQuietly"]],
    noticedBy: ["soft-lock.test.ts", "no listener of ours"],
  },
  {
    name: "takes a handler for one time only for none",
    file: "drivers/at-exit.ts",
    edits: [["process.prependListener(signal, onSignal)", "process.on(signal, onSignal)"]],
    noticedBy: ["process/at-exit.test.ts", "has a handler for one time only"],
  },
  {
    name: "takes the marker away before others have ended",
    file: "drivers/at-exit.ts",
    edits: [['process.on("newListener", stayLast);', ""]],
    noticedBy: ["process/at-exit.test.ts", "still needs the lock while it exits"],
  },
  {
    name: "keeps the process alive beside signal-exit",
    file: "drivers/at-exit.ts",
    edits: [
      [
        "others > (four?.count ?? 0) + (three?.count ?? 0)",
        "others > 0 * ((four?.count ?? 0) - (three?.count ?? 0))",
      ],
    ],
    noticedBy: ["process/at-exit.test.ts", "has signal-exit 3"],
  },
  {
    name: "lets an order be asked for",
    file: "soft-lock.ts",
    edits: [['if (options.order === "fifo") {', "if (options.order === null) {"]],
    noticedBy: ["soft-lock.test.ts", "is refused"],
  },
  {
    name: "breaks files that are too large for a marker",
    file: "drivers/soft.ts",
    edits: [["if (found.size > MOST_BYTES) {", "if (found.size < 0n) {"]],
    noticedBy: ["drivers/soft.test.ts", "leaves what is too large"],
  },
  {
    name: "soft: takes a token without a boot for that of another process",
    file: "drivers/soft-death.ts",
    edits: [["|| ticksOf(now) === startToken", ""]],
    noticedBy: ["drivers/soft-marker.test.ts", "whose token has no boot in it"],
  },
  {
    name: "soft: gives its locks up in process 1, which lives on",
    file: "drivers/at-exit.ts",
    edits: [["process.pid === 1 || isHandled(signal)", "isHandled(signal)"]],
    noticedBy: ["process/at-exit.test.ts", "Process 1 of a container"],
  },
  {
    name: "soft: is deaf after a signal that somebody has survived",
    file: "drivers/at-exit.ts",
    edits: [["undos.clear();", ""]],
    noticedBy: ["process/at-exit.test.ts", "is kept alive by signal-exit"],
  },
];
