// The mutants of the line in which processes stand for a lock file.
import type { Mutant } from "../mutant.ts";

export const line: readonly Mutant[] = [
  {
    name: "line: keeps the place of one who has won and released",
    file: "drivers/queued-grant.ts",
    edits: [["this.#inner.release(options); this.#leave();", "this.#inner.release(options);"]],
    noticedBy: ["drivers/queued-grant.test.ts", "with the release"],
  },
  {
    name: "line: flocks a probe exclusively",
    file: "native/flock.ts",
    edits: [["share: 1 | 4", "share: 2 | 4"]],
    noticedBy: ["native/flock.test.ts", "asks for a shared lock"],
  },
  {
    name: "line: lets several through the gate at once",
    file: "drivers/gate.ts",
    edits: [['if (!call(fd, "lock")) return undefined;', 'call(fd, "lock");']],
    noticedBy: ["drivers/gate.test.ts", "is entered by one at a time"],
  },
  {
    name: "line: believes a gate without a look at the inode",
    file: "drivers/gate.ts",
    edits: [
      ['if (named === undefined) return "replaced"; if (!isOfLine(named)) throw notAGate(lockFile);', ""],
    ],
    noticedBy: ["drivers/gate.test.ts", "is opened again"],
  },
  {
    name: "line: removes the directory though somebody has arrived since",
    file: "drivers/gate.ts",
    edits: [
      [
        "if (numbersIn(directory).some((number) => isLiveOrRemovedIn(directory, number, flock))) return true;",
        "",
      ],
    ],
    noticedBy: ["drivers/gate.test.ts", "when somebody has arrived since"],
  },
  {
    name: "line: does not flock its ticket",
    file: "drivers/ticket.ts",
    edits: [['if (!call(fd, "lock")) throw', "if (fd < 0) throw"]],
    noticedBy: ["drivers/place-in-line.test.ts", "is that of arrival"],
  },
  {
    name: "line: takes a ticket that is flocked for a dead one",
    file: "drivers/is-held.ts",
    edits: [["if (!call(fd, ask)) return true;", "call(fd, ask);"]],
    noticedBy: ["drivers/place-in-line.test.ts", "is that of arrival"],
  },
  {
    name: "line: leaves the tickets of the dead where they are",
    file: "drivers/ticket.ts",
    edits: [["if (isOfLine(file) && isNamed(path, file)) removeQuietly(path);", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "is removed by whoever stands behind it"],
  },
  {
    name: "line: takes somebody's file for a dead ticket",
    file: "drivers/ticket.ts",
    edits: [["isOfLine(file) && isNamed", "isNamed"]],
    noticedBy: ["drivers/place-in-line.test.ts", "bytes in it is no ticket"],
  },
  {
    name: "line: clears away what lies behind a symbolic link",
    file: "drivers/queue-directory.ts",
    edits: [["if (!found.isDirectory()) throw notADirectory(directory);", ""]],
    noticedBy: ["security/queue.test.ts", "is not looked into"],
  },
  {
    name: "line: takes who waits for a stalled one for stalled",
    file: "drivers/place-in-line.ts",
    edits: [["if (lower.length !== this.#lower) this.#next?.patience.restart();", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "where the line has moved"],
  },
  {
    name: "line: unlinks somebody else's ticket",
    file: "drivers/ticket.ts",
    edits: [["if (isNamed(path, this.#file)) removeQuietly", "removeQuietly"]],
    noticedBy: ["drivers/place-in-line.test.ts", "took the place of the own ticket"],
  },
  {
    name: "line: leaves its ticket where it is",
    file: "drivers/ticket.ts",
    edits: [["this.#remove();", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "leaves neither the ticket"],
  },
  {
    name: "line: leaves its ticket open",
    file: "drivers/ticket.ts",
    edits: [["closeQuietly(this.#file.fd);", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "leaves neither the ticket"],
  },
  {
    name: "line: does not notice that its ticket has gone",
    file: "drivers/place-in-line.ts",
    edits: [["if (this.#ticket?.isThere() === false) this.#giveUp();", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "a removed ticket is noticed"],
  },
  {
    name: "line: looks at the ticket directly ahead alone",
    file: "drivers/place-in-line.ts",
    edits: [["(number) => number < mine", "(number) => number === mine - 1"]],
    noticedBy: ["drivers/place-in-line.test.ts", "the one before that is still ahead"],
  },
  {
    name: "line: passes a stalled one though the lock is held",
    file: "drivers/place-in-line.ts",
    edits: [["if (this.#options.isFree())", "if (patience.isDue)"]],
    noticedBy: ["drivers/place-in-line.test.ts", "is not passed while somebody has the lock"],
  },
  {
    name: "line: never passes a stalled one",
    file: "drivers/place-in-line.ts",
    edits: [["if (this.#isStalled(furtherAhead))", "if (furtherAhead < 0)"]],
    noticedBy: ["drivers/place-in-line.test.ts", "is passed after a second"],
  },
  {
    name: "line: lets all pass a stalled one at once",
    file: "drivers/place-in-line.ts",
    edits: [["STALL_PATIENCE_MS + STALL_STEP_MS * furtherAhead", "STALL_PATIENCE_MS"]],
    noticedBy: ["drivers/place-in-line.test.ts", "before those further behind"],
  },
  {
    name: "line: takes the time in which it did not run for a stall",
    file: "drivers/patience.ts",
    edits: [["Math.min(now - this.#last, this.#mostPerLook)", "now - this.#last"]],
    noticedBy: ["drivers/place-in-line.test.ts", "whose own event loop was blocked"],
  },
  {
    name: "line: waits at a busy gate for ever",
    file: "drivers/place-in-line.ts",
    edits: [["this.#gatePatience.look() < GATE_PATIENCE_MS", "this.#gatePatience.look() < Infinity"]],
    noticedBy: ["drivers/gate.test.ts", "is given up after 100 ms"],
  },
  {
    name: "line: warns of each place",
    file: "drivers/place-in-line.ts",
    edits: [["if (warned.has(this.#lockFile)) return;", ""]],
    noticedBy: ["drivers/gate.test.ts", "is given up after 100 ms"],
  },
  {
    name: "line: does not tell of the one directly ahead",
    file: "drivers/place-in-line.ts",
    edits: [["this.#onHint?.();", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "comes when the one directly ahead leaves"],
  },
  {
    name: "line: leaves the directory behind",
    file: "drivers/place-in-line.ts",
    edits: [["removeUnused(this.#lockFile, this.#options.flock);", ""]],
    noticedBy: ["drivers/place-in-line.test.ts", "may be called twice"],
  },
  {
    name: "line: gives a number that somebody has",
    file: "drivers/gate.ts",
    edits: [["Math.max(-1, ...numbersIn(this.directory)) + 1", "0"]],
    noticedBy: ["drivers/gate.test.ts", "is behind all that are there"],
  },
  {
    name: "line: unlocks its ticket before it unlinks it",
    file: "drivers/ticket.ts",
    edits: [
      ["this.#remove();", ""],
      ["touch(this.#file.fd);", "touch(this.#file.fd); this.#remove();"],
    ],
    noticedBy: ["drivers/place-in-line.test.ts", "removes the ticket while it is flocked"],
  },
];
