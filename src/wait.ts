/**
 * One wait: its promise, its deadline and its progress. Decides nothing: it tells whoever queues it that its time is
 * up, that it is no longer wanted, or that its caller's `onWait` threw.
 */
import { Deadline } from "./deadline.ts";
import type { Holder } from "./errors.ts";
import type { Terms } from "./options.ts";
import type { Owner, Waiter } from "./owner.ts";
import type { Turnstile } from "./turnstile.ts";

/** How often `onWait` is called. */
const PROGRESS_MS = 1000;

export interface WaitListener {
  /** The wait's time is up. */
  onDue(wait: Wait): void;
  /** The wait has to end with `reason`. */
  onEnd(wait: Wait, reason: unknown): void;
  /** Looks who holds the lock file, unless that is known. Resolves soon in any case. */
  look(): Promise<void> | undefined;
  known(): readonly Holder[];
  /** How many are ahead of it in the queue, where that is known. */
  ahead(wait: Wait): number | undefined;
}

export class Wait implements Waiter {
  readonly owner: Owner;
  readonly pollInterval: number;
  readonly due: number;
  readonly since = performance.now();
  readonly promise: Promise<boolean>;
  resolve!: (won: boolean) => void;
  reject!: (reason: unknown) => void;
  turnstile: Turnstile<Waiter> | undefined;
  ahead: Waiter | undefined;
  behind: Waiter | undefined;
  #deadline: Deadline | undefined;
  #progress: NodeJS.Timeout | undefined;

  constructor(owner: Owner, { timeout, pollInterval }: Terms) {
    this.owner = owner;
    this.pollInterval = pollInterval * 1000;
    this.due = timeout < 0 ? Infinity : this.since + timeout * 1000;
    this.promise = new Promise<boolean>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Starts the clocks. To be called once the wait has its place. */
  begin({ signal, onWait }: Terms, listener: WaitListener): void {
    if (this.due !== Infinity || signal !== undefined) {
      this.#deadline = new Deadline({
        due: this.due,
        signal,
        // So that a Timeout can say who holds the lock: looking takes too long to begin at the deadline.
        onNear: () => {
          void listener.look();
        },
        onDue: () => {
          listener.onDue(this);
        },
        onAbort: (reason) => {
          listener.onEnd(this, reason);
        },
      });
    }
    if (onWait === undefined) return;
    const failed = (error: unknown): void => {
      if (this.turnstile !== undefined) listener.onEnd(this, error);
      // What comes after a wait in vain is not worth a second error; of one that was won, nobody else would hear.
      else if (this.owner.phase !== "asking" && this.owner.phase !== "refused") throw error;
    };
    const tell = (): void => {
      if (this.turnstile === undefined) return;
      const elapsed = (performance.now() - this.since) / 1000;
      const ahead = listener.ahead(this);
      const position = ahead === undefined ? undefined : ahead + 1;
      try {
        const told = onWait({
          lockFile: this.owner.lockFile,
          elapsed,
          holder: listener.known(),
          position,
        });
        void Promise.resolve(told).catch(failed);
      } catch (error) {
        listener.onEnd(this, error);
      }
    };
    const look = (): void => {
      const looking = listener.look();
      if (looking === undefined) tell();
      else void looking.then(tell);
    };
    this.#progress = setInterval(look, PROGRESS_MS).unref();
    look();
  }

  clear(): void {
    this.#deadline?.clear();
    clearInterval(this.#progress);
  }
}
