/**
 * A task that waits for long for another task of its own process, most often by mistake: worth a process warning, once
 * for each lock file. Ends no wait, since what looks like a deadlock may just be slow.
 */
import { where } from "./errors.ts";
import type { Owner, Waiter } from "./owner.ts";
import { shared } from "./registry.ts";
import { warn } from "./warn.ts";

/** How long one hold may make another task wait before that is worth a warning. */
const LONG_WAIT_MS = 1000;

const warned = shared("warnedOfLongWait", () => new Set<string>());

export interface LongWaitOptions {
  readonly key: string;
  /** Those who wait, as they are at any time. */
  readonly waiting: ReadonlySet<Waiter>;
  /** The hold of this process that somebody waits for; undefined while it has none. */
  readonly blocker: (waiter: Waiter) => Owner | undefined;
}

export class LongWait {
  readonly #options: LongWaitOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LongWaitOptions) {
    this.#options = options;
  }

  watch(): void {
    if (this.#timer !== undefined || warned.has(this.#options.key)) return;
    this.#timer = setTimeout(() => {
      this.#look();
    }, LONG_WAIT_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { key, waiting, blocker } = this.#options;
    const before = performance.now() - LONG_WAIT_MS;
    const stuck = [...waiting].find(
      ({ since, turnstile }) => since <= before && turnstile !== undefined && turnstile.passedAt <= before,
    );
    const hold = stuck === undefined ? undefined : blocker(stuck);
    if (hold === undefined) {
      this.#timer?.refresh();
      return;
    }
    warned.add(key);
    warn(
      "HOLDFAST_LONG_WAIT",
      `A task has waited for over a second for the lock file '${key}', which another task of this process holds since ` +
        `it acquired it ${where(hold.acquired)}. Where the two are one task, nest inside run().`,
    );
  }
}
