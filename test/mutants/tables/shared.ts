// The mutants of what is shared, and of the synchronous entry.
import type { Mutant } from "../mutant.ts";

const SHARED = "ownership/shared.test.ts";

export const shared: readonly Mutant[] = [
  {
    name: "shared: a writer comes in beside those who read",
    file: "room.ts",
    edits: [
      ["this.#inside.size === 0 || (shared && this.#shared)", "this.#inside.size === 0 || this.#shared"],
    ],
    noticedBy: [SHARED, "let an exclusive child in when the shared ones before it have ended"],
  },
  {
    name: "shared: a reader comes in beside the one who writes",
    file: "room.ts",
    edits: [["this.#inside.size === 0 || (shared && this.#shared)", "this.#inside.size === 0 || shared"]],
    noticedBy: [SHARED, "let an exclusive child in when the shared ones before it have ended"],
  },
  {
    name: "shared: those who come to read pass the writer who waits",
    file: "room.ts",
    edits: [["return this.first === undefined && this.fits(guest);", "return this.fits(guest);"]],
    noticedBy: [SHARED, "do not starve a writer who waits by coming to read"],
  },
  {
    name: "shared: the mode of a room follows those who are left in it",
    file: "room.ts",
    edits: [["return this.#shared;", "return [...this.#inside].every(({ shared }) => shared);"]],
    noticedBy: [SHARED, "do not hand on to those who read what one had alone"],
  },
  {
    name: "shared: what is nested in a shared hold settles the room anew",
    file: "room.ts",
    edits: [
      ["for (const each of nested) this.#inside.add(each);", ""],
      [
        "this.#inside.delete(guest);",
        "this.#inside.delete(guest); for (const each of nested) this.enter(each);",
      ],
    ],
    noticedBy: [SHARED, "pass a place on when all that is nested below has ended"],
  },
  {
    name: "shared: makes a shared hold exclusive",
    file: "lock-file-state.ts",
    edits: [
      ["if (shares !== undefined && !owner.shared && (nestIn?.shared ?? this.#top.shared))", "if (false)"],
    ],
    noticedBy: [SHARED, "is refused at once"],
  },
  {
    name: "shared: hands what one had alone to those who share",
    file: "lock-file-state.ts",
    edits: [["if (next?.owner.shared !== this.#top.shared)", "if (next === undefined)"]],
    noticedBy: [SHARED, "write alone: behind those who read"],
  },
  {
    name: "shared: shares a grant on a file that was replaced",
    file: "lock-file-state.ts",
    edits: [["if (!this.#isCurrent() || (order", "if ((order"]],
    noticedBy: [SHARED, "do not share a grant on a file that the path no longer leads to"],
  },
  {
    name: "shared: passes the strangers who stand in line",
    file: "lock-file-state.ts",
    edits: [['|| (order === "fifo" && this.#driver.inLine(this.key) > 0)', "|| order === undefined"]],
    noticedBy: [SHARED, "take their place in line behind the strangers"],
  },
  {
    name: "shared: takes no place in line while its process reads",
    file: "lock-file-state.ts",
    edits: [["return this.#standsInLine(first.owner) ? first : undefined;", "return undefined;"]],
    noticedBy: [SHARED, "take their place in line behind the strangers"],
  },
  {
    name: "shared: tries for ever for a file that was replaced",
    file: "lock-file-state.ts",
    edits: [["this.#top.fits(owner) && this.#isCurrent()", "this.#top.fits(owner)"]],
    noticedBy: [SHARED, "do not try again and again"],
  },
  {
    name: "shared: keeps the second grant that a place in line has won",
    file: "lock-file-state.ts",
    edits: [["this.#contender.giveBack(grant); return", "return"]],
    noticedBy: [SHARED, "take their place in line behind the strangers"],
  },
  {
    name: "shared: lets those who share in one after the other",
    file: "lock-file-state.ts",
    edits: [["this.#letIn(undefined); if", "if"]],
    noticedBy: [SHARED, "who read and wait behind a writer are let in together"],
  },
  {
    name: "shared: leaves a shared child waiting behind one that gave up",
    file: "lock-file-state.ts",
    edits: [["waiter.resolve(false); this.#letIn(waiter.owner.parent);", "waiter.resolve(false);"]],
    noticedBy: [SHARED, "when the exclusive one that waits before it gives up"],
  },
  {
    name: "shared: forgets who of those who read wants the file removed",
    file: "hold-tree.ts",
    edits: [["owner.remove || (this.holds.size > 0 && this.#remove)", "owner.remove"]],
    noticedBy: [SHARED, "remove the lock file with the last of them"],
  },
  {
    name: "shared: removes the file from under those who read",
    file: "drivers/flock-grant.ts",
    edits: [['if (!this.#flock(this.fd, "lock")) return;', ""]],
    noticedBy: ["drivers/flock.test.ts", "files are not removed from under those who share them"],
  },
  {
    name: "shared: asks flock(2) for an exclusive lock",
    file: "drivers/flock-attempt.ts",
    edits: [['this.#shared ? "share" : "lock"', '"lock"']],
    noticedBy: ["drivers/flock.test.ts", "grants live side by side"],
  },
  {
    name: "shared: goes on with an attempt that asks for another mode",
    file: "contender.ts",
    edits: [["&& one.shared === other.shared", ""]],
    noticedBy: [SHARED, "waits to read after a writer has given up"],
  },
  {
    name: "shared: takes a file that is read for free when somebody in line stalls",
    file: "drivers/flock.ts",
    edits: [['isHeld(key, flock, "lock")', 'isHeld(key, flock, "share")']],
    noticedBy: ["drivers/flock-shared.test.ts", "is no free one to whoever stands in line"],
  },
  {
    name: "shared: an object waits behind those who wait for it",
    file: "lock-file-state.ts",
    edits: [["for (const party of parties) this.#letCountUp(party);", ""]],
    noticedBy: [SHARED, "come in with the first of them, also beside those who read already"],
  },
  {
    name: "shared: who asks once does not look whose turn it is",
    file: "lock-file-state.ts",
    edits: [["(this.#standsInLine(owner) && this.#winsPlace(owner))", "false"]],
    noticedBy: [SHARED, "are not kept out by the ticket of a process that has died"],
  },
  {
    name: "shared: forgets what it could not give back",
    file: "lock-file-state.ts",
    edits: [["this.#contender.releaseUnwanted(); grant?.release(", "grant?.release("]],
    noticedBy: [SHARED, "let go of all that they have won, also where a release has failed"],
  },
  {
    name: "shared: does not look for those who share it in other processes",
    file: "lock-file-state.ts",
    edits: [
      [
        "if (this.#since === undefined || !this.#top.shared) return [...this.known];",
        "return [...this.known];",
      ],
    ],
    noticedBy: ["lock-properties.test.ts", "names all who share it, this process once"],
  },
  {
    name: "shared: takes a wait in line for one for its own process",
    file: "lock-file-state.ts",
    edits: [
      [
        "owner.parent === undefined && this.#polledFor !== undefined ?",
        "owner.parent === undefined && false ?",
      ],
    ],
    noticedBy: ["ownership/long-wait.test.ts", "for a stranger who stands in line"],
  },
  {
    name: "sync: names the first hold of the process, whichever is in the way",
    file: "lock-file-state.ts",
    edits: [
      ["const inTheWay = this.#tree.room(owner.parent).occupant", "const inTheWay = this.#top.occupant"],
    ],
    noticedBy: ["sync.test.ts", "that one is what it names"],
  },
  {
    name: "sync: waits for its own process",
    file: "lock-file-state.ts",
    edits: [
      [
        'if (inTheWay !== undefined) throw new Deadlock(owner.lockFile, "synchronous", inTheWay.acquired);',
        "",
      ],
    ],
    noticedBy: ["sync.test.ts", "a wait for a hold of this process"],
  },
  {
    name: "sync: keeps no place in line between two attempts",
    file: "lock-file-state.ts",
    edits: [['waits: owner.order === "fifo" && !isLast', "waits: false"]],
    noticedBy: ["sync.test.ts", "order fifo"],
  },
  {
    name: "sync: sleeps past its deadline",
    file: "lock-file-state.ts",
    edits: [["sleep(Math.min(pause, due - performance.now()));", "sleep(pause);"]],
    noticedBy: ["sync.test.ts", "is not late"],
  },
  {
    name: "sync: does not admit what nests",
    file: "lock.ts",
    edits: [["return new SyncHold(admitting(owner));", "return new SyncHold(owner);"]],
    noticedBy: ["sync.test.ts", "both ways"],
  },
];
