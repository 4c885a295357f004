// A task that a test walks step by step. It is one async function, so what a step marks is carried by the steps after
// it, and by nothing else: it begins in a turn of its own, or its starter would carry the mark of its first step too.

export interface Begun<Result> {
  readonly done: Promise<Result>;
}

export class Task {
  readonly #steps: (() => Promise<void>)[] = [];
  #wake: (() => void) | undefined;

  constructor() {
    setImmediate(() => void this.#walk());
  }

  /** The task's next step; resolves to what it came to. A step waits for the one before. */
  async does<Result>(act: () => Result): Promise<Awaited<Result>> {
    const { done } = await this.begins(act);
    return done;
  }

  /** The task's next step; resolves as soon as it was called, whatever it waits for. */
  begins<Result>(act: () => Result): Promise<Begun<Awaited<Result>>> {
    return new Promise((begun) => {
      const done = new Promise<Awaited<Result>>((resolve, reject) => {
        this.#steps.push(async () => {
          try {
            const result = act();
            begun({ done });
            resolve(await result);
          } catch (error) {
            begun({ done });
            reject(error);
          }
        });
      });
      done.catch(() => undefined); // the test may look at it later, or not at all
      this.#wake?.();
    });
  }

  /** Its last `await` never comes back: what nobody refers to any more is collected, and nothing needs to be ended. */
  async #walk(): Promise<never> {
    for (;;) {
      const step = this.#steps.shift();
      if (step === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else {
        await step();
      }
    }
  }
}

/** Does `work` as a task of its own, so that the marks that it makes are not on the test runner. */
export function inTask(work: () => Promise<void>): Promise<void> {
  return new Task().does(work);
}
