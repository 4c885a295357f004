/**
 * One acquisition as the ownership rules see it: who asked, in which form, what it is nested in, and how far it
 * has come. Knows no driver, no queue and no clock.
 */
import type { Order } from "./driver.ts";
import type { Holder, Trace } from "./errors.ts";
import type { Room } from "./room.ts";
import type { Place } from "./turnstile.ts";

/** One `Lock` object, as the ownership rules see it. */
export interface Party {
  /** Its live holds, oldest first. */
  readonly held: Set<Owner>;
  /** How many acquisitions through it wait. */
  waiting: number;
}

export interface LossWatch {
  look(): void;
  stop(): void;
}

/** What an owner holds a part of: this process's side of one lock file. */
export interface Domain {
  readonly key: string;
  readonly fd: number | undefined;
  /** How many holds of the lock file live in this process. */
  readonly live: number;
  /** Who is known to hold it: this process, or whom the last look has shown. */
  readonly known: readonly Holder[];
  /** Whether it is known who holds it, or somebody is looking. */
  readonly looked: boolean;
  /**
   * Looks who holds it, unless that is known well enough. Resolves soon in any case: at once, where nobody waits for the
   * lock file any more, unless it is wanted `alone`.
   */
  look(options?: { readonly alone?: boolean }): Promise<void> | undefined;
  /** Who holds it now. */
  holders(): Promise<Holder[]>;
  /** Why it may stay held for ever, and what to do: a sentence. */
  obstacle(): string | undefined;
  isCurrent(): boolean;
  /** Ends the owner's hold. Throws, and changes nothing, where the lock cannot be released. */
  leave(owner: Owner): void;
  /** Gives the lock to nobody in this process before the next turn of the event loop. */
  stepBack(): void;
}

/**
 * Who owns: `scope`, whatever is started inside run(); `task`, the object together with the calling task;
 * `object`, the object alone.
 */
export type OwnerKind = "scope" | "task" | "object";

/** `granted` owners hold but do not admit yet: that begins in the microtask that settles acquire()'s promise. */
export type Phase = "asking" | "granted" | "admitting" | "ended" | "refused";

export interface OwnerOptions {
  /** The path of the lock file, as it was given. */
  readonly lockFile: string;
  readonly id: number;
  readonly kind: OwnerKind;
  /** Whether it came from a bare acquire(), so that a bare release() may end it. */
  readonly bare: boolean;
  readonly mode: number | undefined;
  readonly remove: boolean;
  readonly order: Order;
}

/** An owner that has to wait, and how its wait ends. */
export interface Waiter extends Place<Waiter> {
  readonly owner: Owner;
  /** The longest pause between two attempts on its behalf, in milliseconds. */
  readonly pollInterval: number;
  /** When its time is up, in milliseconds of `performance.now()`. */
  readonly due: number;
  /** True: it holds. False: its time is up. */
  resolve(won: boolean): void;
  reject(reason: unknown): void;
  /** Takes its timers and listeners away. */
  clear(): void;
}

/** How many failures a task remembers: enough for those that its `finally` blocks come from. */
const MOST_FAILED = 8;

export class Owner {
  readonly lockFile: string;
  readonly id: number;
  readonly kind: OwnerKind;
  readonly bare: boolean;
  readonly mode: number | undefined;
  readonly remove: boolean;
  readonly order: Order;
  readonly party: Party;
  phase: Phase = "asking";
  /** The next hold that its context remembers, of whatever lock file. Set to holds that admit, and to no others. */
  outer: Owner | undefined;
  /** Whether it may hold beside others that are shared, too. */
  shared = false;
  /** The objects through which its task has failed to acquire, last one first. */
  failed: readonly Party[] = [];
  /** The hold of the same lock file that it is nested in, or waits to be. */
  parent: Owner | undefined;
  /** Whether it was said already that it outlives what it was nested in. */
  outlives = false;
  /** Those who are nested directly in it, and those who wait to be. */
  inside: Room<Waiter, Owner> | undefined;
  domain: Domain | undefined;
  /** Looks whether the lock file was lost, where anybody wants to know. */
  watch: LossWatch | undefined;
  /** How many were ahead of it in the queue when it was given up, where that is known. */
  ahead: number | undefined;
  /** Where the hold was acquired; forgotten when it ends. */
  acquired: Trace | undefined = {};

  constructor(party: Party, { lockFile, id, kind, bare, mode, remove, order }: OwnerOptions) {
    this.party = party;
    this.lockFile = lockFile;
    this.id = id;
    this.kind = kind;
    this.bare = bare;
    this.mode = mode;
    this.remove = remove;
    this.order = order;
  }

  /** Ends the acquisition in vain. */
  refuse(): void {
    this.phase = "refused";
    this.failed = [this.party, ...this.failed.filter((party) => party !== this.party)].slice(0, MOST_FAILED);
  }

  get live(): boolean {
    return this.phase === "granted" || this.phase === "admitting";
  }

  get admitting(): boolean {
    return this.phase === "admitting";
  }

  /** Whether `other` may nest below this hold: anything inside a scope, but only the same object in a task. */
  admits(other: Owner): boolean {
    return this.admitting && (this.kind === "scope" || (this.kind === "task" && this.party === other.party));
  }
}
