/**
 * This process's side of one lock file: the grant that it has or wants, the tree of holds that share it, and those
 * who wait. It decides who may enter and what happens when somebody leaves; it knows no path syntax and no option
 * defaults.
 *
 * The tree. Its root was given the OS lock; every other hold hangs below the one it nested in, one below each: its
 * turnstile lets the next one in when the branch has ended, the hold *and* everything below it. A hold that ends before
 * the one below it leaves its place to that one, so that none in the tree is dead. The OS lock goes when the last hold
 * goes, whichever that is.
 *
 * Cancellation. A waiter leaves its turnstile in the same synchronous step in which its outcome is decided, and a
 * grant is handed over in the same step in which it is won. So no grant can arrive for somebody who has left, and
 * none can be dropped between the two.
 */
import { Contender } from "./contender.ts";
import { unwatchDrain, watchDrain } from "./drain.ts";
import type { Driver, Grant } from "./driver.ts";
import { Deadlock, where, type Holder } from "./errors.ts";
import { LongWait } from "./long-wait.ts";
import type { Terms } from "./options.ts";
import type { Domain, Owner, Waiter } from "./owner.ts";
import { shared } from "./registry.ts";
import { Sighting } from "./sighting.ts";
import { turnOf, type Turn } from "./turn.ts";
import { Turnstile } from "./turnstile.ts";
import { Wait } from "./wait.ts";
import { warn } from "./warn.ts";

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
  /** Those who wait for the OS lock. The first of them has it polled for while this process does not have it. */
  readonly #outside = new Turnstile<Waiter>();
  /** All who wait, outside and inside the holds. */
  readonly #waiting = new Set<Waiter>();
  #grant: Grant | undefined;
  /** To whom the OS lock was given: the root of the tree, which may end before the rest of it. */
  #root: Owner | undefined;
  #since: Date | undefined;
  /** The longest pause of the poller that is at it, in milliseconds. */
  #longestPause = 0;
  /** The holds of the tree that live. */
  readonly #holds = new Set<Owner>();
  readonly #longWait: LongWait;
  readonly #turn: Turn;
  /** Who of other processes holds the lock file. */
  readonly #sighting: Sighting;

  constructor(driver: Driver, key: string) {
    this.#driver = driver;
    this.key = key;
    this.#id = `${driver.name}:${key}`;
    this.#contender = new Contender(driver, key);
    this.#turn = turnOf(this.#id);
    this.#sighting = new Sighting(driver, key);
    this.#longWait = new LongWait({
      key,
      waiting: this.#waiting,
      blocker: (waiter) => this.#blocker(waiter),
    });
  }

  get live(): number {
    return this.#holds.size;
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
    if (this.#since === undefined) await this.#sighting.lookNow();
    return [...this.known];
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
    owner.domain = this;
    owner.parent = nestIn;
    states.set(this.#id, this);
    try {
      if (this.#enter(owner, terms)) return true;
      return terms.once ? false : this.#wait(owner, terms);
    } finally {
      this.#tidy();
    }
  }

  /** Ends a hold. Throws where the OS lock should go with it and does not: then the hold goes on. */
  leave(owner: Owner): void {
    if (this.#holds.size > 1) this.#end(owner);
    else this.#leaveLast(owner);
    this.#tidy();
  }

  drained(): void {
    if (this.#grant === undefined) return;
    for (const waiter of this.#waiting) {
      this.#refuse(waiter, new Deadlock(waiter.owner.lockFile, this.#blocker(waiter)?.acquired));
    }
    this.#tidy();
  }

  #enter(owner: Owner, { once }: Terms): boolean {
    const { parent } = owner;
    if (parent !== undefined) {
      if (parent.nested !== undefined) return false; // and where others wait to nest, one is nested
    } else if (this.#grant !== undefined) {
      if (!this.#joins(owner)) return false;
    } else {
      if (this.#outside.first !== undefined) return false;
      if (!once && this.#rest(owner) > 0) return false;
      const grant = this.#try(owner, { waits: !once });
      if (grant === null) {
        if (once) owner.ahead = this.#contender.ahead;
        return false;
      }
      this.#seat(owner, grant);
      return true;
    }
    this.#admit(owner);
    return true;
  }

  #wait(owner: Owner, terms: Terms): Promise<boolean> {
    const wait = new Wait(owner, terms);
    const turnstile = owner.parent === undefined ? this.#outside : (owner.parent.inside ??= new Turnstile());
    turnstile.join(wait);
    if (this.#waiting.size === 0) watchDrain(this);
    this.#waiting.add(wait);
    this.#longWait.watch();
    this.#poll();
    if (wait.turnstile === undefined) return wait.promise; // the first attempt of the poll has decided it
    wait.begin(terms, {
      onDue: () => {
        this.#timeUp(wait);
      },
      onEnd: (_, reason) => {
        this.#refuse(wait, reason);
        this.#tidy();
      },
      look: () => this.look(),
      known: () => this.known,
      ahead: () => this.#ahead(wait),
    });
    return wait.promise;
  }

  /**
   * The deadline has come. Where it was this waiter's turn to have the lock file polled, the attempt that it is due
   * is made now, unless one has begun since.
   */
  #timeUp(waiter: Waiter): void {
    if (this.#outside.first === waiter && this.#contender.triedAt < waiter.due) {
      this.#tryForFirst({ waits: false });
    }
    if (waiter.turnstile !== undefined) {
      waiter.owner.ahead = this.#ahead(waiter);
      this.#depart(waiter);
      waiter.resolve(false);
    }
    this.#tidy();
  }

  /** Has the OS lock polled for, as long as somebody waits for it and this process does not have it. */
  #poll(): void {
    const { first } = this.#outside;
    if (first === undefined || this.#grant !== undefined) return;
    if (this.#contender.polling) {
      // Whoever is first now may not be willing to wait as long for the next attempt as the poller has set out to.
      if (first.pollInterval >= this.#longestPause) return;
      this.#contender.stopPolling();
    }
    this.#longestPause = first.pollInterval;
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
        for (const waiter of this.#outside.all()) this.#refuse(waiter, error);
        this.#tidy();
      },
    });
  }

  #tryForFirst(options: { readonly waits: boolean }): void {
    const { first } = this.#outside;
    if (first === undefined || this.#grant !== undefined) return;
    try {
      const grant = this.#try(first.owner, options);
      if (grant !== null) this.#seatWaiter(first, grant);
    } catch (error) {
      this.#refuse(first, error);
    }
  }

  #try(owner: Owner, options: { readonly waits: boolean }): Grant | null {
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
    if (turnstile?.first === waiter && this.#grant === undefined) return this.#contender.ahead;
    const mine = this.#contender.ahead === undefined ? 0 : 1;
    return inside + Math.max(0, this.#driver.inLine(this.key) - mine);
  }

  /** An object that owns alone counts up, whoever calls. */
  #joins(owner: Owner): boolean {
    return owner.kind === "object" && this.#root?.kind === "object" && this.#root.party === owner.party;
  }

  /** Gives the OS lock to `owner`, and a hold to those who count up on the same object. */
  #seat(owner: Owner, grant: Grant): void {
    this.#grant = grant;
    this.#root = owner;
    this.#since = new Date();
    this.#outside.passedAt = performance.now();
    this.#admit(owner);
    if (owner.kind !== "object") return;
    for (const waiter of this.#outside.all()) {
      if (this.#joins(waiter.owner)) this.#pass(waiter);
    }
  }

  #seatWaiter(waiter: Waiter, grant: Grant): void {
    this.#grant = grant; // before anything else, so that nobody polls for what this process has
    this.#depart(waiter);
    this.#seat(waiter.owner, grant);
    waiter.resolve(true);
  }

  #pass(waiter: Waiter): void {
    this.#depart(waiter);
    this.#admit(waiter.owner);
    waiter.resolve(true);
  }

  #admit(owner: Owner): void {
    owner.phase = "granted";
    owner.party.held.add(owner);
    this.#holds.add(owner);
    const { parent } = owner;
    if (parent === undefined) return;
    parent.nested = owner;
    if (parent.inside !== undefined) parent.inside.passedAt = performance.now();
  }

  #leaveLast(owner: Owner): void {
    const grant = this.#grant;
    const heir = this.#mayBeHandedOn() ? this.#heir(owner) : undefined;
    if (heir === undefined) {
      // A release that fails has changed nothing yet.
      grant?.release({ remove: owner.remove || this.#root?.remove === true });
      this.#turn.left();
    }
    this.#grant = this.#since = undefined;
    this.#end(owner);
    this.#root = undefined;
    if (heir !== undefined && grant !== undefined) this.#seatWaiter(heir, grant);
    this.#poll();
  }

  /**
   * A grant on a file that the path no longer names has to go: newcomers lock the new one. So has one that this process
   * has had for its turn: others may have waited for it as long.
   */
  #mayBeHandedOn(): boolean {
    try {
      return this.#waiting.size > 0 && !this.#turn.isOver && this.isCurrent();
    } catch {
      return false;
    }
  }

  /** Whoever is next when the last hold goes: of those who wait outside and inside it, the first that can have the grant. */
  #heir(last: Owner): Waiter | undefined {
    for (;;) {
      const outside = this.#outside.first;
      const inside = last.inside?.first;
      const next =
        outside === undefined || (inside !== undefined && inside.since < outside.since) ? inside : outside;
      if (next === undefined) return undefined;
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

  #end(owner: Owner): void {
    const { parent, nested } = owner;
    if (nested !== undefined && !nested.outlives) warnOutlived(this.key, owner, nested);
    owner.phase = "ended";
    owner.acquired = undefined;
    owner.watch?.stop();
    owner.party.held.delete(owner);
    this.#holds.delete(owner);
    for (const waiter of owner.inside?.all() ?? []) this.#moveOut(waiter);
    // A context may remember it for long: it must not keep those alive that came after it.
    owner.parent = owner.nested = owner.inside = undefined;
    if (nested !== undefined) nested.parent = parent;
    if (parent === undefined) return;
    parent.nested = nested;
    if (nested !== undefined) return;
    const next = parent.inside?.first;
    if (next !== undefined) this.#pass(next);
  }

  /**
   * The hold that it waited to nest in is gone. It waits on below the next one above that admits it, or else for the
   * OS lock itself, as an owner of its own. Its place there is the one that its arrival earns.
   */
  #moveOut(waiter: Waiter): void {
    waiter.turnstile?.leave(waiter);
    let parent = waiter.owner.parent?.parent;
    while (parent !== undefined && !parent.admits(waiter.owner)) parent = parent.parent;
    waiter.owner.parent = parent;
    const turnstile = parent === undefined ? this.#outside : (parent.inside ??= new Turnstile());
    turnstile.join(waiter);
  }

  /** The hold of this process that `waiter` waits for: its sibling in the tree, or the root. */
  #blocker(waiter: Waiter): Owner | undefined {
    const { parent } = waiter.owner;
    return parent === undefined ? [...this.#holds][0] : parent.nested;
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
    this.#waiting.delete(waiter);
  }

  /** Lets go of what nobody needs any more. */
  #tidy(): void {
    if (this.#outside.first === undefined || this.#grant !== undefined) this.#contender.stop();
    else this.#poll();
    if (this.#waiting.size > 0) return;
    this.#sighting.endUnlessAlone();
    unwatchDrain(this);
    this.#longWait.stop();
    if (this.#holds.size === 0 && states.get(this.#id) === this) states.delete(this.#id);
  }
}

function warnOutlived(key: string, owner: Owner, nested: Owner): void {
  nested.outlives = true;
  warn(
    "HOLDFAST_OUTLIVED",
    `A hold of the lock file '${key}' was released while one that is nested in it goes on: the file stays locked ` +
      `until that one is released too. The outer hold was acquired ${where(owner.acquired)}. Await what is started inside a hold.`,
  );
}
