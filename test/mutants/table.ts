// The mutants: faults that somebody could make, and the tests that have to notice.

/** A text and what takes its place. The text occurs once in the file; line breaks and indentation do not matter. */
export type Edit = readonly [search: string, replacement: string];

export interface Mutant {
  /** What it does wrong. */
  readonly name: string;
  /** Below src/. */
  readonly file: string;
  readonly edits: readonly Edit[];
  /** A file below test/, and a part of the names of the tests in it; without that, all of them. */
  readonly noticedBy: readonly [file: string, named?: string];
  /** The first major version of Node on which it does nothing wrong. */
  readonly harmlessFrom?: number;
}

const DRIVER: readonly Mutant[] = [
  {
    name: "believes a win without a look at the inode",
    file: "drivers/flock-attempt.ts",
    edits: [["if (isNamed(this.#key, file))", "if (true)"]],
    noticedBy: ["drivers/flock.test.ts", "is not won by B while C holds the new one"],
  },
  {
    name: "compares inodes without their devices",
    file: "drivers/flock-grant.ts",
    edits: [["named?.ino === file.ino && named.dev === file.dev", "named?.ino === file.ino"]],
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
    edits: [["if (this.isCurrent()) unlinkSync", "unlinkSync"]],
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
        'this.#flock(file.fd, "lock"))) return null;',
        'this.#flock(file.fd, "lock"))) { this.close(); return null; }',
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
    file: "drivers/open-lock-file.ts",
    edits: [["O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;", "O_NONBLOCK | O_NOCTTY;"]],
    noticedBy: ["drivers/open-lock-file.test.ts", "a symbolic link, and what it leads to"],
  },
  {
    name: "hangs on a FIFO",
    file: "drivers/open-lock-file.ts",
    edits: [["O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;", "O_NOFOLLOW | O_NOCTTY;"]],
    noticedBy: ["drivers/faults.test.ts", "never followed, waited for or truncated"],
  },
  {
    name: "truncates the lock file",
    file: "drivers/open-lock-file.ts",
    edits: [["O_RDWR | O_CREAT | ALWAYS", "O_RDWR | O_CREAT | constants.O_TRUNC | ALWAYS"]],
    noticedBy: ["drivers/lock-file.test.ts", "stays byte for byte"],
  },
  {
    name: "locks whatever is no regular file",
    file: "drivers/open-lock-file.ts",
    edits: [["if (file.isFile()) return", "return"]],
    noticedBy: ["drivers/open-lock-file.test.ts", "/dev/null"],
  },
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
    edits: [["grant.release({ remove: false }); throw error;", "throw error;"]],
    noticedBy: ["cancellation/signal.test.ts", "a mode that cannot be set gives the win back"],
  },
];

const OWNERSHIP: readonly Mutant[] = [
  {
    name: "lets a granted hold admit before its acquire() has settled",
    file: "owner.ts",
    edits: [['return this.phase === "admitting";', "return this.live;"]],
    noticedBy: ["ownership/tree.test.ts", "two tasks that are started in one turn are two owners"],
  },
  {
    name: "admits synchronously inside acquire()",
    file: "lock-file-state.ts",
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
    file: "lock-file-state.ts",
    edits: [["parent.nested = nested; if (nested !== undefined) return;", "parent.nested = nested;"]],
    noticedBy: ["ownership/children.test.ts", "pass a place on only when"],
  },
  {
    name: "lets the children of one hold in side by side",
    file: "lock-file-state.ts",
    edits: [["if (parent.nested !== undefined) return false;", ""]],
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
    file: "lock-file-state.ts",
    edits: [
      [
        "turnstile.join(waiter);",
        "if (parent === undefined) this.#pass(waiter); else turnstile.join(waiter);",
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
      [
        "if (this.#holds.size > 1) this.#end(owner);",
        "if (this.#holds.size > 1 && owner !== this.#root) this.#end(owner);",
      ],
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
    edits: [["if (this.#joins(waiter.owner)) this.#pass(waiter);", "this.#pass(waiter);"]],
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
];

const QUEUE: readonly Mutant[] = [
  {
    name: "serves the last who came first",
    file: "turnstile.ts",
    edits: [["let ahead = this.#last;", "let ahead: P | undefined = undefined as P | undefined;"]],
    noticedBy: ["ownership/tree.test.ts", "get it in the order in which they arrived"],
  },
  {
    name: "lets a newcomer past those who wait outside",
    file: "lock-file-state.ts",
    edits: [["if (this.#outside.first !== undefined) return false;", ""]],
    noticedBy: ["lock.test.ts", "goes past nobody who waits"],
  },
  {
    name: "hands on without a look at the inode",
    file: "lock-file-state.ts",
    edits: [["&& !this.#turn.isOver && this.isCurrent()", "&& !this.#turn.isOver"]],
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
    edits: [["this.#outside.first === waiter && this.#contender", "this.#contender"]],
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
];

const LINE: readonly Mutant[] = [
  {
    name: "line: keeps the place of one who has won and released",
    file: "drivers/queued-grant.ts",
    edits: [["this.#inner.release(options); this.#leave();", "this.#inner.release(options);"]],
    noticedBy: ["drivers/queued-grant.test.ts", "with the release"],
  },
  {
    name: "line: flocks a probe exclusively",
    file: "native/flock.ts",
    edits: [["probe: 1 | 4", "probe: 2 | 4"]],
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
    edits: [['if (!isNamed(path, { fd, dev: file.dev, ino: file.ino })) return "replaced";', ""]],
    noticedBy: ["drivers/gate.test.ts", "is opened again"],
  },
  {
    name: "line: removes the directory though somebody has arrived since",
    file: "drivers/gate.ts",
    edits: [
      ["if (ticketsIn(lockFile).some((number) => isLiveOrRemoved(lockFile, number, flock))) return;", ""],
    ],
    noticedBy: ["drivers/gate.test.ts", "when somebody has arrived since"],
  },
  {
    name: "line: makes the line behind a symbolic link",
    file: "drivers/queue-directory.ts",
    edits: [["if (found?.isDirectory() === true) return;", "if (found !== undefined) return;"]],
    noticedBy: ["drivers/gate.test.ts", "a directory behind a symbolic link"],
  },
  {
    name: "line: does not flock its ticket",
    file: "drivers/ticket.ts",
    edits: [['if (!call(fd, "lock")) throw', "if (fd < 0) throw"]],
    noticedBy: ["drivers/place-in-line.test.ts", "is that of arrival"],
  },
  {
    name: "line: takes a ticket that is flocked for a dead one",
    file: "drivers/ticket.ts",
    edits: [['if (!call(fd, "probe")) return true;', 'call(fd, "probe");']],
    noticedBy: ["drivers/place-in-line.test.ts", "is that of arrival"],
  },
  {
    name: "line: leaves the tickets of the dead where they are",
    file: "drivers/ticket.ts",
    edits: [["if (isOfLine(file) && isNamed(path, { fd, dev: file.dev, ino: file.ino })) bury(path);", ""]],
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
    file: "drivers/gate.ts",
    edits: [["if (!isQueue(lockFile)) return;", ""]],
    noticedBy: ["drivers/gate.test.ts", "through a symbolic link either"],
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
    edits: [["if (this.isThere()) unlinkQuietly", "unlinkQuietly"]],
    noticedBy: ["drivers/place-in-line.test.ts", "took the place of the own ticket"],
  },
  {
    name: "line: leaves its ticket where it is",
    file: "drivers/ticket.ts",
    edits: [["if (this.isThere()) unlinkQuietly(this.#path);", ""]],
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
    edits: [["Math.max(-1, ...ticketsIn(this.#lockFile)) + 1", "0"]],
    noticedBy: ["drivers/gate.test.ts", "is behind all that are there"],
  },
  {
    name: "line: unlocks its ticket before it unlinks it",
    file: "drivers/ticket.ts",
    edits: [
      ["if (this.isThere()) unlinkQuietly(this.#path);", ""],
      ["touch(this.#file.fd);", "touch(this.#file.fd); if (this.isThere()) unlinkQuietly(this.#path);"],
    ],
    noticedBy: ["drivers/place-in-line.test.ts", "removes the ticket while it is flocked"],
  },
];

const HINTS: readonly Mutant[] = [
  {
    name: "releases without a touch",
    file: "drivers/flock-grant.ts",
    edits: [["touch(this.fd); closeQuietly(this.fd);", "closeQuietly(this.fd);"]],
    noticedBy: ["drivers/flock.test.ts", "sends its hint when the lock is free"],
  },
  {
    name: "touches before the unlock",
    file: "drivers/flock-grant.ts",
    edits: [
      ["touch(this.fd); closeQuietly(this.fd);", "closeQuietly(this.fd);"],
      ["if (remove) this.#remove();", "if (remove) this.#remove(); touch(this.fd);"],
    ],
    noticedBy: ["drivers/flock.test.ts", "sends its hint when the lock is free"],
  },
  {
    name: "fails to release what it may not touch",
    file: "drivers/flock-grant.ts",
    edits: [["} catch { // EPERM, EROFS: nobody hears of this release }", "} finally { void 0; }"]],
    noticedBy: ["drivers/permissions.test.ts"],
  },
  {
    name: "does not watch",
    file: "drivers/flock-attempt.ts",
    edits: [
      ["if (this.#onHint === undefined || this.#unwatch !== undefined) return false;", "return false;"],
    ],
    noticedBy: ["drivers/flock-watch.test.ts", "has one watch at most"],
  },
  {
    name: "watches once more at each refusal",
    file: "drivers/flock-attempt.ts",
    edits: [["this.#onHint === undefined || this.#unwatch !== undefined", "this.#onHint === undefined"]],
    noticedBy: ["drivers/flock-watch.test.ts", "is refused again and again"],
  },
  {
    name: "does not try again when it has begun to watch",
    file: "drivers/flock-attempt.ts",
    edits: [['(this.#listen() && this.#flock(file.fd, "lock"))', "(this.#listen() && false)"]],
    noticedBy: ["drivers/flock-watch.test.ts", "is freed between the refusal and the watch"],
  },
  {
    name: "watches on after the end of the attempt",
    file: "drivers/flock-attempt.ts",
    edits: [["close(): void { this.#deafen();", "close(): void {"]],
    noticedBy: ["drivers/flock.test.ts", "gives no hint after close()"],
  },
  {
    name: "watches on after the win",
    file: "drivers/flock-attempt.ts",
    edits: [["if (this.#unwatch !== undefined) setImmediate(this.#unwatch);", ""]],
    noticedBy: ["drivers/flock.test.ts", "gives no hint after the win"],
  },
  {
    name: "gives the watch up where the file is moved",
    file: "drivers/watch-file.ts",
    edits: [
      [
        'watcher.on("change", () => { onHint(false);',
        'watcher.on("change", (event) => { onHint(event === "rename");',
      ],
    ],
    noticedBy: ["drivers/watch-file.test.ts", "Heard is"],
  },
  {
    name: "watches in a way that keeps the process alive",
    file: "drivers/watch-file.ts",
    edits: [["persistent: false", "persistent: true"]],
    noticedBy: ["drivers/flock-watch.test.ts", "keeps no process alive"],
  },
  {
    name: "takes the lack of watches for an error",
    file: "drivers/watch-file.ts",
    edits: [["} catch { return undefined; }", "} finally { void 0; }"]],
    noticedBy: ["drivers/watch-file.test.ts", "where the system says"],
  },
  {
    name: "asks for no hints",
    file: "contender.ts",
    edits: [
      ["if (waits && this.polling && this.#attempt !== this.#watched) this.#watch(this.#attempt);", ""],
    ],
    noticedBy: ["hints.test.ts", "comes to one watch a process"],
  },
  {
    name: "asks for no hints after the first attempt",
    file: "contender.ts",
    edits: [["this.#attempt !== this.#watched", "this.#watched === undefined"]],
    noticedBy: ["hints.test.ts", "whatever mode it asks for"],
  },
  {
    name: "asks for no hints where the last attempt at a deadline has opened the file",
    file: "contender.ts",
    edits: [
      [
        "this.#attempt ??= this.#driver.open(this.#key, asker); // Also",
        "const opens = this.#attempt === undefined; this.#attempt ??= this.#driver.open(this.#key, asker); // Also",
      ],
      ["this.#attempt !== this.#watched", "opens"],
    ],
    noticedBy: ["hints.test.ts", "opened the file anew at its deadline"],
  },
  {
    name: "does not try when the bell rings",
    file: "poll.ts",
    edits: [["if (attempt()) { end(); return; }", ""]],
    noticedBy: ["poll.test.ts", "has an attempt made at once"],
  },
  {
    name: "goes on with long pauses after a hint",
    file: "poll.ts",
    edits: [["pauses.restart();", ""]],
    noticedBy: ["poll.test.ts", "has an attempt made at once"],
  },
  {
    name: "pauses on after an attempt that failed at a hint",
    file: "poll.ts",
    edits: [["stop(); reject(error);", "reject(error);"]],
    noticedBy: ["poll.test.ts", "what an attempt throws at a ring"],
  },
  {
    name: "line: removes a gate that is somebody's file",
    file: "drivers/gate.ts",
    edits: [["if (!isOfLine(file))", "if (!file.isFile())"]],
    noticedBy: ["drivers/gate.test.ts", "somebody's bytes"],
  },
  {
    name: "line: takes what cannot be listed for empty",
    file: "drivers/queue-directory.ts",
    edits: [['if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];', "return [];"]],
    noticedBy: ["drivers/gate.test.ts", "cannot be listed"],
  },
  {
    name: "line: loses patience with a gate that others get through",
    file: "drivers/place-in-line.ts",
    edits: [["if (newest !== this.#newestSeen) this.#gatePatience.restart();", ""]],
    noticedBy: ["drivers/gate.test.ts", "others get through"],
  },
];

const TURNS: readonly Mutant[] = [
  {
    name: "never ends its turn",
    file: "turn.ts",
    edits: [["return performance.now() - this.#began >= this.#length;", "return false;"]],
    noticedBy: ["shared-turns.test.ts", "frees the lock though others wait"],
  },
  {
    name: "hands nothing on",
    file: "turn.ts",
    edits: [["return performance.now() - this.#began >= this.#length;", "return true;"]],
    noticedBy: ["shared-turns.test.ts", "hands the lock on inside itself"],
  },
  {
    name: "takes no rest",
    file: "turn.ts",
    edits: [["Math.max(0, this.#restsUntil - now)", "0"]],
    noticedBy: ["shared-turns.test.ts", "leaves it free"],
  },
  {
    name: "rests until a clock that was set back has caught up",
    file: "turn.ts",
    edits: [["now < this.#left ? 0 : ", ""]],
    noticedBy: ["turn.test.ts", "rest that is over where the clock is set back"],
  },
  {
    name: "rests though there is one attempt only",
    file: "lock-file-state.ts",
    edits: [["if (!once && this.#rest(owner) > 0)", "if (this.#rest(owner) > 0)"]],
    noticedBy: ["shared-turns.test.ts", "keeps no tryAcquire() out"],
  },
  {
    name: "gives those who come after the release no rest",
    file: "lock-file-state.ts",
    edits: [["if (!once && this.#rest(owner) > 0) return false;", ""]],
    noticedBy: ["shared-turns.test.ts", "though its next caller comes only then"],
  },
  {
    name: "polls at once, in a rest",
    file: "lock-file-state.ts",
    edits: [["rest: this.#rest(first.owner),", "rest: 0,"]],
    noticedBy: ["shared-turns.test.ts", "leaves it free for 1 ms"],
  },
  {
    name: "hears nothing in a rest",
    file: "contender.ts",
    edits: [["if (rest > 0) this.#listen(asker);", ""]],
    noticedBy: ["shared-turns.test.ts", "who comes and goes within a rest"],
  },
  {
    name: "has turns that never grow",
    file: "turn.ts",
    edits: [["Math.min(2 * this.#length, LONGEST_TURN_MS)", "this.#length"]],
    noticedBy: ["turn.test.ts", "is twice as long"],
  },
  {
    name: "has turns that grow without end",
    file: "turn.ts",
    edits: [["Math.min(2 * this.#length, LONGEST_TURN_MS)", "2 * this.#length"]],
    noticedBy: ["turn.test.ts", "is twice as long"],
  },
  {
    name: "has a first turn of twice the length",
    file: "turn.ts",
    edits: [["#rested = false;", "#rested = true;"]],
    noticedBy: ["turn.test.ts", "the first one too"],
  },
  {
    name: "goes on with long turns after a refusal",
    file: "turn.ts",
    edits: [["this.#contested = true; this.#length = TURN_MS;", "this.#refused = true;"]],
    noticedBy: ["turn.test.ts", "is of 10 ms again"],
  },
  {
    name: "begins a new turn with each win",
    file: "turn.ts",
    edits: [["if (this.#rested || this.#contested || now - this.#left > REST_MS)", ""]],
    noticedBy: ["turn.test.ts", "goes on over holds that follow each other"],
  },
  {
    name: "remembers the turns on all lock files",
    file: "turn.ts",
    edits: [["if (turns.size <= MOST_TURNS) return;", "return;"]],
    noticedBy: ["turn.test.ts", "64 are remembered"],
  },
];

export const mutants: readonly Mutant[] = [...DRIVER, ...OWNERSHIP, ...QUEUE, ...HINTS, ...TURNS, ...LINE];
