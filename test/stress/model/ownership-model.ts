// Who may be inside one lock file, who waits there and in which order: docs/ownership.md and the table of the contract, in
// their own words. Knows no promise, no timer and no source: what it says is so as soon as everything has come to rest.

/** One acquisition: it waits, then it lives, then it is over; or only one of these. */
export interface ModelHold {
  /** The lock object that it was asked for through. */
  readonly object: string;
  /** Who owns it: all that a run() starts, one task with the object, or the object alone. */
  readonly kind: "scope" | "task" | "object";
  /** Whether a bare release() may end it. */
  readonly bare: boolean;
  readonly shared: boolean;
  /** When its wait ends in vain, in milliseconds. */
  readonly due: number;
  /** What it is nested in, or waits to be; that may be over. */
  parent: ModelHold | undefined;
  state: "asking" | "waits" | "lives" | "over";
}

/** A file that the path leads to, or led to once. */
interface ModelFile {
  /** The strangers who have it, by whether they share it. */
  readonly strangers: boolean[];
}

/** What becomes of one that asks. */
export type Answer = "lives" | "waits" | "refused" | "deadlock";

export class LockFileModel {
  readonly living = new Set<ModelHold>();
  /** Those who wait, in the order in which they came. */
  readonly waiting: ModelHold[] = [];
  file: ModelFile = { strangers: [] };
  /** The file that this process has locked. */
  locked: ModelFile | undefined;
  /** Whether a level of the tree is shared: settled by the first who comes in, until nobody is left in it. */
  readonly #sharedLevels = new Map<ModelHold | undefined, boolean>();
  /** How many were told that what they are nested in has ended before them. */
  outlived = 0;
  readonly #outliving = new Set<ModelHold>();

  /** Nests in the innermost hold of those its context remembers that lets it; else it asks for the lock file. */
  ask(hold: ModelHold, context: readonly ModelHold[], { once }: { readonly once: boolean }): Answer {
    const parent = context.find((outer) => this.living.has(outer) && admits(outer, hold));
    const own = hold.kind === "object" ? this.#heldThrough(hold.object) : undefined;
    if (!hold.shared && (parent?.shared ?? (own && this.#sharedLevels.get(undefined))) === true)
      return "deadlock";
    hold.parent = parent;
    if (own !== undefined || (this.#queue(parent).length === 0 && this.#mayEnter(hold, parent))) {
      this.#enter(hold, parent);
      return "lives";
    }
    if (once) return "refused";
    hold.state = "waits";
    this.waiting.push(hold);
    return "waits";
  }

  /** Ends a hold, or a wait. */
  end(hold: ModelHold): void {
    if (hold.state === "waits") this.waiting.splice(this.waiting.indexOf(hold), 1);
    for (const other of this.living) {
      if (other === hold || this.#level(other) !== hold || this.#outliving.has(other)) continue;
      this.#outliving.add(other);
      this.outlived++;
    }
    hold.state = "over";
    this.living.delete(hold);
    for (const level of this.#sharedLevels.keys())
      if (this.#inside(level).length === 0) this.#sharedLevels.delete(level);
    if (this.living.size === 0) this.locked = undefined;
    this.settle();
  }

  /** Lets in all who may come in now. */
  settle(): void {
    const next = this.waiting.find((hold) => {
      const level = this.#level(hold);
      const isFirst = this.#queue(level)[0] === hold;
      return (isFirst && this.#mayEnter(hold, level)) || this.#countsUp(hold);
    });
    if (next === undefined) return;
    this.waiting.splice(this.waiting.indexOf(next), 1);
    this.#enter(next, this.#level(next));
    this.settle();
  }

  /** Whether the process has to try for the lock file. */
  get polls(): boolean {
    return this.locked === undefined && this.waiting.length > 0;
  }

  /** Whether a stranger could lock the file now. */
  isFreeFor(shared: boolean): boolean {
    const ours = this.locked === this.file ? [this.#sharedLevels.get(undefined) === true] : [];
    return [...ours, ...this.file.strangers].every((other) => shared && other);
  }

  #mayEnter(hold: ModelHold, level: ModelHold | undefined): boolean {
    if (this.#inside(level).length > 0 && !(hold.shared && this.#sharedLevels.get(level) === true))
      return false;
    if (level !== undefined) return true;
    return this.locked === undefined ? this.isFreeFor(hold.shared) : this.locked === this.file;
  }

  #enter(hold: ModelHold, level: ModelHold | undefined): void {
    if (this.#inside(level).length === 0) this.#sharedLevels.set(level, hold.shared);
    this.locked ??= this.file;
    hold.parent = level;
    hold.state = "lives";
    this.living.add(hold);
  }

  /** An object that owns alone counts up on its own hold, whoever came before. */
  #countsUp(hold: ModelHold): boolean {
    if (hold.kind !== "object" || this.#heldThrough(hold.object) === undefined) return false;
    return hold.shared || this.#sharedLevels.get(undefined) !== true;
  }

  #heldThrough(object: string): ModelHold | undefined {
    return [...this.living].find((hold) => hold.object === object);
  }

  /** The hold that it is in, of those that live: one that waits has to be let in by it as well. */
  #level(hold: ModelHold): ModelHold | undefined {
    let { parent } = hold;
    while (
      parent !== undefined &&
      !(this.living.has(parent) && (hold.state === "lives" || admits(parent, hold)))
    )
      parent = parent.parent;
    return parent;
  }

  #inside(level: ModelHold | undefined): ModelHold[] {
    return [...this.living].filter((hold) => this.#level(hold) === level);
  }

  #queue(level: ModelHold | undefined): ModelHold[] {
    return this.waiting.filter((hold) => this.#level(hold) === level);
  }
}

/** A scope lets in all that is started in it; the hold of a task only what comes through the same object. */
function admits(outer: ModelHold, hold: ModelHold): boolean {
  if (hold.kind === "object") return false;
  return outer.kind === "scope" || (outer.kind === "task" && outer.object === hold.object);
}

/** Those of the holds that live who may not be there together. */
export function disturbed(living: readonly ModelHold[]): ModelHold[] {
  return living.filter((one, index) => living.slice(0, index).some((other) => disturb(one, other)));
}

/** Neither is inside the other, they do not share, and no object counts up. */
function disturb(one: ModelHold, other: ModelHold): boolean {
  const countsUp = one.kind === "object" && one.object === other.object;
  return !(isWithin(one, other) || isWithin(other, one) || (one.shared && other.shared) || countsUp);
}

function isWithin(inner: ModelHold, outer: ModelHold): boolean {
  let { parent } = inner;
  while (parent !== undefined && parent !== outer) parent = parent.parent;
  return parent === outer;
}
