// The mutants of waiting and giving up inside one process.
import type { Mutant } from "../mutant.ts";

export const queue: readonly Mutant[] = [
  {
    name: "serves the last who came first",
    file: "turnstile.ts",
    edits: [["let ahead = this.#last;", "let ahead: P | undefined = undefined as P | undefined;"]],
    noticedBy: ["ownership/tree.test.ts", "get it in the order in which they arrived"],
  },
  {
    name: "lets a newcomer past those who wait outside",
    file: "lock-file-state.ts",
    edits: [["if (this.#top.first !== undefined) return false;", ""]],
    noticedBy: ["lock.test.ts", "goes past nobody who waits"],
  },
  {
    name: "hands on without a look at the inode",
    file: "lock-file-state.ts",
    edits: [["&& !this.#turn.isOver && this.#isCurrent()", "&& !this.#turn.isOver"]],
    noticedBy: ["lock.test.ts", "the next one locks the new file"],
  },
  {
    name: "keeps an aborted waiter in the queue",
    file: "lock-file-state.ts",
    edits: [["this.#depart(waiter); waiter.reject(reason);", "waiter.clear(); waiter.reject(reason);"]],
    noticedBy: ["cancellation/abort-queue.test.ts"],
  },
  {
    name: "gives up at the deadline without a last attempt",
    file: "lock-file-state.ts",
    edits: [["this.#contender.triedAt < waiter.due", "false"]],
    noticedBy: ["cancellation/timeout.test.ts", "makes a last attempt"],
  },
  {
    name: "makes a last attempt for those who are not the first",
    file: "lock-file-state.ts",
    edits: [["this.#top.first === waiter && this.#contender", "this.#contender"]],
    noticedBy: ["cancellation/timeout.test.ts"],
  },
  {
    name: "believes a timer that fires early",
    file: "deadline.ts",
    edits: [
      [
        "Math.max(1, Math.ceil(this.#near ? left : left - NEAR_MS))",
        "Math.floor(this.#near ? left : left - NEAR_MS)",
      ],
      [
        "if (performance.now() < this.#options.due) this.#wind(); else this.#options.onDue();",
        "if (this.#near) this.#options.onDue(); else this.#wind();",
      ],
    ],
    noticedBy: ["cancellation/deadline.test.ts", "is never early"],
  },
  {
    name: "sets a timer further ahead than timers go",
    file: "deadline.ts",
    edits: [["Math.min(pause, LONGEST_TIMER_MS)", "pause"]],
    noticedBy: ["cancellation/deadline.test.ts", "does not fire"],
  },
  {
    name: "leaves its listener on the signal",
    file: "deadline.ts",
    edits: [["if (this.#options.signal !== undefined) unlisten(this.#options.signal, this.#aborted);", ""]],
    noticedBy: ["cancellation/signal.test.ts", "put one listener on their signal"],
  },
  {
    name: "goes on polling after the last waiter has left",
    file: "contender.ts",
    edits: [["if (!this.#attempting) polling?.abort(ended);", ""]],
    noticedBy: ["cancellation/abort.test.ts", "and never lets go"],
  },
  {
    name: "leaves the descriptor of a refused attempt open",
    file: "contender.ts",
    edits: [["this.#attempt?.close();", ""]],
    noticedBy: ["cancellation/abort.test.ts", "and never lets go"],
  },
  {
    name: "asks for the lock though the signal was aborted before",
    file: "lock.ts",
    edits: [["terms.signal?.throwIfAborted();", ""]],
    noticedBy: ["cancellation/signal.test.ts", "a signal that was aborted before"],
  },
  {
    name: "takes seconds for milliseconds",
    file: "wait.ts",
    edits: [["this.since + timeout * 1000", "this.since + timeout"]],
    noticedBy: ["cancellation/deadline.test.ts", "is never early"],
  },
  {
    name: "gives up after some attempts",
    file: "poll.ts",
    edits: [["retries: Infinity", "retries: 10"]],
    noticedBy: ["poll.test.ts"],
  },
  {
    name: "pauses for longer than it was told to",
    file: "poll.ts",
    edits: [
      ["Math.min(FIRST_PAUSE_MS * 2 ** this.#made++, this.#longest)", "FIRST_PAUSE_MS * 2 ** this.#made++"],
    ],
    noticedBy: ["poll.test.ts"],
  },
  {
    name: "pauses without jitter",
    file: "poll.ts",
    edits: [["backoff * (1 - JITTER + JITTER * Math.random())", "backoff"]],
    noticedBy: ["poll.test.ts"],
  },
  {
    name: "forgets what was won for nobody and could not be released",
    file: "contender.ts",
    edits: [
      [
        "last.release({ remove: false }); this.#unwanted.pop();",
        "this.#unwanted.pop(); last.release({ remove: false });",
      ],
    ],
    noticedBy: ["contender.test.ts", "won for nobody"],
  },
  {
    name: "forgets the lock file of which something is still to be released",
    file: "lock-file-state.ts",
    edits: [["this.#tree.holds.size === 0 && !this.#contender.hasUnwanted", "this.#tree.holds.size === 0"]],
    noticedBy: ["contender.test.ts", "won for nobody"],
  },
  {
    name: "waits for ever for a poller whose timer is gone",
    file: "lock-file-state.ts",
    edits: [["&& !this.#isStuck()", ""]],
    noticedBy: ["lock.test.ts", "keeps nobody from a lock that is free"],
  },
  {
    name: "keeps a wait in the queue that could not begin",
    file: "lock-file-state.ts",
    edits: [["this.#refuse(wait, error); // a signal", "throw error; // a signal"]],
    noticedBy: ["lock.test.ts", "that cannot begin is over"],
  },
];
