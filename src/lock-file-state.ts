/**
 * This process's side of one lock file: the grant that it has or wants, the tree of holds that have it, and those who
 * wait. It decides who may enter and what happens when somebody leaves; it knows no path syntax and no option defaults.
 * The grant goes when the last hold goes, whichever that is.
 *
 * Cancellation. A waiter leaves its turnstile in the same synchronous step in which its outcome is decided, and a
 * grant is handed over in the same step in which it is won. So no grant can arrive for somebody who has left, and
 * none can be dropped between the two.
 */
import { Contender } from "./contender.ts";
import { unwatchDrain, watchDrain } from "./drain.ts";
import type { Driver, Grant } from "./driver.ts";
import { Deadlock, type Holder } from "./errors.ts";
import { HoldTree } from "./hold-tree.ts";
import { LongWait } from "./long-wait.ts";
import type { Terms } from "./options.ts";
import type { Domain, Owner, Party, Waiter } from "./owner.ts";
import { Pauses } from "./poll.ts";
import { shared } from "./registry.ts";
import type { Room } from "./room.ts";
import { Sighting } from "./sighting.ts";
import { sleep } from "./sleep.ts";
import { turnOf, type Turn } from "./turn.ts";
import { Wait } from "./wait.ts";

/** How late an attempt of the poller may be, on a machine with much to do. */
const STUCK_AFTER_MS = 1000;

const states = shared("states", () => new Map<string, LockFileState>());

/** The state of the lock file `key`, where this process holds it or waits for it. */
export function knownState(driver: Driver, key: string): LockFileState | undefined {
  return states.get(`${driver.name}:${key}`);
}

/** The state of the lock file `key`; kept while anybody of this process holds it or waits for it. */
export function stateOf(driver: Driver, key: string): LockFileState {
  return knownState(driver, key) ?? new LockFileState(driver, key);
}

export class LockFileState implements Domain {
  readonly key: string;
  readonly #id: string;
  readonly #driver: Driver;
  readonly #contender: Contender;
  readonly #tree: HoldTree;
  /** The top of the tree, and those who wait for the OS lock. The first of them has it polled for. */
  readonly #top: Room<Waiter, Owner>;
  /** All who wait, outside and inside the holds. */
  readonly #waiting = new Set<Waiter>();
  #grant: Grant | undefined;
  #since: Date | undefined;
  /** Whether nobody in this process may have the lock in this turn of the event loop. */
  #stepsBack = false;
  /** The longest pause of the poller that is at it, in milliseconds, and when it began, by `performance.now()`. */
  #longestPause = 0;
  #pollingSince = 0;
  readonly #longWait: LongWait;
  readonly #turn: Turn;
  /** Who of other processes holds the lock file. */
  readonly #sighting: Sighting;

  constructor(driver: Driver, key: string) {
    this.#driver = driver;
    this.key = key;
    this.#id = `${driver.name}:${key}`;
    this.#contender = new Contender(driver, key);
    this.#tree = new HoldTree(key);
    this.#top = this.#tree.top;
    this.#turn = turnOf(this.#id);
    this.#sighting = new Sighting(driver, key);
    this.#longWait = new LongWait({
      key,
      waiting: this.#waiting,
      blocker: ({ owner }) =>
        // Those who wait for their turn in line wait for strangers, though this process shares the lock.
        owner.parent === undefined && this.#polledFor !== undefined
          ? undefined
          : this.#tree.room(owner.parent).occupant,
    });
  }

  get live(): number {
    return this.#tree.holds.size;
  }

  get fd(): number | undefined {
    return this.#grant?.fd;
  }

  isCurrent(): boolean {
    return this.#grant?.isCurrent() ?? false;
  }

  get known(): readonly Holder[] {
    if (this.#since === undefined) return this.#sighting.seen;
    return [{ pid: process.pid, command: process.argv.join(" "), since: this.#since }];
  }

  async holders(): Promise<Holder[]> {
    if (this.#since === undefined || this.#top.shared) await this.#sighting.lookNow();
    if (this.#since === undefined || !this.#top.shared) return [...this.known];
    const others = this.#sighting.seen.filter(({ pid }) => pid !== process.pid);
    return [...this.known, ...others];
  }

  obstacle(): string | undefined {
    return this.#driver.obstacle(this.key);
  }

  get looked(): boolean {
    return this.#since !== undefined || this.#sighting.begun;
  }

  look({ alone = false } = {}): Promise<void> | undefined {
    return this.#since === undefined ? this.#sighting.look({ alone }) : undefined;
  }

  /**
   * Makes `owner` a hold: at once where it may enter, else after a wait on the terms given. Resolves to false where
   * its time was up first. Rejects with the signal's reason or a `Deadlock`; throws or rejects with what the driver
   * or `onWait` threw. The hold admits nobody before its owner says so.
   *
   * @param nestIn the innermost hold of this lock file that admits `owner`, if any.
   */
  ask(owner: Owner, nestIn: Owner | undefined, terms: Terms): boolean | Promise<boolean> {
    try {
      if (this.#enter(owner, nestIn, terms)) return true;
      return terms.once ? false : this.#wait(owner, terms);
    } finally {
      this.#tidy();
    }
  }

  /** As `ask`, but blocks the thread for as long as it waits. Throws a `Deadlock` where that would keep it from ending. */
  askSync(owner: Owner, nestIn: Owner | undefined, terms: Terms): boolean {
    try {
      if (this.#enter(owner, nestIn, terms)) return true;
      if (terms.once) return false;
      const inTheWay = this.#tree.room(owner.parent).occupant ?? this.#top.first?.owner;
      if (inTheWay !== undefined) throw new Deadlock(owner.lockFile, "synchronous", inTheWay.acquired);
      return this.#block(owner, terms);
    } finally {
      this.#tidy();
    }
  }

  /** Ends a hold. Throws where the OS lock should go with it and does not: then the hold goes on. */
  leave(owner: Owner): void {
    if (this.#tree.holds.size > 1) {
      const { parent } = owner;
      this.#tree.end(owner);
      this.#letIn(parent);
    } else {
      this.#leaveLast(owner);
    }
    this.#tidy();
  }

  /**
   * The process ends, unless somebody keeps it alive: in this turn nobody in it gets what it lets go, nor tries for it. An attempt
   * makes the file that was removed anew, and nobody would be left to remove that.
   */
  stepBack(): void {
    if (this.#stepsBack) return;
    this.#stepsBack = true;
    setImmediate(() => {
      this.#stepsBack = false;
      this.#tidy();
    });
  }

  drained(): void {
    if (this.#grant === undefined) return;
    for (const waiter of this.#waiting) {
      this.#refuse(
        waiter,
        new Deadlock(
          waiter.owner.lockFile,
          "drained",
          this.#tree.room(waiter.owner.parent).occupant?.acquired,
        ),
      );
    }
    this.#tidy();
  }

  #enter(owner: Owner, nestIn: Owner | undefined, { once }: Terms): boolean {
    const shares = nestIn ?? this.#countsUpOn(owner);
    if (shares !== undefined && !owner.shared && (nestIn?.shared ?? this.#top.shared))
      throw new Deadlock(owner.lockFile, "upgrade", shares.acquired);
    owner.domain = this;
    owner.parent = nestIn;
    states.set(this.#id, this);
    if (nestIn !== undefined) {
      if (nestIn.inside?.isOpenTo(owner) === false) return false;
    } else if (this.#grant !== undefined) {
      if (shares === undefined) {
        if (!this.#top.isOpenTo(owner)) return false;
        if (!this.#sharesGrant(owner) && !(this.#standsInLine(owner) && this.#winsPlace(owner))) {
          if (once) owner.ahead = this.#contender.ahead;
          return false;
        }
      }
    } else {
      if (this.#top.first !== undefined) return false;
      if (!once && this.#rest(owner) > 0) return false;
      const grant = this.#try(owner);
      if (grant === null) {
        if (once) owner.ahead = this.#contender.ahead;
        return false;
      }
      this.#seat(owner, grant);
      return true;
    }
    this.#tree.admit(owner);
    return true;
  }

  #wait(owner: Owner, terms: Terms): Promise<boolean> {
    const wait = new Wait(owner, terms);
    try {
      this.#tree.room(owner.parent).join(wait);
      if (this.#waiting.size === 0) watchDrain(this);
      this.#waiting.add(wait);
      owner.party.waiting++;
      this.#longWait.watch();
      this.#poll();
      if (wait.turnstile !== undefined) this.#begin(wait, terms); // else the first attempt of the poll has decided it
    } catch (error) {
      this.#refuse(wait, error); // a signal that cannot be listened to, or the end of the stack
    }
    return wait.promise;
  }

  #begin(wait: Wait, terms: Terms): void {
    const { owner } = wait;
    wait.begin(terms, {
      onDue: () => {
        this.#timeUp(wait);
      },
      onEnd: (_, reason) => {
        this.#refuse(wait, reason);
        this.#letIn(owner.parent);
        this.#tidy();
      },
      look: () => this.look(),
      known: () => this.known,
      ahead: () => this.#ahead(wait),
    });
  }

  /** Tries and sleeps by turns, until `owner` holds or its time is up. */
  #block(owner: Owner, { timeout, pollInterval }: Terms): boolean {
    const due = timeout < 0 ? Infinity : performance.now() + timeout * 1000;
    const pauses = new Pauses(pollInterval * 1000);
    for (let pause = this.#rest(owner); ; pause = pauses.next()) {
      sleep(Math.min(pause, due - performance.now()));
      const isLast = performance.now() >= due;
      const grant = this.#try(owner, { waits: owner.order === "fifo" && !isLast });
      if (grant !== null) {
        this.#seat(owner, grant);
        return true;
      }
      if (isLast) {
        owner.ahead = this.#contender.ahead;
        return false;
      }
    }
  }

  /**
   * The deadline has come. Where it was this waiter's turn to have the lock file polled, the attempt that it is due
   * is made now, unless one has begun since.
   */
  #timeUp(waiter: Waiter): void {
    if (this.#top.first === waiter && this.#contender.triedAt < waiter.due) {
      this.#tryForFirst({ waits: false });
    }
    if (waiter.turnstile !== undefined) {
      waiter.owner.ahead = this.#ahead(waiter);
      this.#depart(waiter);
      waiter.resolve(false);
      this.#letIn(waiter.owner.parent);
    }
    this.#tidy();
  }

  /** Has the OS lock polled for, as long as somebody waits for it whom this process cannot give it to. */
  #poll(): void {
    const first = this.#polledFor;
    if (first === undefined || this.#stepsBack) return;
    if (this.#contender.polling) {
      // Whoever is first now may not be willing to wait as long for the next attempt as the poller has set out to.
      if (first.pollInterval >= this.#longestPause && !this.#isStuck()) return;
      this.#contender.stopPolling();
    }
    this.#longestPause = first.pollInterval;
    this.#pollingSince = performance.now();
    const attempt = (): void => {
      this.#tryForFirst({ waits: true });
      this.#tidy();
    };
    this.#contender.poll(attempt, {
      asker: first.owner,
      heard: () => {
        this.#turn.contested();
      },
      longestPause: first.pollInterval,
      rest: this.#rest(first.owner),
      failed: (error) => {
        for (const waiter of this.#top.all()) this.#refuse(waiter, error);
        this.#tidy();
      },
    });
  }

  /** Whether the poller has made no attempt for too long, or has in the future: its timer may be that of a test, which has put back the clock. */
  #isStuck(): boolean {
    const last = Math.max(this.#contender.triedAt, this.#pollingSince);
    const age = performance.now() - last;
    return age < 0 || age > this.#longestPause + STUCK_AFTER_MS;
  }

  get #polledFor(): Waiter | undefined {
    const { first } = this.#top;
    if (this.#grant === undefined || first === undefined) return first;
    return this.#standsInLine(first.owner) ? first : undefined;
  }

  /**
   * Those who share the lock do not keep others of this process from it, but those who stand in line before them do: so
   * the first of them takes a place in line as well, although this process has the lock.
   */
  #standsInLine(owner: Owner): boolean {
    return owner.order === "fifo" && this.#top.fits(owner) && this.#isCurrent();
  }

  #tryForFirst(options: { readonly waits: boolean }): void {
    const first = this.#polledFor;
    if (first === undefined) return;
    try {
      if (this.#grant === undefined) {
        const grant = this.#try(first.owner, options);
        if (grant !== null) this.#seatWaiter(first, grant);
      } else if (this.#winsPlace(first.owner, options)) {
        this.#pass(first);
        if (first.owner.kind === "object") this.#letCountUp(first.owner.party);
      }
    } catch (error) {
      this.#refuse(first, error);
    }
  }

  /** Whether it is the turn of `owner` in line to share the grant: what it wins is given back, for the process has the lock. */
  #winsPlace(owner: Owner, options?: { readonly waits: boolean }): boolean {
    const grant = this.#try(owner, options);
    if (grant === null) return false;
    this.#contender.giveBack(grant);
    return this.#isCurrent();
  }

  #try(owner: Owner, options = { waits: false }): Grant | null {
    const grant = this.#contender.try(owner, options);
    if (grant === null) this.#turn.contested();
    else this.#turn.won();
    return grant;
  }

  /** How long the lock file is left to others before the next attempt: those who stand in line see to that themselves. */
  #rest({ order }: Owner): number {
    const { rest } = this.#turn;
    return rest > 0 && order === "fifo" && this.#driver.inLine(this.key) > 0 ? 0 : rest;
  }

  /**
   * How many are ahead of `waiter`, where there is an order. This process has one place in line, that of its first
   * waiter; the next one will have to take one behind all who are in line by then.
   */
  #ahead(waiter: Waiter): number | undefined {
    const { turnstile, owner } = waiter;
    const inside = turnstile?.ahead(waiter) ?? 0;
    if (owner.parent !== undefined) return inside;
    if (owner.order === "any") return undefined;
    if (waiter === this.#polledFor) return this.#contender.ahead;
    const mine = this.#contender.ahead === undefined ? 0 : 1;
    return inside + Math.max(0, this.#driver.inLine(this.key) - mine);
  }

  /** A hold on which `owner` counts up: one of the same object, where objects own alone, whoever calls. */
  #countsUpOn({ kind, party }: Owner): Owner | undefined {
    const [held] = party.held;
    return kind === "object" && held?.domain === this ? held : undefined;
  }

  /** Has `owner` share the grant, unless newcomers are not kept from the lock file by it, or others came first elsewhere. */
  #sharesGrant({ order, mode }: Owner): boolean {
    if (!this.#isCurrent() || (order === "fifo" && this.#driver.inLine(this.key) > 0)) return false;
    if (mode !== undefined) this.#grant?.setMode(mode);
    return true;
  }

  /** Gives the OS lock to `owner`, and a hold to those who may have it together with that. */
  #seat(owner: Owner, grant: Grant): void {
    this.#grant = grant;
    this.#since = new Date();
    this.#tree.admit(owner);
    if (owner.kind === "object") this.#letCountUp(owner.party);
  }

  /** Lets in those whose object has come to hold while they wait: they count up on that, whoever is before them. */
  #letCountUp(party: Party): void {
    if (party.waiting === 0) return;
    for (const waiter of this.#top.all()) {
      const held = this.#countsUpOn(waiter.owner);
      const disturbs = this.#top.shared && !waiter.owner.shared;
      if (held !== undefined && !disturbs) this.#pass(waiter);
    }
  }

  /** Lets in those who are first to wait, as long as they disturb nobody: below `parent`, or at the top. */
  #letIn(parent: Owner | undefined): void {
    if (parent === undefined && this.#grant === undefined) return;
    const room = this.#tree.room(parent);
    const parties = new Set<Party>();
    for (let { first } = room; first !== undefined && room.fits(first.owner); { first } = room) {
      try {
        if (parent === undefined && !this.#sharesGrant(first.owner)) break;
        this.#pass(first);
        if (first.owner.kind === "object") parties.add(first.owner.party);
      } catch (error) {
        this.#refuse(first, error);
      }
    }
    for (const party of parties) this.#letCountUp(party);
  }

  #seatWaiter(waiter: Waiter, grant: Grant): void {
    this.#grant = grant; // before anything else, so that nobody polls for what this process has
    this.#depart(waiter);
    this.#seat(waiter.owner, grant);
    waiter.resolve(true);
  }

  #pass(waiter: Waiter): void {
    this.#depart(waiter);
    this.#tree.admit(waiter.owner);
    waiter.resolve(true);
  }

  #leaveLast(owner: Owner): void {
    const grant = this.#grant;
    const heir = this.#mayBeHandedOn() ? this.#heir(owner) : undefined;
    if (heir === undefined) {
      // A release that fails has changed nothing yet.
      this.#contender.releaseUnwanted();
      grant?.release({ remove: owner.remove || this.#tree.remove });
      this.#turn.left();
    }
    this.#grant = this.#since = undefined;
    this.#tree.end(owner);
    if (heir !== undefined && grant !== undefined) this.#seatWaiter(heir, grant);
    this.#poll();
  }

  /**
   * A grant on a file that the path no longer names has to go: newcomers lock the new one. So has one that this process
   * has had for its turn: others may have waited for it as long.
   */
  #mayBeHandedOn(): boolean {
    return this.#waiting.size > 0 && !this.#stepsBack && !this.#turn.isOver && this.#isCurrent();
  }

  /** Whether newcomers are kept out, as far as can be seen. */
  #isCurrent(): boolean {
    try {
      return this.isCurrent();
    } catch {
      return false;
    }
  }

  /**
   * Whoever is next when the last hold goes, of those who wait outside and inside it. What one had for itself is not for
   * those who share, nor the other way round: flock(2) does not convert one into the other without a gap.
   */
  #heir(last: Owner): Waiter | undefined {
    for (;;) {
      const outside = this.#top.first;
      const inside = last.inside?.first;
      const next =
        outside === undefined || (inside !== undefined && inside.since < outside.since) ? inside : outside;
      if (next?.owner.shared !== this.#top.shared) return undefined;
      // Within a process nothing is handed past those who stand in line outside.
      if (next.owner.order === "fifo" && this.#driver.inLine(this.key) > 0) return undefined;
      try {
        if (next.owner.mode !== undefined) this.#grant?.setMode(next.owner.mode);
        return next;
      } catch (error) {
        this.#refuse(next, error);
      }
    }
  }

  /** Ends a wait in vain. */
  #refuse(waiter: Waiter, reason: unknown): void {
    this.#depart(waiter);
    waiter.reject(reason);
  }

  #depart(waiter: Waiter): void {
    waiter.turnstile?.leave(waiter);
    waiter.clear();
    this.#contender.leaveLine(waiter.owner);
    if (this.#waiting.delete(waiter)) waiter.owner.party.waiting--;
  }

  /** Lets go of what nobody needs any more. */
  #tidy(): void {
    this.#letIn(undefined);
    if (this.#polledFor === undefined) this.#contender.stop();
    else this.#poll();
    if (this.#waiting.size > 0) return;
    this.#sighting.endUnlessAlone();
    unwatchDrain(this);
    this.#longWait.stop();
    const isIdle = this.#tree.holds.size === 0 && !this.#contender.hasUnwanted;
    if (isIdle && states.get(this.#id) === this) states.delete(this.#id);
  }
}
