/**
 * The holds of one lock file in this process, and what is nested in what. Knows neither the OS lock nor when somebody
 * may come in.
 *
 * At its top are those who have the OS lock: one hold, or shared ones together. Every other hold is nested in one of this
 * process. Each level is a room, which lets the next one in when the branch has ended: the hold *and* everything below
 * it. A hold that ends before those below it leaves its place to them, so that none in the tree is dead. Below a shared
 * hold there are only shared ones.
 */
import { where } from "./errors.ts";
import type { Owner, Waiter } from "./owner.ts";
import { Room } from "./room.ts";
import { warn } from "./warn.ts";

export class HoldTree {
  readonly top = new Room<Waiter, Owner>();
  /** Those that live. */
  readonly holds = new Set<Owner>();
  readonly #key: string;
  #remove = false;

  constructor(key: string) {
    this.#key = key;
  }

  /** Whether one of those who were at the top wants the lock file removed in the end. */
  get remove(): boolean {
    return this.#remove;
  }

  /** Those who are nested directly in `parent`, and those who wait to be; without it, the top. */
  room(parent: Owner | undefined): Room<Waiter, Owner> {
    return parent === undefined ? this.top : (parent.inside ??= new Room());
  }

  /** Makes `owner` a hold, below its parent. It admits nobody before its owner says so. */
  admit(owner: Owner): void {
    const { parent } = owner;
    if (parent === undefined) this.#remove = owner.remove || (this.holds.size > 0 && this.#remove);
    owner.phase = "granted";
    owner.party.held.add(owner);
    this.holds.add(owner);
    this.room(parent).enter(owner);
  }

  /** Ends a hold. There may be space for others in the room that it was in. */
  end(owner: Owner): void {
    const { parent, inside } = owner;
    const nested = inside?.occupants() ?? [];
    for (const each of nested) {
      if (!each.outlives) warnOutlived(this.#key, owner, each);
      each.parent = parent;
    }
    owner.phase = "ended";
    owner.acquired = undefined;
    owner.watch?.stop();
    owner.party.held.delete(owner);
    this.holds.delete(owner);
    for (const waiter of inside?.all() ?? []) this.#moveOut(waiter);
    this.room(parent).vacate(owner, nested);
    // A context may remember it for long: it must not keep those alive that came after it.
    owner.parent = owner.inside = undefined;
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
    this.room(parent).join(waiter);
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
