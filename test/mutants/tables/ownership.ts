// The mutants of who owns a hold, and what nests in what.
import type { Mutant } from "../mutant.ts";

export const ownership: readonly Mutant[] = [
  {
    name: "lets a granted hold admit before its acquire() has settled",
    file: "owner.ts",
    edits: [['return this.phase === "admitting";', "return this.live;"]],
    noticedBy: ["ownership/tree.test.ts", "two tasks that are started in one turn are two owners"],
  },
  {
    name: "admits synchronously inside acquire()",
    file: "hold-tree.ts",
    edits: [['owner.phase = "granted";', 'owner.phase = "admitting";']],
    noticedBy: ["ownership/tree.test.ts", "not inside acquire() and not before it settles"],
  },
  {
    name: "admits inside the release() that hands on",
    file: "lock-file-state.ts",
    edits: [
      [
        "this.#seat(waiter.owner, grant);",
        'this.#seat(waiter.owner, grant); waiter.owner.phase = "admitting";',
      ],
    ],
    noticedBy: ["ownership/tree.test.ts", "not inside the release() that handed it on"],
  },
  {
    name: "passes a place on although something nested below lives",
    file: "room.ts",
    edits: [["for (const each of nested) this.#inside.add(each);", ""]],
    noticedBy: ["ownership/children.test.ts", "pass a place on only when"],
  },
  {
    name: "lets the children of one hold in side by side",
    file: "lock-file-state.ts",
    edits: [["if (nestIn.inside?.isOpenTo(owner) === false) return false;", ""]],
    noticedBy: ["ownership/children.test.ts", "exclude each other"],
  },
  {
    name: "leaves the mark on the resource",
    file: "context.ts",
    edits: [["last.resource[key] = last.before;", ";"]],
    noticedBy: ["ownership/turns.test.ts", "the next event waits"],
    harmlessFrom: 24,
  },
  {
    name: "enters without the OS lock when moved out of a hold",
    file: "hold-tree.ts",
    edits: [
      [
        "this.room(parent).join(waiter);",
        "if (parent === undefined) { this.admit(waiter.owner); waiter.resolve(true); } else this.room(parent).join(waiter);",
      ],
    ],
    noticedBy: ["ownership/children.test.ts", "never enters without the OS lock"],
  },
  {
    name: "loses the place that a moved waiter has earned",
    file: "turnstile.ts",
    edits: [["while (ahead !== undefined && ahead.since > place.since) ahead = ahead.ahead;", ""]],
    noticedBy: ["ownership/children.test.ts", "keeps the place that its arrival earned"],
  },
  {
    name: "frees the OS lock with the root of the tree",
    file: "lock-file-state.ts",
    edits: [
      ["if (this.#tree.holds.size > 1)", "if (this.#tree.holds.size > 1 && owner.parent !== undefined)"],
    ],
    noticedBy: ["ownership/tree.test.ts", "holds 0, 1, 2 of three nested ones"],
  },
  {
    name: "lets any object nest in the bare hold of a task",
    file: "owner.ts",
    edits: [["this.party === other.party", "true"]],
    noticedBy: ["ownership/bare.test.ts", "makes other tasks wait"],
  },
  {
    name: "nests in a hold that has ended",
    file: "owner.ts",
    edits: [
      ["return this.admitting && (", "return (this.admitting || this.phase === 'ended') && ("],
      ['return this.phase === "admitting";', 'return this.phase === "admitting" || this.phase === "ended";'],
    ],
    noticedBy: ["lock-file-state.test.ts", "handed on"],
  },
  {
    name: "detaches nothing",
    file: "context.ts",
    edits: [["return storage.run(nobody(), fn);", "return fn();"]],
    noticedBy: ["ownership/run.test.ts", "waits when it is detached"],
  },
  {
    name: "ends the holds of run() by force",
    file: "bare-release.ts",
    edits: [["bare && admitting", "admitting"]],
    noticedBy: ["ownership/bare.test.ts", "with force all of them, but never one of run()"],
  },
  {
    name: "ends the hold of another task",
    file: "bare-release.ts",
    edits: [
      ['ownedBy === "task" ? ownChain(party) : [...party.held].reverse()', "[...party.held].reverse()"],
    ],
    noticedBy: ["ownership/bare.test.ts", "never touches the hold of another task"],
  },
  {
    name: "is not in use when the first task begins to wait",
    file: "context.ts",
    edits: [
      ["made.run(nobody(), () => undefined);", ""],
      [
        "const works = store.run(probe, () => (executionAsyncResource() as Resource)[key] === probe);",
        "const works = probe !== undefined;",
      ],
    ],
    noticedBy: ["ownership/turns.test.ts", "all of it in a process of its own"],
    harmlessFrom: 24,
  },
  {
    name: "nests in a hold of another lock file",
    file: "lock.ts",
    edits: [["holder.domain === domain && holder.admits(owner)", "holder.admits(owner)"]],
    noticedBy: ["lock-file-state.test.ts", "of another lock file"],
  },
  {
    name: "lets everybody in with the object that owns alone",
    file: "lock-file-state.ts",
    edits: [["if (held !== undefined && !disturbs)", "if (!disturbs)"]],
    noticedBy: ["ownership/object-owner.test.ts", "and those of other objects do not"],
  },
  {
    name: "ends the hold around it when released twice",
    file: "hold.ts",
    edits: [
      ['if (!isLive(owner)) return; tell("release", owner);', 'tell("release", owner);'],
      ["if (!isLive(owner)) return; owner.domain", "owner.domain"],
    ],
    noticedBy: ["lock-file-state.test.ts", "released twice"],
  },
  {
    name: "loses the error of the work where the release fails too",
    file: "lock.ts",
    edits: [["throw new SuppressedError(releaseError, error);", "throw releaseError;"]],
    noticedBy: ["lock.test.ts", "rejects with both errors"],
  },
  {
    name: "takes a deadlock for certain before the other listeners ran",
    file: "drain.ts",
    edits: [["looked === activity();", "true;"]],
    noticedBy: ["ownership/deadlock.test.ts", "released by a timer"],
  },
  {
    name: "does not know that others wait through the object that has come to hold",
    file: "lock-file-state.ts",
    edits: [["if (party.waiting === 0) return;", "if (party.waiting >= 0) return;"]],
    noticedBy: ["ownership/shared.test.ts", "come in with the first of them"],
  },
  {
    name: "lets what run() gives begin outside",
    file: "lock.ts",
    edits: [["under(owner, begun, fn, hold)", "under(owner, fn, hold)"]],
    noticedBy: ["lock.test.ts", "nests"],
  },
];
