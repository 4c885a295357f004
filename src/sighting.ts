/**
 * Who of other processes holds a lock file, as far as the driver can see. A look takes long and is made in the thread
 * pool, so it is begun before its result is wanted, and serves whoever asks soon after. Decides nothing.
 */
import type { Driver } from "./driver.ts";
import type { Holder } from "./errors.ts";

/** How long a look stays good: ten thousand waiters may time out in one turn. */
const FRESH_MS = 40;
/** How long a look may keep somebody waiting, should the thread pool be busy. */
const LOOK_MS = 50;

/** A look under way. */
interface Look {
  /** Resolves when it is over, or has taken too long. */
  readonly done: Promise<void>;
  /** Waits for it no longer. */
  readonly end: () => void;
  /** Whether somebody wants it who is not among those who wait for the lock file. */
  alone: boolean;
}

export class Sighting {
  readonly #driver: Driver;
  readonly #key: string;
  /** Whom the last look has shown. */
  seen: readonly Holder[] = [];
  #seenAt = -Infinity;
  #looking: Look | undefined;

  constructor(driver: Driver, key: string) {
    this.#driver = driver;
    this.#key = key;
  }

  /** Whether somebody has looked, or is looking. */
  get begun(): boolean {
    return this.#seenAt !== -Infinity || this.#looking !== undefined;
  }

  /** Looks, unless somebody has just done so. */
  look({ alone }: { readonly alone: boolean }): Promise<void> | undefined {
    if (performance.now() - this.#seenAt < FRESH_MS) return undefined;
    this.#looking ??= this.#begin();
    this.#looking.alone ||= alone;
    return this.#looking.done;
  }

  /** Looks at this very moment, however long that takes. */
  async lookNow(): Promise<void> {
    this.seen = await this.#driver.holders(this.#key);
  }

  /** Nobody waits for the lock file any more. */
  endUnlessAlone(): void {
    if (this.#looking?.alone === false) this.#looking.end();
  }

  #begin(): Look {
    let end!: () => void;
    const done = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    void this.#driver.holders(this.#key).then((seen) => {
      this.seen = seen;
      this.#seenAt = performance.now();
      this.#looking = undefined;
      end();
    });
    return { done, end, alone: false };
  }
}
